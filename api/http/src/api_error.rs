//! What went wrong with a request, and how HTTP says it.

use std::{borrow::Cow, error::Error, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

/// The class of an error. Every public error has one; this is the one place where a class becomes
/// a status and the name that Backstage's clients read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The request is not a right one.
    Input,
    /// The caller must say who it is.
    Unauthenticated,
    /// The caller may not do this.
    NotAllowed,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The thing is in a state that does not fit.
    Conflict,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body is too large. Backstage's own routes answer [`ErrorClass::Input`] instead.
    TooLarge,
    /// The body is of a type that is not read.
    UnsupportedMediaType,
    /// Too many requests.
    RateLimited,
    /// Known, but not done by this server.
    NotImplemented,
    /// Something that is needed is away for now.
    Unavailable,
    /// Our fault.
    Internal,
}

impl ErrorClass {
    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Input => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `error.name` of the body. Source: `@backstage/errors`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "InputError",
            Self::Unauthenticated => "AuthenticationError",
            Self::NotAllowed => "NotAllowedError",
            Self::NotFound => "NotFoundError",
            Self::Conflict => "ConflictError",
            Self::RequestTimeout => "RequestTimeoutError",
            Self::TooLarge => "PayloadTooLargeError",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeError",
            Self::RateLimited => "TooManyRequestsError",
            Self::NotImplemented => "NotImplementedError",
            Self::Unavailable => "ServiceUnavailableError",
            Self::Internal => "Error",
        }
    }
}

/// An error on its way to the caller: its class, a text for the caller, and the cause for the log.
///
/// The text names the thing and reveals nothing internal; for [`ErrorClass::Internal`] the caller
/// sees a request id in its place.
#[derive(Debug)]
pub struct ApiError {
    class: ErrorClass,
    message: Cow<'static, str>,
    retry_after_seconds: Option<u32>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An error without a further cause.
    pub fn new(class: ErrorClass, message: impl Into<Cow<'static, str>>) -> Self {
        Self { class, message: message.into(), retry_after_seconds: None, source: None }
    }

    /// An error of class `class` whose text is that of `cause`, which is kept for the log.
    pub fn from_cause(class: ErrorClass, cause: impl Error + Send + Sync + 'static) -> Self {
        let message = Cow::Owned(cause.to_string());
        Self { class, message, retry_after_seconds: None, source: Some(Box::new(cause)) }
    }

    /// The same, telling the caller when to come again.
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Its class.
    pub const fn class(&self) -> ErrorClass {
        self.class
    }

    /// The text for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// When to come again, if that is known.
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after_seconds
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.class.status()
    }

    /// The answer where no route table is there to render it with its request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.class.status())
    }
}

impl From<actix_web::Error> for ApiError {
    /// What an extractor refused: ours as it was, a foreign one by its status.
    fn from(error: actix_web::Error) -> Self {
        if let Some(ours) = error.as_error::<Self>() {
            return Self {
                class: ours.class,
                message: ours.message.clone(),
                retry_after_seconds: ours.retry_after_seconds,
                source: None,
            };
        }
        let class = match error.as_response_error().status_code() {
            StatusCode::NOT_FOUND => ErrorClass::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorClass::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorClass::UnsupportedMediaType,
            status if status.is_client_error() => ErrorClass::Input,
            _ => ErrorClass::Internal,
        };
        Self::new(class, error.to_string())
    }
}

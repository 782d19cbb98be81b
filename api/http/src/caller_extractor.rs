//! Who asks: from the `Authorization` header to a caller.

use std::{future::Ready, future::ready, sync::Arc};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderValue},
    web,
};
use callboard_auth::{Caller, StaticTokens};

use crate::api_error::{ApiError, ErrorClass};

/// Who a request without credentials is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AnonymousAccess {
    /// Nobody: reads nothing but the public routes.
    #[default]
    Refused,
    /// The guest of the demo.
    Guest,
}

/// What is needed to tell who asks; one per process, given to actix as `web::Data<Credentials>`.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    tokens: Arc<StaticTokens>,
    anonymous: AnonymousAccess,
}

impl Credentials {
    /// These tokens, and that for requests without one.
    pub fn new(tokens: StaticTokens, anonymous: AnonymousAccess) -> Self {
        Self { tokens: Arc::new(tokens), anonymous }
    }

    /// The caller of a request with this `Authorization` header.
    ///
    /// Only `Bearer` is read, in any case; any other scheme counts as no credentials, and is not
    /// the guest. Source: Backstage `DefaultHttpAuthService`.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::Unauthenticated`] `Illegal token` for a token that is not ours: it never
    /// falls back to the guest.
    pub fn caller(&self, authorization: Option<&HeaderValue>) -> Result<Caller, ApiError> {
        let Some(value) = authorization.filter(|value| !value.is_empty()) else {
            return Ok(match self.anonymous {
                AnonymousAccess::Refused => Caller::anonymous(),
                AnonymousAccess::Guest => Caller::guest(),
            });
        };
        let Some(token) = bearer_token(value) else { return Ok(Caller::anonymous()) };
        let caller = self.tokens.caller(token);
        caller.ok_or_else(|| ApiError::new(ErrorClass::Unauthenticated, "Illegal token"))
    }
}

/// `^Bearer[ ]+(\S+)$`, in any case.
fn bearer_token(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_one_word = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("bearer") && is_one_word).then_some(token)
}

/// The caller of the request, which may be anonymous. It guards nothing: a route's guard is the
/// first argument of its handler (see [`crate::Guard`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerExtractor(pub Caller);

impl CallerExtractor {
    /// The caller of `request`.
    ///
    /// # Errors
    ///
    /// As [`Credentials::caller`]; [`ErrorClass::Internal`] if the server was put together without
    /// [`Credentials`].
    pub fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let credentials = request.app_data::<web::Data<Credentials>>().ok_or_else(|| {
            ApiError::new(ErrorClass::Internal, "no credentials are configured for the routes")
        })?;
        credentials.caller(request.headers().get(AUTHORIZATION)).map(Self)
    }
}

impl FromRequest for CallerExtractor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

#[cfg(test)]
mod tests {
    use callboard_auth::StaticToken;

    use super::*;

    fn credentials(anonymous: AnonymousAccess) -> Credentials {
        let token = StaticToken::new("static-token-123", "ci", None).unwrap();
        Credentials::new(StaticTokens::new(vec![token]), anonymous)
    }

    fn who(anonymous: AnonymousAccess, header: Option<&'static str>) -> String {
        let header = header.map(HeaderValue::from_static);
        match credentials(anonymous).caller(header.as_ref()) {
            Ok(caller) => format!("{:?}", caller.via),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn headers_are_read_as_upstream_reads_them() {
        for (header, refused, guest) in [
            (None, "None", "Guest"),
            (Some(""), "None", "Guest"),
            (Some("Bearer static-token-123"), "Service", "Service"),
            (Some("bearer   static-token-123"), "Service", "Service"),
            (Some("Bearer nope"), "Illegal token", "Illegal token"),
            (Some("Bearer static-token-123 x"), "None", "None"),
            (Some("Bearer"), "None", "None"),
            (Some("Basic eDp5"), "None", "None"),
            (Some("static-token-123"), "None", "None"),
        ] {
            assert_eq!(who(AnonymousAccess::Refused, header), refused, "{header:?}");
            assert_eq!(who(AnonymousAccess::Guest, header), guest, "{header:?}");
        }
    }
}

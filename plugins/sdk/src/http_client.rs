//! The port through which plugins speak HTTP to the world; `callboard-egress` implements it.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// Which redirects of an answer are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// Those that the rules of the client allow.
    #[default]
    Allowed,
    /// Those within the origin (scheme, host and port) of the request; another one is
    /// [`BlockReason::Elsewhere`].
    SameOrigin,
}

/// One request.
///
/// `Debug` shows no header values and no query, so that a request can be logged.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An `http` or `https` URL without user name and password.
    pub url: Url,
    /// Headers that every hop of a redirect gets.
    pub headers: HeaderMap,
    /// Headers that only the origin (scheme, host and port) of `url` gets, whatever it redirects
    /// to: tokens, cookies.
    pub credentials: HeaderMap,
    /// The body, if any. A redirect that keeps the method keeps the body.
    pub body: Option<Bytes>,
    /// How long all of it may take: name resolution, connection, redirects and body.
    pub deadline: Duration,
    /// How large the body of the answer may be, in bytes, before and after decompression.
    pub max_body_bytes: u64,
    /// Which redirects are followed.
    pub redirects: Redirects,
}

impl HttpRequest {
    /// A `GET` of `url` within 10 seconds and 10 MiB, without headers; redirects are followed.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            credentials: HeaderMap::new(),
            body: None,
            deadline: Duration::from_secs(10),
            max_body_bytes: 10 * 1024 * 1024,
            redirects: Redirects::Allowed,
        }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |map: &HeaderMap| map.keys().map(ToString::to_string).collect::<Vec<_>>();
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &describe(&self.url))
            .field("headers", &names(&self.headers))
            .field("credentials", &names(&self.credentials))
            .finish_non_exhaustive()
    }
}

/// An answer, of whatever status.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status of the last hop.
    pub status: StatusCode,
    /// The headers of the last hop.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
    /// The URL that gave the answer, after redirects.
    pub url: Url,
}

/// The rule that forbids a request. The name of each is the `reason` of the counter
/// `egress_blocked_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlockReason {
    /// Neither `http` nor `https`.
    Scheme,
    /// A user name or password in the URL.
    UserInfo,
    /// A host that the allow-list does not name.
    NotAllowed,
    /// A host that is, or resolves to, an address which is not public.
    Address,
    /// A port that browsers refuse, too, because another protocol lives there.
    Port,
    /// Too many redirects.
    Redirects,
    /// A redirect to another origin, where the request forbids that.
    Elsewhere,
}

impl BlockReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Scheme,
        Self::UserInfo,
        Self::NotAllowed,
        Self::Address,
        Self::Port,
        Self::Redirects,
        Self::Elsewhere,
    ];

    /// The label of the counter, such as `not_allowed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::UserInfo => "userinfo",
            Self::NotAllowed => "not_allowed",
            Self::Address => "address",
            Self::Port => "port",
            Self::Redirects => "redirects",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl fmt::Display for BlockReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Scheme => "only http and https addresses may be read",
            Self::UserInfo => "an address must not hold a user name or password",
            Self::NotAllowed => "its host is not in the list of allowed hosts",
            Self::Address => "its host is at an address that is not public",
            Self::Port => "its port belongs to another protocol",
            Self::Redirects => "it redirects too often",
            Self::Elsewhere => "another host redirects to it",
        })
    }
}

/// Why there is no answer. Holds no secrets: URLs are cut down to scheme, host, port and path.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// A rule forbids it; nothing was sent to the host that is named.
    #[error("{url} may not be requested: {reason}")]
    Blocked {
        /// The URL, perhaps one that another redirected to.
        url: String,
        /// The rule.
        reason: BlockReason,
    },
    /// The host's name has no address.
    #[error("the host of {url} has no address")]
    Resolve {
        /// The URL.
        url: String,
    },
    /// No connection, or it broke.
    #[error("{url} does not answer: {reason}")]
    Connect {
        /// The URL.
        url: String,
        /// In words.
        reason: String,
    },
    /// Not done within the deadline.
    #[error("{url} did not answer within {} ms", deadline.as_millis())]
    Timeout {
        /// The URL.
        url: String,
        /// The deadline.
        deadline: Duration,
    },
    /// The body is larger than the limit; it was not read further.
    #[error("the answer of {url} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The answer is not HTTP, or its compression is broken.
    #[error("the answer of {url} cannot be understood: {reason}")]
    Malformed {
        /// The URL.
        url: String,
        /// In words.
        reason: String,
    },
}

/// Speaks HTTP to other systems, within the rules of the operator.
#[async_trait]
pub trait HttpClient: Send + Sync + fmt::Debug {
    /// Sends `request`, follows redirects and reads the whole answer. A status such as 404 is an
    /// answer.
    ///
    /// # Errors
    ///
    /// [`HttpError`] as its variants say.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

#[async_trait]
impl<T: HttpClient + ?Sized> HttpClient for Arc<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        (**self).send(request).await
    }
}

/// `url` without user name, password, query and fragment, for errors and logs.
pub fn describe(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    // A URL that cannot carry user names refuses to have them removed.
    if plain.has_host() {
        let _ignored = plain.set_username("");
        let _ignored = plain.set_password(None);
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_printed_without_secrets() {
        let url = Url::parse("https://me:secret@a.test/x?token=secret#secret").unwrap();
        let mut request = HttpRequest::get(url);
        request.credentials.insert("authorization", "Bearer secret".parse().unwrap());
        let text = format!("{request:?}");
        assert!(text.contains("https://a.test/x") && text.contains("authorization"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

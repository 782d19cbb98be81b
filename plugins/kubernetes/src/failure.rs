//! Why an API server gave no usable answer, in words that a person can act on.

use std::{error::Error as StdError, io};

use callboard_plugin::ObservationState;

/// Longest text of a server that is shown, in characters.
const LONGEST_TEXT: usize = 300;

/// What stood in the way. The texts hold no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The entry cannot be used: a file is missing, a context is unknown, a plugin is refused.
    #[error("{0}")]
    Configuration(String),
    /// No connection, no TLS, no answer in time, a redirect, a connection that was cut.
    #[error("{0}")]
    Unreachable(String),
    /// 401.
    #[error("the server does not accept our credentials (401 Unauthorized)")]
    Unauthorized,
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404: the resource is not served.
    #[error("the server does not know the resource (404 Not Found)")]
    NotFound,
    /// 410: the version or the page is too old; reading anew settles it.
    #[error("the server no longer has the version that was asked for (410 Gone)")]
    Gone,
    /// Any other status that is not a success.
    #[error("{0}")]
    Status(String),
    /// An answer that is not what was asked for.
    #[error("the server's answer cannot be understood: {0}")]
    Garbage(String),
    /// A budget ended it.
    #[error("LIMIT: {0}")]
    Limit(String),
}

impl Failure {
    /// The state of a kind that failed so. Source: the states of the design.
    pub(crate) const fn state(&self, has_objects: bool) -> ObservationState {
        match self {
            Self::Configuration(_) | Self::Unreachable(_) => ObservationState::Unreachable,
            Self::Forbidden(_) => ObservationState::Forbidden,
            _ if has_objects => ObservationState::Stale,
            _ => ObservationState::Unreachable,
        }
    }

    /// From a status that is not a success, with the server's own words where it had some.
    pub(crate) fn of_status(status: u16, words: Option<&str>) -> Self {
        let words = words.map(shortened).filter(|words| !words.is_empty());
        match status {
            300..=399 => Self::Unreachable(format!(
                "the server redirects ({status}); redirects are not followed"
            )),
            401 => Self::Unauthorized,
            403 => Self::Forbidden(words.unwrap_or_else(|| "403 Forbidden".to_owned())),
            404 => Self::NotFound,
            410 => Self::Gone,
            _ => Self::Status(words.map_or_else(
                || format!("the server answers with status {status}"),
                |words| format!("the server answers with status {status}: {words}"),
            )),
        }
    }

    /// From an answer that did not come in time.
    pub(crate) fn no_answer(what: &str, seconds: u64) -> Self {
        Self::Unreachable(format!("no answer to {what} within {seconds} s"))
    }

    /// From an error of the client: on the way to the server or back.
    pub(crate) fn of_client(error: &(dyn StdError + 'static)) -> Self {
        let causes = causes(error);
        let texts: Vec<String> = causes.iter().map(|cause| shortened(&cause.to_string())).collect();
        let innermost = texts.last().cloned().unwrap_or_default();
        if texts.iter().any(|text| text.starts_with("invalid HTTP") || text.contains("gzip")) {
            return Self::Garbage(innermost);
        }
        // rustls' text leads to its manual.
        if innermost.starts_with("peer closed connection") {
            return Self::Unreachable("the connection was cut".to_owned());
        }
        if let Some(kind) = io_kind(&causes) {
            return match kind {
                io::ErrorKind::ConnectionRefused => {
                    Self::Unreachable("the connection is refused".to_owned())
                }
                io::ErrorKind::TimedOut => Self::Unreachable("no connection within 3 s".to_owned()),
                io::ErrorKind::InvalidData => Self::Unreachable(format!("TLS fails: {innermost}")),
                _ => Self::Unreachable(format!("the connection fails: {innermost}")),
            };
        }
        Self::Unreachable(format!("the connection fails: {innermost}"))
    }
}

/// `text` on one line, cut short.
pub(crate) fn shortened(text: &str) -> String {
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    one_line.take(LONGEST_TEXT).collect::<String>().trim().to_owned()
}

/// An error and what caused it, outermost first.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> Vec<&'e (dyn StdError + 'static)> {
    let mut causes = vec![error];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        // An I/O error that wraps another hides it from `source`.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    causes
}

/// The kind of the innermost I/O error.
fn io_kind(causes: &[&(dyn StdError + 'static)]) -> Option<io::ErrorKind> {
    let mut errors = causes.iter().rev().filter_map(|error| error.downcast_ref::<io::Error>());
    errors.next().map(io::Error::kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        assert_eq!(Failure::of_status(401, None), Failure::Unauthorized);
        assert_eq!(Failure::of_status(410, Some("too old")), Failure::Gone);
        let forbidden = Failure::of_status(403, Some("pods is forbidden"));
        assert_eq!(forbidden, Failure::Forbidden("pods is forbidden".to_owned()));
        let broken = Failure::of_status(503, Some("etcd\nis gone"));
        assert_eq!(broken.to_string(), "the server answers with status 503: etcd is gone");
    }

    #[test]
    fn a_redirect_is_no_answer() {
        let failure = Failure::of_status(302, None);
        assert_eq!(failure.state(true), ObservationState::Unreachable);
    }

    #[test]
    fn a_budget_leaves_the_last_good_data_stale() {
        let limit = Failure::Limit("more than 10 objects".to_owned());
        assert_eq!(limit.state(true), ObservationState::Stale);
        assert_eq!(limit.state(false), ObservationState::Unreachable);
        assert!(limit.to_string().starts_with("LIMIT"));
    }

    #[test]
    fn a_refused_connection_is_named() {
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        let expected = Failure::Unreachable("the connection is refused".to_owned());
        assert_eq!(Failure::of_client(&error), expected);
    }
}

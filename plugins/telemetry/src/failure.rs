//! What went wrong between a question and its answer, before it is known whose.

use std::sync::Arc;

use callboard_plugin::{BlockReason, HttpError, MetricsError};
use http::StatusCode;

/// A [`MetricsError`] that does not name its source yet: sources may share a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    Unreachable(String),
    Forbidden(StatusCode),
    Refused { status: StatusCode, reason: String },
    Malformed(String),
}

impl Failure {
    /// The answer is larger than `limit_bytes`.
    pub(crate) fn too_large(limit_bytes: u64) -> Self {
        Self::Malformed(format!("LIMIT: it is larger than {limit_bytes} bytes"))
    }

    /// What the HTTP client says.
    pub(crate) fn of_http(error: &HttpError) -> Self {
        match error {
            HttpError::TooLarge { limit_bytes, .. } => Self::too_large(*limit_bytes),
            HttpError::Malformed { reason, .. } => Self::Malformed(reason.clone()),
            HttpError::Blocked { url, reason: BlockReason::Elsewhere } => Self::Unreachable(
                format!("it redirects to {url}; redirects to other hosts are not followed"),
            ),
            error => Self::Unreachable(error.to_string()),
        }
    }

    /// Why the source should be left alone for a while, if it should: it cannot be reached, or it
    /// says itself that it cannot keep up.
    pub(crate) fn overload(&self) -> Option<&str> {
        match self {
            Self::Unreachable(reason) => Some(reason),
            Self::Refused { status, reason }
                if status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS =>
            {
                Some(reason)
            }
            _ => None,
        }
    }

    /// The failure of this source.
    pub(crate) fn of(self, source_name: &Arc<str>) -> MetricsError {
        let source_name = Arc::clone(source_name);
        match self {
            Self::Unreachable(reason) => MetricsError::Unreachable { source_name, reason },
            Self::Forbidden(status) => {
                MetricsError::Forbidden { source_name, status: status.as_u16() }
            }
            Self::Refused { status, reason } => {
                MetricsError::Refused { source_name, status: status.as_u16(), reason }
            }
            Self::Malformed(reason) => MetricsError::Malformed { source_name, reason },
        }
    }
}

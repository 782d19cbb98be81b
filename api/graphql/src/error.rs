//! Errors of requests and fields, and the one place where their class becomes a code.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, ServerError};

/// The longest message of an error that is answered, in characters.
const MESSAGE_LIMIT: usize = 200;

/// What kind of failure an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// The request is wrong.
    Input,
    /// No credentials were given.
    Unauthenticated,
    /// It did not succeed now; later it may.
    Unavailable,
    /// The fault is ours.
    Internal,
}

impl ErrorClass {
    /// What `extensions.code` says.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Input => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// Why a field has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldError {
    /// `first` or `last` is below zero or above the limit.
    #[error("{argument} must be between 0 and {limit}, got {given}")]
    PageSize { argument: &'static str, given: i32, limit: i32 },
    /// Arguments that do not go together.
    #[error("{0} cannot be combined with {1}")]
    Exclusive(&'static str, &'static str),
    /// A cursor that we did not make, or made for another list.
    #[error("the cursor is not one of this list: take it from pageInfo or edges of the same query")]
    Cursor,
    /// A list argument with too many items.
    #[error("{argument} takes at most {limit} items, got {given}")]
    TooMany { argument: &'static str, given: usize, limit: usize },
    /// A text argument that is too long.
    #[error("{argument} takes at most {limit} characters")]
    TooLong { argument: &'static str, limit: usize },
    /// A filter names an entity that cannot be one.
    #[error("{argument} is not an entity ref: {reason}")]
    EntityRef { argument: &'static str, reason: String },
    /// The answer would be too large to be sent.
    #[error("the answer grows beyond its limit of {0}: ask for fewer fields or smaller pages")]
    AnswerSize(&'static str),
    /// The time of the request is over.
    #[error("the request took longer than its deadline: ask for less at a time")]
    Deadline,
    /// A subscriber did not keep up.
    #[error(
        "{missed} changes were missed because they came faster than they were read: read the list again"
    )]
    Lagged { missed: u64 },
    /// Too much became of a topology for one event.
    #[error(
        "{changes} nodes and edges changed at once, more than {limit}: read the topology again"
    )]
    TooMuchChanged { changes: usize, limit: usize },
    /// What a cluster alone can tell cannot be told.
    #[error("cluster {cluster} cannot answer: {reason}")]
    ClusterUnavailable { cluster: Arc<str>, reason: Arc<str> },
    /// A scope by a cloud that is none.
    #[error("UNKNOWN is no cloud that a topology can be confined to")]
    UnknownCloud,
    /// The request was started without the catalog.
    #[error("internal error")]
    Scope,
}

impl FieldError {
    /// What kind of failure it is.
    pub(crate) const fn class(&self) -> ErrorClass {
        match self {
            Self::PageSize { .. }
            | Self::Exclusive(..)
            | Self::Cursor
            | Self::TooMany { .. }
            | Self::TooLong { .. }
            | Self::EntityRef { .. }
            | Self::AnswerSize(_)
            | Self::UnknownCloud => ErrorClass::Input,
            Self::Deadline
            | Self::Lagged { .. }
            | Self::TooMuchChanged { .. }
            | Self::ClusterUnavailable { .. } => ErrorClass::Unavailable,
            Self::Scope => ErrorClass::Internal,
        }
    }
}

/// Why a request was not executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// The caller gave no credentials.
    #[error("sign in, or send a token: this catalog is not public")]
    Unauthenticated,
    /// The body is too large.
    #[error("the request is larger than {limit_bytes} bytes")]
    BodySize { limit_bytes: usize },
    /// The body is not what GraphQL over HTTP says.
    #[error("the body must be a JSON object with \"query\": {0}")]
    Body(String),
    /// Too many requests in one body.
    #[error("a batch takes between 1 and {limit} requests, got {given}")]
    Batch { given: usize, limit: usize },
    /// A batch where one request is expected.
    #[error("only one request is possible here")]
    SingleOnly,
    /// A count over its limit.
    #[error("the query has more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
    /// The fields are nested too deep.
    #[error("the query is nested deeper than {limit} levels")]
    Depth { limit: usize },
    /// The query asks for too much.
    #[error(
        "the query has a complexity of {given}, and {limit} is the limit: ask for smaller pages or fewer fields"
    )]
    Complexity { given: usize, limit: usize },
    /// The query cannot be parsed.
    #[error("syntax error in line {line}, column {column}: {expected}")]
    Syntax { line: usize, column: usize, expected: String },
    /// The query is not one that can be executed.
    #[error("{0}")]
    Document(String),
    /// A subscription must have one root field.
    #[error("a subscription must have exactly one root field")]
    SubscriptionRoot,
    /// The time of the request is over.
    #[error("the request took longer than its deadline: ask for less at a time")]
    Deadline,
}

impl RequestError {
    /// What kind of failure it is.
    pub(crate) const fn class(&self) -> ErrorClass {
        match self {
            Self::Unauthenticated => ErrorClass::Unauthenticated,
            Self::Deadline => ErrorClass::Unavailable,
            _ => ErrorClass::Input,
        }
    }

    /// The error as it is answered.
    pub(crate) fn to_server_error(&self) -> ServerError {
        with_class(ServerError::new(self.to_string(), None), self.class())
    }
}

/// Gives an error of the execution its code. Those that are not ours come from the library, which
/// refused the query or an argument.
pub(crate) fn classified(error: ServerError) -> ServerError {
    let class = error.source::<FieldError>().map_or(ErrorClass::Input, FieldError::class);
    if class == ErrorClass::Internal {
        tracing::error!(graphql.path = ?error.path, "a GraphQL field failed: {error}");
    }
    let cluster = match error.source::<FieldError>() {
        Some(FieldError::ClusterUnavailable { cluster, .. }) => Some(Arc::clone(cluster)),
        _ => None,
    };
    let mut error = with_class(error, class);
    if let (Some(cluster), Some(extensions)) = (cluster, &mut error.extensions) {
        extensions.set("cluster", cluster.as_ref());
    }
    error
}

fn with_class(mut error: ServerError, class: ErrorClass) -> ServerError {
    if error.message.chars().nth(MESSAGE_LIMIT).is_some() {
        error.message = error.message.chars().take(MESSAGE_LIMIT).collect();
    }
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", class.code());
    error
}

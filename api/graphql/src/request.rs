//! Request bodies.

use async_graphql::Variables;
use serde::Deserialize;

use crate::{
    error::RequestError,
    limits::{MAX_BATCH, MAX_BODY_BYTES},
};

/// One request of GraphQL over HTTP.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphqlRequest {
    /// The document.
    pub(crate) query: String,
    /// Which of its operations.
    #[serde(default)]
    pub(crate) operation_name: Option<String>,
    /// The variables.
    #[serde(default)]
    pub(crate) variables: Variables,
}

/// A body.
#[derive(Debug)]
pub(crate) enum GraphqlBody {
    /// An object.
    Single(GraphqlRequest),
    /// A list of objects.
    Batch(Vec<GraphqlRequest>),
}

impl GraphqlRequest {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`RequestError::Body`] if it is not one, or lacks `query`.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, RequestError> {
        serde_json::from_slice(body).map_err(|error| body_error(&error))
    }
}

impl GraphqlBody {
    /// Reads the body of the public endpoint.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if it is too large, neither an object nor a list of objects, or a batch of
    /// too many.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(RequestError::BodySize { limit_bytes: MAX_BODY_BYTES });
        }
        if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
            return GraphqlRequest::parse(body).map(Self::Single);
        }
        let batch: Vec<GraphqlRequest> =
            serde_json::from_slice(body).map_err(|error| body_error(&error))?;
        if batch.is_empty() || batch.len() > MAX_BATCH {
            return Err(RequestError::Batch { given: batch.len(), limit: MAX_BATCH });
        }
        Ok(Self::Batch(batch))
    }
}

/// What is wrong with a body: where, without what stands there.
fn body_error(error: &serde_json::Error) -> RequestError {
    let (line, column) = (error.line(), error.column());
    RequestError::Body(match error.classify() {
        serde_json::error::Category::Data => {
            format!("a field is missing or of the wrong type before line {line}, column {column}")
        }
        _ => format!("not JSON at line {line}, column {column}"),
    })
}

//! The port through which pages execute GraphQL.

use async_trait::async_trait;
use bytes::Bytes;
use callboard_auth::Caller;

/// Executes the documents that were compiled in with the portal, in-process.
#[async_trait]
pub trait GraphqlExecutor: Send + Sync {
    /// Executes `request`, a GraphQL-over-HTTP JSON body (`{"query", "variables",
    /// "operationName"}`), as `caller`, and gives the JSON response. The limits of the public
    /// endpoint do not hold, the deadline does.
    async fn execute_trusted(&self, request: Bytes, caller: &Caller) -> Bytes;
}

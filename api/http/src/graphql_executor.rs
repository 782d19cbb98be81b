//! The port through which pages and the endpoint execute GraphQL.

use async_trait::async_trait;
use bytes::Bytes;
use callboard_auth::Caller;
use futures_util::stream::BoxStream;

/// Responses to one request, each a JSON text: one for a query or a mutation, any number for a
/// subscription.
pub type ResponseStream = BoxStream<'static, Bytes>;

/// Executes GraphQL requests as a caller.
#[async_trait]
pub trait GraphqlExecutor: Send + Sync {
    /// Executes a document that was compiled in with the portal: only the deadline holds, not the
    /// limits of the public endpoint. `request` is a GraphQL-over-HTTP JSON body
    /// (`{"query", "variables", "operationName"}`), the answer its JSON response.
    async fn execute_trusted(&self, request: Bytes, caller: &Caller) -> Bytes;

    /// Executes the body of `POST /graphql`: an object or a batch, within the public limits.
    async fn execute_public(&self, request: Bytes, caller: &Caller) -> Bytes;

    /// Executes one request of a WebSocket, perhaps a subscription.
    async fn subscribe(&self, request: Bytes, caller: &Caller) -> ResponseStream;
}

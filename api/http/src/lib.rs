//! What every route shares: the caller of a request, error bodies, limits and headers; and the
//! port through which GraphQL is executed.

mod graphql_executor;

pub use graphql_executor::{GraphqlExecutor, ResponseStream};

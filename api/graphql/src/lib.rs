//! The GraphQL schema of Callboard.
//!
//! Resolvers read the catalog through one reader per request, confined to what the caller may see;
//! there is no SQL and no web framework here. [`GraphqlService`] takes request bodies and gives
//! response bodies; the transport decides on methods, content types and status codes (`GET` must
//! never reach it with a mutation or a subscription).

#![expect(clippy::unused_async, reason = "the library wants resolvers to be async")]

mod answer;
mod changes;
mod connection;
mod cursor;
mod entity;
mod error;
mod estate;
mod executor;

pub mod explorer;
mod facet;
mod failed;
mod filter;
mod limits;
mod node_id;
mod page;
mod query;
mod ready_json;
mod request;
mod scalar;
mod schema;
mod scope;
mod search;
mod subscription;
mod topology;
mod viewer;

pub use answer::{AnswerClass, PublicAnswer};
pub use changes::{EntityChangeNotice, EntityChanges};
pub use executor::GraphqlService;
pub use schema::{SchemaPorts, sdl};

//! Backstage's REST wire: the reads of its catalog, and health.
//!
//! Each request gets one reader of the catalog, confined to what its caller may read, and answers
//! out of its ready-made bytes. Both filter grammars become the one condition that the index
//! answers. Texts of errors are upstream's: its clients and users know them.

mod endpoints;
mod entities_answer;
mod entities_cursor;
mod entity_fields;
mod entity_filter;
mod entity_predicate;
mod openapi;
mod predicate_schema;
mod query_parameters;
mod request_body;
mod routes;

pub use endpoints::health::{HealthProbe, HealthStatus};
pub use openapi::{OPENAPI, openapi_document};
pub use routes::{PREFIXES, RestState, route_table};

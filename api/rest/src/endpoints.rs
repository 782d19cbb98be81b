//! The handlers, one file for each noun.

pub(crate) mod by_query;
pub(crate) mod by_refs;
pub(crate) mod entities;
pub(crate) mod facets;
pub(crate) mod health;
pub(crate) mod openapi;
pub(crate) mod single;

use callboard_auth::AuthorizedEntitiesCatalog;
use callboard_catalog::query::EntityPredicate;
use callboard_http::ApiError;
use serde_json::Value;

use crate::{
    entity_filter::predicate_of_filters,
    entity_predicate::{PredicateError, compile},
    predicate_schema::check_predicate,
    query_parameters::QueryParameters,
};

/// The catalog, as handlers get it.
pub(crate) type Catalog = actix_web::web::Data<AuthorizedEntitiesCatalog>;

/// The predicate of the `filter` parameters, as a `query`.
fn filter_of(parameters: &QueryParameters<'_>) -> Result<Option<Value>, ApiError> {
    let filters = parameters.list("filter").unwrap_or_default();
    Ok(predicate_of_filters(&filters)?)
}

/// A `query` as it came, checked.
fn checked_query(query: Option<&Value>) -> Result<Option<Value>, PredicateError> {
    query.map(|query| check_predicate(query).map_err(PredicateError::Shape)).transpose()
}

/// The condition of a `query`; none holds always.
fn condition_of(query: Option<&Value>) -> Result<EntityPredicate, PredicateError> {
    query.map_or_else(|| Ok(EntityPredicate::always()), compile)
}

//! Facets: the values of a field with how many entities have each.

mod values;

use async_graphql::SimpleObject;
use callboard_catalog::{index::CatalogReader, query::EntityPredicate};

use self::values::FacetValues;
use crate::error::FieldError;

/// The most fields of one call.
const MAX_FIELDS: usize = 10;

/// The values of one field.
#[derive(Debug, SimpleObject)]
pub(crate) struct Facet {
    /// The field as it was asked for.
    pub(crate) field: String,
    /// Its values, ordered by value; those that no matching entity has are left out.
    pub(crate) values: FacetValues,
}

/// Values and counts of `fields` over the entities that match, in the order of `fields`.
///
/// # Errors
///
/// [`FieldError::TooMany`] for too many fields.
pub(crate) fn facets(
    reader: &CatalogReader,
    fields: &[String],
    predicate: &EntityPredicate,
) -> Result<Vec<Facet>, FieldError> {
    if fields.len() > MAX_FIELDS {
        let given = fields.len();
        return Err(FieldError::TooMany { argument: "fields", given, limit: MAX_FIELDS });
    }
    let keys: Vec<&str> = fields.iter().map(String::as_str).collect();
    let facets = reader
        .facets(&keys, predicate)
        .into_iter()
        .map(|facet| Facet { field: facet.key.into(), values: FacetValues(facet.values) });
    Ok(facets.collect())
}

/// A count as GraphQL's `Int`.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

//! The read port of the catalog.

use crate::{index::CatalogReader, query::ReadCondition};

/// The catalog as it can be read.
///
/// There is one way in: a reader that is confined to what its condition lets through, over one
/// immutable snapshot. So every answer of one request is of one revision, and nothing that the
/// caller may not read can slip into a list, a count, a facet or a cursor.
pub trait EntitiesCatalog: Send + Sync + std::fmt::Debug {
    /// A reader of the newest snapshot. Costs nothing for [`ReadCondition::Everything`], else one
    /// evaluation of the condition over the index.
    fn reader(&self, condition: &ReadCondition) -> CatalogReader;
}

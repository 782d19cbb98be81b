//! The newest snapshot, for all who read.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{
    entities_catalog::EntitiesCatalog,
    index::{CatalogReader, entity_index::EntityIndex},
    query::ReadCondition,
};

/// Where an [`IndexWriter`](super::IndexWriter) publishes and readers look. Neither waits for the
/// other.
#[derive(Debug, Default)]
pub struct SharedIndex {
    newest: ArcSwap<EntityIndex>,
}

impl SharedIndex {
    /// The newest snapshot.
    pub fn newest(&self) -> Arc<EntityIndex> {
        self.newest.load_full()
    }

    pub(crate) fn publish(&self, index: Arc<EntityIndex>) {
        self.newest.store(index);
    }
}

impl EntitiesCatalog for SharedIndex {
    fn reader(&self, condition: &ReadCondition) -> CatalogReader {
        CatalogReader::new(self.newest(), condition)
    }
}

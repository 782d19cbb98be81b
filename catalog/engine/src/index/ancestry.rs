//! The chain of Locations behind an entity.

use std::{collections::VecDeque, sync::Arc};

use callboard_model::EntityRef;
use hashbrown::HashSet;

use crate::{
    index::{CatalogReader, IndexedEntity},
    query::AncestryItem,
};

/// The entity and its ancestors, breadth first, each once. What the reader may not see ends the
/// chain as if it were not there.
pub(crate) fn ancestry(
    reader: &CatalogReader,
    entity_ref: &EntityRef,
) -> Option<Vec<AncestryItem>> {
    let first = reader.entity(entity_ref)?;
    let mut seen: HashSet<EntityRef> = HashSet::new();
    seen.insert(first.entity_ref.clone());
    let mut queue = VecDeque::from([first]);
    let mut items = Vec::new();
    while let Some(entity) = queue.pop_front() {
        let parents: Vec<Arc<IndexedEntity>> =
            entity.parents.iter().filter_map(|parent| reader.entity(parent)).collect();
        for parent in &parents {
            if seen.insert(parent.entity_ref.clone()) {
                queue.push_back(Arc::clone(parent));
            }
        }
        items.push(AncestryItem { entity, parents });
    }
    Some(items)
}

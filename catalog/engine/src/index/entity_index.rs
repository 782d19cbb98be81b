//! One snapshot of the index: immutable once it is published, and mostly shared with the next one.

use std::sync::Arc;

use callboard_model::EntityRef;
use roaring::RoaringBitmap;

use crate::{
    final_entity::FinalState,
    index::{
        IndexedEntity, answer_cache::AnswerCache, key_index::KeyIndex, paged::Paged,
        ref_order::RefOrder, text::is_too_long,
    },
    store::Revision,
};

/// All final entities of one revision, and everything that finds them.
///
/// A copy costs a few pointers. A change copies the paths to what it changes and shares the rest,
/// so that older snapshots stay as they were.
#[derive(Debug, Clone, Default)]
pub struct EntityIndex {
    pub(crate) revision: Revision,
    /// By id. Ids of entities that are gone are given again.
    pub(crate) entities: Paged<Option<Arc<IndexedEntity>>>,
    /// The ids in use.
    pub(crate) live: Arc<RoaringBitmap>,
    pub(crate) refs: imbl::HashMap<EntityRef, u32>,
    pub(crate) uids: imbl::HashMap<Arc<str>, u32>,
    pub(crate) order: Arc<RefOrder>,
    /// By lower-cased key.
    pub(crate) keys: imbl::HashMap<Arc<str>, Arc<KeyIndex>>,
    /// Entities that never processed. They stand in nothing else.
    pub(crate) failed: imbl::OrdMap<EntityRef, Arc<IndexedEntity>>,
    pub(crate) answers: AnswerCache,
}

impl EntityIndex {
    /// The revision that this is a snapshot of.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// How many entities are served.
    pub fn len(&self) -> usize {
        usize::try_from(self.live.len()).unwrap_or(usize::MAX)
    }

    /// Whether no entity is served.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// What is kept of a ref, whether it is served or only a problem.
    pub(crate) fn stored(
        &self,
        entity_ref: &EntityRef,
    ) -> Option<(FinalState, &Arc<IndexedEntity>)> {
        if let Some(failed) = self.failed.get(entity_ref) {
            return Some((FinalState::Failed, failed));
        }
        let id = *self.refs.get(entity_ref)?;
        Some((FinalState::Completed, self.get(id)?))
    }

    /// The entity of this id.
    pub(crate) fn get(&self, id: u32) -> Option<&Arc<IndexedEntity>> {
        self.entities.get(id)?.as_ref()
    }

    /// The index of a lower-cased key: of what stands under that very key.
    pub(crate) fn literal_key(&self, key: &str) -> Option<&Arc<KeyIndex>> {
        self.keys.get(key)
    }

    /// The entities with an array item that implies the lower-cased `key`: for `a.b.c` those
    /// with item `b.c` under `a` or item `c` under `a.b`. `None` = nobody.
    pub(crate) fn implied(&self, key: &str) -> Option<Arc<RoaringBitmap>> {
        if is_too_long(key) {
            return None;
        }
        let mut all: Option<RoaringBitmap> = None;
        for (at, _) in key.match_indices('.') {
            let Some((path, item)) = key.split_at_checked(at) else { continue };
            let item = item.strip_prefix('.').unwrap_or(item);
            let Some(index) = self.literal_key(path) else { continue };
            for entry in index.entries_of(item).filter(|entry| entry.implies) {
                let ids = entry.ids.to_bitmap();
                all = Some(all.map_or_else(|| (*ids).clone(), |all| all | &*ids));
            }
        }
        all.map(Arc::new)
    }

    /// The index of a lower-cased key, implied values included. Costs nothing where none is
    /// implied.
    pub(crate) fn key(&self, key: &str) -> Option<Arc<KeyIndex>> {
        let literal = self.literal_key(key);
        let Some(implied) = self.implied(key) else { return literal.map(Arc::clone) };
        let mut whole = literal.map_or_else(KeyIndex::default, |literal| (**literal).clone());
        whole.imply(&implied);
        Some(Arc::new(whole))
    }
}

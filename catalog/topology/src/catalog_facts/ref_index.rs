//! Entities by a key.

use std::{borrow::Borrow, hash::Hash, sync::Arc};

use callboard_model::EntityRef;

/// Whether an entity belongs to a key from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    Added,
    Removed,
}

/// Few entities for each of many keys. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RefIndex<K>(imbl::HashMap<K, Arc<[EntityRef]>>);

impl<K> Default for RefIndex<K> {
    fn default() -> Self {
        Self(imbl::HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> RefIndex<K> {
    /// The entities of a key, ordered.
    pub(super) fn get<Q>(&self, key: &Q) -> &[EntityRef]
    where
        Q: Hash + Eq + ?Sized,
        K: Borrow<Q>,
    {
        self.0.get(key).map_or(&[], |found| found)
    }

    /// Adds an entity to a key, or removes it there.
    pub(super) fn set(&mut self, key: K, entity_ref: &EntityRef, membership: Membership) {
        let mut found = self.get(&key).to_vec();
        match (found.binary_search(entity_ref), membership) {
            (Err(place), Membership::Added) => found.insert(place, entity_ref.clone()),
            (Ok(place), Membership::Removed) => {
                found.remove(place);
            }
            _ => return,
        }
        if found.is_empty() {
            self.0.remove(&key);
        } else {
            self.0.insert(key, found.into());
        }
    }
}

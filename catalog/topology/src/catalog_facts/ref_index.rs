//! Entities by a key.

use std::{borrow::Borrow, hash::Hash, sync::Arc};

use callboard_model::EntityRef;

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

    /// Adds an entity to a key.
    pub(super) fn add(&mut self, key: K, entity_ref: &EntityRef) {
        let mut found = self.get(&key).to_vec();
        if let Err(place) = found.binary_search(entity_ref) {
            found.insert(place, entity_ref.clone());
            self.0.insert(key, found.into());
        }
    }

    /// Removes an entity from a key.
    pub(super) fn remove(&mut self, key: K, entity_ref: &EntityRef) {
        let mut found = self.get(&key).to_vec();
        let Ok(place) = found.binary_search(entity_ref) else { return };
        found.remove(place);
        if found.is_empty() {
            self.0.remove(&key);
        } else {
            self.0.insert(key, found.into());
        }
    }
}

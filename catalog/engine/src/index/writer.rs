//! The one that makes the next snapshot.

use std::{collections::BTreeMap, sync::Arc};

use callboard_model::EntityRef;

use crate::{
    final_entity::{FinalEntity, FinalState},
    index::{
        IndexedEntity,
        entity_index::EntityIndex,
        flatten::{FlatEntity, Flattener, Row},
        indexed,
        key_index::KeyIndex,
        shared_index::SharedIndex,
    },
    store::{FinalEntityChange, Revision},
};

/// Applies changes of final entities to the index and publishes each result.
///
/// There is one for each [`SharedIndex`]. An application costs what its changes are, not what the
/// index holds; whoever reads an older snapshot is not disturbed.
#[derive(Debug, Default)]
pub struct IndexWriter {
    index: EntityIndex,
    free: Vec<u32>,
    shared: Arc<SharedIndex>,
}

impl IndexWriter {
    /// A writer whose first snapshot is `index`.
    pub fn new(index: EntityIndex) -> Self {
        let mut writer = Self::default();
        writer.replace(index);
        writer
    }

    /// A writer of an empty index that publishes to `shared`, where readers may look already.
    pub fn publishing_to(shared: Arc<SharedIndex>) -> Self {
        Self { shared, ..Self::default() }
    }

    /// The snapshots that this writer publishes.
    pub fn shared(&self) -> Arc<SharedIndex> {
        Arc::clone(&self.shared)
    }

    /// The revision of the newest snapshot.
    pub const fn revision(&self) -> Revision {
        self.index.revision
    }

    /// Publishes `index` instead of what there was: after a new start, or where the history of
    /// changes has a gap.
    pub fn replace(&mut self, index: EntityIndex) {
        let end = index.live.max().map_or(0, |max| max + 1);
        self.free = (0..end).filter(|id| !index.live.contains(*id)).collect();
        self.index = index;
        self.publish();
    }

    /// Applies the changes of `revision`, in their order, and publishes the result.
    pub fn apply(&mut self, revision: Revision, changes: &[FinalEntityChange]) {
        let mut flattener = Flattener::default();
        for change in changes {
            match change {
                FinalEntityChange::Put(entity) if entity.state == FinalState::Failed => {
                    self.remove(&entity.entity_ref, &mut flattener);
                    self.put_failed(entity);
                }
                FinalEntityChange::Put(entity) => self.put(entity, &mut flattener),
                FinalEntityChange::Delete(entity_ref) => {
                    self.remove(entity_ref, &mut flattener);
                    self.index.failed.remove(entity_ref);
                }
            }
        }
        self.index.revision = revision;
        self.publish();
    }

    fn publish(&self) {
        self.shared.publish(Arc::new(self.index.clone()));
    }

    fn put_failed(&mut self, entity: &FinalEntity) {
        let indexed = indexed::indexed(entity, Vec::new());
        self.index.failed.insert(entity.entity_ref.clone(), indexed);
    }

    fn put(&mut self, entity: &FinalEntity, flattener: &mut Flattener) {
        let old = self.entity(&entity.entity_ref);
        let old_flat = old.as_ref().map(|(_, old)| flatten_old(old, flattener));
        let mut flat = FlatEntity::default();
        indexed::flatten(entity, flattener, &mut flat);
        let id = old.as_ref().map_or_else(|| self.next_id(), |(id, _)| *id);
        self.change_rows(id, old_flat.as_ref(), Some(&flat), flattener);
        if let Some((_, old)) = old {
            self.index.uids.remove(&old.uid);
        } else {
            Arc::make_mut(&mut self.index.live).insert(id);
            Arc::make_mut(&mut self.index.order).insert(&entity.entity_ref, id);
            self.index.refs.insert(entity.entity_ref.clone(), id);
            self.index.failed.remove(&entity.entity_ref);
        }
        self.index.uids.insert(Arc::clone(&entity.entity_id), id);
        let refs = &self.index.refs;
        let target = |text: &str| known_ref(refs, text);
        let relations = indexed::relations(&flat, |text| text.into(), target);
        self.index.entities.set(id, Some(indexed::indexed(entity, relations)));
    }

    fn remove(&mut self, entity_ref: &EntityRef, flattener: &mut Flattener) {
        let Some((id, old)) = self.entity(entity_ref) else { return };
        let flat = flatten_old(&old, flattener);
        self.change_rows(id, Some(&flat), None, flattener);
        self.index.uids.remove(&old.uid);
        self.index.refs.remove(entity_ref);
        Arc::make_mut(&mut self.index.live).remove(id);
        Arc::make_mut(&mut self.index.order).remove(entity_ref);
        self.index.entities.set(id, None);
        self.free.push(id);
    }

    fn entity(&self, entity_ref: &EntityRef) -> Option<(u32, Arc<IndexedEntity>)> {
        let id = *self.index.refs.get(entity_ref)?;
        Some((id, Arc::clone(self.index.get(id)?)))
    }

    fn next_id(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| self.index.live.max().map_or(0, |max| max + 1))
    }

    /// Replaces the rows of entity `id`, key by key; keys whose rows stay are not touched.
    fn change_rows(
        &mut self,
        id: u32,
        old: Option<&FlatEntity>,
        new: Option<&FlatEntity>,
        flattener: &Flattener,
    ) {
        let mut keys: BTreeMap<u32, (&[Row], &[Row])> = BTreeMap::new();
        for rows in old.iter().flat_map(|flat| flat.keys()) {
            keys.entry(key_of(rows)).or_default().0 = rows;
        }
        for rows in new.iter().flat_map(|flat| flat.keys()) {
            keys.entry(key_of(rows)).or_default().1 = rows;
        }
        for (number, (old_rows, new_rows)) in keys {
            let Some(name) = flattener.key(number) else { continue };
            if is_same(old_rows, old, new_rows, new) {
                continue;
            }
            let mut key = self.index.keys.remove(name).unwrap_or_default();
            let changed = Arc::make_mut(&mut key);
            change_key(changed, id, old_rows, old);
            add_to_key(changed, id, new_rows, new);
            if !key.exists.is_empty() {
                self.index.keys.insert(Arc::clone(name), key);
            }
        }
    }
}

fn change_key(key: &mut KeyIndex, id: u32, rows: &[Row], flat: Option<&FlatEntity>) {
    if let Some(flat) = flat.filter(|_| !rows.is_empty()) {
        key.remove(id, rows, flat);
    }
}

fn add_to_key(key: &mut KeyIndex, id: u32, rows: &[Row], flat: Option<&FlatEntity>) {
    if let Some(flat) = flat.filter(|_| !rows.is_empty()) {
        key.add(id, rows, flat);
    }
}

fn key_of(rows: &[Row]) -> u32 {
    rows.first().map_or(u32::MAX, |row| row.key)
}

fn flatten_old(old: &IndexedEntity, flattener: &mut Flattener) -> FlatEntity {
    let mut flat = FlatEntity::default();
    // A fault was logged when the entity came; the rows are the same as then.
    let _is_readable = flattener.flatten(&old.json, &mut flat).is_ok();
    flat
}

fn is_same(
    old_rows: &[Row],
    old: Option<&FlatEntity>,
    new_rows: &[Row],
    new: Option<&FlatEntity>,
) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    old_rows.len() == new_rows.len()
        && old_rows.iter().zip(new_rows).all(|(one, other)| match (one.value, other.value) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                one.implies == other.implies
                    && old.text(one.lower) == new.text(other.lower)
                    && old.text(one.original) == new.text(other.original)
            }
            _ => false,
        })
}

/// The ref of `text`, its text shared with the entity's where there is one.
fn known_ref(refs: &imbl::HashMap<EntityRef, u32>, text: &str) -> Option<EntityRef> {
    let entity_ref = EntityRef::from_canonical(text)?;
    let known = refs.get_key_value(&entity_ref).map(|(known, _)| known.clone());
    Some(known.unwrap_or(entity_ref))
}

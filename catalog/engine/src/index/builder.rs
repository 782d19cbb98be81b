//! The bulk load: the first snapshot from all final entities.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use callboard_model::EntityRef;
use hashbrown::{HashMap, HashSet};

use crate::{
    final_entity::{FinalEntity, FinalState},
    index::{
        IndexedEntity, IndexedRelation,
        entity_index::EntityIndex,
        flatten::{FlatEntity, Flattener},
        indexed,
        key_index::KeyIndex,
        key_table::{self, KeyTable},
        paged::Paged,
        postings::bitmap_of_sorted,
        ref_order::{RefEntry, RefOrder},
    },
    store::Revision,
};

/// More threads than this gain nothing: sorting and allocation become the limit.
const MAX_THREADS: usize = 4;
/// Fewer entities than this are not worth a thread.
const MIN_SHARE: usize = 256;

/// Builds an index of chunks of final entities, on all processors: sorting each key once beats
/// inserting row by row. Blocks; call it where blocking is allowed.
#[derive(Debug)]
pub struct IndexBuilder {
    workers: Vec<Worker>,
    seen: HashSet<EntityRef>,
    failed: imbl::OrdMap<EntityRef, Arc<IndexedEntity>>,
    next_id: u32,
}

/// What one thread has seen.
#[derive(Debug, Default)]
struct Worker {
    flattener: Flattener,
    flat: FlatEntity,
    /// By the flattener's number of the key.
    tables: Vec<KeyTable>,
    kinds: HashSet<Arc<str>>,
    targets: HashSet<EntityRef>,
    entities: Vec<(u32, FinalEntity, Vec<IndexedRelation>)>,
}

impl Default for IndexBuilder {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        Self {
            workers: (0..threads).map(|_| Worker::default()).collect(),
            seen: HashSet::new(),
            failed: imbl::OrdMap::new(),
            next_id: 0,
        }
    }
}

impl IndexBuilder {
    /// The index of all of `entities` at once.
    pub fn build(
        revision: Revision,
        entities: impl IntoIterator<Item = FinalEntity>,
    ) -> EntityIndex {
        let mut builder = Self::default();
        builder.push(entities.into_iter().collect());
        builder.finish(revision)
    }

    /// Takes a chunk. Some thousand at a time keep all processors busy. Of several entities with
    /// the same ref the first one stands.
    pub fn push(&mut self, mut chunk: Vec<FinalEntity>) {
        chunk.retain(|entity| self.seen.insert(entity.entity_ref.clone()));
        let (failed, completed): (Vec<_>, Vec<_>) =
            chunk.into_iter().partition(|entity| entity.state == FinalState::Failed);
        for entity in failed {
            let indexed = indexed::indexed(&entity, Vec::new());
            self.failed.insert(entity.entity_ref, indexed);
        }
        let share = completed.len().div_ceil(self.workers.len().max(1)).max(MIN_SHARE);
        let mut entities = completed.into_iter();
        let mut first_id = self.next_id;
        thread::scope(|scope| {
            for worker in &mut self.workers {
                let part: Vec<FinalEntity> = entities.by_ref().take(share).collect();
                let id = first_id;
                first_id = first_id.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
                if !part.is_empty() {
                    scope.spawn(move || worker.take(id, part));
                }
            }
        });
        self.next_id = first_id;
    }

    /// The index of everything that was taken.
    pub fn finish(self, revision: Revision) -> EntityIndex {
        let Self { workers, seen, failed, next_id } = self;
        let ids: Vec<u32> = (0..next_id).collect();
        let (entities, tables) = taken_apart(workers);
        let keys = build_keys(tables);
        let entities = index_entities(entities, &seen);
        let mut order: Vec<RefEntry> = (0..)
            .zip(&entities)
            .filter_map(|(id, entity)| Some((id, entity.as_ref()?)))
            .map(|(id, entity)| RefEntry { entity_ref: entity.entity_ref.clone(), id })
            .collect();
        order.sort_by(|one, other| one.entity_ref.cmp(&other.entity_ref));
        let by_uid = (0..).zip(entities.iter().flatten());
        EntityIndex {
            revision,
            live: Arc::new(bitmap_of_sorted(&ids)),
            refs: order.iter().map(|entry| (entry.entity_ref.clone(), entry.id)).collect(),
            uids: by_uid.map(|(id, entity)| (Arc::clone(&entity.uid), id)).collect(),
            order: Arc::new(RefOrder::from_sorted(order)),
            keys,
            failed,
            entities: Paged::from_items(entities),
            ..EntityIndex::default()
        }
    }
}

impl Worker {
    fn take(&mut self, first_id: u32, entities: Vec<FinalEntity>) {
        for (id, entity) in (first_id..).zip(entities) {
            indexed::flatten(&entity, &mut self.flattener, &mut self.flat);
            let missing = self.flattener.key_count().saturating_sub(self.tables.len());
            self.tables.extend((0..missing).map(|_| KeyTable::default()));
            for rows in self.flat.keys() {
                let number = rows.first().map_or(usize::MAX, |row| row.key as usize);
                if let Some(table) = self.tables.get_mut(number) {
                    table.add(id, rows, &self.flat);
                }
            }
            let (kinds, targets) = (&mut self.kinds, &mut self.targets);
            let kind = |text: &str| Arc::clone(kinds.get_or_insert_with(text, |text| text.into()));
            let target = |text: &str| {
                let entity_ref = EntityRef::from_canonical(text)?;
                Some(targets.get_or_insert(entity_ref).clone())
            };
            let relations = indexed::relations(&self.flat, kind, target);
            self.entities.push((id, entity, relations));
        }
    }
}

type Taken = Vec<(u32, FinalEntity, Vec<IndexedRelation>)>;

/// The entities of all workers, and by key what each worker has of it.
fn taken_apart(workers: Vec<Worker>) -> (Vec<Taken>, HashMap<Arc<str>, Vec<KeyTable>>) {
    let mut by_key: HashMap<Arc<str>, Vec<KeyTable>> = HashMap::new();
    let mut entities = Vec::new();
    for worker in workers {
        for (number, table) in (0_u32..).zip(worker.tables) {
            let Some(key) = worker.flattener.key(number) else { continue };
            by_key.entry(Arc::clone(key)).or_default().push(table);
        }
        entities.push(worker.entities);
    }
    (entities, by_key)
}

/// Sorts every key, the largest first, on all processors.
fn build_keys(tables: HashMap<Arc<str>, Vec<KeyTable>>) -> imbl::HashMap<Arc<str>, Arc<KeyIndex>> {
    let mut work: Vec<(Arc<str>, Vec<KeyTable>)> = tables.into_iter().collect();
    work.sort_by_key(|(_, tables)| {
        std::cmp::Reverse(tables.iter().map(KeyTable::size).sum::<usize>())
    });
    let slots: Vec<_> = work.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        let mut built = Vec::new();
        while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
            let item = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((name, tables)) = item {
                built.push((name, Arc::new(key_table::key_index(&tables))));
            }
        }
        built
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let mut keys: imbl::HashMap<Arc<str>, Arc<KeyIndex>> = imbl::HashMap::new();
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        keys.extend(run());
        for other in others {
            if let Ok(built) = other.join() {
                keys.extend(built);
            }
        }
    });
    keys.retain(|_, key| !key.exists.is_empty());
    keys
}

/// The entities by id; the targets of relations share the text of the entities that they name.
fn index_entities(taken: Vec<Taken>, seen: &HashSet<EntityRef>) -> Vec<Option<Arc<IndexedEntity>>> {
    let count = taken.iter().map(Vec::len).sum();
    let mut entities: Vec<Option<Arc<IndexedEntity>>> = vec![None; count];
    for (id, entity, mut relations) in taken.into_iter().flatten() {
        for relation in &mut relations {
            if let Some(known) = seen.get(&relation.target) {
                relation.target = known.clone();
            }
        }
        if let Some(slot) = entities.get_mut(id as usize) {
            *slot = Some(indexed::indexed(&entity, relations));
        }
    }
    entities
}

//! All entities in the order of their refs.

use std::sync::OnceLock;

use callboard_model::EntityRef;

use crate::index::{
    order_column::{LAST, rank_of},
    sorted_chunks::{Found, Place, SortedChunks},
};

/// An entity in the order of refs.
#[derive(Debug, Clone)]
pub(crate) struct RefEntry {
    /// Its ref.
    pub(crate) entity_ref: EntityRef,
    /// Its id.
    pub(crate) id: u32,
}

/// The refs in order, and turned round.
#[derive(Debug, Default)]
pub(crate) struct RefOrder {
    /// In order.
    pub(crate) refs: SortedChunks<RefEntry>,
    ranks: OnceLock<RefRanks>,
}

/// Where each entity stands in the order of refs.
#[derive(Debug)]
pub(crate) struct RefRanks {
    by_id: Vec<u32>,
    chunk_starts: Vec<u32>,
}

/// A copy to be changed: what was derived of the old one is not copied.
impl Clone for RefOrder {
    fn clone(&self) -> Self {
        Self { refs: self.refs.clone(), ranks: OnceLock::new() }
    }
}

impl RefOrder {
    /// The order of `entries`, which are in order.
    pub(crate) fn from_sorted(entries: Vec<RefEntry>) -> Self {
        Self { refs: SortedChunks::from_sorted(entries), ranks: OnceLock::new() }
    }

    /// Adds an entity.
    pub(crate) fn insert(&mut self, entity_ref: &EntityRef, id: u32) {
        if let Found::Before(place) = self.find(entity_ref.as_str()) {
            self.refs.insert(place, RefEntry { entity_ref: entity_ref.clone(), id });
        }
    }

    /// Takes an entity out.
    pub(crate) fn remove(&mut self, entity_ref: &EntityRef) {
        if let Found::At(place) = self.find(entity_ref.as_str()) {
            self.refs.remove(place);
        }
    }

    /// Ranks by id. Made once, on first use, in `O(entities)`.
    pub(crate) fn ranks(&self) -> &RefRanks {
        self.ranks.get_or_init(|| {
            let size = self.refs.iter().map(|entry| entry.id as usize + 1).max().unwrap_or(0);
            let mut by_id = vec![LAST; size];
            for (ordinal, entry) in (0_u32..).zip(self.refs.iter()) {
                if let Some(rank) = by_id.get_mut(entry.id as usize) {
                    *rank = rank_of(ordinal);
                }
            }
            RefRanks { by_id, chunk_starts: self.refs.chunk_starts() }
        })
    }

    /// The rank of a ref, whether or not there is such an entity.
    pub(crate) fn rank_of_ref(&self, entity_ref: &str) -> u32 {
        let found = self.find(entity_ref);
        let rank = rank_of(self.refs.ordinal(found.place(), &self.ranks().chunk_starts));
        if matches!(found, Found::At(_)) { rank } else { rank - 1 }
    }

    /// The place of the ref of this rank, or of the next larger one.
    pub(crate) fn place(&self, rank: u32) -> Place {
        self.refs.place(rank / 2, &self.ranks().chunk_starts)
    }

    fn find(&self, entity_ref: &str) -> Found {
        self.refs.find(|entry| entry.entity_ref.as_str().cmp(entity_ref))
    }
}

impl RefRanks {
    /// The rank of the entity's ref.
    pub(crate) fn get(&self, id: u32) -> u32 {
        self.by_id.get(id as usize).copied().unwrap_or(LAST)
    }
}

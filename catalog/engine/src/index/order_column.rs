//! The order of a key turned round: from the entity to where it stands.

use hashbrown::HashMap;

use crate::index::{key_index::KeyIndex, sorted_chunks::Place};

/// A rank that no entity has: of those without a value, which come last either way.
pub(crate) const LAST: u32 = u32::MAX;

/// For each entity the rank of its smallest and of its largest value.
///
/// The rank of a value is odd and grows with the value; even numbers are left for values that are
/// asked for and that nobody has. `O(entities with the key)` to make and to keep.
#[derive(Debug)]
pub(crate) struct OrderColumn {
    smallest: Ranks,
    /// `None` where nobody has more than one value.
    largest: Option<Ranks>,
    chunk_starts: Vec<u32>,
}

#[derive(Debug)]
enum Ranks {
    /// By id.
    Dense(Vec<u32>),
    /// Of a key that few entities have.
    Sparse(HashMap<u32, u32>),
}

impl OrderColumn {
    /// The column of `key`.
    pub(crate) fn new(key: &KeyIndex) -> Self {
        let size = key.exists.to_bitmap().max().map_or(0, |max| max as usize + 1);
        let ranks = || {
            if key.exists.len() >= size / 16 {
                Ranks::Dense(vec![LAST; size])
            } else {
                Ranks::Sparse(HashMap::with_capacity(key.exists.len()))
            }
        };
        let mut smallest = ranks();
        let mut largest = (!key.multiple.is_empty()).then(ranks);
        let mut rank = 0;
        let mut previous: Option<&str> = None;
        for (ordinal, entry) in (0_u32..).zip(key.values.iter()) {
            if previous != Some(&*entry.lower) {
                rank = rank_of(ordinal);
                previous = Some(&*entry.lower);
            }
            entry.ids.for_each(|id| {
                smallest.set_if_absent(id, rank);
                if let Some(largest) = &mut largest {
                    largest.set(id, rank);
                }
            });
        }
        Self { smallest, largest, chunk_starts: key.values.chunk_starts() }
    }

    /// The rank of the entity's smallest value; [`LAST`] if it has none.
    pub(crate) fn smallest(&self, id: u32) -> u32 {
        self.smallest.get(id)
    }

    /// The rank of the entity's largest value; [`LAST`] if it has none.
    pub(crate) fn largest(&self, id: u32) -> u32 {
        self.largest.as_ref().unwrap_or(&self.smallest).get(id)
    }

    /// The rank of a lower-cased value, whether or not anybody has it.
    pub(crate) fn rank_of_value(&self, key: &KeyIndex, lower: &str) -> u32 {
        let place = key.start_of(lower);
        let rank = rank_of(key.values.ordinal(place, &self.chunk_starts));
        let is_there = key.values.get(place).is_some_and(|entry| *entry.lower == *lower);
        if is_there { rank } else { rank - 1 }
    }

    /// The place of the value of this rank, or of the next larger one.
    pub(crate) fn place(&self, key: &KeyIndex, rank: u32) -> Place {
        key.values.place(rank / 2, &self.chunk_starts)
    }

    /// The place after the value of this rank, or of the next larger one where nobody has it.
    pub(crate) fn place_after(&self, key: &KeyIndex, rank: u32) -> Place {
        let place = self.place(key, rank);
        match key.values.get(place).filter(|_| rank % 2 == 1) {
            Some(here) => key.values.lower_bound(|entry| entry.lower <= here.lower),
            None => place,
        }
    }

    /// How many entries stand before `place`.
    pub(crate) fn ordinal(&self, key: &KeyIndex, place: Place) -> u32 {
        key.values.ordinal(place, &self.chunk_starts)
    }
}

/// The rank of the value before which `ordinal` entries stand.
pub(crate) const fn rank_of(ordinal: u32) -> u32 {
    ordinal.saturating_mul(2).saturating_add(1)
}

impl Ranks {
    fn get(&self, id: u32) -> u32 {
        match self {
            Self::Dense(ranks) => ranks.get(id as usize).copied().unwrap_or(LAST),
            Self::Sparse(ranks) => ranks.get(&id).copied().unwrap_or(LAST),
        }
    }

    fn set(&mut self, id: u32, rank: u32) {
        match self {
            Self::Dense(ranks) => {
                if let Some(place) = ranks.get_mut(id as usize) {
                    *place = rank;
                }
            }
            Self::Sparse(ranks) => {
                ranks.insert(id, rank);
            }
        }
    }

    fn set_if_absent(&mut self, id: u32, rank: u32) {
        if self.get(id) == LAST {
            self.set(id, rank);
        }
    }
}

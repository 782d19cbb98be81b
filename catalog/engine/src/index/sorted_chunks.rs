//! A sorted list in chunks, of which a changed copy shares all but the changed chunk.
//!
//! Dense after a bulk load (a tree of pairs would be half empty), contiguous to walk, and a change
//! costs one chunk and a path to it.

use std::{cmp::Ordering, sync::Arc};

use imbl::Vector;

const FULL: usize = 128;
const FILL: usize = 96;

/// The sorted list.
#[derive(Debug)]
pub(crate) struct SortedChunks<T: Clone> {
    /// None of them empty.
    chunks: Vector<Arc<Vec<T>>>,
    len: usize,
}

/// A place in the list: of an item, or where one would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    chunk: usize,
    offset: usize,
}

/// Where a searched item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Here.
    At(Place),
    /// Not in the list; it would stand here, before the present item.
    Before(Place),
}

impl Found {
    /// The place, either way.
    pub(crate) const fn place(self) -> Place {
        match self {
            Self::At(place) | Self::Before(place) => place,
        }
    }
}

impl<T: Clone> Clone for SortedChunks<T> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), len: self.len }
    }
}

impl<T: Clone> Default for SortedChunks<T> {
    fn default() -> Self {
        Self { chunks: Vector::new(), len: 0 }
    }
}

impl<T: Clone> SortedChunks<T> {
    /// The list of `items`, which are in order.
    pub(crate) fn from_sorted(items: Vec<T>) -> Self {
        let len = items.len();
        let mut chunks = Vector::new();
        let mut items = items.into_iter();
        loop {
            let mut chunk = Vec::with_capacity(FILL.min(items.len()));
            chunk.extend(items.by_ref().take(FILL));
            if chunk.is_empty() {
                return Self { chunks, len };
            }
            chunks.push_back(Arc::new(chunk));
        }
    }

    /// Finds an item; `compare` says how an item compares to the searched one. `O(log n)`.
    pub(crate) fn find(&self, compare: impl Fn(&T) -> Ordering) -> Found {
        let (mut low, mut high) = (0, self.chunks.len());
        while low < high {
            let middle = low.midpoint(high);
            let last = self.chunks.get(middle).and_then(|chunk| chunk.last());
            if last.is_some_and(|last| compare(last) == Ordering::Less) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let Some(chunk) = self.chunks.get(low) else {
            return Found::Before(Place { chunk: low, offset: 0 });
        };
        match chunk.binary_search_by(compare) {
            Ok(offset) => Found::At(Place { chunk: low, offset }),
            Err(offset) => Found::Before(Place { chunk: low, offset }),
        }
    }

    /// The first place whose item is not less, as `compare` says. `O(log n)`.
    pub(crate) fn lower_bound(&self, compare: impl Fn(&T) -> bool) -> Place {
        self.find(|item| if compare(item) { Ordering::Less } else { Ordering::Greater }).place()
    }

    /// The item at `place`.
    pub(crate) fn get(&self, place: Place) -> Option<&T> {
        self.chunks.get(place.chunk)?.get(place.offset)
    }

    /// The item at `place`, to be changed without changing its order.
    pub(crate) fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        let chunk = self.chunks.get_mut(place.chunk)?;
        Arc::make_mut(chunk).get_mut(place.offset)
    }

    /// Puts `item` at `place`, which a search gave.
    pub(crate) fn insert(&mut self, place: Place, item: T) {
        self.len += 1;
        let index = place.chunk.min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(index) else {
            self.chunks.push_back(Arc::new(vec![item]));
            return;
        };
        let chunk = Arc::make_mut(chunk);
        let offset = if index == place.chunk { place.offset.min(chunk.len()) } else { chunk.len() };
        chunk.insert(offset, item);
        if chunk.len() > FULL {
            // A list that grows at its end keeps full chunks behind it.
            let at = if offset + 1 == chunk.len() { FILL } else { FULL / 2 };
            let rest = chunk.split_off(at);
            self.chunks.insert(index + 1, Arc::new(rest));
        }
    }

    /// Takes the item at `place` out.
    pub(crate) fn remove(&mut self, place: Place) {
        let Some(chunk) = self.chunks.get_mut(place.chunk) else { return };
        let chunk = Arc::make_mut(chunk);
        if place.offset >= chunk.len() {
            return;
        }
        chunk.remove(place.offset);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(place.chunk);
        }
    }

    /// All items, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items from `place` on, in order.
    pub(crate) fn iter_from(&self, place: Place) -> impl Iterator<Item = &T> {
        let first = self.chunks.get(place.chunk);
        let first = first.and_then(|chunk| chunk.get(place.offset..)).unwrap_or_default();
        let rest = place.chunk.saturating_add(1)..self.chunks.len();
        let rest = rest.filter_map(|index| self.chunks.get(index));
        first.iter().chain(rest.flat_map(|chunk| chunk.iter()))
    }

    /// The items from `start` to before `end`, in order.
    pub(crate) fn range(&self, start: Place, end: Place) -> impl Iterator<Item = &T> {
        let chunks = start.chunk..end.chunk.saturating_add(1).min(self.chunks.len());
        let chunks = chunks.filter_map(move |index| {
            let chunk = self.chunks.get(index)?;
            let from = if index == start.chunk { start.offset } else { 0 };
            let to = if index == end.chunk { end.offset } else { chunk.len() };
            chunk.get(from..to)
        });
        chunks.flatten()
    }

    /// The items before `place`, backwards.
    pub(crate) fn iter_back_from(&self, place: Place) -> impl Iterator<Item = &T> {
        let first = self.chunks.get(place.chunk);
        let first = first.and_then(|chunk| chunk.get(..place.offset)).unwrap_or_default();
        let rest = (0..place.chunk.min(self.chunks.len())).rev();
        let rest = rest.filter_map(|index| self.chunks.get(index));
        first.iter().rev().chain(rest.flat_map(|chunk| chunk.iter().rev()))
    }

    /// How many items stand before each chunk.
    pub(crate) fn chunk_starts(&self) -> Vec<u32> {
        let mut starts = Vec::with_capacity(self.chunks.len());
        let mut before = 0_u32;
        for chunk in &self.chunks {
            starts.push(before);
            before = before.saturating_add(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
        }
        starts
    }

    /// How many items stand before `place`, given [`SortedChunks::chunk_starts`].
    pub(crate) fn ordinal(&self, place: Place, chunk_starts: &[u32]) -> u32 {
        let len = u32::try_from(self.len).unwrap_or(u32::MAX);
        let offset = u32::try_from(place.offset).unwrap_or(u32::MAX);
        chunk_starts.get(place.chunk).map_or(len, |start| start.saturating_add(offset))
    }

    /// The place before which `ordinal` items stand, or the end, given
    /// [`SortedChunks::chunk_starts`].
    pub(crate) fn place(&self, ordinal: u32, chunk_starts: &[u32]) -> Place {
        let ordinal = ordinal.min(u32::try_from(self.len).unwrap_or(u32::MAX));
        let chunk = chunk_starts.partition_point(|start| *start <= ordinal).saturating_sub(1);
        let start = chunk_starts.get(chunk).copied().unwrap_or_default();
        Place { chunk, offset: ordinal.saturating_sub(start) as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserting_and_removing_keeps_order_and_old_copies() {
        let mut list = SortedChunks::<u32>::default();
        let mut model = std::collections::BTreeSet::new();
        let mut state = 7_u32;
        for round in 0..5000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (state >> 16) % 1500;
            let before: Option<Vec<u32>> =
                (round % 500 == 0).then(|| list.iter().copied().collect());
            let old = list.clone();
            match list.find(|item| item.cmp(&value)) {
                Found::At(place) => {
                    list.remove(place);
                    model.remove(&value);
                }
                Found::Before(place) => {
                    list.insert(place, value);
                    model.insert(value);
                }
            }
            if let Some(before) = before {
                assert_eq!(old.iter().copied().collect::<Vec<_>>(), before);
            }
            assert_eq!(list.len, model.len());
        }
        assert!(list.iter().eq(model.iter()));
        let starts = list.chunk_starts();
        for value in [0, 3, 700, 1499, 2000] {
            let place = list.lower_bound(|item| *item < value);
            assert!(list.iter_from(place).eq(model.range(value..)));
            let end = list.lower_bound(|item| *item < value + 50);
            assert!(list.range(place, end).eq(model.range(value..value + 50)));
            assert!(list.iter_back_from(place).eq(model.range(..value).rev()));
            let ordinal = list.ordinal(place, &starts);
            assert_eq!(ordinal as usize, model.range(..value).count());
            assert_eq!(list.get(list.place(ordinal, &starts)), list.get(place));
        }
        assert!(list.iter_back_from(list.place(u32::MAX, &starts)).eq(model.iter().rev()));
    }
}

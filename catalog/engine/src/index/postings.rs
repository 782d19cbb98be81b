//! The entities that share something: sets of dense ids, small ones without a bitmap.

use std::sync::Arc;

use roaring::RoaringBitmap;

const FEW: usize = 32;

/// A set of ids. Cheap to copy.
#[derive(Debug, Clone, Default)]
pub(crate) enum Postings {
    /// No id.
    #[default]
    None,
    /// One id.
    One(u32),
    /// Two to some dozen ids, ascending.
    Few(Arc<[u32]>),
    /// More.
    Many(Arc<RoaringBitmap>),
}

impl Postings {
    /// The set of `ids`, ascending and distinct.
    pub(crate) fn from_sorted(ids: &[u32]) -> Self {
        match ids {
            [] => Self::None,
            [one] => Self::One(*one),
            few if few.len() <= FEW => Self::Few(few.into()),
            many => Self::Many(Arc::new(bitmap_of_sorted(many))),
        }
    }

    /// How many ids.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Few(few) => few.len(),
            Self::Many(many) => usize::try_from(many.len()).unwrap_or(usize::MAX),
        }
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether `id` is one of them.
    pub(crate) fn contains(&self, id: u32) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => *one == id,
            Self::Few(few) => few.binary_search(&id).is_ok(),
            Self::Many(many) => many.contains(id),
        }
    }

    /// Adds `id`.
    pub(crate) fn insert(&mut self, id: u32) {
        match self {
            Self::None => *self = Self::One(id),
            Self::One(one) if *one == id => {}
            Self::One(one) => {
                let one = *one;
                *self = Self::Few([one.min(id), one.max(id)].into());
            }
            Self::Few(few) => {
                let Err(at) = few.binary_search(&id) else { return };
                let mut ids = few.to_vec();
                ids.insert(at, id);
                *self = Self::from_sorted(&ids);
            }
            Self::Many(many) => {
                Arc::make_mut(many).insert(id);
            }
        }
    }

    /// Takes `id` out.
    pub(crate) fn remove(&mut self, id: u32) {
        match self {
            Self::None => {}
            Self::One(one) => {
                if *one == id {
                    *self = Self::None;
                }
            }
            Self::Few(few) => {
                let ids: Vec<u32> = few.iter().copied().filter(|one| *one != id).collect();
                *self = Self::from_sorted(&ids);
            }
            Self::Many(many) => {
                Arc::make_mut(many).remove(id);
                if many.len() <= FEW as u64 / 2 {
                    let ids: Vec<u32> = many.iter().collect();
                    *self = Self::from_sorted(&ids);
                }
            }
        }
    }

    /// Calls `each` with every id, ascending.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32)) {
        match self {
            Self::None => {}
            Self::One(one) => each(*one),
            Self::Few(few) => few.iter().copied().for_each(each),
            Self::Many(many) => many.iter().for_each(each),
        }
    }

    /// How many of them are in `set`.
    pub(crate) fn count_in(&self, set: &RoaringBitmap) -> usize {
        match self {
            Self::None => 0,
            Self::One(one) => usize::from(set.contains(*one)),
            Self::Few(few) => few.iter().filter(|id| set.contains(**id)).count(),
            Self::Many(many) => usize::try_from(many.intersection_len(set)).unwrap_or(usize::MAX),
        }
    }

    /// As a bitmap; shared where it is one already.
    pub(crate) fn to_bitmap(&self) -> Arc<RoaringBitmap> {
        match self {
            Self::Many(many) => Arc::clone(many),
            other => {
                let mut bitmap = RoaringBitmap::new();
                other.for_each(|id| {
                    bitmap.insert(id);
                });
                Arc::new(bitmap)
            }
        }
    }
}

/// Unites many sets, of which most are small, without touching a bitmap for each.
#[derive(Debug, Default)]
pub(crate) struct Union {
    ids: Vec<u32>,
    first: Option<Arc<RoaringBitmap>>,
    bitmap: RoaringBitmap,
}

impl Union {
    /// Adds a set.
    pub(crate) fn add(&mut self, postings: &Postings) {
        match postings {
            Postings::Many(many) if self.first.is_none() => self.first = Some(Arc::clone(many)),
            Postings::Many(many) => self.bitmap |= &**many,
            few => few.for_each(|id| self.ids.push(id)),
        }
    }

    /// All of them.
    pub(crate) fn finish(mut self) -> Arc<RoaringBitmap> {
        self.ids.sort_unstable();
        self.ids.dedup();
        let is_single = self.ids.is_empty() && self.bitmap.is_empty();
        match self.first {
            Some(first) if is_single => first,
            first => {
                let mut all = self.bitmap | bitmap_of_sorted(&self.ids);
                if let Some(first) = first {
                    all |= &*first;
                }
                Arc::new(all)
            }
        }
    }
}

/// The bitmap of ascending, distinct ids.
pub(crate) fn bitmap_of_sorted(ids: &[u32]) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::new();
    for id in ids {
        // Refused only for an id that is not larger than the last, which is in the set already.
        let _is_ascending = bitmap.try_push(*id).is_ok();
    }
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_stays_right_while_it_grows_and_shrinks() {
        let mut postings = Postings::None;
        let order: Vec<u32> = (0..100).map(|number| number * 37 % 101).collect();
        for (count, id) in order.iter().enumerate() {
            assert!(!postings.contains(*id));
            postings.insert(*id);
            postings.insert(*id);
            assert!(postings.contains(*id));
            assert_eq!(postings.len(), count + 1);
        }
        let mut ids = Vec::new();
        postings.for_each(|id| ids.push(id));
        assert!(ids.is_sorted());
        for (count, id) in order.iter().enumerate() {
            postings.remove(*id);
            assert_eq!(postings.len(), order.len() - count - 1);
        }
        assert!(postings.is_empty());
    }
}

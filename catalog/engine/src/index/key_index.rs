//! All values of one key, in order, each with the entities that have it.

use std::{
    cmp::Ordering,
    sync::{Arc, OnceLock},
};

use roaring::RoaringBitmap;

use crate::{
    index::{
        flatten::{FlatEntity, Row},
        letters::Letters,
        order_column::OrderColumn,
        postings::{Postings, Union},
        sorted_chunks::{Found, Place, SortedChunks},
    },
    query::FacetValue,
};

/// One value of a key.
#[derive(Debug, Clone)]
pub(crate) struct ValueEntry {
    /// In lower case: what is compared and ordered by, in byte order.
    pub(crate) lower: Arc<str>,
    /// In the case of the descriptor; the same text where there is no difference.
    pub(crate) original: Arc<str>,
    /// Whether these are array items that imply the key `<key>.<value>`.
    pub(crate) implies: bool,
    /// Which letters occur in it, so that most texts need not be looked at.
    pub(crate) letters: Letters,
    /// Who has it. Never empty.
    pub(crate) ids: Postings,
}

impl ValueEntry {
    /// An entry of these texts.
    pub(crate) fn new(lower: &str, original: &str, implies: bool, ids: Postings) -> Self {
        let folded: Arc<str> = lower.into();
        let original = if lower == original { Arc::clone(&folded) } else { original.into() };
        Self { letters: Letters::of(lower), lower: folded, original, implies, ids }
    }
}

impl ValueEntry {
    fn compare(&self, lower: &str, original: &str, implies: bool) -> Ordering {
        let texts = (*self.lower).cmp(lower).then_with(|| (*self.original).cmp(original));
        texts.then_with(|| self.implies.cmp(&implies))
    }
}

/// The index of one key.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex {
    /// Ordered by lower-cased value, original, then whether it implies. An entity stands in at
    /// most one entry of the same lower-cased value.
    pub(crate) values: SortedChunks<ValueEntry>,
    /// Who has the key at all.
    pub(crate) exists: Postings,
    /// Who has the key without a comparable value: null, or too long.
    pub(crate) valueless: Postings,
    /// Who has more than one value.
    pub(crate) multiple: Postings,
    order: OnceLock<Arc<OrderColumn>>,
    facet: OnceLock<Arc<[FacetValue]>>,
}

/// A copy to be changed: what was derived of the old one is not copied.
impl Clone for KeyIndex {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            exists: self.exists.clone(),
            valueless: self.valueless.clone(),
            multiple: self.multiple.clone(),
            order: OnceLock::new(),
            facet: OnceLock::new(),
        }
    }
}

impl KeyIndex {
    /// The index of these parts.
    pub(crate) fn from_parts(
        values: Vec<ValueEntry>,
        exists: Postings,
        valueless: Postings,
        multiple: Postings,
    ) -> Self {
        let values = SortedChunks::from_sorted(values);
        Self { values, exists, valueless, multiple, ..Self::default() }
    }

    /// The entries of this lower-cased value.
    pub(crate) fn entries_of<'a>(&'a self, lower: &'a str) -> impl Iterator<Item = &'a ValueEntry> {
        let start = self.start_of(lower);
        self.values.iter_from(start).take_while(move |entry| *entry.lower == *lower)
    }

    /// Where the lower-cased values from `lower` on start.
    pub(crate) fn start_of(&self, lower: &str) -> Place {
        self.values.lower_bound(|entry| *entry.lower < *lower)
    }

    /// The entities that have a value that contains `term`. Looks at every value's letters.
    pub(crate) fn containing(&self, term: &str) -> Arc<RoaringBitmap> {
        let letters = Letters::of(term);
        let mut union = Union::default();
        for entry in self.values.iter() {
            if entry.letters.include(letters) && entry.lower.contains(term) {
                union.add(&entry.ids);
            }
        }
        union.finish()
    }

    /// Those of `candidates` whose only value contains `term`.
    pub(crate) fn containing_among(
        &self,
        candidates: &RoaringBitmap,
        term: &str,
    ) -> Arc<RoaringBitmap> {
        let column = self.order();
        let value = |id: u32| self.values.get(column.place(self, column.smallest(id)));
        let contains = |id: &u32| value(*id).is_some_and(|entry| entry.lower.contains(term));
        Arc::new(candidates.iter().filter(contains).collect())
    }

    /// The entities that have a value that ends with `suffix`. Looks at every value's letters.
    pub(crate) fn with_suffix(&self, suffix: &str) -> Arc<RoaringBitmap> {
        let letters = Letters::of(suffix);
        let mut union = Union::default();
        for entry in self.values.iter() {
            if entry.letters.include(letters) && entry.lower.ends_with(suffix) {
                union.add(&entry.ids);
            }
        }
        union.finish()
    }

    /// The entities that have a value that starts with `prefix`.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Arc<RoaringBitmap> {
        let mut union = Union::default();
        let is_before_end =
            |entry: &ValueEntry| *entry.lower < *prefix || entry.lower.starts_with(prefix);
        let end = self.values.lower_bound(is_before_end);
        for entry in self.values.range(self.start_of(prefix), end) {
            union.add(&entry.ids);
        }
        union.finish()
    }

    /// Where each entity stands in the order of this key. Made once, on first use.
    pub(crate) fn order(&self) -> &Arc<OrderColumn> {
        self.order.get_or_init(|| Arc::new(OrderColumn::new(self)))
    }

    /// Values and counts over all entities. Made once, on first use.
    pub(crate) fn full_facet(&self) -> &Arc<[FacetValue]> {
        self.facet.get_or_init(|| self.facet_of(None))
    }

    /// Values and counts over the entities of `within`.
    pub(crate) fn facet_of(&self, within: Option<&RoaringBitmap>) -> Arc<[FacetValue]> {
        let mut values: Vec<FacetValue> = Vec::new();
        for entry in self.values.iter() {
            let count = within.map_or_else(|| entry.ids.len(), |within| entry.ids.count_in(within));
            if count == 0 {
                continue;
            }
            match values.last_mut().filter(|last| last.value == entry.original) {
                Some(last) => last.count += count,
                None => values.push(FacetValue { value: Arc::clone(&entry.original), count }),
            }
        }
        values.sort_by(|one, other| one.value.cmp(&other.value));
        values.into()
    }

    /// Adds the rows that entity `id` has of this key.
    pub(crate) fn add(&mut self, id: u32, rows: &[Row], flat: &FlatEntity) {
        self.exists.insert(id);
        let mut count = 0;
        for value in rows.iter().filter_map(|row| row.value) {
            count += 1;
            self.add_value(flat.text(value.lower), flat.text(value.original), value.implies, id);
        }
        match count {
            0 => self.valueless.insert(id),
            1 => {}
            _ => self.multiple.insert(id),
        }
    }

    /// Takes the rows that entity `id` has of this key out.
    pub(crate) fn remove(&mut self, id: u32, rows: &[Row], flat: &FlatEntity) {
        self.exists.remove(id);
        self.valueless.remove(id);
        self.multiple.remove(id);
        for value in rows.iter().filter_map(|row| row.value) {
            let (lower, original) = (flat.text(value.lower), flat.text(value.original));
            let found = self.values.find(|entry| entry.compare(lower, original, value.implies));
            let Found::At(place) = found else { continue };
            let Some(entry) = self.values.get_mut(place) else { continue };
            entry.ids.remove(id);
            if entry.ids.is_empty() {
                self.values.remove(place);
            }
        }
    }

    /// Adds the value `true` to the entities of `ids` that don't have it.
    pub(crate) fn imply(&mut self, ids: &RoaringBitmap) {
        let mut have = RoaringBitmap::new();
        for entry in self.entries_of("true") {
            have |= &*entry.ids.to_bitmap();
        }
        for id in ids - have {
            let has_other = self.exists.contains(id) && !self.valueless.contains(id);
            self.exists.insert(id);
            self.valueless.remove(id);
            if has_other {
                self.multiple.insert(id);
            }
            self.add_value("true", "true", false, id);
        }
    }

    /// Adds one value of entity `id`.
    pub(crate) fn add_value(&mut self, lower: &str, original: &str, implies: bool, id: u32) {
        match self.values.find(|entry| entry.compare(lower, original, implies)) {
            Found::At(place) => {
                if let Some(entry) = self.values.get_mut(place) {
                    entry.ids.insert(id);
                }
            }
            Found::Before(place) => {
                let entry = ValueEntry::new(lower, original, implies, Postings::One(id));
                self.values.insert(place, entry);
            }
        }
    }
}

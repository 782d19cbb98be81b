//! Equal texts, label sets and image lists are kept once.

use std::{collections::HashSet, hash::Hash, sync::Arc};

use callboard_plugin::{Image, LabelMap};

/// How many entries there are before unused ones are looked for.
const FIRST_SWEEP: usize = 4096;

/// What a shared value weighs beside its content, in bytes, about: its count, its place in the
/// pool and what allocators round up.
const OVERHEAD: usize = 64;

/// Shared values of one kind of one cluster. What nobody else holds any more is let go as the
/// pool grows, so that it costs no more than a small multiple of what is in use.
#[derive(Debug)]
pub(crate) struct Interner {
    texts: Pool<str>,
    labels: Pool<LabelMap>,
    images: Pool<[Image]>,
    lists: Pool<[Arc<str>]>,
    most_bytes: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Self {
            texts: Pool::default(),
            labels: Pool::default(),
            images: Pool::default(),
            lists: Pool::default(),
            most_bytes: usize::MAX,
        }
    }
}

impl Interner {
    /// It is full when its values weigh so much more than now.
    pub(crate) const fn allow(&mut self, bytes: usize) {
        self.most_bytes = self.bytes().saturating_add(bytes);
    }

    /// What the shared values weigh in memory, in bytes, about.
    pub(crate) const fn bytes(&self) -> usize {
        self.texts.bytes + self.labels.bytes + self.images.bytes + self.lists.bytes
    }

    /// Whether they weigh more than they may.
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes() > self.most_bytes
    }

    /// The shared form of a text.
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.get_or_insert(text, || text.into())
    }

    /// The shared form of a text that may be absent or empty, which are the same.
    pub(crate) fn optional(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        text.filter(|text| !text.is_empty()).map(|text| self.text(text))
    }

    /// The shared form of labels.
    pub(crate) fn labels<'a>(
        &mut self,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Arc<LabelMap> {
        let map: LabelMap = labels.map(|(key, value)| (self.text(key), self.text(value))).collect();
        self.labels.share(Arc::new(map))
    }

    /// The shared form of a list of images.
    pub(crate) fn images(&mut self, images: Vec<Image>) -> Arc<[Image]> {
        self.images.share(images.into())
    }

    /// The shared form of a list of texts.
    pub(crate) fn list(&mut self, list: Vec<Arc<str>>) -> Arc<[Arc<str>]> {
        self.lists.share(list.into())
    }
}

/// What a value weighs beside its overhead and the texts that it shares.
trait Weight {
    fn weight(&self) -> usize;
}

impl Weight for str {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weight for LabelMap {
    fn weight(&self) -> usize {
        // Nodes of the tree are two thirds full.
        self.len() * size_of::<(Arc<str>, Arc<str>)>() * 3 / 2
    }
}

impl<T> Weight for [T] {
    fn weight(&self) -> usize {
        size_of_val(self)
    }
}

#[derive(Debug)]
struct Pool<T: ?Sized> {
    values: HashSet<Arc<T>>,
    sweep_at: usize,
    bytes: usize,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { values: HashSet::new(), sweep_at: FIRST_SWEEP, bytes: 0 }
    }
}

impl<T: ?Sized + Eq + Hash + Weight> Pool<T> {
    fn get_or_insert(&mut self, value: &T, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
        match self.values.get(value) {
            Some(shared) => Arc::clone(shared),
            None => self.insert(make()),
        }
    }

    fn share(&mut self, value: Arc<T>) -> Arc<T> {
        match self.values.get(&*value) {
            Some(shared) => Arc::clone(shared),
            None => self.insert(value),
        }
    }

    fn insert(&mut self, value: Arc<T>) -> Arc<T> {
        if self.values.len() >= self.sweep_at {
            self.values.retain(|value| Arc::strong_count(value) > 1);
            self.values.shrink_to_fit();
            self.sweep_at = (self.values.len() * 2).max(FIRST_SWEEP);
            self.bytes = self.values.iter().map(|value| value.weight() + OVERHEAD).sum();
        }
        self.bytes += value.weight() + OVERHEAD;
        self.values.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let mut interner = Interner::default();
        assert!(Arc::ptr_eq(&interner.text("bank"), &interner.text("bank")));
        let first = interner.labels([("app", "ledger")].into_iter());
        let second = interner.labels([("app", "ledger")].into_iter());
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn what_nobody_holds_is_let_go() {
        let mut interner = Interner::default();
        let kept = interner.text("kept");
        for number in 0..3 * FIRST_SWEEP {
            interner.text(&number.to_string());
        }
        assert!(interner.texts.values.len() <= FIRST_SWEEP);
        assert!(Arc::ptr_eq(&kept, &interner.text("kept")));
        assert!(interner.bytes() < FIRST_SWEEP * (OVERHEAD + 8));
    }

    #[test]
    fn it_is_full_by_what_it_shares() {
        let mut interner = Interner::default();
        interner.allow(10 * OVERHEAD);
        for _ in 0..100 {
            interner.text("again and again");
        }
        assert!(!interner.is_full());
        for number in 0..10 {
            interner.text(&number.to_string());
        }
        assert!(interner.is_full());
    }
}

//! Equal texts, label sets and image lists are kept once.

use std::{collections::HashSet, hash::Hash, sync::Arc};

use callboard_plugin::{Image, LabelMap};

/// How many entries there are before unused ones are looked for.
const FIRST_SWEEP: usize = 4096;

/// Shared values of one kind of one cluster. What nobody else holds any more is let go as the
/// pool grows, so that it costs no more than a small multiple of what is in use.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: Pool<str>,
    labels: Pool<LabelMap>,
    images: Pool<[Image]>,
    lists: Pool<[Arc<str>]>,
}

impl Interner {
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

#[derive(Debug)]
struct Pool<T: ?Sized> {
    values: HashSet<Arc<T>>,
    sweep_at: usize,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { values: HashSet::new(), sweep_at: FIRST_SWEEP }
    }
}

impl<T: ?Sized + Eq + Hash> Pool<T> {
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
        }
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
    }
}

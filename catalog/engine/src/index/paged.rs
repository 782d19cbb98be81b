//! A growing list in pages, of which a changed copy shares all but the changed pages.

use std::sync::Arc;

const PAGE: usize = 256;

/// A list that is cheap to copy (one pointer) and to change (one page).
#[derive(Debug)]
pub(crate) struct Paged<T> {
    pages: Arc<Vec<Arc<Vec<T>>>>,
}

impl<T> Clone for Paged<T> {
    fn clone(&self) -> Self {
        Self { pages: Arc::clone(&self.pages) }
    }
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { pages: Arc::default() }
    }
}

impl<T: Clone + Default> Paged<T> {
    /// The list of `items`.
    pub(crate) fn from_items(items: Vec<T>) -> Self {
        let mut pages = Vec::with_capacity(items.len() / PAGE + 1);
        let mut items = items.into_iter();
        loop {
            let page: Vec<T> = items.by_ref().take(PAGE).collect();
            if page.is_empty() {
                return Self { pages: Arc::new(pages) };
            }
            pages.push(Arc::new(page));
        }
    }

    /// The item at `index`.
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let index = index as usize;
        self.pages.get(index / PAGE)?.get(index % PAGE)
    }

    /// Puts `item` at `index`; what lies between the end and `index` becomes the default.
    pub(crate) fn set(&mut self, index: u32, item: T) {
        let index = index as usize;
        let pages = Arc::make_mut(&mut self.pages);
        while pages.len() <= index / PAGE {
            pages.push(Arc::default());
        }
        let Some(page) = pages.get_mut(index / PAGE) else { return };
        let page = Arc::make_mut(page);
        if page.len() <= index % PAGE {
            page.resize(index % PAGE + 1, T::default());
        }
        if let Some(place) = page.get_mut(index % PAGE) {
            *place = item;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_copy_leaves_the_old_one_as_it_was() {
        let old = Paged::from_items((0..1000_u32).collect());
        let mut new = old.clone();
        new.set(700, 1);
        new.set(2000, 2);
        assert_eq!((old.get(700), new.get(700)), (Some(&700), Some(&1)));
        assert_eq!((old.get(2000), new.get(2000), new.get(1999)), (None, Some(&2), Some(&0)));
        assert_eq!(new.get(999), Some(&999));
    }
}

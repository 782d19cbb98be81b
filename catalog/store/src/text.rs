//! Short texts as columns.
//!
//! A PostgreSQL `text` cannot hold NUL. In JSON it stands escaped, but refs and location keys are
//! stored as they are, and a descriptor may put anything into them: one such name must not make
//! whole commits fail. So NUL is written as an escape of our own.

use std::{borrow::Cow, sync::Arc};

use callboard_model::EntityRef;
use sha2::{Digest, Sha256};

/// A code point that is never assigned; it starts an escape.
const ESCAPE: char = '\u{10FFFE}';

/// A row of a PostgreSQL index holds at most 2,704 bytes. Valid refs have no 200, but a ref is
/// stored before it is found to be invalid.
const KEY_BYTES: usize = 1_000;

/// A ref as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredRef {
    /// What it is found by: the ref, or a shortened form that only this ref has.
    pub(crate) key: Arc<str>,
    /// The ref, where the key is shortened.
    pub(crate) whole: Option<Arc<str>>,
}

impl StoredRef {
    /// The stored form of a ref.
    pub(crate) fn new(entity_ref: &EntityRef) -> Self {
        let whole = stored(entity_ref.shared());
        if whole.len() <= KEY_BYTES {
            return Self { key: whole, whole: None };
        }
        let start = whole.get(..whole.floor_char_boundary(KEY_BYTES / 2)).unwrap_or_default();
        let digest = Sha256::digest(whole.as_bytes());
        let key =
            digest.iter().fold(format!("{start}{ESCAPE}h"), |key, byte| format!("{key}{byte:02x}"));
        Self { key: key.into(), whole: Some(whole) }
    }
}

/// The text as it is stored: shared where nothing is to be escaped.
pub(crate) fn stored(text: &Arc<str>) -> Arc<str> {
    match escaped(text) {
        Cow::Borrowed(_) => Arc::clone(text),
        Cow::Owned(text) => text.into(),
    }
}

/// The text as it is stored.
fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', ESCAPE]) {
        Cow::Owned(text.replace(ESCAPE, "\u{10FFFE}e").replace('\0', "\u{10FFFE}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was stored.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    if text.contains(ESCAPE) {
        Cow::Owned(text.replace("\u{10FFFE}0", "\0").replace("\u{10FFFE}e", "\u{10FFFE}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back_as_it_was() {
        for text in
            ["", "component:default/a", "a\0b", "\u{10FFFE}", "\u{10FFFE}0", "\0\u{10FFFE}e\0"]
        {
            let stored = escaped(text);
            assert!(!stored.contains('\0'));
            assert_eq!(unescaped(&stored), text);
        }
    }

    #[test]
    fn keys_of_long_refs_are_short_and_their_own() {
        let long = |end: &str| EntityRef::new("component", "default", &("ü".repeat(9_000) + end));
        let one = StoredRef::new(&long("a"));
        let other = StoredRef::new(&long("b"));
        assert!(one.key.len() <= KEY_BYTES && one.key.starts_with("component:default/ü"));
        assert_ne!(one.key, other.key);
        assert_eq!(one.whole.as_deref(), Some(long("a").as_str()));
        assert_eq!(one, StoredRef::new(&long("a")));
    }

    #[test]
    fn ordinary_refs_are_their_own_key() {
        let entity_ref = EntityRef::new("component", "default", "a");
        let stored = StoredRef::new(&entity_ref);
        assert!(Arc::ptr_eq(&stored.key, entity_ref.shared()));
        assert_eq!(stored.whole, None);
    }

    #[test]
    fn ordinary_text_is_shared() {
        let text: Arc<str> = "url:https://example.com/catalog-info.yaml".into();
        assert!(Arc::ptr_eq(&stored(&text), &text));
    }
}

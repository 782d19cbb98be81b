//! Short texts as columns.
//!
//! A PostgreSQL `text` cannot hold NUL. In JSON it stands escaped, but refs and location keys are
//! stored as they are, and a descriptor may put anything into them: one such name must not make
//! whole commits fail. So NUL is written as an escape of our own.

use std::{borrow::Cow, sync::Arc};

/// A code point that is never assigned; it starts an escape.
const ESCAPE: char = '\u{10FFFE}';

/// The text as it is stored: shared where nothing is to be escaped.
pub(crate) fn stored(text: &Arc<str>) -> Arc<str> {
    match escaped(text) {
        Cow::Borrowed(_) => Arc::clone(text),
        Cow::Owned(text) => text.into(),
    }
}

/// The text as it is stored.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
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
    fn ordinary_text_is_shared() {
        let text: Arc<str> = "url:https://example.com/catalog-info.yaml".into();
        assert!(Arc::ptr_eq(&stored(&text), &text));
    }
}

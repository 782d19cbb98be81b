//! Texts within values, found by their words where the words of a key are known: there are far
//! fewer words than values.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::index::{
    entity_index::EntityIndex, flatten::WORD_KEYS, key_index::KeyIndex, postings::Union,
    text::words,
};

/// The entities that have a value of `key` that contains `term`; both are in lower case. `None` =
/// nobody has the key.
pub(crate) fn containing(index: &EntityIndex, key: &str, term: &str) -> Option<Arc<RoaringBitmap>> {
    let values = index.literal_key(key)?;
    let word_key = WORD_KEYS.iter().find(|(known, _)| *known == key).map(|(_, words)| *words);
    let Some(known_words) = word_key.and_then(|words| index.literal_key(words)) else {
        return Some(values.containing(term));
    };
    // A term without gaps is part of a value just if it is part of one of its words.
    if !term.is_empty() && term.chars().all(char::is_alphanumeric) {
        return Some(known_words.containing(term));
    }
    let candidates = candidates(known_words, term).filter(|_| values.multiple.is_empty());
    Some(match candidates {
        Some(candidates) => values.containing_among(&candidates, term),
        None => values.containing(term),
    })
}

/// The entities whose words allow a value that contains `term`, which has gaps: `a-b-c` asks for a
/// word that ends with `a`, the word `b`, and a word that starts with `c`. `None` = any.
fn candidates(known_words: &KeyIndex, term: &str) -> Option<RoaringBitmap> {
    let end = term.len();
    let mut at = 0;
    let mut all: Option<RoaringBitmap> = None;
    for word in words(term) {
        let start = at + term.get(at..).and_then(|rest| rest.find(word)).unwrap_or_default();
        at = start + word.len();
        let found = match (start > 0, at < end) {
            (true, true) => {
                let mut union = Union::default();
                known_words.entries_of(word).for_each(|entry| union.add(&entry.ids));
                union.finish()
            }
            (true, false) => known_words.with_prefix(word),
            (false, _) => known_words.with_suffix(word),
        };
        all = Some(all.map_or_else(|| (*found).clone(), |all| all & &*found));
    }
    all
}

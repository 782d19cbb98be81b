//! The words of a search, as they are or with one typo.

use roaring::RoaringBitmap;

use crate::index::{
    entity_index::EntityIndex, letters::Letters, postings::Union, search::word_keys,
};

/// Shorter words are taken as they are.
const MIN_TYPO: usize = 4;

/// Where a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// In names.
    Name,
    /// In names, titles and display names.
    Title,
    /// In those, in tags and in descriptions.
    Any,
}

/// The entities that have, for each of `words`, a word that starts with it.
pub(crate) fn all_words(index: &EntityIndex, words: &[&str], field: Field) -> RoaringBitmap {
    intersection(words.iter().map(|word| starting(index, word, field)))
}

/// The entities that have all of `words` but for one typo: a letter that is missing, too many,
/// another one, or swapped with its neighbour; a gap that is missing or too many.
pub(crate) fn with_one_typo(index: &EntityIndex, words: &[&str]) -> RoaringBitmap {
    let right: Vec<RoaringBitmap> =
        words.iter().map(|word| starting(index, word, Field::Any)).collect();
    let others = |skipped: std::ops::Range<usize>| {
        let kept = right.iter().enumerate().filter(move |(at, _)| !skipped.contains(at));
        kept.map(|(_, set)| set.clone())
    };
    let mut all = RoaringBitmap::new();
    for (at, word) in words.iter().enumerate() {
        if word.chars().count() >= MIN_TYPO {
            let similar = similar(index, word) | split(index, word);
            all |= intersection(others(at..at + 1).chain([similar]));
        }
    }
    for (at, pair) in words.windows(2).enumerate() {
        let joined = starting(index, &pair.concat(), Field::Any);
        all |= intersection(others(at..at + 2).chain([joined]));
    }
    all
}

fn intersection(sets: impl Iterator<Item = RoaringBitmap>) -> RoaringBitmap {
    let mut sets = sets;
    let mut all = sets.next().unwrap_or_default();
    for set in sets {
        all &= set;
    }
    all
}

fn starting(index: &EntityIndex, word: &str, field: Field) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for key in word_keys(field).filter_map(|key| index.literal_key(key)) {
        all |= &*key.with_prefix(word);
    }
    all
}

/// Those with a word that is one edit away.
fn similar(index: &EntityIndex, word: &str) -> RoaringBitmap {
    let mut union = Union::default();
    let spelling: Vec<char> = word.chars().collect();
    let letters = Letters::of(word);
    for key in word_keys(Field::Any).filter_map(|key| index.literal_key(key)) {
        for entry in key.values.iter() {
            let may_be = entry.letters.are_near(letters);
            if may_be && is_one_edit_away(&spelling, &entry.lower) {
                union.add(&entry.ids);
            }
        }
    }
    (*union.finish()).clone()
}

/// Those with a word and another that starts with the rest: `paymentsledg` for `payments-ledger`.
fn split(index: &EntityIndex, word: &str) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for (at, _) in word.char_indices().skip(1) {
        let Some((first, rest)) = word.split_at_checked(at) else { continue };
        let mut with_first = RoaringBitmap::new();
        for key in word_keys(Field::Any).filter_map(|key| index.literal_key(key)) {
            key.entries_of(first).for_each(|entry| with_first |= &*entry.ids.to_bitmap());
        }
        if !with_first.is_empty() {
            all |= with_first & starting(index, rest, Field::Any);
        }
    }
    all
}

/// Whether one letter that is missing, too many, another one, or swapped with its neighbour leads
/// from `letters` to `other`.
fn is_one_edit_away(letters: &[char], other: &str) -> bool {
    let prefix: usize = letters.iter().zip(other.chars()).take_while(|(a, b)| **a == *b).count();
    let mut one = letters.get(prefix..).unwrap_or_default();
    let rest: Vec<char> = other.chars().skip(prefix).collect();
    let mut two = rest.as_slice();
    while let ([head_one @ .., last_one], [head_two @ .., last_two]) = (one, two) {
        if last_one != last_two {
            break;
        }
        (one, two) = (head_one, head_two);
    }
    match (one, two) {
        ([_], [] | [_]) | ([], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_one_letter_or_two_swapped() {
        let is_near =
            |one: &str, other: &str| is_one_edit_away(&one.chars().collect::<Vec<_>>(), other);
        for near in ["ledgr", "ledgerr", "lodger", "leddger", "legder", "edger", "ledge", "øledger"]
        {
            assert!(is_near("ledger", near), "{near}");
        }
        for far in ["ledger", "ledg", "lodgers", "egderl", "redgel", "ledgerss", "l"] {
            assert!(!is_near("ledger", far), "{far}");
        }
        assert!(is_near("aaaa", "aaa"));
    }
}

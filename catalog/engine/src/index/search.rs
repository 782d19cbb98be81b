//! Search over names, titles, descriptions and tags.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::{
    index::{
        entity_index::EntityIndex,
        evaluate::Matches,
        flatten::{LONG_WORDS, WORD_KEYS},
        search_words::{self, Field},
        text::{fold, words},
    },
    query::SearchHit,
};

/// More words than this are not looked at.
const MAX_WORDS: usize = 12;
/// Of more text than this, in bytes, the rest is not looked at.
const MAX_TEXT: usize = 256;
/// Typos are looked for where fewer hits than this were found without.
const ENOUGH: u64 = 20;
/// Up to this many equally good hits, shorter names come first.
const SORTED_BY_LENGTH: u64 = 512;

/// The entities of `allowed` that `text` finds, best first, and how many in all.
///
/// Tiers, best first: the very name or ref; the very title; names, then titles that start with the
/// text; then entities of which every word of the text starts a word of the name, of name or
/// title, of any searched field; last, where little was found, the same with one typo.
pub(crate) fn search(
    index: &EntityIndex,
    allowed: &Matches,
    text: &str,
    offset: usize,
    limit: usize,
) -> (Vec<SearchHit>, usize) {
    let text = text.trim();
    let text = fold(text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default());
    let asked: Vec<&str> = words(&text).take(MAX_WORDS).collect();
    if asked.is_empty() {
        return (Vec::new(), 0);
    }
    let mut found = Found::new(index, allowed);
    found.add(whole_text(index, &text, Whole::Equal, &["metadata.name"]) | named(index, &text));
    found.add(whole_text(index, &text, Whole::Equal, &TITLES));
    found.add(whole_text(index, &text, Whole::Prefix, &["metadata.name"]));
    found.add(whole_text(index, &text, Whole::Prefix, &TITLES));
    for fields in [Field::Name, Field::Title, Field::Any] {
        found.add(search_words::all_words(index, &asked, fields));
    }
    if found.all.len() < ENOUGH {
        found.add(search_words::with_one_typo(index, &asked));
    }
    found.page(offset, limit)
}

const TITLES: [&str; 2] = ["metadata.title", "spec.profile.displayname"];

/// How the whole text is compared with a value.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Equal,
    Prefix,
}

fn whole_text(index: &EntityIndex, text: &str, whole: Whole, keys: &[&str]) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for key in keys.iter().filter_map(|key| index.literal_key(key)) {
        match whole {
            Whole::Equal => {
                key.entries_of(text).for_each(|entry| all |= &*entry.ids.to_bitmap());
            }
            Whole::Prefix => all |= &*key.with_prefix(text),
        }
    }
    all
}

/// The entity whose whole ref the text is.
fn named(index: &EntityIndex, text: &str) -> RoaringBitmap {
    let entity_ref = callboard_model::EntityRef::from_canonical(text);
    let id = entity_ref.and_then(|entity_ref| index.refs.get(&entity_ref));
    id.into_iter().copied().collect()
}

/// Hits in tiers.
struct Found<'a> {
    index: &'a EntityIndex,
    allowed: &'a Matches,
    all: RoaringBitmap,
    tiers: Vec<RoaringBitmap>,
}

impl<'a> Found<'a> {
    fn new(index: &'a EntityIndex, allowed: &'a Matches) -> Self {
        Self { index, allowed, all: RoaringBitmap::new(), tiers: Vec::new() }
    }

    /// Adds a tier below those that are there.
    fn add(&mut self, mut tier: RoaringBitmap) {
        if let Some(allowed) = self.allowed.set() {
            tier &= allowed;
        }
        tier -= &self.all;
        self.all |= &tier;
        self.tiers.push(tier);
    }

    fn page(self, offset: usize, limit: usize) -> (Vec<SearchHit>, usize) {
        let total = usize::try_from(self.all.len()).unwrap_or(usize::MAX);
        let mut hits = Vec::new();
        let mut before = 0_usize;
        let mut score = 100.0_f32;
        for tier in &self.tiers {
            let size = usize::try_from(tier.len()).unwrap_or(usize::MAX);
            let skip = offset.saturating_sub(before).min(size);
            let take = limit.saturating_sub(hits.len()).min(size - skip);
            if take > 0 {
                let ids = self.first_of(tier, skip + take);
                let ids = ids.into_iter().skip(skip);
                let entities = ids.filter_map(|id| self.index.get(id).map(Arc::clone));
                hits.extend(entities.map(|entity| SearchHit { entity, score }));
            }
            before = before.saturating_add(size);
            score /= 2.0;
        }
        (hits, total)
    }

    /// The first `need` of a tier: shorter names first where the tier is small, then by ref.
    fn first_of(&self, tier: &RoaringBitmap, need: usize) -> Vec<u32> {
        let ranks = self.index.order.ranks();
        let is_small = tier.len() <= SORTED_BY_LENGTH;
        let length = |id: u32| {
            let entity = self.index.get(id).filter(|_| is_small);
            entity.map_or(0, |entity| entity.entity_ref.name().len())
        };
        let mut keys: Vec<(usize, u32, u32)> =
            tier.iter().map(|id| (length(id), ranks.get(id), id)).collect();
        if need < keys.len() {
            keys.select_nth_unstable(need);
            keys.truncate(need);
        }
        keys.sort_unstable();
        keys.into_iter().map(|(_, _, id)| id).collect()
    }
}

/// The keys of the words of a field.
pub(crate) fn word_keys(field: Field) -> impl Iterator<Item = &'static str> {
    let count = match field {
        Field::Name => 1,
        Field::Title => 3,
        Field::Any => WORD_KEYS.len(),
    };
    let long = (field == Field::Any).then_some(LONG_WORDS);
    WORD_KEYS.iter().take(count).map(|(_, key)| *key).chain(long)
}

//! Conditions, answered by sets of entities.

use std::{borrow::Cow, sync::Arc};

use roaring::RoaringBitmap;

use crate::{
    index::{
        entity_index::EntityIndex, key_index::KeyIndex, postings::Union, text::fold, text_scan,
    },
    query::{EntityPredicate, ReadCondition, TextFilter, ValueMatch},
};

/// A set of entities of a snapshot.
#[derive(Debug, Clone)]
pub(crate) enum Matches {
    /// All of them.
    All,
    /// These.
    Only(Arc<RoaringBitmap>),
}

impl Matches {
    /// No entity.
    pub(crate) fn nothing() -> Self {
        Self::Only(Arc::default())
    }

    /// The set, `None` = all.
    pub(crate) fn set(&self) -> Option<&RoaringBitmap> {
        match self {
            Self::All => None,
            Self::Only(set) => Some(set),
        }
    }

    /// What is in both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) => other,
            (one, Self::All) => one,
            (Self::Only(one), Self::Only(other)) => Self::Only(Arc::new(&*one & &*other)),
        }
    }

    /// Whether `id`, an id of the snapshot, is in it.
    pub(crate) fn contains(&self, id: u32) -> bool {
        self.set().is_none_or(|set| set.contains(id))
    }

    /// How many of the snapshot's entities.
    pub(crate) fn len(&self, index: &EntityIndex) -> usize {
        match self {
            Self::All => index.len(),
            Self::Only(set) => usize::try_from(set.len()).unwrap_or(usize::MAX),
        }
    }
}

impl EntityIndex {
    /// The entities of which `predicate` holds.
    pub(crate) fn matching(&self, predicate: &EntityPredicate) -> Matches {
        match predicate {
            EntityPredicate::All(parts) => self.matching_all(parts),
            EntityPredicate::Any(parts) => self.matching_any(parts),
            EntityPredicate::Not(inner) => match self.matching(inner) {
                Matches::All => Matches::nothing(),
                Matches::Only(set) => Matches::Only(Arc::new(&*self.live - &*set)),
            },
            EntityPredicate::Key { key, matches } => {
                Matches::Only(self.matching_key(&fold(key), matches))
            }
        }
    }

    /// The entities that `condition` lets through.
    pub(crate) fn visible(&self, condition: &ReadCondition) -> Matches {
        match condition {
            ReadCondition::Everything => Matches::All,
            ReadCondition::Nothing => Matches::nothing(),
            ReadCondition::Where(predicate) => {
                let make = || match self.matching(predicate) {
                    Matches::All => Arc::clone(&self.live),
                    Matches::Only(set) => set,
                };
                Matches::Only(self.answers.visible(condition, make))
            }
        }
    }

    /// The entities of which `filter` holds; `fallback` is the field that is meant where the
    /// filter names none. A blank term holds for all.
    pub(crate) fn matching_text(&self, filter: &TextFilter, fallback: Option<&str>) -> Matches {
        let term = fold(filter.term.trim());
        if term.is_empty() {
            return Matches::All;
        }
        let fallback = [fallback.unwrap_or("metadata.uid")];
        let fields: Vec<&str> = if filter.fields.is_empty() {
            fallback.to_vec()
        } else {
            filter.fields.iter().map(AsRef::as_ref).collect()
        };
        let mut all = RoaringBitmap::new();
        for field in fields {
            all |= &*self.with_value(&fold(field), &Comparison::Contains(&term));
        }
        Matches::Only(Arc::new(all))
    }

    fn matching_all(&self, parts: &[EntityPredicate]) -> Matches {
        let mut all = Matches::All;
        for part in parts {
            all = all.and(self.matching(part));
            if all.set().is_some_and(RoaringBitmap::is_empty) {
                break;
            }
        }
        all
    }

    fn matching_any(&self, parts: &[EntityPredicate]) -> Matches {
        let mut any: Option<Arc<RoaringBitmap>> = None;
        for part in parts {
            match (self.matching(part), &mut any) {
                (Matches::All, _) => return Matches::All,
                (Matches::Only(set), None) => any = Some(set),
                (Matches::Only(set), Some(any)) => *Arc::make_mut(any) |= &*set,
            }
        }
        Matches::Only(any.unwrap_or_default())
    }

    fn matching_key(&self, key: &str, matches: &ValueMatch) -> Arc<RoaringBitmap> {
        let folded: Cow<'_, str>;
        match matches {
            ValueMatch::Exists => self.with_key(key),
            ValueMatch::In(values) => {
                let values: Vec<Cow<'_, str>> = values.iter().map(|value| fold(value)).collect();
                self.with_value(key, &Comparison::In(&values))
            }
            ValueMatch::Prefix(prefix) => {
                folded = fold(prefix);
                self.with_value(key, &Comparison::Prefix(&folded))
            }
            ValueMatch::Contains(term) => {
                folded = fold(term);
                self.with_value(key, &Comparison::Contains(&folded))
            }
        }
    }

    fn with_key(&self, key: &str) -> Arc<RoaringBitmap> {
        let literal = self.literal_key(key).map(|index| index.exists.to_bitmap());
        unite(literal, self.implied(key))
    }

    fn with_value(&self, key: &str, comparison: &Comparison<'_>) -> Arc<RoaringBitmap> {
        let literal = match comparison {
            Comparison::Contains(term) => text_scan::containing(self, key, term),
            _ => self.literal_key(key).map(|index| comparison.find(index)),
        };
        let implied = comparison.holds("true").then(|| self.implied(key)).flatten();
        unite(literal, implied)
    }
}

/// A comparison with lower-cased texts.
enum Comparison<'a> {
    In(&'a [Cow<'a, str>]),
    Prefix(&'a str),
    Contains(&'a str),
}

impl Comparison<'_> {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::In(values) => values.iter().any(|one| one == value),
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Contains(term) => value.contains(term),
        }
    }

    fn find(&self, index: &KeyIndex) -> Arc<RoaringBitmap> {
        match self {
            Self::In(values) => {
                let mut union = Union::default();
                for value in *values {
                    index.entries_of(value).for_each(|entry| union.add(&entry.ids));
                }
                union.finish()
            }
            Self::Prefix(prefix) => index.with_prefix(prefix),
            Self::Contains(term) => index.containing(term),
        }
    }
}

fn unite(one: Option<Arc<RoaringBitmap>>, other: Option<Arc<RoaringBitmap>>) -> Arc<RoaringBitmap> {
    match (one, other) {
        (Some(one), Some(other)) => Arc::new(&*one | &*other),
        (one, other) => one.or(other).unwrap_or_default(),
    }
}

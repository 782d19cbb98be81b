//! Answers that one snapshot gave already.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use roaring::RoaringBitmap;

use crate::{
    index::key_index::KeyIndex,
    query::{EntityPredicate, FacetValue, ReadCondition},
};

const CONDITIONS: usize = 64;
const FACETS: usize = 128;
const CONFINED_KEYS: usize = 64;
/// Facets with more values than this are not kept.
const FACET_VALUES: usize = 20_000;

/// What a facet was asked over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FacetQuestion {
    /// The lower-cased key.
    pub(crate) key: Box<str>,
    /// The filter.
    pub(crate) predicate: EntityPredicate,
    /// What the caller may read.
    pub(crate) condition: ReadCondition,
}

/// A key as one who may not read everything sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConfinedKey {
    /// The lower-cased key.
    pub(crate) key: Box<str>,
    /// What the caller may read.
    pub(crate) condition: ReadCondition,
}

/// The newest answers of one snapshot. A copy is empty: it is about to become another snapshot.
///
/// The locks are held for a look-up or an insertion, never while an answer is made.
#[derive(Default)]
pub(crate) struct AnswerCache {
    conditions: Recent<ReadCondition, Arc<RoaringBitmap>>,
    facets: Recent<FacetQuestion, Arc<[FacetValue]>>,
    confined_keys: Recent<ConfinedKey, Arc<KeyIndex>>,
}

impl Clone for AnswerCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for AnswerCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AnswerCache").finish_non_exhaustive()
    }
}

impl AnswerCache {
    /// What `condition` lets through, made by `make` where it is not known yet.
    pub(crate) fn visible(
        &self,
        condition: &ReadCondition,
        make: impl FnOnce() -> Arc<RoaringBitmap>,
    ) -> Arc<RoaringBitmap> {
        self.conditions.get(condition).unwrap_or_else(|| {
            let made = make();
            self.conditions.put(CONDITIONS, condition.clone(), Arc::clone(&made));
            made
        })
    }

    /// The answer to `question`, made by `make` where it is not known yet.
    pub(crate) fn facet(
        &self,
        question: FacetQuestion,
        make: impl FnOnce() -> Arc<[FacetValue]>,
    ) -> Arc<[FacetValue]> {
        self.facets.get(&question).unwrap_or_else(|| {
            let made = make();
            if made.len() <= FACET_VALUES {
                self.facets.put(FACETS, question, Arc::clone(&made));
            }
            made
        })
    }

    /// The key of `question`, made by `make` where it is not known yet.
    pub(crate) fn confined_key(
        &self,
        question: ConfinedKey,
        make: impl FnOnce() -> Arc<KeyIndex>,
    ) -> Arc<KeyIndex> {
        self.confined_keys.get(&question).unwrap_or_else(|| {
            let made = make();
            self.confined_keys.put(CONFINED_KEYS, question, Arc::clone(&made));
            made
        })
    }
}

/// A few pairs, the most recently used last.
struct Recent<K, V>(Mutex<Vec<(K, V)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = pairs.iter().rposition(|(known, _)| known == key)?;
        let value = pairs.get(at).map(|(_, value)| value.clone());
        let last = pairs.len().saturating_sub(1);
        pairs.swap(at, last);
        value
    }

    fn put(&self, limit: usize, key: K, value: V) {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.len() >= limit {
            pairs.remove(0);
        }
        pairs.push((key, value));
    }
}

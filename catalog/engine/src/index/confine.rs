//! Relations to hidden entities, kept out of conditions, facets and orders.
//!
//! A relation to an entity that exists and that the caller may not read does not exist for that
//! caller. So a question that asks for relations is put to a copy of the snapshot whose keys of
//! relations lack such targets; everything else is answered by the snapshot itself.

use std::{borrow::Cow, sync::Arc};

use callboard_model::EntityRef;
use roaring::RoaringBitmap;

use crate::{
    index::{
        answer_cache::ConfinedKey, entity_index::EntityIndex, key_index::KeyIndex,
        postings::Postings, text::fold,
    },
    query::{EntitiesQuery, EntityPredicate, ReadCondition},
};

const RELATIONS: &str = "relations.";

/// The keys of relations that a question mentions, in lower case.
#[derive(Debug, Default)]
pub(crate) struct MentionedRelations(Vec<Box<str>>);

impl MentionedRelations {
    /// Adds a key, if it is one of relations.
    pub(crate) fn key(mut self, key: &str) -> Self {
        let key = fold(key);
        if key.starts_with(RELATIONS) && !self.0.iter().any(|known| **known == *key) {
            self.0.push((*key).into());
        }
        self
    }

    /// Adds the keys of a condition.
    pub(crate) fn predicate(self, predicate: &EntityPredicate) -> Self {
        match predicate {
            EntityPredicate::All(parts) | EntityPredicate::Any(parts) => {
                parts.iter().fold(self, Self::predicate)
            }
            EntityPredicate::Not(inner) => self.predicate(inner),
            EntityPredicate::Key { key, .. } => self.key(key),
        }
    }

    /// Adds the keys of a query.
    pub(crate) fn query(self, query: &EntitiesQuery) -> Self {
        let mentioned = self.predicate(&query.predicate);
        let texts = query.text.iter().flat_map(|text| &text.fields);
        let orders = query.order.iter().map(|order| &order.field);
        texts.chain(orders).fold(mentioned, |mentioned, key| mentioned.key(key))
    }
}

impl EntityIndex {
    /// The index that answers a question of one who sees `visible`, which is what `condition` lets
    /// through, and who mentions these relations. Made once for each snapshot, condition and key.
    pub(crate) fn confined(
        &self,
        mentioned: &MentionedRelations,
        condition: &ReadCondition,
        visible: Option<&RoaringBitmap>,
    ) -> Cow<'_, Self> {
        let Some(visible) = visible.filter(|_| !mentioned.0.is_empty()) else {
            return Cow::Borrowed(self);
        };
        let mut confined = self.clone();
        for name in &mentioned.0 {
            let Some((shared, key)) = self.keys.get_key_value(&**name) else { continue };
            let question = ConfinedKey { key: name.clone(), condition: condition.clone() };
            let make = || Arc::new(without_hidden(key, self, visible));
            confined.keys.insert(Arc::clone(shared), self.answers.confined_key(question, make));
        }
        Cow::Owned(confined)
    }
}

/// `key` without the values that are refs of hidden entities.
fn without_hidden(key: &KeyIndex, index: &EntityIndex, visible: &RoaringBitmap) -> KeyIndex {
    let is_hidden = |text: &str| {
        let entity_ref = EntityRef::from_canonical(text);
        let id = entity_ref.and_then(|entity_ref| index.refs.get(&entity_ref));
        id.is_some_and(|id| !visible.contains(*id))
    };
    let values: Vec<_> =
        key.values.iter().filter(|entry| !is_hidden(&entry.original)).cloned().collect();
    let valueless = key.valueless.to_bitmap();
    let (mut exists, mut multiple) = ((*valueless).clone(), RoaringBitmap::new());
    for entry in &values {
        entry.ids.for_each(|id| {
            if !exists.insert(id) && !valueless.contains(id) {
                multiple.insert(id);
            }
        });
    }
    let postings = |ids: RoaringBitmap| Postings::from_sorted(&ids.iter().collect::<Vec<_>>());
    KeyIndex::from_parts(values, postings(exists), key.valueless.clone(), postings(multiple))
}

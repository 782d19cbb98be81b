//! One snapshot of the catalog, confined to what a condition lets through.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use callboard_model::EntityRef;

use crate::{
    index::{
        EntityIndex, IndexedEntity, IndexedRelation, ancestry, answer_cache::FacetQuestion,
        confine::MentionedRelations, evaluate::Matches, ordering, page, redact, search, text::fold,
    },
    query::{
        AncestryItem, EntitiesQuery, EntityOrder, EntityPage, EntityPredicate, Facet, FacetValue,
        ReadCondition, SearchHit, SortKey, naive,
    },
    store::Revision,
};

/// One snapshot of the catalog, confined to what a condition lets through.
#[derive(Debug, Clone)]
pub struct CatalogReader {
    index: Arc<EntityIndex>,
    condition: ReadCondition,
    visible: Matches,
}

impl CatalogReader {
    /// A reader of `index` for one who may read what `condition` lets through.
    pub fn new(index: Arc<EntityIndex>, condition: &ReadCondition) -> Self {
        let visible = index.visible(condition);
        Self { index, condition: condition.clone(), visible }
    }

    /// The revision of the snapshot.
    pub fn revision(&self) -> Revision {
        self.index.revision()
    }

    /// The entity of this ref.
    pub fn entity(&self, entity_ref: &EntityRef) -> Option<Arc<IndexedEntity>> {
        self.visible_entity(*self.index.refs.get(entity_ref)?)
    }

    /// The entity of this uid.
    pub fn entity_by_uid(&self, uid: &str) -> Option<Arc<IndexedEntity>> {
        self.visible_entity(*self.index.uids.get(uid)?)
    }

    /// Its JSON as this caller may see it: ready-made bytes where the caller may read everything;
    /// otherwise without relations to entities that exist and that the caller may not read.
    pub fn json(&self, entity: &IndexedEntity) -> Bytes {
        if matches!(self.visible, Matches::All) || !self.hides_any(entity) {
            return entity.json.clone();
        }
        redact::without_relations(&entity.json, |target| {
            EntityRef::from_canonical(target).is_some_and(|target| self.is_hidden(&target))
        })
    }

    /// Its relations as this caller may see them: without those to entities that exist and that
    /// the caller may not read. Targets that do not exist stay, as in [`CatalogReader::json`].
    pub fn relations<'a>(&self, entity: &'a IndexedEntity) -> Vec<&'a IndexedRelation> {
        entity.relations.iter().filter(|relation| !self.is_hidden(&relation.target)).collect()
    }

    /// Where `entity` stands in `order`: what a cursor at it holds.
    pub fn sort_key(&self, entity: &IndexedEntity, order: &[EntityOrder]) -> SortKey {
        let mentioned = order
            .iter()
            .fold(MentionedRelations::default(), |mentioned, field| mentioned.key(&field.field));
        ordering::sort_key(&self.confined(&mentioned), entity, order)
    }

    /// Whether there is an entity of this ref of which `predicate` holds.
    pub fn matches(&self, entity_ref: &EntityRef, predicate: &EntityPredicate) -> bool {
        let Some(entity) = self.entity(entity_ref) else { return false };
        naive::rows(&self.json(&entity)).is_ok_and(|rows| rows.matches(predicate))
    }

    /// A page of entities.
    pub fn entities(&self, query: &EntitiesQuery) -> EntityPage {
        let index = self.confined(&MentionedRelations::default().query(query));
        page::page(&index, self.visible.clone(), query)
    }

    /// How many match.
    pub fn count(&self, predicate: &EntityPredicate) -> usize {
        self.matching(predicate).len(&self.index)
    }

    /// Values and counts of each key, over the entities that match.
    pub fn facets(&self, keys: &[&str], predicate: &EntityPredicate) -> Vec<Facet> {
        keys.iter().map(|key| self.facet(key, predicate)).collect()
    }

    /// The entity and its ancestors, the entity first; `None` if there is no such entity.
    pub fn ancestry(&self, entity_ref: &EntityRef) -> Option<Vec<AncestryItem>> {
        ancestry::ancestry(self, entity_ref)
    }

    /// Entities by name, title, description and tags: exact name first, then prefixes, then one
    /// typo. At most `limit`, best first, and how many in all.
    pub fn search(
        &self,
        text: &str,
        predicate: &EntityPredicate,
        offset: usize,
        limit: usize,
    ) -> (Vec<SearchHit>, usize) {
        search::search(&self.index, &self.matching(predicate), text, offset, limit)
    }

    /// Entities that never processed, with their errors; ordered by ref.
    pub fn failed(&self, predicate: &EntityPredicate) -> Vec<Arc<IndexedEntity>> {
        let is_shown = |entity: &&Arc<IndexedEntity>| {
            naive::rows(&entity.json)
                .is_ok_and(|rows| rows.matches(predicate) && rows.is_visible(&self.condition))
        };
        self.index.failed.values().filter(is_shown).map(Arc::clone).collect()
    }

    fn matching(&self, predicate: &EntityPredicate) -> Matches {
        let index = self.confined(&MentionedRelations::default().predicate(predicate));
        self.visible.clone().and(index.matching(predicate))
    }

    /// The snapshot, without what relations to hidden entities would tell.
    fn confined(&self, mentioned: &MentionedRelations) -> Cow<'_, EntityIndex> {
        self.index.confined(mentioned, &self.condition, self.visible.set())
    }

    fn facet(&self, key: &str, predicate: &EntityPredicate) -> Facet {
        let folded = fold(key);
        let confined = self.confined(&MentionedRelations::default().key(key));
        let Some(index) = confined.key(&folded) else {
            return Facet { key: key.into(), values: Arc::default() };
        };
        let is_whole = *predicate == EntityPredicate::always() && self.visible.set().is_none();
        if is_whole {
            return Facet { key: key.into(), values: Arc::clone(index.full_facet()) };
        }
        let question = FacetQuestion {
            key: (*folded).into(),
            predicate: predicate.clone(),
            condition: self.condition.clone(),
        };
        let make = || -> Arc<[FacetValue]> { index.facet_of(self.matching(predicate).set()) };
        Facet { key: key.into(), values: self.index.answers.facet(question, make) }
    }

    fn visible_entity(&self, id: u32) -> Option<Arc<IndexedEntity>> {
        self.visible.contains(id).then(|| self.index.get(id).map(Arc::clone)).flatten()
    }

    /// Whether there is such an entity and the caller may not read it.
    fn is_hidden(&self, entity_ref: &EntityRef) -> bool {
        let Some(visible) = self.visible.set() else { return false };
        self.index.refs.get(entity_ref).is_some_and(|id| !visible.contains(*id))
    }

    fn hides_any(&self, entity: &IndexedEntity) -> bool {
        entity.relations.iter().any(|relation| self.is_hidden(&relation.target))
    }
}

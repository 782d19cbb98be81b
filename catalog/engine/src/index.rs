//! The index over all final entities, in memory: what every read is answered from.

use std::sync::Arc;

use bytes::Bytes;
use callboard_model::EntityRef;

use crate::{
    query::{
        AncestryItem, EntitiesQuery, EntityOrder, EntityPage, EntityPredicate, Facet, SearchHit,
        SortKey,
    },
    store::Revision,
};

/// One entity of the index. Immutable.
#[derive(Debug)]
pub struct IndexedEntity {
    /// The canonical ref.
    pub entity_ref: EntityRef,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// The whole entity as JSON text, ready to be answered.
    pub json: Bytes,
    /// Its relations, ordered by type, then target.
    pub relations: Box<[IndexedRelation]>,
    /// Who emits it.
    pub parents: Arc<[EntityRef]>,
}

/// A relation of an indexed entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRelation {
    /// The type, such as `ownedBy`.
    pub kind: Arc<str>,
    /// The target, which need not exist.
    pub target: EntityRef,
}

/// One snapshot of the catalog, confined to what a condition lets through.
#[derive(Debug, Clone)]
pub struct CatalogReader {}

#[expect(unused_variables, reason = "the contract stands before the index does")]
impl CatalogReader {
    /// The revision of the snapshot.
    pub fn revision(&self) -> Revision {
        0
    }
    /// The entity of this ref.
    pub fn entity(&self, entity_ref: &EntityRef) -> Option<Arc<IndexedEntity>> {
        None
    }
    /// The entity of this uid.
    pub fn entity_by_uid(&self, uid: &str) -> Option<Arc<IndexedEntity>> {
        None
    }
    /// Its JSON as this caller may see it: ready-made bytes where the caller may read everything;
    /// otherwise without relations to entities that exist and that the caller may not read.
    pub fn json(&self, entity: &IndexedEntity) -> Bytes {
        entity.json.clone()
    }
    /// Its relations as this caller may see them: without those to entities that exist and that
    /// the caller may not read. Targets that do not exist stay, as in [`CatalogReader::json`].
    pub fn relations<'a>(&self, entity: &'a IndexedEntity) -> Vec<&'a IndexedRelation> {
        Vec::new()
    }
    /// Where `entity` stands in `order`: what a cursor at it holds.
    pub fn sort_key(&self, entity: &IndexedEntity, order: &[EntityOrder]) -> SortKey {
        SortKey { values: Vec::new(), entity_ref: entity.entity_ref.as_str().into() }
    }
    /// Whether there is an entity of this ref of which `predicate` holds.
    pub fn matches(&self, entity_ref: &EntityRef, predicate: &EntityPredicate) -> bool {
        false
    }
    /// A page of entities.
    pub fn entities(&self, query: &EntitiesQuery) -> EntityPage {
        EntityPage { items: Vec::new(), total: 0, has_previous: false, has_next: false }
    }
    /// How many match.
    pub fn count(&self, predicate: &EntityPredicate) -> usize {
        0
    }
    /// Values and counts of each key, over the entities that match.
    pub fn facets(&self, keys: &[&str], predicate: &EntityPredicate) -> Vec<Facet> {
        Vec::new()
    }
    /// The entity and its ancestors, the entity first; `None` if there is no such entity.
    pub fn ancestry(&self, entity_ref: &EntityRef) -> Option<Vec<AncestryItem>> {
        None
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
        (Vec::new(), 0)
    }
    /// Entities that never processed, with their errors; ordered by ref.
    pub fn failed(&self, predicate: &EntityPredicate) -> Vec<Arc<IndexedEntity>> {
        Vec::new()
    }
}

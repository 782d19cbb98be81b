//! What can be asked of the catalog, as values.

pub mod naive;

use std::sync::Arc;

use crate::index::IndexedEntity;

/// A condition on an entity, over the flattened keys of the search index (`reference`: Backstage
/// `buildEntitySearch`). Both wire grammars (`filter=` and `query`) and permission conditions
/// become one of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EntityPredicate {
    /// Every one holds; empty = true.
    All(Vec<EntityPredicate>),
    /// At least one holds; empty = false.
    Any(Vec<EntityPredicate>),
    /// The inner one does not hold.
    Not(Box<EntityPredicate>),
    /// A key of the entity matches. Keys compare without regard to case.
    Key {
        /// A dotted path, such as `spec.type` or `relations.ownedBy`.
        key: Box<str>,
        /// What its value must be.
        matches: ValueMatch,
    },
}

impl EntityPredicate {
    /// The condition that always holds.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// The condition that never holds.
    pub const fn never() -> Self {
        Self::Any(Vec::new())
    }
}

/// A key of our own beside upstream's: `true` on entities with errors in `status.items`.
pub const HAS_PROBLEMS: &str = "callboard.hasproblems";

/// What the value of a key must be. Values compare without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueMatch {
    /// The key is there, even if its value is null or too long to be compared.
    Exists,
    /// One of its values is one of these; an empty list never matches.
    In(Vec<Box<str>>),
    /// One of its values starts with this.
    Prefix(Box<str>),
    /// One of its values contains this; `%` and `_` are ordinary characters.
    Contains(Box<str>),
}

/// What a caller may read, as permission decides it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReadCondition {
    /// Everything.
    Everything,
    /// Nothing.
    Nothing,
    /// Entities of which this holds.
    Where(Arc<EntityPredicate>),
}

/// Which way a sorted list runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smallest first.
    #[default]
    Asc,
    /// Largest first.
    Desc,
}

/// One field of an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityOrder {
    /// The key, such as `metadata.name`.
    pub field: Box<str>,
    /// The direction; ties on the field always run by ascending `entity_ref`.
    pub direction: Direction,
}

/// What becomes of an entity that lacks the order field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unordered {
    /// It is left out of the list and of the total, as upstream's `by-query` does.
    #[default]
    Dropped,
    /// It comes last, whatever the direction, as upstream's paged `/entities` does.
    Last,
}

/// A text that must be part of one of the fields' values (case-insensitive substring).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextFilter {
    /// The text.
    pub term: Box<str>,
    /// Keys; empty = the first order field, or `metadata.uid` where there is none.
    pub fields: Vec<Box<str>>,
}

/// Where a page starts, within the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Position {
    /// At the first entity, plus `usize` to skip.
    #[default]
    Start,
    /// After skipping this many.
    Offset(usize),
    /// After the entity at this key, exclusive.
    After(SortKey),
    /// The page that ends before the entity at this key, exclusive, still in the order's direction.
    Before(SortKey),
    /// The last page.
    End,
}

/// Where an entity stands in an order: what a cursor holds. It stays right when entities come and
/// go: no page repeats or loses an entity that did not change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// Lower-cased values of the order fields; `None` = the entity lacks it. Empty without order.
    pub values: Vec<Option<Box<str>>>,
    /// The entity's ref, which breaks ties.
    pub entity_ref: Box<str>,
}

/// A question for a page of entities.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntitiesQuery {
    /// The condition.
    pub predicate: EntityPredicate,
    /// The text condition.
    pub text: Option<TextFilter>,
    /// The order; empty = by `entity_ref`.
    pub order: Vec<EntityOrder>,
    /// See [`Unordered`].
    pub unordered: Unordered,
    /// Where the page starts.
    pub position: Position,
    /// At most this many; 0 asks for the total alone; `None` = all.
    pub limit: Option<usize>,
}

impl Default for EntitiesQuery {
    fn default() -> Self {
        Self {
            predicate: EntityPredicate::always(),
            text: None,
            order: Vec::new(),
            unordered: Unordered::default(),
            position: Position::default(),
            limit: None,
        }
    }
}

/// A page of entities.
#[derive(Debug, Clone)]
pub struct EntityPage {
    /// The entities, in order, each once.
    pub items: Vec<Arc<IndexedEntity>>,
    /// How many match in all, pages apart.
    pub total: usize,
    /// Whether there are entities before this page.
    pub has_previous: bool,
    /// Whether there are entities after this page.
    pub has_next: bool,
}

/// The values of one key with how many entities have each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The key as it was asked for.
    pub key: Box<str>,
    /// Values in the case of the descriptors, ordered by value; those that no matching entity has
    /// are left out. Values that differ in case count apart, as upstream. Shared between answers
    /// of one snapshot, so that a facet of thousands of values costs nothing to give again.
    pub values: Arc<[FacetValue]>,
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// The value.
    pub value: Arc<str>,
    /// How many entities have it.
    pub count: usize,
}

/// One step of an entity's ancestry.
#[derive(Debug, Clone)]
pub struct AncestryItem {
    /// The entity, or one of its ancestors.
    pub entity: Arc<IndexedEntity>,
    /// The Locations that emit it, as far as the caller may read them.
    pub parents: Vec<Arc<IndexedEntity>>,
}

/// A hit of a search.
#[derive(Debug, Clone)]
pub struct SearchHit {
    /// The entity.
    pub entity: Arc<IndexedEntity>,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
}

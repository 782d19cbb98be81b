//! Pages of entities.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use callboard_catalog::query::{
    EntitiesQuery, EntityOrder, EntityPredicate, Position, SortKey, Unordered, ValueMatch,
};

use crate::{
    cursor,
    entity::{EntityNode, RelationPath, types::Entity},
    error::FieldError,
    facet::{Facet, count, facets},
    page::{PageRequest, PageStart},
    scope::Scope,
};

/// Where a page stands in its list.
#[derive(Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there are items before this page.
    pub(crate) has_previous_page: bool,
    /// Whether there are items after this page.
    pub(crate) has_next_page: bool,
    /// The cursor of the first item; null on an empty page.
    pub(crate) start_cursor: Option<String>,
    /// The cursor of the last item; null on an empty page.
    pub(crate) end_cursor: Option<String>,
}

/// A page of a list of entities.
#[derive(Debug)]
pub(crate) struct EntityConnection {
    scope: Arc<Scope>,
    nodes: Vec<EntityNode>,
    has_previous: bool,
    has_next: bool,
    order: Arc<[EntityOrder]>,
    source: Source,
}

/// What the page is a page of.
#[derive(Debug)]
enum Source {
    Query { predicate: EntityPredicate, total: usize },
    Relation { from: EntityNode, path: RelationPath },
}

impl EntityConnection {
    /// A page of the entities that match, in this order.
    ///
    /// # Errors
    ///
    /// [`FieldError::Cursor`], and when the time or the budget of the request is used up.
    pub(crate) fn of_query(
        scope: &Arc<Scope>,
        predicate: EntityPredicate,
        order: Vec<EntityOrder>,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        let key = |cursor: &String| cursor::decode_sorted(cursor, &order);
        let position = match &page.start {
            PageStart::After(None) => Position::Start,
            PageStart::After(Some(cursor)) => Position::After(key(cursor)?),
            PageStart::Before(None) => Position::End,
            PageStart::Before(Some(cursor)) => Position::Before(key(cursor)?),
        };
        let query = EntitiesQuery {
            predicate,
            text: None,
            order,
            unordered: Unordered::Last,
            position,
            limit: Some(page.size),
        };
        let found = scope.reader()?.entities(&query);
        let nodes: Result<_, _> = found.items.into_iter().map(|item| scope.node(item)).collect();
        Ok(Self {
            scope: Arc::clone(scope),
            nodes: nodes?,
            has_previous: found.has_previous,
            has_next: found.has_next,
            order: query.order.into(),
            source: Source::Query { predicate: query.predicate, total: found.total },
        })
    }

    /// A page of the entities that `path` leads to from `from`, ordered by ref. Costs as much as
    /// the page holds.
    ///
    /// # Errors
    ///
    /// [`FieldError::Cursor`], and when the time or the budget of the request is used up.
    pub(crate) fn of_relation(
        from: &EntityNode,
        path: RelationPath,
        page: PageRequest,
    ) -> Result<Self, FieldError> {
        let after = match page.start {
            PageStart::After(Some(cursor)) => Some(cursor::decode_sorted(&cursor, &[])?.entity_ref),
            _ => None,
        };
        let reader = from.scope().reader()?;
        let is_before = |text: &str| after.as_deref().is_some_and(|after| text <= after);
        let has_previous = from
            .targets(&path)
            .take_while(|target| is_before(target.as_str()))
            .any(|target| reader.entity(target).is_some());
        let mut targets = from
            .targets(&path)
            .skip_while(|target| is_before(target.as_str()))
            .filter_map(|target| reader.entity(target));
        let nodes: Result<Vec<_>, _> =
            targets.by_ref().take(page.size).map(|entity| from.scope().node(entity)).collect();
        let has_next = targets.next().is_some();
        drop(targets);
        Ok(Self {
            scope: Arc::clone(from.scope()),
            nodes: nodes?,
            has_previous,
            has_next,
            order: Arc::default(),
            source: Source::Relation { from: from.clone(), path },
        })
    }

    fn cursor(&self, node: &EntityNode) -> Result<String, FieldError> {
        let key = if self.order.is_empty() {
            SortKey { values: Vec::new(), entity_ref: node.entity_ref().as_str().into() }
        } else {
            self.scope.reader()?.sort_key(node.entity(), &self.order)
        };
        Ok(cursor::encode_sorted(&key, &self.order))
    }
}

/// A page of a list of entities.
#[Object]
impl EntityConnection {
    /// The entities of the page with their cursors.
    async fn edges(&self) -> Result<Vec<EntityEdge>, FieldError> {
        let edge = |node: &EntityNode| {
            Ok(EntityEdge { cursor: self.cursor(node)?, node: Entity(node.clone()) })
        };
        self.nodes.iter().map(edge).collect()
    }

    /// The entities of the page.
    async fn nodes(&self) -> Vec<Entity> {
        self.nodes.iter().cloned().map(Entity).collect()
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> Result<PageInfo, FieldError> {
        Ok(PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.nodes.first().map(|node| self.cursor(node)).transpose()?,
            end_cursor: self.nodes.last().map(|node| self.cursor(node)).transpose()?,
        })
    }

    /// How many entities the list has, all pages together.
    async fn total_count(&self) -> Result<i32, FieldError> {
        let reader = self.scope.reader()?;
        Ok(count(match &self.source {
            Source::Query { total, .. } => *total,
            Source::Relation { from, path } => {
                from.targets(path).filter(|target| reader.entity(target).is_some()).count()
            }
        }))
    }

    /// The values of fields over the whole list, all pages together.
    async fn facets(
        &self,
        #[graphql(desc = "Paths such as `kind`, `spec.type` or `relations.ownedBy`; at most 10.")]
        fields: Vec<String>,
    ) -> Result<Vec<Facet>, FieldError> {
        let reader = self.scope.reader()?;
        let predicate = match &self.source {
            Source::Query { predicate, .. } => predicate,
            Source::Relation { from, path } => {
                let uids = from.targets(path).filter_map(|target| reader.entity(target));
                let uids = uids.map(|entity| entity.uid.as_ref().into()).collect();
                &EntityPredicate::Key { key: "metadata.uid".into(), matches: ValueMatch::In(uids) }
            }
        };
        facets(reader, &fields, predicate)
    }
}

/// An entity within a list.
#[derive(Debug, SimpleObject)]
pub(crate) struct EntityEdge {
    /// Where the entity stands in the list, for `after` and `before`. Opaque.
    cursor: String,
    /// The entity.
    node: Entity,
}

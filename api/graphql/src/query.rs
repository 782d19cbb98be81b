//! The root of queries.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    Context, ContextSelectionSet, Enum, ID, InputObject, Object, ObjectType, OutputType,
    Positioned, ServerResult, Value,
    parser::types::Field,
    registry::Registry,
    resolver_utils::{ContainerType, resolve_container},
};
use callboard_catalog::query::{Direction, EntityOrder as IndexOrder};

use crate::{
    connection::EntityConnection,
    entity::types::{self, Entity, Node},
    error::FieldError,
    estate::EstateQuery,
    facet::{self, Facet},
    failed::FailedEntityConnection,
    filter::{EntityFilter, predicate},
    node_id,
    page::PageArguments,
    scalar::EntityRefScalar,
    scope::Scope,
    search::{SearchConnection, SearchType},
    viewer::Viewer,
};

/// The most ids of one call.
const MAX_IDS: usize = 100;
/// The most fields of an order.
const MAX_ORDER: usize = 3;

/// Which way a sorted list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum OrderDirection {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// A field by which a list is sorted. Entities that lack it come last; ties run by ref.
#[derive(Debug, InputObject)]
pub(crate) struct EntityOrder {
    /// The path, such as `metadata.name`.
    pub(crate) field: String,
    /// The direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub(crate) direction: OrderDirection,
}

/// The root of queries.
#[derive(Debug)]
pub(crate) struct Query;

/// What can be asked.
#[Object]
impl Query {
    /// The thing with this id; null if there is none that you may read.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that a node gave.")] id: ID,
    ) -> Result<Option<Node>, FieldError> {
        let Some(id) = node_id::decode(&id) else { return Ok(None) };
        Node::find(Scope::of(ctx)?, &id)
    }

    /// The things with these ids, in their order; null for each that you may not read.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids that nodes gave; at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, FieldError> {
        if ids.len() > MAX_IDS {
            let given = ids.len();
            return Err(FieldError::TooMany { argument: "ids", given, limit: MAX_IDS });
        }
        let scope = Scope::of(ctx)?;
        let node = |id: &ID| {
            let id = node_id::decode(id);
            Ok(id.map(|id| Node::find(scope, &id)).transpose()?.flatten())
        };
        ids.iter().map(node).collect()
    }

    /// The entity with this ref; null if there is none that you may read.
    async fn entity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ref, such as `component:default/payments-api`.")]
        r#ref: EntityRefScalar,
    ) -> Result<Option<Entity>, FieldError> {
        Ok(Scope::of(ctx)?.entity(&r#ref.0)?.map(Entity))
    }

    /// The entities that match, a page at a time; ordered by ref unless `orderBy` says otherwise.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entities; all, if this is left out.")] filter: Option<EntityFilter>,
        #[graphql(desc = "By what they are sorted; at most 3 fields.")] order_by: Option<
            Vec<EntityOrder>,
        >,
        #[graphql(desc = "At most this many from the start; 20 by default, 500 at most.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; 500 at most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        let page = PageArguments { first, after, last, before }.checked()?;
        let order = index_order(order_by)?;
        let predicate = predicate(filter.as_ref())?;
        EntityConnection::of_query(Scope::of(ctx)?, predicate, order, &page)
    }

    /// The values of fields with how many of the matching entities have each.
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Paths such as `kind`, `spec.type` or `relations.ownedBy`; at most 10.")]
        fields: Vec<String>,
        #[graphql(desc = "Over which entities; all, if this is left out.")] filter: Option<
            EntityFilter,
        >,
    ) -> Result<Vec<Facet>, FieldError> {
        facet::facets(Scope::of(ctx)?.reader()?, &fields, &predicate(filter.as_ref())?)
    }

    /// What fits a text, best first: the exact name, then beginnings of names, titles,
    /// descriptions and tags, then what differs by one letter.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The text; at most 200 characters.")] text: String,
        #[graphql(desc = "What to look for; everything, if this is left out.")] types: Option<
            Vec<SearchType>,
        >,
        #[graphql(desc = "Only entities that match.")] filter: Option<EntityFilter>,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<SearchConnection, FieldError> {
        let page = PageArguments::forward(first, after).checked()?;
        if types.is_some_and(|types| !types.contains(&SearchType::Entity)) {
            return Ok(SearchConnection::empty());
        }
        SearchConnection::of(Scope::of(ctx)?, &text, &predicate(filter.as_ref())?, &page)
    }

    /// Entities that were read but never processed, each with its reasons; ordered by ref. They
    /// are not part of the catalog. For problems of entities that are, filter by `hasProblems`.
    async fn failed_entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all, if this is left out.")] filter: Option<EntityFilter>,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<FailedEntityConnection, FieldError> {
        let page = PageArguments::forward(first, after).checked()?;
        FailedEntityConnection::of(Scope::of(ctx)?, &predicate(filter.as_ref())?, &page)
    }

    /// You.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, FieldError> {
        Ok(Viewer(Arc::clone(Scope::of(ctx)?)))
    }
}

fn index_order(order: Option<Vec<EntityOrder>>) -> Result<Vec<IndexOrder>, FieldError> {
    let order = order.unwrap_or_default();
    if order.len() > MAX_ORDER {
        let given = order.len();
        return Err(FieldError::TooMany { argument: "orderBy", given, limit: MAX_ORDER });
    }
    let entry = |entry: EntityOrder| IndexOrder {
        field: entry.field.into(),
        direction: match entry.direction {
            OrderDirection::Asc => Direction::Asc,
            OrderDirection::Desc => Direction::Desc,
        },
    };
    Ok(order.into_iter().map(entry).collect())
}

/// [`Query`] and [`EstateQuery`], with the shared fields of their types put in place.
#[derive(Debug)]
pub(crate) struct QueryRoot;

impl ContainerType for QueryRoot {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        match Query.resolve_field(ctx).await? {
            Some(value) => Ok(Some(value)),
            None => EstateQuery.resolve_field(ctx).await,
        }
    }
}

impl OutputType for QueryRoot {
    fn type_name() -> Cow<'static, str> {
        Query::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = Query::create_type_info(registry);
        types::complete(registry, &Query::type_name());
        name
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl ObjectType for QueryRoot {}

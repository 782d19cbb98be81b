//! Entities that were read but never processed: what their owners must mend.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use bytes::Bytes;
use callboard_catalog::{
    index::IndexedEntity,
    query::{EntityPredicate, SortKey},
};
use callboard_model::annotation;

use crate::{
    connection::PageInfo,
    cursor,
    entity::{EntityProblem, field, parsed, problems},
    error::FieldError,
    facet::count,
    page::{PageRequest, PageStart},
    scalar::{EntityRefScalar, JsonObject},
    scope::Scope,
};

/// An entity that never processed.
#[derive(Debug, Clone)]
pub(crate) struct FailedEntity {
    scope: Arc<Scope>,
    entity: Arc<IndexedEntity>,
}

impl FailedEntity {
    fn metadata_text(&self, key: &str) -> Option<String> {
        parsed(field(field(&self.entity.json, "metadata")?, key)?)
    }

    fn cursor(&self) -> String {
        let entity_ref = self.entity.entity_ref.as_str().into();
        cursor::encode_sorted(&SortKey { values: Vec::new(), entity_ref }, &[])
    }
}

/// An entity that was read but never processed. It is not part of the catalog: `entity` does not
/// find it.
#[Object]
impl FailedEntity {
    /// The ref that it would have.
    async fn r#ref(&self) -> EntityRefScalar {
        EntityRefScalar(self.entity.entity_ref.clone())
    }

    /// The kind, in the case of the descriptor.
    async fn kind(&self) -> String {
        let kind = field(&self.entity.json, "kind").and_then(parsed);
        kind.unwrap_or_else(|| self.entity.entity_ref.kind().to_owned())
    }

    /// The namespace, in lower case.
    async fn namespace(&self) -> String {
        self.entity.entity_ref.namespace().to_owned()
    }

    /// The name, in the case of the descriptor.
    async fn name(&self) -> String {
        let name = self.metadata_text("name");
        name.unwrap_or_else(|| self.entity.entity_ref.name().to_owned())
    }

    /// Why it did not process.
    async fn problems(&self) -> Vec<EntityProblem> {
        problems(&self.entity.json)
    }

    /// Where it was read from, as `<type>:<target>`.
    async fn location(&self) -> Option<String> {
        let annotations = field(field(&self.entity.json, "metadata")?, "annotations")?;
        parsed(field(annotations, annotation::MANAGED_BY_LOCATION)?)
    }

    /// The entity as its descriptor has it.
    async fn raw(&self) -> Result<JsonObject, FieldError> {
        let json: Bytes = self.scope.reader()?.json(&self.entity);
        self.scope.charge_bytes(json.len())?;
        Ok(JsonObject(json))
    }
}

/// A failed entity within a list.
#[derive(Debug, SimpleObject)]
pub(crate) struct FailedEntityEdge {
    /// Where it stands in the list, for `after`. Opaque.
    cursor: String,
    /// The failed entity.
    node: FailedEntity,
}

/// A page of failed entities.
#[derive(Debug)]
pub(crate) struct FailedEntityConnection {
    nodes: Vec<FailedEntity>,
    has_previous: bool,
    has_next: bool,
    total: usize,
}

impl FailedEntityConnection {
    /// A page of those that match, ordered by ref.
    ///
    /// # Errors
    ///
    /// [`FieldError::Cursor`], and when the time or the budget of the request is used up.
    pub(crate) fn of(
        scope: &Arc<Scope>,
        predicate: &EntityPredicate,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        let after = match &page.start {
            PageStart::After(Some(cursor)) => Some(cursor::decode_sorted(cursor, &[])?.entity_ref),
            _ => None,
        };
        let all = scope.reader()?.failed(predicate);
        let is_before = |entity: &Arc<IndexedEntity>| {
            after.as_deref().is_some_and(|after| entity.entity_ref.as_str() <= after)
        };
        let start = all.partition_point(is_before);
        let total = all.len();
        let page: Vec<_> = all.into_iter().skip(start).take(page.size).collect();
        scope.charge_objects(page.len())?;
        let has_next = start.saturating_add(page.len()) < total;
        let node = |entity| FailedEntity { scope: Arc::clone(scope), entity };
        let nodes = page.into_iter().map(node).collect();
        Ok(Self { nodes, has_previous: start > 0, has_next, total })
    }
}

/// A page of failed entities.
#[Object]
impl FailedEntityConnection {
    /// The failed entities of the page with their cursors.
    async fn edges(&self) -> Vec<FailedEntityEdge> {
        let edge =
            |node: &FailedEntity| FailedEntityEdge { cursor: node.cursor(), node: node.clone() };
        self.nodes.iter().map(edge).collect()
    }

    /// The failed entities of the page.
    async fn nodes(&self) -> &[FailedEntity] {
        &self.nodes
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.nodes.first().map(FailedEntity::cursor),
            end_cursor: self.nodes.last().map(FailedEntity::cursor),
        }
    }

    /// How many there are, all pages together.
    async fn total_count(&self) -> i32 {
        count(self.total)
    }
}

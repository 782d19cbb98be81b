//! Components that say that they run and were not found.

use std::sync::Arc;

use async_graphql::{Enum, Object, SimpleObject};
use callboard_catalog::query::SortKey;
use callboard_model::EntityRef;
use callboard_topology as estate;

use crate::{
    connection::PageInfo,
    cursor,
    entity::types::{Component, Owner},
    error::FieldError,
    facet::count,
    page::{PageRequest, PageStart},
    scalar::EntityRefScalar,
    scope::Scope,
};

/// Whether a component that says that it runs is really gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum MissingVerdict {
    /// Every cluster where it may run was looked into, and it is in none.
    Missing,
    /// It was not found, but there are clusters that cannot be looked into.
    Unknown,
}

/// A cluster that could not be looked into, and why.
#[derive(Debug, SimpleObject)]
pub(crate) struct BlindSpot {
    /// The cluster; none of this name need be configured.
    cluster_name: String,
    /// Why it cannot be looked into.
    reason: String,
}

/// A Component that says that it runs and was not found.
#[derive(Debug, Clone)]
pub(crate) struct MissingComponent {
    scope: Arc<Scope>,
    missing: estate::MissingComponent,
}

impl MissingComponent {
    /// What is missing of an entity; `None` if it was found or does not say that it runs.
    ///
    /// # Errors
    ///
    /// When the time of the request is over.
    pub(crate) fn of(
        scope: &Arc<Scope>,
        entity_ref: &EntityRef,
    ) -> Result<Option<Self>, FieldError> {
        let missing = scope.topology()?.missing();
        let found = missing.binary_search_by(|found| found.entity.cmp(entity_ref)).ok();
        let found = found.and_then(|found| missing.get(found)).cloned();
        Ok(found.map(|missing| Self { scope: Arc::clone(scope), missing }))
    }

    fn cursor(&self) -> String {
        let entity_ref = self.missing.entity.as_str().into();
        cursor::encode_sorted(&SortKey { values: Vec::new(), entity_ref }, &[])
    }
}

/// A Component that says that it runs and was not found.
#[Object]
impl MissingComponent {
    /// Its ref.
    async fn r#ref(&self) -> EntityRefScalar {
        EntityRefScalar(self.missing.entity.clone())
    }

    /// The Component; null if it is gone since.
    async fn entity(&self) -> Result<Option<Component>, FieldError> {
        Ok(self.scope.entity(&self.missing.entity)?.map(Component))
    }

    /// Its owner.
    async fn owner(&self) -> Result<Option<Owner>, FieldError> {
        let Some(owner) = &self.missing.owner else { return Ok(None) };
        Ok(self.scope.entity(owner)?.map(Owner))
    }

    /// The annotation by which it says that it runs.
    async fn annotation(&self) -> &str {
        self.missing.annotation
    }

    /// Whether it is really gone.
    async fn verdict(&self) -> MissingVerdict {
        match &self.missing.verdict {
            estate::MissingVerdict::Missing => MissingVerdict::Missing,
            estate::MissingVerdict::Unknown { .. } => MissingVerdict::Unknown,
        }
    }

    /// The clusters that could not be looked into, in the order of the configuration.
    async fn blind_spots(&self) -> Vec<BlindSpot> {
        match &self.missing.verdict {
            estate::MissingVerdict::Missing => Vec::new(),
            estate::MissingVerdict::Unknown { blind } => {
                let spot =
                    |(cluster, reason): &(callboard_plugin::ClusterName, Arc<str>)| BlindSpot {
                        cluster_name: cluster.as_str().to_owned(),
                        reason: reason.as_ref().to_owned(),
                    };
                blind.iter().map(spot).collect()
            }
        }
    }
}

/// A missing component within a list.
#[derive(Debug, SimpleObject)]
pub(crate) struct MissingComponentEdge {
    /// Where it stands in the list, for `after`. Opaque.
    cursor: String,
    /// The missing component.
    node: MissingComponent,
}

/// A page of missing components.
#[derive(Debug)]
pub(crate) struct MissingComponentConnection {
    nodes: Vec<MissingComponent>,
    has_previous: bool,
    has_next: bool,
    total: usize,
}

impl MissingComponentConnection {
    /// A page of all that are missing, ordered by ref.
    ///
    /// # Errors
    ///
    /// [`FieldError::Cursor`], and when the time or the budget of the request is used up.
    pub(crate) fn of(scope: &Arc<Scope>, page: &PageRequest) -> Result<Self, FieldError> {
        let after = match &page.start {
            PageStart::After(Some(cursor)) => Some(cursor::decode_sorted(cursor, &[])?.entity_ref),
            _ => None,
        };
        let missing = scope.topology()?.missing();
        let is_before = |found: &estate::MissingComponent| {
            after.as_deref().is_some_and(|after| found.entity.as_str() <= after)
        };
        let start = missing.partition_point(is_before);
        let page = missing.iter().skip(start).take(page.size);
        let node = |missing: &estate::MissingComponent| MissingComponent {
            scope: Arc::clone(scope),
            missing: missing.clone(),
        };
        let nodes: Vec<_> = page.map(node).collect();
        scope.charge_objects(nodes.len())?;
        let has_next = start.saturating_add(nodes.len()) < missing.len();
        Ok(Self { nodes, has_previous: start > 0, has_next, total: missing.len() })
    }
}

/// A page of missing components.
#[Object]
impl MissingComponentConnection {
    /// The missing components of the page with their cursors.
    async fn edges(&self) -> Vec<MissingComponentEdge> {
        let edge = |node: &MissingComponent| MissingComponentEdge {
            cursor: node.cursor(),
            node: node.clone(),
        };
        self.nodes.iter().map(edge).collect()
    }

    /// The missing components of the page.
    async fn nodes(&self) -> &[MissingComponent] {
        &self.nodes
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.nodes.first().map(MissingComponent::cursor),
            end_cursor: self.nodes.last().map(MissingComponent::cursor),
        }
    }

    /// How many there are, all pages together.
    async fn total_count(&self) -> i32 {
        count(self.total)
    }
}

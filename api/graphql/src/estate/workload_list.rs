//! Pages of workloads.

use std::sync::Arc;

use async_graphql::{InputObject, Object, SimpleObject};
use callboard_plugin::{ClusterName, WorkloadKind};
use callboard_topology::{self as estate, PlacedWorkload, SystemNamespaces};

use super::{BlindCluster, Cloud, Health, PlaceFilter, Workload};
use crate::{
    connection::PageInfo,
    cursor,
    error::FieldError,
    facet::count,
    page::{PageRequest, PageStart},
    scope::Scope,
};

/// The longest text of a filter, in characters.
const MAX_TEXT: usize = 253;

/// Which workloads are meant: everything that is given must hold. Texts are compared without
/// regard to case.
#[derive(Debug, Default, InputObject)]
pub(crate) struct WorkloadFilter {
    /// The name of the cluster.
    pub(crate) cluster: Option<String>,
    /// Whose machines the cluster runs on.
    pub(crate) cloud: Option<Cloud>,
    /// What the cluster is for, such as `production`.
    pub(crate) environment: Option<String>,
    /// The namespace.
    pub(crate) namespace: Option<String>,
    /// The squad: the value of the label, or the Group's name or ref.
    pub(crate) squad: Option<String>,
    /// The kind as Kubernetes names it, such as `Deployment`.
    pub(crate) kind: Option<String>,
    /// How it is.
    pub(crate) health: Option<Health>,
    /// Part of its name.
    pub(crate) text: Option<String>,
    /// Whether its namespace belongs to the cluster itself or to its mesh; both, if this is left
    /// out.
    pub(crate) is_system: Option<bool>,
}

/// A filter as the estate takes it.
#[derive(Debug)]
pub(crate) enum CheckedFilter {
    /// What matches.
    Some(estate::WorkloadFilter),
    /// Nothing can match.
    Nothing,
}

impl WorkloadFilter {
    /// The filter for the workloads of one cluster.
    ///
    /// # Errors
    ///
    /// As [`WorkloadFilter::checked`].
    pub(crate) fn within(self, cluster: &ClusterName) -> Result<CheckedFilter, FieldError> {
        let name = cluster.as_str();
        if self.cluster.as_ref().is_some_and(|wanted| wanted.to_lowercase() != name.to_lowercase())
        {
            return Ok(CheckedFilter::Nothing);
        }
        Self { cluster: Some(name.to_owned()), ..self }.checked()
    }

    /// The filter as the estate takes it.
    ///
    /// # Errors
    ///
    /// [`FieldError::TooLong`].
    pub(crate) fn checked(self) -> Result<CheckedFilter, FieldError> {
        let texts = [
            ("cluster", &self.cluster),
            ("environment", &self.environment),
            ("namespace", &self.namespace),
            ("squad", &self.squad),
            ("kind", &self.kind),
            ("text", &self.text),
        ];
        for (argument, text) in texts {
            if text.as_ref().is_some_and(|text| text.chars().nth(MAX_TEXT).is_some()) {
                return Err(FieldError::TooLong { argument, limit: MAX_TEXT });
            }
        }
        if self.cloud == Some(Cloud::Unknown) {
            return Ok(CheckedFilter::Nothing);
        }
        let kind = self.kind.as_deref().map(kind_named);
        if kind == Some(None) {
            return Ok(CheckedFilter::Nothing);
        }
        Ok(CheckedFilter::Some(estate::WorkloadFilter {
            cluster: self.cluster.map(Arc::from),
            cloud: self.cloud.and_then(Cloud::known),
            environment: self.environment.map(Arc::from),
            namespace: self.namespace.map(Arc::from),
            squad: self.squad.map(Arc::from),
            kind: kind.flatten(),
            health: self.health.map(Into::into),
            name_contains: self.text.map(Arc::from),
            system: match self.is_system {
                None => SystemNamespaces::Included,
                Some(true) => SystemNamespaces::Only,
                Some(false) => SystemNamespaces::Excluded,
            },
        }))
    }
}

/// Whether workloads that match may run in a cluster.
fn may_hold(filter: &estate::WorkloadFilter, cluster: &estate::Cluster) -> bool {
    let place = PlaceFilter {
        environment: filter.environment.as_deref().map(str::to_owned),
        cloud: filter.cloud.map(|cloud| Cloud::of(Some(cloud))),
    };
    let name = cluster.name.as_str().to_lowercase();
    place.matches(&cluster.place)
        && filter.cluster.as_ref().is_none_or(|wanted| wanted.to_lowercase() == name)
}

fn kind_named(name: &str) -> Option<WorkloadKind> {
    WorkloadKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
}

/// A page of workloads.
#[derive(Debug)]
pub(crate) struct WorkloadConnection {
    scope: Arc<Scope>,
    nodes: Vec<Workload>,
    start: usize,
    has_next: bool,
    total: usize,
    filter: CheckedFilter,
}

impl WorkloadConnection {
    /// A page of the workloads of a cluster that match.
    ///
    /// # Errors
    ///
    /// [`FieldError::Cursor`], and when the time or the budget of the request is used up.
    pub(crate) fn of_cluster(
        scope: &Arc<Scope>,
        cluster: &ClusterName,
        filter: CheckedFilter,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        let found = match &filter {
            CheckedFilter::Some(filter) => scope.topology()?.workloads(cluster, filter),
            CheckedFilter::Nothing => Vec::new(),
        };
        Self::page_of(scope, filter, found, page)
    }

    /// A page of those that match and belong to no entity.
    ///
    /// # Errors
    ///
    /// As [`WorkloadConnection::of_cluster`].
    pub(crate) fn of_unknown(
        scope: &Arc<Scope>,
        filter: CheckedFilter,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        let found = match &filter {
            CheckedFilter::Some(filter) => scope.topology()?.unknown_workloads(filter),
            CheckedFilter::Nothing => Vec::new(),
        };
        Self::page_of(scope, filter, found, page)
    }

    fn page_of(
        scope: &Arc<Scope>,
        filter: CheckedFilter,
        found: Vec<Arc<PlacedWorkload>>,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        let start = match &page.start {
            PageStart::After(Some(cursor)) => start_after(&found, cursor)?,
            _ => 0,
        };
        let total = found.len();
        let page = found.into_iter().skip(start).take(page.size);
        let nodes: Vec<Workload> =
            page.map(|placed| Workload::new(scope, placed)).collect::<Result<_, _>>()?;
        let has_next = start.saturating_add(nodes.len()) < total;
        let scope = Arc::clone(scope);
        Ok(Self { scope, nodes, start, has_next, total, filter })
    }

    fn cursor(&self, position: usize, workload: &Workload) -> String {
        let placed = workload.placed();
        let rank = self.start.saturating_add(position);
        cursor::encode_workload(&placed.cluster, &placed.workload.key, rank)
    }
}

/// How many of `found` stand before the place of a cursor or at it. They are ordered by key within
/// their cluster. Where nothing of that cluster is left, the rank that it had then counts.
fn start_after(found: &[Arc<PlacedWorkload>], cursor: &str) -> Result<usize, FieldError> {
    let (cluster, key, rank) = cursor::decode_workload(cursor)?;
    let Some(start) = found.iter().position(|placed| placed.cluster == cluster) else {
        return Ok(rank.min(found.len()));
    };
    let of_cluster = found.get(start..).unwrap_or_default();
    let is_before =
        |placed: &Arc<PlacedWorkload>| placed.cluster == cluster && placed.workload.key <= key;
    Ok(start.saturating_add(of_cluster.partition_point(is_before)))
}

/// A workload within a list.
#[derive(Debug, SimpleObject)]
pub(crate) struct WorkloadEdge {
    /// Where it stands in the list, for `after`. Opaque.
    cursor: String,
    /// The workload.
    node: Workload,
}

/// A page of workloads.
#[Object]
impl WorkloadConnection {
    /// The workloads of the page with their cursors.
    async fn edges(&self) -> Vec<WorkloadEdge> {
        let edge = |(position, node): (usize, &Workload)| WorkloadEdge {
            cursor: self.cursor(position, node),
            node: node.clone(),
        };
        self.nodes.iter().enumerate().map(edge).collect()
    }

    /// The workloads of the page.
    async fn nodes(&self) -> &[Workload] {
        &self.nodes
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.start > 0 && self.total > 0,
            has_next_page: self.has_next,
            start_cursor: self.nodes.first().map(|first| self.cursor(0, first)),
            end_cursor: self
                .nodes
                .last()
                .map(|last| self.cursor(self.nodes.len().saturating_sub(1), last)),
        }
    }

    /// How many workloads are known, all pages together; those of `blindClusters` may be more.
    async fn total_count(&self) -> i32 {
        count(self.total)
    }

    /// The clusters that are meant and that cannot be looked into, or not now: what runs there is
    /// shown as of the last good answer, if there ever was one.
    async fn blind_clusters(&self) -> Result<Vec<BlindCluster>, FieldError> {
        match &self.filter {
            CheckedFilter::Some(filter) => {
                BlindCluster::among(&self.scope, |cluster| may_hold(filter, cluster))
            }
            CheckedFilter::Nothing => Ok(Vec::new()),
        }
    }
}

//! A topology as it is answered.

use std::sync::Arc;

use async_graphql::Object;
use callboard_topology as estate;

use super::{TopologyEdges, TopologyGrouping, TopologyNodes, Window};
use crate::{
    error::FieldError,
    estate::{Cluster, Observation},
    facet::count,
    scope::Scope,
};

/// The most edges of an answer.
pub(crate) const MAX_EDGES: i32 = 5000;

/// How many edges an answer may have.
///
/// # Errors
///
/// [`FieldError::PageSize`].
pub(crate) fn checked_max_edges(given: Option<i32>) -> Result<usize, FieldError> {
    let given = given.unwrap_or(MAX_EDGES);
    let error = FieldError::PageSize { argument: "maxEdges", given, limit: MAX_EDGES };
    if given > MAX_EDGES {
        return Err(error);
    }
    usize::try_from(given).map_err(|_| error)
}

/// Who calls whom.
#[derive(Debug)]
pub(crate) struct Topology {
    scope: Arc<Scope>,
    topology: Arc<estate::Topology>,
}

impl Topology {
    /// The topology with at most `max_edges` edges, the busiest.
    pub(crate) fn new(
        scope: &Arc<Scope>,
        topology: Arc<estate::Topology>,
        max_edges: usize,
    ) -> Self {
        let scope = Arc::clone(scope);
        if topology.edges.len() <= max_edges {
            return Self { scope, topology };
        }
        Self { scope, topology: Arc::new(topology.cut_to(max_edges)) }
    }
}

/// Who calls whom. Where it does not speak for a cluster, `coverage` says so.
#[Object]
impl Topology {
    /// The ends of its edges; of a scope also what is in it without an edge. Ordered alike in
    /// every answer.
    async fn nodes(&self) -> TopologyNodes {
        let nodes = Arc::clone(&self.topology.nodes);
        TopologyNodes { scope: Arc::clone(&self.scope), nodes }
    }

    /// The calls from node to node, ordered alike in every answer.
    async fn edges(&self) -> TopologyEdges {
        let edges = Arc::clone(&self.topology.edges);
        TopologyEdges { scope: Arc::clone(&self.scope), edges }
    }

    /// Every cluster that you may read: whether the topology speaks for it, and if not, why.
    async fn coverage(&self) -> Vec<TopologyCoverage> {
        coverage(&self.scope, &self.topology)
    }

    /// How many nodes there are, those beyond `maxEdges` among them.
    async fn total_nodes(&self) -> i32 {
        count(self.topology.total_nodes)
    }

    /// How many edges there are, those beyond `maxEdges` among them.
    async fn total_edges(&self) -> i32 {
        count(self.topology.total_edges)
    }

    /// What its nodes are.
    async fn grouping(&self) -> TopologyGrouping {
        self.topology.grouping.into()
    }

    /// What span its metrics are over.
    async fn window(&self) -> Window {
        self.topology.window.into()
    }
}

/// The coverage as it is answered.
pub(super) fn coverage(scope: &Arc<Scope>, topology: &estate::Topology) -> Vec<TopologyCoverage> {
    let one = |coverage: &estate::TopologyCoverage| TopologyCoverage {
        scope: Arc::clone(scope),
        coverage: coverage.clone(),
    };
    topology.coverage.iter().map(one).collect()
}

/// Whether a topology speaks for a cluster.
#[derive(Debug)]
pub(crate) struct TopologyCoverage {
    scope: Arc<Scope>,
    coverage: estate::TopologyCoverage,
}

/// Whether a topology speaks for a cluster, and if not, why.
#[Object]
impl TopologyCoverage {
    /// The cluster; null if it is not for you, though its calls are.
    async fn cluster(&self) -> Result<Option<Cluster>, FieldError> {
        Cluster::find(&self.scope, self.coverage.cluster.as_str())
    }

    /// Whether the calls that its workloads make are in the topology, as of `observation`.
    async fn speaks(&self) -> bool {
        self.coverage.speaks
    }

    /// How old its calls are and whether they advance; null if no metrics are configured.
    async fn observation(&self) -> Option<Observation> {
        self.coverage.observation.clone().map(Observation)
    }

    /// Series beyond the budget: calls that are not in the topology; null if that is not for you.
    async fn dropped_series(&self) -> Option<i32> {
        self.coverage.dropped_series.map(count)
    }

    /// Why it does not speak, or not of everything, or not of now.
    async fn reason(&self) -> Option<&str> {
        self.coverage.reason.as_deref()
    }
}

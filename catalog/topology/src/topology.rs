//! Who calls whom, across clusters.

pub(crate) mod aggregate;
mod builder;
mod declared;
mod grouping;
mod impact;
mod node;
mod path;
mod resolve;
mod scope;
mod shape;
mod strangers;
mod tls;
mod transit;

use std::{fmt, sync::Arc, time::SystemTime};

use callboard_model::EntityRef;
use callboard_plugin::{Cloud, ClusterName, GoldenMetrics, LinkMode, MetricsWindow, Observation};

pub use self::{
    builder::TopologyBuilder,
    impact::{Impact, ImpactedCaller, ImpactedSquad},
    node::{NodeId, TopologyNode, TopologyNodeKind},
    path::TopologyPath,
};
pub(crate) use self::{
    builder::{EstateShapes, visible_squad},
    declared::{Declaration, declarations, declared},
    grouping::grouped,
    impact::impact,
    path::shortest_paths,
    resolve::cluster_called,
    scope::confined_to,
    shape::ClusterShape,
};

/// What the nodes of a topology are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopologyGrouping {
    /// Workloads.
    Workload,
    /// Entities; workloads without one stay themselves.
    Component,
    /// Systems; what belongs to none is together.
    System,
    /// Owners; what belongs to nobody is together.
    Squad,
    /// Clusters.
    Cluster,
    /// Clouds; clusters of which none is known are together.
    Cloud,
}

impl TopologyGrouping {
    /// Every grouping.
    pub const ALL: [Self; 6] =
        [Self::Workload, Self::Component, Self::System, Self::Squad, Self::Cluster, Self::Cloud];

    /// Its place in an array of all.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Workload => 0,
            Self::Component => 1,
            Self::System => 2,
            Self::Squad => 3,
            Self::Cluster => 4,
            Self::Cloud => 5,
        }
    }
}

/// Which part of a topology is meant: every edge that begins or ends in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopologyScope {
    /// Everything.
    Estate,
    /// An entity and what is reached from it over at most `depth` edges, in either direction.
    Entity {
        /// The entity.
        entity: EntityRef,
        /// How many edges; 1 = its callers and callees. 0 counts as 1.
        depth: u32,
    },
    /// What is part of a System.
    System(EntityRef),
    /// What a Group or User answers for.
    Squad(EntityRef),
    /// What runs in a cluster.
    Cluster(ClusterName),
    /// What runs in the clusters of an environment. Case does not count.
    Environment(Arc<str>),
    /// What runs in a cloud.
    Cloud(Cloud),
}

/// Whether calls are under mutual TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsState {
    /// All of them.
    Secured,
    /// Some of them.
    Mixed,
    /// None of them.
    Plaintext,
    /// Not measured.
    Unknown,
}

impl TlsState {
    /// The name on the wire, such as `SECURED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secured => "SECURED",
            Self::Mixed => "MIXED",
            Self::Plaintext => "PLAINTEXT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for TlsState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whether the catalog knows of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Declared {
    /// `dependsOn` or `consumesApis` of the caller says so.
    Declared,
    /// The caller could say so, and does not. Of a group: one of its calls is.
    Undeclared,
    /// It could not be declared: an end is no Component or Resource, or both are the same.
    NotApplicable,
}

/// Identifies an edge: the ids of its ends. Stable between builds, restarts and replicas.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeId(Arc<str>);

impl EdgeId {
    /// The edge from one node to another.
    pub fn between(from: &NodeId, to: &NodeId) -> Self {
        Self(format!("{from}->{to}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EdgeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Calls from one node to another.
#[derive(Debug, Clone, PartialEq)]
pub struct TopologyEdge {
    /// Identifies it.
    pub id: EdgeId,
    /// Who calls.
    pub from: Arc<TopologyNode>,
    /// What is called; may be the same, where callers within a group call each other.
    pub to: Arc<TopologyNode>,
    /// How. Of a group: rates and connections are sums, ratios are weighted by requests (by
    /// connections where there are no requests), and a latency is the largest of its parts, which
    /// bounds the group's: quantiles cannot be averaged.
    pub metrics: GoldenMetrics,
    /// Whether the calls are under mutual TLS.
    pub tls: TlsState,
    /// Why not, in the proxy's words, or why that is not known.
    pub tls_reason: Option<Arc<str>>,
    /// Whether calls go from one cluster to another.
    pub crosses_clusters: bool,
    /// How they get to the other cluster; `None` where none crosses, or where they go both ways.
    pub mode: Option<LinkMode>,
    /// Whether the catalog knows of it.
    pub declared: Declared,
    /// When the dependency was first seen, as far as facts are kept.
    pub first_seen: Option<SystemTime>,
    /// When it was last seen.
    pub last_seen: Option<SystemTime>,
    /// How old the metrics are and whether they advance. Of a group: the oldest.
    pub observation: Observation,
}

impl TopologyEdge {
    /// Whether anything was measured to flow: requests, or open connections.
    pub fn has_traffic(&self) -> bool {
        let flows = |value: Option<f64>| value.is_some_and(|value| value > 0.0);
        flows(self.metrics.requests_per_second) || flows(self.metrics.open_connections)
    }
}

/// Whether a topology speaks for a cluster, and if not, why.
#[derive(Debug, Clone, PartialEq)]
pub struct TopologyCoverage {
    /// The cluster.
    pub cluster: ClusterName,
    /// Whether the calls that its workloads make are in the topology, as of the observation.
    pub speaks: bool,
    /// How old its calls are and whether they advance; `None` if no metrics are configured.
    pub observation: Option<Observation>,
    /// Series beyond the budget: calls that are not in the topology. `None` = not for this
    /// caller.
    pub dropped_series: Option<usize>,
    /// Why it does not speak, or not of everything, or not of now.
    pub reason: Option<Arc<str>>,
}

/// Who calls whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// What its nodes are.
    pub grouping: TopologyGrouping,
    /// What span its metrics are over.
    pub window: MetricsWindow,
    /// The ends of its edges, by id; of a scope also what is in it without an edge.
    pub nodes: Arc<[Arc<TopologyNode>]>,
    /// Its edges, by the ids of their ends.
    pub edges: Arc<[Arc<TopologyEdge>]>,
    /// Every cluster, in the order of the configuration.
    pub coverage: Arc<[TopologyCoverage]>,
    /// How many nodes there are before any cut.
    pub total_nodes: usize,
    /// How many edges there are before any cut.
    pub total_edges: usize,
}

impl Topology {
    /// The node of this id. `O(log n)`.
    pub fn node(&self, id: &NodeId) -> Option<&Arc<TopologyNode>> {
        let found = self.nodes.binary_search_by(|node| node.id.cmp(id)).ok()?;
        self.nodes.get(found)
    }

    /// The busiest `max_edges` edges and their ends; the totals stay. Ties fall to the id.
    #[must_use]
    pub fn cut_to(&self, max_edges: usize) -> Self {
        if self.edges.len() <= max_edges {
            return self.clone();
        }
        let rate = |edge: &TopologyEdge| edge.metrics.requests_per_second.unwrap_or(-1.0);
        let mut edges: Vec<Arc<TopologyEdge>> = self.edges.to_vec();
        edges.sort_by(|one, other| {
            rate(other).total_cmp(&rate(one)).then_with(|| one.id.cmp(&other.id))
        });
        edges.truncate(max_edges);
        let mut cut = Self::of_edges(self.grouping, self.window, edges, Vec::new());
        cut.coverage = Arc::clone(&self.coverage);
        (cut.total_nodes, cut.total_edges) = (self.total_nodes, self.total_edges);
        cut
    }

    /// A topology of these edges, their ends and these nodes, without coverage.
    pub(crate) fn of_edges(
        grouping: TopologyGrouping,
        window: MetricsWindow,
        mut edges: Vec<Arc<TopologyEdge>>,
        mut nodes: Vec<Arc<TopologyNode>>,
    ) -> Self {
        edges.sort_by(|one, other| {
            one.from.id.cmp(&other.from.id).then_with(|| one.to.id.cmp(&other.to.id))
        });
        nodes.extend(edges.iter().flat_map(|edge| [Arc::clone(&edge.from), Arc::clone(&edge.to)]));
        nodes.sort_by(|one, other| one.id.cmp(&other.id));
        nodes.dedup_by(|later, earlier| later.id == earlier.id);
        Self {
            grouping,
            window,
            total_nodes: nodes.len(),
            total_edges: edges.len(),
            nodes: nodes.into(),
            edges: edges.into(),
            coverage: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests;

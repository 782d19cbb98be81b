//! What became of a topology.

use std::{cmp::Ordering, sync::Arc, time::SystemTime};

use async_graphql::{ID, Object};
use callboard_topology as estate;

use super::{
    TopologyEdges, TopologyNodes,
    graph::{TopologyCoverage, coverage},
};
use crate::{error::FieldError, facet::count, node_id, scalar::Timestamp, scope::Scope};

/// The most nodes and edges of one change.
const MAX_CHANGES: usize = 5000;

/// What became of a list.
#[derive(Debug)]
struct Delta<T> {
    added: Vec<Arc<T>>,
    changed: Vec<Arc<T>>,
    removed: Vec<Arc<T>>,
}

impl<T: PartialEq> Delta<T> {
    /// Compares two lists that are ordered by `order`.
    fn between(before: &[Arc<T>], now: &[Arc<T>], order: impl Fn(&T, &T) -> Ordering) -> Self {
        let mut delta = Self { added: Vec::new(), changed: Vec::new(), removed: Vec::new() };
        let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
        loop {
            let side = match (before.peek(), now.peek()) {
                (None, None) => return delta,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => order(old, new),
            };
            let old = if side == Ordering::Greater { None } else { before.next() };
            let new = if side == Ordering::Less { None } else { now.next() };
            match (old, new) {
                (Some(old), None) => delta.removed.push(Arc::clone(old)),
                (None, Some(new)) => delta.added.push(Arc::clone(new)),
                (Some(old), Some(new)) if !Arc::ptr_eq(old, new) && old != new => {
                    delta.changed.push(Arc::clone(new));
                }
                _ => {}
            }
        }
    }

    fn len(&self) -> usize {
        self.added.len() + self.changed.len() + self.removed.len()
    }
}

/// What became of a topology since the last time that it was told.
#[derive(Debug)]
pub(crate) struct TopologyChange {
    scope: Arc<Scope>,
    now: Arc<estate::Topology>,
    nodes: Delta<estate::TopologyNode>,
    edges: Delta<estate::TopologyEdge>,
    revision: u64,
    seen_at: SystemTime,
}

impl TopologyChange {
    /// What became of `before`; `None` if nothing did.
    ///
    /// # Errors
    ///
    /// [`FieldError::TooMuchChanged`].
    pub(crate) fn between(
        before: &estate::Topology,
        now: &Arc<estate::Topology>,
        scope: &Arc<Scope>,
        seen_at: SystemTime,
    ) -> Result<Option<Self>, FieldError> {
        let nodes = Delta::between(&before.nodes, &now.nodes, |one, other| one.id.cmp(&other.id));
        let ends = |edge: &estate::TopologyEdge| (edge.from.id.clone(), edge.to.id.clone());
        let edges =
            Delta::between(&before.edges, &now.edges, |one, other| ends(one).cmp(&ends(other)));
        let changes = nodes.len() + edges.len();
        if changes == 0 && before.coverage == now.coverage {
            return Ok(None);
        }
        if changes > MAX_CHANGES {
            return Err(FieldError::TooMuchChanged { changes, limit: MAX_CHANGES });
        }
        let revision = scope.topology()?.revision();
        let (scope, now) = (Arc::clone(scope), Arc::clone(now));
        Ok(Some(Self { scope, now, nodes, edges, revision, seen_at }))
    }

    fn node_list(&self, nodes: &[Arc<estate::TopologyNode>]) -> TopologyNodes {
        TopologyNodes { scope: Arc::clone(&self.scope), nodes: nodes.into() }
    }

    fn edge_list(&self, edges: &[Arc<estate::TopologyEdge>]) -> TopologyEdges {
        TopologyEdges { scope: Arc::clone(&self.scope), edges: edges.into() }
    }
}

/// What became of a topology since the last change that you were told: put over what you had, it
/// is what the query `topology` answers.
#[Object]
impl TopologyChange {
    /// Nodes that are new, or that you may now read.
    async fn added_nodes(&self) -> TopologyNodes {
        self.node_list(&self.nodes.added)
    }

    /// Nodes that are as they were not.
    async fn changed_nodes(&self) -> TopologyNodes {
        self.node_list(&self.nodes.changed)
    }

    /// The ids of nodes that are gone, or that you may no longer read.
    async fn removed_nodes(&self) -> Vec<ID> {
        let id = |node: &Arc<estate::TopologyNode>| ID(node_id::of_topology_node(&node.id));
        self.nodes.removed.iter().map(id).collect()
    }

    /// Edges that are new, or that you may now read.
    async fn added_edges(&self) -> TopologyEdges {
        self.edge_list(&self.edges.added)
    }

    /// Edges that are as they were not, be it in their metrics alone.
    async fn changed_edges(&self) -> TopologyEdges {
        self.edge_list(&self.edges.changed)
    }

    /// The ids of edges that are gone, or that you may no longer read.
    async fn removed_edges(&self) -> Vec<ID> {
        let id = |edge: &Arc<estate::TopologyEdge>| ID(node_id::of_topology_edge(&edge.id));
        self.edges.removed.iter().map(id).collect()
    }

    /// Every cluster that you may read: whether the topology speaks for it, and if not, why.
    async fn coverage(&self) -> Vec<TopologyCoverage> {
        coverage(&self.scope, &self.now)
    }

    /// How many nodes there are now.
    async fn total_nodes(&self) -> i32 {
        count(self.now.total_nodes)
    }

    /// How many edges there are now.
    async fn total_edges(&self) -> i32 {
        count(self.now.total_edges)
    }

    /// The revision of the estate that shows it, as a decimal number; it starts anew with the
    /// server.
    async fn revision(&self) -> String {
        self.revision.to_string()
    }

    /// When this server saw it.
    async fn seen_at(&self) -> Timestamp {
        Timestamp(self.seen_at)
    }
}

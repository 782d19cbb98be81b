//! Calls from one node to another.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use callboard_topology as estate;

use super::{GoldenMetrics, TopologyNode};
use crate::{
    error::FieldError,
    estate::{LinkMode, Observation},
    node_id,
    scalar::Timestamp,
    scope::Scope,
};

/// Whether calls are under mutual TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::TlsState")]
pub(crate) enum TlsState {
    /// All of them.
    Secured,
    /// Some of them.
    Mixed,
    /// None of them.
    Plaintext,
    /// Not measured.
    Unknown,
}

/// Whether the catalog knows of a dependency.
#[expect(clippy::enum_variant_names, reason = "the values are those of the schema")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::Declared")]
pub(crate) enum Declared {
    /// `dependsOn` or `consumesApis` of the caller says so.
    Declared,
    /// The caller could say so, and does not. Of a group: one of its calls is.
    Undeclared,
    /// It could not be declared: an end is no Component or Resource, or both are the same.
    NotApplicable,
}

/// Calls from one node to another within an answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct TopologyEdge {
    scope: Arc<Scope>,
    edge: Arc<estate::TopologyEdge>,
}

impl TopologyEdge {
    /// Calls within an answer.
    pub(crate) fn new(scope: &Arc<Scope>, edge: &Arc<estate::TopologyEdge>) -> Self {
        Self { scope: Arc::clone(scope), edge: Arc::clone(edge) }
    }
}

/// Calls from one node to another.
#[Object]
impl TopologyEdge {
    /// Stable between answers. Opaque.
    async fn id(&self) -> ID {
        ID(node_id::of_topology_edge(&self.edge.id))
    }

    /// Who calls.
    async fn from(&self) -> TopologyNode {
        TopologyNode::new(&self.scope, &self.edge.from)
    }

    /// What is called; may be the same, where members of a group call each other.
    async fn to(&self) -> TopologyNode {
        TopologyNode::new(&self.scope, &self.edge.to)
    }

    /// How; null if nothing was measured. Of a group rates and connections are sums, ratios are
    /// weighted by requests, and a latency is the largest of its parts.
    async fn metrics(&self) -> Option<GoldenMetrics> {
        GoldenMetrics::of(&self.edge.metrics)
    }

    /// Whether the calls are under mutual TLS.
    async fn tls(&self) -> TlsState {
        self.edge.tls.into()
    }

    /// Why not, in the proxy's words, or why that is not known.
    async fn tls_reason(&self) -> Option<&str> {
        self.edge.tls_reason.as_deref()
    }

    /// Whether calls go from one cluster to another.
    async fn crosses_clusters(&self) -> bool {
        self.edge.crosses_clusters
    }

    /// How they get to the other cluster; null where none crosses, or where they go both ways.
    async fn mode(&self) -> Option<LinkMode> {
        self.edge.mode.map(Into::into)
    }

    /// Whether the catalog knows of it.
    async fn declared(&self) -> Declared {
        self.edge.declared.into()
    }

    /// When the dependency was first seen, as far as facts are kept.
    async fn first_seen(&self) -> Option<Timestamp> {
        self.edge.first_seen.map(Timestamp)
    }

    /// When it was last seen, as far as facts are kept.
    async fn last_seen(&self) -> Option<Timestamp> {
        self.edge.last_seen.map(Timestamp)
    }

    /// The part of the caller's descriptor that would declare it: YAML whose lists take the place
    /// of those of the descriptor. Null unless it is undeclared.
    async fn patch(&self) -> Result<Option<String>, FieldError> {
        let (Some(from), estate::Declared::Undeclared) =
            (&self.edge.from.entity, self.edge.declared)
        else {
            return Ok(None);
        };
        let drift = self.scope.topology()?.drift(from);
        let mut undeclared = drift.undeclared.into_iter();
        let is_this =
            |found: &estate::UndeclaredDependency| found.edge.to.entity == self.edge.to.entity;
        let patch = undeclared.find(is_this).map(|found| found.patch);
        self.scope.charge_bytes(patch.as_ref().map_or(0, String::len))?;
        Ok(patch)
    }

    /// How old the metrics are and whether they advance. Of a group: the oldest.
    async fn observation(&self) -> Observation {
        Observation(self.edge.observation.clone())
    }
}

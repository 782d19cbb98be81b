//! A topology of workloads, grouped.

use std::{collections::BTreeMap, collections::HashMap, sync::Arc, time::SystemTime};

use callboard_model::EntityRef;
use callboard_plugin::{Cloud, LinkMode, Observation};

use super::{
    Declared, EdgeId, Topology, TopologyEdge, TopologyGrouping, TopologyNode, TopologyNodeKind,
    aggregate::MetricsSum, node::NodeId, tls::Tls,
};
use crate::{catalog_facts::CatalogFacts, dependency_history::earliest, visibility::Visibility};

/// `workloads`, grouped. Requests are conserved: each edge of the topology of workloads is part of
/// exactly one edge, and calls within a group are an edge from the group to itself.
pub(crate) fn grouped(
    workloads: &Topology,
    grouping: TopologyGrouping,
    facts: &CatalogFacts,
    visibility: &Visibility,
) -> Topology {
    let mut groups = Groups { grouping, facts, visibility, of_node: HashMap::new() };
    let mut sums: BTreeMap<(NodeId, NodeId), EdgeGroup> = BTreeMap::new();
    for edge in &*workloads.edges {
        let from = groups.group(&edge.from);
        let to = groups.group(&edge.to);
        let key = (from.id.clone(), to.id.clone());
        sums.entry(key).or_insert_with(|| EdgeGroup::new(from, to, edge)).add(edge);
    }
    let nodes = workloads.nodes.iter().map(|node| groups.group(node)).collect();
    let edges = sums.into_values().map(|sum| Arc::new(sum.edge())).collect();
    let mut topology = Topology::of_edges(grouping, workloads.window, edges, nodes);
    topology.coverage = Arc::clone(&workloads.coverage);
    topology
}

struct Groups<'g> {
    grouping: TopologyGrouping,
    facts: &'g CatalogFacts,
    visibility: &'g Visibility,
    of_node: HashMap<NodeId, Arc<TopologyNode>>,
}

impl Groups<'_> {
    fn group(&mut self, node: &Arc<TopologyNode>) -> Arc<TopologyNode> {
        if let Some(known) = self.of_node.get(&node.id) {
            return Arc::clone(known);
        }
        let group = self.group_of(node).map_or_else(|| Arc::clone(node), Arc::new);
        self.of_node.insert(node.id.clone(), Arc::clone(&group));
        group
    }

    /// The group of a node; `None` = it stays itself.
    fn group_of(&self, node: &TopologyNode) -> Option<TopologyNode> {
        let is_workload = node.kind == TopologyNodeKind::Workload;
        if !is_workload && node.entity.is_none() {
            return None;
        }
        match self.grouping {
            TopologyGrouping::Workload => None,
            TopologyGrouping::Component => node.entity.as_ref().map(|e| self.entity(e, node)),
            TopologyGrouping::System => Some(self.system(node)),
            TopologyGrouping::Squad => Some(self.squad(node)),
            TopologyGrouping::Cluster => is_workload.then(|| cluster(node)).flatten(),
            TopologyGrouping::Cloud => is_workload.then(|| cloud(node.place.cloud)),
        }
    }

    fn entity(&self, entity: &EntityRef, node: &TopologyNode) -> TopologyNode {
        let id = NodeId::of_entity("component", entity);
        TopologyNode {
            entity: Some(entity.clone()),
            owner: node.owner.clone(),
            system: node.system.clone(),
            squad: node.squad.clone().filter(|squad| squad.entity == node.owner),
            ..TopologyNode::bare(id, TopologyNodeKind::Component, self.label(entity))
        }
    }

    fn system(&self, node: &TopologyNode) -> TopologyNode {
        let kind = TopologyNodeKind::System;
        let Some(system) = &node.system else {
            return TopologyNode::bare(NodeId::new("system:"), kind, "no system".into());
        };
        let facts = self.facts.get(system);
        let owner = facts.and_then(|facts| facts.owner.clone());
        let owner = owner.filter(|owner| self.visibility.names(self.facts, owner));
        TopologyNode {
            squad: owner.as_ref().map(crate::placement::Squad::of),
            entity: Some(system.clone()),
            system: Some(system.clone()),
            owner,
            ..TopologyNode::bare(NodeId::of_entity("system", system), kind, self.label(system))
        }
    }

    fn squad(&self, node: &TopologyNode) -> TopologyNode {
        let kind = TopologyNodeKind::Squad;
        let Some(squad) = &node.squad else {
            return TopologyNode::bare(NodeId::new("squad:"), kind, "no squad".into());
        };
        let (id, label) = match &squad.entity {
            Some(entity) => (NodeId::of_entity("squad", entity), self.label(entity)),
            None => (NodeId::of_parts("squad-label", &[&squad.name]), Arc::clone(&squad.name)),
        };
        TopologyNode {
            entity: squad.entity.clone(),
            squad: Some(squad.clone()),
            ..TopologyNode::bare(id, kind, label)
        }
    }

    /// The entity's title, else its name.
    fn label(&self, entity: &EntityRef) -> Arc<str> {
        let facts = self.facts.get(entity);
        let title = facts.filter(|_| self.visibility.names(self.facts, entity));
        let title = title.and_then(|facts| facts.title.clone());
        title.unwrap_or_else(|| entity.name().into())
    }
}

fn cluster(node: &TopologyNode) -> Option<TopologyNode> {
    let name = node.cluster.as_ref()?;
    let id = NodeId::of_parts("cluster", &[name.as_str()]);
    Some(TopologyNode {
        cluster: Some(name.clone()),
        place: node.place.clone(),
        ..TopologyNode::bare(id, TopologyNodeKind::Cluster, Arc::clone(name.shared()))
    })
}

fn cloud(cloud: Option<Cloud>) -> TopologyNode {
    let kind = TopologyNodeKind::Cloud;
    match cloud {
        Some(cloud) => {
            let mut node = TopologyNode::bare(
                NodeId::of_parts("cloud", &[cloud.name()]),
                kind,
                cloud.name().into(),
            );
            node.place.cloud = Some(cloud);
            node
        }
        None => TopologyNode::bare(NodeId::new("cloud:"), kind, "unknown cloud".into()),
    }
}

/// The edges between two groups.
pub(super) struct EdgeGroup {
    from: Arc<TopologyNode>,
    to: Arc<TopologyNode>,
    metrics: MetricsSum,
    /// Of the edges with traffic, and of those without: an edge on which nothing flows does not
    /// make a group less secure.
    busy_tls: Option<Tls>,
    idle_tls: Option<Tls>,
    mode: Option<LinkMode>,
    has_modes: bool,
    crosses_clusters: bool,
    declared: Declared,
    first_seen: Option<SystemTime>,
    last_seen: Option<SystemTime>,
    observation: Observation,
}

impl EdgeGroup {
    pub(super) fn new(
        from: Arc<TopologyNode>,
        to: Arc<TopologyNode>,
        first: &TopologyEdge,
    ) -> Self {
        Self {
            from,
            to,
            metrics: MetricsSum::default(),
            busy_tls: None,
            idle_tls: None,
            mode: None,
            has_modes: false,
            crosses_clusters: false,
            declared: Declared::NotApplicable,
            first_seen: None,
            last_seen: None,
            observation: first.observation.clone(),
        }
    }

    pub(super) fn add(&mut self, edge: &TopologyEdge) {
        self.metrics.add(&edge.metrics);
        let tls = Tls { state: edge.tls, reason: edge.tls_reason.clone() };
        let sum = if edge.has_traffic() { &mut self.busy_tls } else { &mut self.idle_tls };
        *sum = Some(match sum.take() {
            Some(known) => known.and(tls),
            None => tls,
        });
        if edge.crosses_clusters {
            self.mode = if self.has_modes && self.mode != edge.mode { None } else { edge.mode };
            self.has_modes = true;
        }
        self.crosses_clusters |= edge.crosses_clusters;
        self.declared = both_declared(self.declared, edge.declared);
        self.first_seen = earliest(self.first_seen, edge.first_seen);
        self.last_seen = self.last_seen.max(edge.last_seen);
        if is_older(&edge.observation, &self.observation) {
            self.observation = edge.observation.clone();
        }
    }

    pub(super) fn edge(self) -> TopologyEdge {
        let tls = self.busy_tls.or(self.idle_tls);
        let (tls, tls_reason) =
            tls.map_or((super::TlsState::Unknown, None), |t| (t.state, t.reason));
        TopologyEdge {
            id: EdgeId::between(&self.from.id, &self.to.id),
            from: self.from,
            to: self.to,
            metrics: self.metrics.metrics(),
            tls,
            tls_reason,
            crosses_clusters: self.crosses_clusters,
            mode: self.mode,
            declared: self.declared,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            observation: self.observation,
        }
    }
}

fn both_declared(one: Declared, other: Declared) -> Declared {
    match (one, other) {
        (Declared::Undeclared, _) | (_, Declared::Undeclared) => Declared::Undeclared,
        (Declared::Declared, _) | (_, Declared::Declared) => Declared::Declared,
        _ => Declared::NotApplicable,
    }
}

/// Whether `one` is less sure than `other`: not current, or older.
fn is_older(one: &Observation, other: &Observation) -> bool {
    let rank = |observation: &Observation| {
        (observation.state.is_current(), observation.observed_at, Arc::clone(&observation.source))
    };
    rank(one) < rank(other)
}

//! The topology of workloads: every call once, from its caller's side.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

use callboard_model::EntityRef;
use callboard_plugin::{
    CallClient, CallTarget, ClusterName, LinkMode, MeshCall, MeshSnapshot, MetricsWindow,
    Observation, ServiceKey, WorkloadKey,
};

use super::{
    EdgeId, Topology, TopologyCoverage, TopologyEdge, TopologyGrouping, TopologyNode,
    TopologyNodeKind,
    aggregate::MetricsSum,
    declared::declared,
    node::NodeId,
    resolve::{Resolved, Resolver},
    shape::ClusterShape,
    strangers::Strangers,
    tls::Tls,
    transit::{Transit, is_gateway_identity, is_gateway_key},
};
use crate::{
    catalog_facts::CatalogFacts,
    placement::{Claim, Squad},
    visibility::{Seen, Visibility},
};

/// What a topology is built of: the clusters' shapes and meshes, in the same order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EstateShapes<'e> {
    pub(crate) shapes: &'e [Arc<ClusterShape>],
    pub(crate) meshes: &'e [Option<Arc<MeshSnapshot>>],
    pub(crate) facts: &'e CatalogFacts,
}

/// Builds the topology of workloads, as one caller may see it. Pure.
#[derive(Debug)]
pub struct TopologyBuilder<'e> {
    estate: EstateShapes<'e>,
    visibility: &'e Visibility,
    window: MetricsWindow,
    nodes: HashMap<NodeId, Option<Arc<TopologyNode>>>,
    edges: BTreeMap<(NodeId, NodeId), EdgeSum>,
}

/// The calls between two nodes.
#[derive(Debug)]
struct EdgeSum {
    from: Arc<TopologyNode>,
    to: Arc<TopologyNode>,
    metrics: MetricsSum,
    tls: Option<Tls>,
    mode: Option<LinkMode>,
    crosses_clusters: bool,
    observation: Observation,
}

/// A call of which it is not yet known whether it is told by its caller, too.
struct Doubtful<'e> {
    from: Arc<TopologyNode>,
    to: Target,
    call: &'e MeshCall,
    observation: &'e Observation,
}

/// The called end.
struct Target {
    node: Arc<TopologyNode>,
    mode: Option<LinkMode>,
    crosses_clusters: bool,
}

impl<'e> TopologyBuilder<'e> {
    /// A builder of the topology of `window`.
    pub(crate) fn new(
        estate: EstateShapes<'e>,
        visibility: &'e Visibility,
        window: MetricsWindow,
    ) -> Self {
        Self { estate, visibility, window, nodes: HashMap::new(), edges: BTreeMap::new() }
    }

    /// The topology; its edges do not tell yet when they were seen.
    pub(crate) fn build(mut self) -> Topology {
        let (mut transit, mut strangers) = (Transit::new(), Strangers::new());
        for at in 0..self.estate.shapes.len() {
            self.add_cluster(at, &mut transit, &mut strangers);
        }
        for found in transit.untold() {
            self.add_edge(found.from, found.to, found.call, found.observation);
        }
        for (metrics, found) in strangers.unexplained() {
            let call = MeshCall { metrics, ..found.call.clone() };
            self.add_edge(found.from, found.to, &call, found.observation);
        }
        let coverage = self.coverage();
        let edges = std::mem::take(&mut self.edges);
        let edges = edges.into_values().map(|sum| Arc::new(self.edge(sum))).collect();
        let mut topology =
            Topology::of_edges(TopologyGrouping::Workload, self.window, edges, Vec::new());
        topology.coverage = coverage.into();
        topology
    }

    fn add_cluster(
        &mut self,
        at: usize,
        transit: &mut Transit<Doubtful<'e>>,
        strangers: &mut Strangers<Doubtful<'e>>,
    ) {
        let estate = self.estate;
        let Some(resolver) = Resolver::new(estate.shapes, at) else { return };
        let Some(Some(mesh)) = estate.meshes.get(at) else { return };
        let window = mesh.window(self.window);
        for call in &*window.calls {
            let Some(to) = self.target(&resolver, at, &call.target) else { continue };
            let (target, observation) = (to.node.id.clone(), &window.observation);
            let is_stranger = matches!(call.client, CallClient::Unmeshed { .. });
            let is_passed_on = self.is_passed_on(at, &call.client);
            if !is_stranger && !is_passed_on {
                // Of callers that may not be seen, too: else their calls would show up as those
                // of somebody unknown.
                transit.note(&target, to.mode);
                strangers.note(&target, to.mode, &call.metrics);
            }
            let Some(from) = self.client(at, &call.client) else { continue };
            if is_stranger {
                strangers.put_aside(target, call.metrics, Doubtful { from, to, call, observation });
            } else if is_passed_on {
                transit.put_aside(target, Doubtful { from, to, call, observation });
            } else {
                self.add_edge(from, to, call, observation);
            }
        }
    }

    /// Whether a call is one of another cluster that a gateway of this one passes on.
    fn is_passed_on(&self, at: usize, client: &CallClient) -> bool {
        match client {
            CallClient::Workload(key) => {
                let shape = self.estate.shapes.get(at).and_then(|shape| shape.workloads.get(key));
                shape.map_or_else(|| is_gateway_key(key), |shape| shape.is_gateway)
            }
            CallClient::Identity(identity) => is_gateway_identity(identity),
            CallClient::Unmeshed { .. } => false,
        }
    }

    fn client(&mut self, at: usize, client: &CallClient) -> Option<Arc<TopologyNode>> {
        let cluster = self.estate.shapes.get(at)?.name.clone();
        match client {
            CallClient::Workload(key) => self.workload(at, key),
            CallClient::Unmeshed { reason } => {
                let id = NodeId::of_parts("unmeshed", &[cluster.as_str(), reason]);
                let label = format!("unmeshed callers in {cluster}");
                self.external(id, label.into(), at, Some(Arc::clone(reason)))
            }
            CallClient::Identity(identity) => {
                let id = NodeId::of_parts("identity", &[cluster.as_str(), identity]);
                let label = identity.split_once(".serviceaccount.").map_or(&**identity, |(n, _)| n);
                self.external(id, label.into(), at, None)
            }
        }
    }

    fn target(
        &mut self,
        resolver: &Resolver<'_>,
        at: usize,
        target: &CallTarget,
    ) -> Option<Target> {
        match resolver.resolve(target) {
            Resolved::Workloads { cluster, keys, mode } => {
                let node = keys.iter().find_map(|key| self.workload(cluster, key))?;
                Some(Target { node, mode, crosses_clusters: cluster != at })
            }
            Resolved::Spread { service, candidates } => self.spread(at, &service, &candidates),
            Resolved::Host(host) => {
                let id = NodeId::of_parts("external", &[&host]);
                let node = TopologyNode::bare(id.clone(), TopologyNodeKind::External, host);
                let node = self.remember(id, || Some(node))?;
                Some(Target { node, mode: None, crosses_clusters: false })
            }
            Resolved::Nothing { cluster_name, service, mode, reason } => {
                let id = NodeId::of_parts(
                    "unresolved",
                    &[&cluster_name, &service.namespace, &service.name],
                );
                let label = format!("{}.{} in {cluster_name}", service.name, service.namespace);
                let node = self.remember(id.clone(), || {
                    let kind = TopologyNodeKind::Unresolved;
                    let reason = Some(reason);
                    Some(TopologyNode { reason, ..TopologyNode::bare(id, kind, label.into()) })
                })?;
                Some(Target { node, mode, crosses_clusters: mode.is_some() })
            }
        }
    }

    /// Workloads of several clusters, one of which answers. Where all that may be seen belong to
    /// one entity, that at least is known.
    fn spread(
        &mut self,
        at: usize,
        service: &ServiceKey,
        candidates: &[(usize, WorkloadKey)],
    ) -> Option<Target> {
        let here = self.estate.shapes.get(at)?.name.clone();
        let nodes: Vec<Arc<TopologyNode>> =
            candidates.iter().filter_map(|(at, key)| self.workload(*at, key)).collect();
        let first = nodes.first()?;
        if let [only] = &*nodes {
            let crosses_clusters = only.cluster.as_ref() != Some(&here);
            let mode = crosses_clusters.then_some(LinkMode::Flat);
            return Some(Target { node: Arc::clone(only), mode, crosses_clusters });
        }
        let is_shared = nodes.iter().all(|node| node.entity == first.entity);
        let names: Vec<&str> = nodes
            .iter()
            .filter_map(|node| node.cluster.as_ref())
            .map(ClusterName::as_str)
            .collect();
        let reason = format!(
            "Service {service} is answered in {}, and the mesh does not tell where",
            names.join(", ")
        );
        let parts = [here.as_str(), &service.namespace, &service.name];
        let id = NodeId::of_parts("unresolved", &parts);
        let label: Arc<str> = format!("{}.{} in {here}", service.name, service.namespace).into();
        let shared = is_shared.then(|| Arc::clone(first));
        let node = self.remember(id.clone(), || {
            let bare = TopologyNode::bare(id, TopologyNodeKind::Unresolved, label);
            let reason = Some(reason.into());
            let Some(shared) = shared else { return Some(TopologyNode { reason, ..bare }) };
            Some(TopologyNode {
                reason,
                entity: shared.entity.clone(),
                owner: shared.owner.clone(),
                system: shared.system.clone(),
                squad: shared.squad.clone(),
                ..bare
            })
        })?;
        Some(Target { node, mode: Some(LinkMode::Flat), crosses_clusters: true })
    }

    fn external(
        &mut self,
        id: NodeId,
        label: Arc<str>,
        at: usize,
        reason: Option<Arc<str>>,
    ) -> Option<Arc<TopologyNode>> {
        let shape = Arc::clone(self.estate.shapes.get(at)?);
        self.remember(id.clone(), || {
            Some(TopologyNode {
                cluster: Some(shape.name.clone()),
                place: shape.place.clone(),
                reason,
                ..TopologyNode::bare(id, TopologyNodeKind::External, label)
            })
        })
    }

    /// The node of a workload; `None` if it may not be seen.
    fn workload(&mut self, at: usize, key: &WorkloadKey) -> Option<Arc<TopologyNode>> {
        let estate = self.estate;
        let visibility = self.visibility;
        let shape = estate.shapes.get(at)?;
        let id = NodeId::of_workload(&shape.name, key);
        self.remember(id.clone(), || {
            let bare = TopologyNode {
                cluster: Some(shape.name.clone()),
                place: shape.place.clone(),
                workload: Some(key.clone()),
                ..TopologyNode::bare(id, TopologyNodeKind::Workload, Arc::clone(&key.name))
            };
            match shape.workloads.get(key) {
                Some(found) => placed(estate.facts, visibility, &found.claim, bare),
                // Only the mesh knows it: whose it was cannot be told, so that it is shown to
                // nobody who may not see everything.
                None => visibility.is_everything().then_some(bare),
            }
        })
    }

    fn remember(
        &mut self,
        id: NodeId,
        make: impl FnOnce() -> Option<TopologyNode>,
    ) -> Option<Arc<TopologyNode>> {
        self.nodes.entry(id).or_insert_with(|| make().map(Arc::new)).clone()
    }

    fn add_edge(
        &mut self,
        from: Arc<TopologyNode>,
        to: Target,
        call: &MeshCall,
        observation: &Observation,
    ) {
        let key = (from.id.clone(), to.node.id.clone());
        let sum = self.edges.entry(key).or_insert_with(|| EdgeSum {
            from,
            to: to.node,
            metrics: MetricsSum::default(),
            tls: None,
            mode: to.mode,
            crosses_clusters: to.crosses_clusters,
            observation: observation.clone(),
        });
        sum.metrics.add(&call.metrics);
        let tls = Tls::of(call);
        sum.tls = Some(match sum.tls.take() {
            Some(known) => known.and(tls),
            None => tls,
        });
        if sum.mode != to.mode {
            sum.mode = None;
        }
        sum.crosses_clusters |= to.crosses_clusters;
    }

    fn edge(&self, sum: EdgeSum) -> TopologyEdge {
        let EdgeSum { from, to, metrics, tls, mode, crosses_clusters, observation } = sum;
        let (from_entity, to_entity) = (from.entity.as_ref(), to.entity.as_ref());
        let facts = self.estate.facts;
        let (state, reason) = tls.map_or((super::TlsState::Unknown, None), |t| (t.state, t.reason));
        TopologyEdge {
            id: EdgeId::between(&from.id, &to.id),
            metrics: metrics.metrics(),
            tls: state,
            tls_reason: reason,
            crosses_clusters,
            mode,
            declared: declared(facts, self.visibility, from_entity, to_entity),
            first_seen: None,
            last_seen: None,
            observation,
            from,
            to,
        }
    }

    /// Nothing of it for those who may not see clusters.
    fn coverage(&self) -> Vec<TopologyCoverage> {
        if !self.visibility.clusters() {
            return Vec::new();
        }
        let clusters = self.estate.shapes.iter().zip(self.estate.meshes);
        clusters.map(|(shape, mesh)| self.cluster_coverage(shape, mesh.as_deref())).collect()
    }

    fn cluster_coverage(
        &self,
        shape: &ClusterShape,
        mesh: Option<&MeshSnapshot>,
    ) -> TopologyCoverage {
        let window = mesh.map(|mesh| mesh.window(self.window));
        let observation = window.map(|window| window.observation.clone());
        let observed_at = observation.as_ref().and_then(|found| found.observed_at);
        let dropped = window.map_or(0, |window| window.dropped_series);
        let reason = coverage_reason(observation.as_ref(), observed_at);
        let over_budget = (dropped > 0 && self.visibility.is_everything())
            .then(|| format!("LIMIT: {dropped} series are beyond the budget").into());
        TopologyCoverage {
            cluster: shape.name.clone(),
            speaks: observed_at.is_some(),
            observation,
            dropped_series: self.visibility.is_everything().then_some(dropped),
            reason: reason.or(over_budget),
        }
    }
}

fn coverage_reason(
    observation: Option<&Observation>,
    observed_at: Option<SystemTime>,
) -> Option<Arc<str>> {
    let Some(observation) = observation else {
        return Some("no metrics are configured for this cluster".into());
    };
    if observation.state.is_current() {
        return None;
    }
    let nothing_yet = || observed_at.is_none().then(|| "nothing has been read yet".into());
    observation.reason.clone().or_else(nothing_yet)
}

/// `bare` as the node of a workload with this claim; `None` if it may not be seen.
fn placed(
    facts: &CatalogFacts,
    visibility: &Visibility,
    claim: &Claim,
    bare: TopologyNode,
) -> Option<TopologyNode> {
    let entity: Option<&EntityRef> = match visibility.sees(facts, claim) {
        Seen::Hidden => return None,
        Seen::Unknown => None,
        Seen::Placed(claimant) => Some(&claimant.entity),
    };
    let known = entity.and_then(|entity| facts.get(entity));
    let may_name = |entity: &&EntityRef| visibility.names(facts, entity);
    let owner = known.and_then(|known| known.owner.as_ref()).filter(may_name);
    let system = known.and_then(|known| known.system.as_ref()).filter(may_name);
    Some(TopologyNode {
        entity: entity.cloned(),
        owner: owner.cloned(),
        system: system.cloned(),
        squad: visible_squad(facts, visibility, owner, claim.squad.as_ref()),
        is_system: claim.is_system,
        ..bare
    })
}

/// Who answers for a workload: its entity's owner, else what its labels name; a Group that may not
/// be named is only the text of the label.
pub(crate) fn visible_squad(
    facts: &CatalogFacts,
    visibility: &Visibility,
    owner: Option<&EntityRef>,
    labelled: Option<&Squad>,
) -> Option<Squad> {
    if let Some(owner) = owner {
        return Some(Squad::of(owner));
    }
    let labelled = labelled?;
    let entity = labelled.entity.as_ref().filter(|entity| visibility.names(facts, entity));
    Some(Squad { name: Arc::clone(&labelled.name), entity: entity.cloned() })
}

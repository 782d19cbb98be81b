//! A part of a topology.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use callboard_model::EntityRef;

use super::{Topology, TopologyEdge, TopologyNode, TopologyScope, node::NodeId};

/// The edges of `workloads` that begin or end in `scope`, and the nodes that are in it.
pub(crate) fn confined_to(workloads: &Topology, scope: &TopologyScope) -> Topology {
    let is_inside = |node: &TopologyNode| is_inside(node, scope);
    let edges: Vec<Arc<TopologyEdge>> = match scope {
        TopologyScope::Estate => return workloads.clone(),
        TopologyScope::Entity { entity, depth } => around(workloads, entity, *depth),
        _ => {
            let edges = workloads.edges.iter();
            edges.filter(|e| is_inside(&e.from) || is_inside(&e.to)).map(Arc::clone).collect()
        }
    };
    let nodes = workloads.nodes.iter().filter(|node| is_inside(node)).map(Arc::clone).collect();
    let mut part = Topology::of_edges(workloads.grouping, workloads.window, edges, nodes);
    part.coverage = Arc::clone(&workloads.coverage);
    part
}

fn is_inside(node: &TopologyNode, scope: &TopologyScope) -> bool {
    match scope {
        TopologyScope::Estate => true,
        TopologyScope::Entity { entity, .. } => node.entity.as_ref() == Some(entity),
        TopologyScope::System(system) => node.system.as_ref() == Some(system),
        TopologyScope::Squad(squad) => {
            let called = node.squad.as_ref().and_then(|squad| squad.entity.as_ref());
            node.owner.as_ref() == Some(squad) || called == Some(squad)
        }
        TopologyScope::Cluster(cluster) => node.cluster.as_ref() == Some(cluster),
        TopologyScope::Environment(environment) => {
            let found = node.place.environment.as_deref();
            found.is_some_and(|found| found.to_lowercase() == environment.to_lowercase())
        }
        TopologyScope::Cloud(cloud) => node.place.cloud == Some(*cloud),
    }
}

/// The edges at most `depth` away from an entity, in either direction. What belongs to one entity
/// is one place: a step leads on from every workload of it.
fn around(workloads: &Topology, entity: &EntityRef, depth: u32) -> Vec<Arc<TopologyEdge>> {
    let mut by_place: HashMap<Place<'_>, Vec<&Arc<TopologyEdge>>> = HashMap::new();
    for edge in &*workloads.edges {
        for place in [Place::of(&edge.from), Place::of(&edge.to)] {
            by_place.entry(place).or_default().push(edge);
        }
    }
    let start = Place::Entity(entity);
    let mut seen_places = HashSet::from([start]);
    let mut seen_edges: HashSet<(&NodeId, &NodeId)> = HashSet::new();
    let mut found = Vec::new();
    let mut border = vec![start];
    for _ in 0..depth.max(1) {
        let mut next = Vec::new();
        for place in border {
            for edge in by_place.get(&place).into_iter().flatten() {
                if !seen_edges.insert((&edge.from.id, &edge.to.id)) {
                    continue;
                }
                found.push(Arc::clone(edge));
                let ends = [Place::of(&edge.from), Place::of(&edge.to)];
                next.extend(ends.into_iter().filter(|end| seen_places.insert(*end)));
            }
        }
        border = next;
    }
    found
}

/// Where an end of an edge is: at an entity, or by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place<'n> {
    Entity(&'n EntityRef),
    Node(&'n NodeId),
}

impl<'n> Place<'n> {
    fn of(node: &'n TopologyNode) -> Self {
        node.entity.as_ref().map_or(Self::Node(&node.id), Self::Entity)
    }
}

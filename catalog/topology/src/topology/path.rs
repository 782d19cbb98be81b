//! How calls get from one entity to another.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use callboard_model::EntityRef;

use super::{TopologyEdge, node::NodeId};

/// How many paths are given, at most.
const MAX_PATHS: usize = 8;

/// Calls that follow each other, from one entity to another: each hop begins where the one before
/// it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TopologyPath {
    /// The hops, first to last; never empty.
    pub hops: Vec<Arc<TopologyEdge>>,
}

impl TopologyPath {
    /// Whether a hop goes from one cluster to another.
    pub fn crosses_clusters(&self) -> bool {
        self.hops.iter().any(|hop| hop.crosses_clusters)
    }
}

/// The paths of fewest hops from any workload of `from` to any workload of `to`: at most eight, in
/// the order of their nodes. `O(edges)`.
pub(crate) fn shortest_paths(
    edges: &[Arc<TopologyEdge>],
    from: &EntityRef,
    to: &EntityRef,
) -> Vec<TopologyPath> {
    let mut outgoing: HashMap<&NodeId, Vec<&Arc<TopologyEdge>>> = HashMap::new();
    let mut distance: HashMap<&NodeId, u32> = HashMap::new();
    let mut queue = VecDeque::new();
    for edge in edges {
        outgoing.entry(&edge.from.id).or_default().push(edge);
        if edge.from.entity.as_ref() == Some(from) && distance.insert(&edge.from.id, 0).is_none() {
            queue.push_back(&edge.from.id);
        }
    }
    let mut incoming: HashMap<&NodeId, Vec<&Arc<TopologyEdge>>> = HashMap::new();
    let mut ends: Vec<&NodeId> = Vec::new();
    let mut limit = u32::MAX;
    while let Some(node) = queue.pop_front() {
        let Some(steps) = distance.get(node).copied() else { continue };
        if steps >= limit {
            break;
        }
        for edge in outgoing.get(node).into_iter().flatten() {
            let target = &edge.to.id;
            let is_first = !distance.contains_key(target);
            if is_first {
                distance.insert(target, steps + 1);
                queue.push_back(target);
            }
            if distance.get(target) == Some(&(steps + 1)) {
                incoming.entry(target).or_default().push(edge);
                if is_first && edge.to.entity.as_ref() == Some(to) {
                    limit = steps + 1;
                    ends.push(target);
                }
            }
        }
    }
    let mut paths = Vec::new();
    ends.sort_unstable();
    for end in ends {
        walk_back(&incoming, end, &mut Vec::new(), &mut paths);
    }
    paths
}

/// Follows the edges by which a node was reached first, back to where nothing leads on.
fn walk_back<'e>(
    incoming: &HashMap<&NodeId, Vec<&'e Arc<TopologyEdge>>>,
    node: &NodeId,
    later: &mut Vec<&'e Arc<TopologyEdge>>,
    paths: &mut Vec<TopologyPath>,
) {
    if paths.len() >= MAX_PATHS {
        return;
    }
    let Some(edges) = incoming.get(node) else {
        let hops: Vec<Arc<TopologyEdge>> = later.iter().rev().map(|hop| Arc::clone(hop)).collect();
        if !hops.is_empty() {
            paths.push(TopologyPath { hops });
        }
        return;
    };
    for edge in edges {
        later.push(edge);
        walk_back(incoming, &edge.from.id, later, paths);
        later.pop();
    }
}

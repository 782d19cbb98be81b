//! Who is hit when an entity fails.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use callboard_model::EntityRef;

use super::{TopologyEdge, TopologyNode, TopologyNodeKind, node::NodeId};
use crate::placement::Squad;

/// How many callers are given, at most.
const MAX_CALLERS: usize = 5_000;

/// Somebody who calls an entity, directly or through others.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactedCaller {
    /// The entity; `None` for a caller that belongs to none, which the node names.
    pub entity: Option<EntityRef>,
    /// The node: of several workloads of an entity the closest, then the first by id.
    pub node: Arc<TopologyNode>,
    /// How many calls away: 1 = a direct caller.
    pub distance: u32,
    /// Who answers for it.
    pub squad: Option<Squad>,
}

/// A squad behind callers.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactedSquad {
    /// The squad.
    pub squad: Squad,
    /// How many callers of its are hit.
    pub callers: usize,
    /// How many calls away its closest one is.
    pub distance: u32,
}

/// Who is hit when an entity fails.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Impact {
    /// The callers, closest first, then by name. The entity itself is not among them.
    pub callers: Vec<ImpactedCaller>,
    /// The squads behind them, closest first, then by name.
    pub squads: Vec<ImpactedSquad>,
    /// How many callers there are in all; more than are listed where there are very many.
    pub total_callers: usize,
}

/// Follows calls backwards from every workload of `of`. Cycles end where they began.
/// `O(edges)`.
pub(crate) fn impact(edges: &[Arc<TopologyEdge>], of: &EntityRef) -> Impact {
    let mut incoming: HashMap<&NodeId, Vec<&Arc<TopologyEdge>>> = HashMap::new();
    let mut seen: HashSet<&NodeId> = HashSet::new();
    let mut border: Vec<&NodeId> = Vec::new();
    for edge in edges {
        incoming.entry(&edge.to.id).or_default().push(edge);
        if edge.to.entity.as_ref() == Some(of) && seen.insert(&edge.to.id) {
            border.push(&edge.to.id);
        }
    }
    let mut callers: BTreeMap<&str, ImpactedCaller> = BTreeMap::new();
    let mut distance = 0;
    while !border.is_empty() {
        distance += 1;
        let mut next: Vec<&NodeId> = Vec::new();
        for edge in border.iter().flat_map(|node| incoming.get(*node).into_iter().flatten()) {
            if !seen.insert(&edge.from.id) {
                continue;
            }
            next.push(&edge.from.id);
            if edge.from.entity.as_ref() != Some(of) {
                let key =
                    edge.from.entity.as_ref().map_or(edge.from.id.as_str(), EntityRef::as_str);
                callers.entry(key).or_insert_with(|| caller(&edge.from, distance));
            }
        }
        next.sort_unstable();
        border = next;
    }
    let mut callers: Vec<ImpactedCaller> = callers.into_values().collect();
    callers.sort_by_key(|caller| caller.distance);
    let squads = squads(&callers);
    let total_callers = callers.len();
    callers.truncate(MAX_CALLERS);
    Impact { callers, squads, total_callers }
}

fn caller(node: &Arc<TopologyNode>, distance: u32) -> ImpactedCaller {
    ImpactedCaller {
        entity: node.entity.clone(),
        node: Arc::clone(node),
        distance,
        squad: node.squad.clone(),
    }
}

fn squads(callers: &[ImpactedCaller]) -> Vec<ImpactedSquad> {
    let mut squads: BTreeMap<&Squad, ImpactedSquad> = BTreeMap::new();
    let with_squad = callers.iter().filter(|c| c.node.kind != TopologyNodeKind::External);
    for (squad, caller) in with_squad.filter_map(|c| c.squad.as_ref().map(|squad| (squad, c))) {
        let found = squads.entry(squad).or_insert_with(|| ImpactedSquad {
            squad: squad.clone(),
            callers: 0,
            distance: caller.distance,
        });
        found.callers += 1;
        found.distance = found.distance.min(caller.distance);
    }
    let mut squads: Vec<ImpactedSquad> = squads.into_values().collect();
    squads.sort_by_key(|squad| squad.distance);
    squads
}

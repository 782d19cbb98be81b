//! The tier of each node: how many calls lead to it at most, where calls that lead back do not
//! count.

use petgraph::{
    algo::{greedy_feedback_arc_set, tarjan_scc, toposort},
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};

use super::GraphEdge;

/// The last tier; what is deeper stands there, too.
const LAST: usize = 7;

/// The tier of each of so many nodes. An edge leads to a later tier, unless it leads back within
/// a cycle or both its ends are in the last tier.
pub(super) fn ranks(nodes: usize, edges: &[GraphEdge]) -> Vec<usize> {
    let mut edges: Vec<GraphEdge> = edges.to_vec();
    edges.retain(|edge| edge.from != edge.to && edge.from < nodes && edge.to < nodes);
    edges.sort_unstable();
    edges.dedup();
    let forward = without_cycles(nodes, &edges);
    let graph = graph_of(nodes, &forward);
    let mut ranks = vec![0; nodes];
    // Without cycles there always is an order.
    for node in toposort(&graph, None).unwrap_or_else(|_| Vec::new()) {
        let next = ranks.get(node.index()).map_or(0, |rank| rank + 1).min(LAST);
        for called in graph.neighbors(node) {
            if let Some(rank) = ranks.get_mut(called.index()) {
                *rank = next.max(*rank);
            }
        }
    }
    ranks
}

/// The edges without those that lead back: few enough, though not the fewest there are.
fn without_cycles(nodes: usize, edges: &[GraphEdge]) -> Vec<GraphEdge> {
    let graph = graph_of(nodes, edges);
    let mut component = vec![0; nodes];
    for (index, members) in tarjan_scc(&graph).into_iter().enumerate() {
        for member in members {
            if let Some(component) = component.get_mut(member.index()) {
                *component = index;
            }
        }
    }
    let is_within = |edge: &GraphEdge| component.get(edge.from) == component.get(edge.to);
    let (within, mut forward): (Vec<GraphEdge>, Vec<GraphEdge>) =
        edges.iter().copied().partition(is_within);
    // Between components nothing leads back, so all components may be taken together.
    let cycles = graph_of(nodes, &within);
    let back: Vec<_> = greedy_feedback_arc_set(&cycles).map(|edge| edge.id()).collect();
    let kept = cycles.edge_references().filter(|edge| !back.contains(&edge.id()));
    forward.extend(
        kept.map(|edge| GraphEdge { from: edge.source().index(), to: edge.target().index() }),
    );
    forward
}

fn graph_of(nodes: usize, edges: &[GraphEdge]) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for edge in edges {
        graph.add_edge(NodeIndex::new(edge.from), NodeIndex::new(edge.to), ());
    }
    graph
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arcs(edges: &[(usize, usize)]) -> Vec<GraphEdge> {
        edges.iter().map(|&(from, to)| GraphEdge { from, to }).collect()
    }

    #[test]
    fn a_tier_is_the_longest_way_there() {
        assert_eq!(ranks(4, &arcs(&[(0, 1), (1, 2), (0, 2), (3, 2)])), [0, 1, 2, 0]);
    }

    #[test]
    fn a_cycle_is_opened_and_what_it_calls_comes_after_it() {
        let ranks = ranks(4, &arcs(&[(0, 1), (1, 2), (2, 0), (2, 3), (1, 1)]));
        assert_eq!(ranks.iter().filter(|rank| **rank == 0).count(), 1);
        assert!(ranks[3] > ranks[2]);
    }

    #[test]
    fn what_is_deeper_than_the_last_tier_stands_there() {
        let chain: Vec<_> = (0..20).map(|node| (node, node + 1)).collect();
        let ranks = ranks(21, &arcs(&chain));
        assert_eq!(ranks[6..9], [6, 7, 7]);
        assert_eq!(ranks[20], LAST);
    }

    proptest! {
        #[test]
        fn every_tier_has_a_node_and_edges_without_cycles_lead_on(
            edges in prop::collection::vec((0_usize..40, 0_usize..40), 0..120),
        ) {
            let downhill: Vec<_> = edges.iter().filter(|(from, to)| from < to).copied().collect();
            let forward = ranks(40, &arcs(&downhill));
            for (from, to) in &downhill {
                prop_assert!(forward[*from] < forward[*to] || forward[*to] == LAST);
            }
            for found in [forward, ranks(40, &arcs(&edges))] {
                for tier in 0..found.iter().copied().max().unwrap_or(0) {
                    prop_assert!(found.contains(&tier), "nothing stands in {tier}");
                }
            }
        }
    }
}

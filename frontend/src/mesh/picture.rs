//! The map: nodes and calls, laid out and named.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MAX_NODES,
    url_state::{Lanes, MeshUrl, Scope},
};
use crate::{
    calls::{Call, End, TlsState, TopologyNodeKind},
    graph::{Graph, GraphEdge, NODE_HEIGHT},
    plain::{label, plain},
};

/// Calls that can be told apart on one map; the busiest are drawn.
const MAX_EDGES: usize = 240;
/// Pixels of a node's width that its label does not have.
const LABEL_MARGIN: i32 = 16;
/// Pixels that the name of a lane has.
const LANE_WIDTH: usize = 420;

/// The map.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    /// How wide and high the box of a node is.
    pub(super) node_size: (i32, i32),
    pub(super) lanes: Vec<Lane>,
    pub(super) edges: Vec<DrawnEdge>,
    pub(super) arrows: BTreeSet<String>,
    pub(super) nodes: Vec<DrawnNode>,
    /// Nodes with calls that are too many for the map.
    pub(super) undrawn_nodes: usize,
    /// Nodes without calls.
    pub(super) silent: Vec<End>,
}

/// A lane.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) y: i32,
    pub(super) height: i32,
    pub(super) name: String,
    /// Whether it is one of every second.
    pub(super) is_even: bool,
}

/// Calls as they are drawn.
#[derive(Debug)]
pub(super) struct DrawnEdge {
    pub(super) path: String,
    pub(super) class: String,
    pub(super) title: String,
}

/// A node as it is drawn.
#[derive(Debug)]
pub(super) struct DrawnNode {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) class: String,
    pub(super) label: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
}

impl DrawnNode {
    /// Where its label begins.
    pub(super) const fn label_at(&self) -> (i32, i32) {
        (self.x + 9, self.y + NODE_HEIGHT / 2 + 4)
    }
}

impl Picture {
    /// The map of these nodes and calls. Where nodes stand depends on who calls whom alone, and
    /// not on what is measured of it, unless there are more than fit.
    pub(super) fn new(url: &MeshUrl, lanes: Lanes, nodes: Vec<End>, calls: &[Call]) -> Self {
        let traffic = traffic(calls);
        let (mut shown, silent): (Vec<End>, Vec<End>) =
            nodes.into_iter().partition(|node| traffic.contains_key(node.id.as_str()));
        let undrawn_nodes = keep_busiest(&mut shown, &traffic);
        shown.sort_by(|one, other| one.id.cmp(&other.id));
        let place: BTreeMap<&str, usize> =
            shown.iter().enumerate().map(|(index, node)| (node.id.as_str(), index)).collect();
        let ends = |call: &Call| {
            let place = |end: &End| place.get(end.id.as_str()).copied();
            Some(GraphEdge { from: place(&call.from)?, to: place(&call.to)? })
        };
        let among: Vec<(&Call, GraphEdge)> =
            calls.iter().filter_map(|call| Some((call, ends(call)?))).collect();
        let names = LaneNames::new(lanes, &shown);
        let graph = Graph {
            lanes: names.names.len(),
            nodes: names.lanes.clone(),
            edges: among.iter().map(|(_, edge)| *edge).collect(),
        };
        let layout = graph.lay_out();
        let busiest = busiest(&among);
        let mut picture = Self {
            width: layout.width,
            height: layout.height,
            node_size: (layout.node_width, NODE_HEIGHT),
            undrawn_nodes,
            silent,
            ..Self::default()
        };
        for (index, (band, name)) in layout.lanes.iter().zip(names.names).enumerate() {
            let (y, height, is_even) = (band.y, band.height, index % 2 == 0);
            picture.lanes.push(Lane { y, height, is_even, name: label(&name, LANE_WIDTH) });
        }
        let drawn = among.iter().zip(layout.edges).enumerate();
        for (_, ((call, edge), line)) in drawn.filter(|(index, _)| busiest.contains(index)) {
            picture.arrows.insert(line.arrow);
            let (path, class, title) = (line.path, edge_class(call, *edge), plain(&call.title()));
            picture.edges.push(DrawnEdge { path, class, title });
        }
        let label_width = usize::try_from(layout.node_width - LABEL_MARGIN).unwrap_or(0);
        for (index, (node, point)) in shown.iter().zip(&layout.nodes).enumerate() {
            picture.nodes.push(DrawnNode {
                x: point.x,
                y: point.y,
                class: node_class(node, index),
                label: label(&node.text, label_width),
                title: plain(&node.title()),
                url: node_url(url, node),
            });
        }
        picture
    }
}

/// The requests a second of each node that has calls, in and out.
fn traffic(calls: &[Call]) -> BTreeMap<&str, f64> {
    let mut traffic: BTreeMap<&str, f64> = BTreeMap::new();
    for call in calls {
        for end in [&call.from, &call.to] {
            *traffic.entry(&end.id).or_default() += call.metrics.per_second.unwrap_or(0.0);
        }
    }
    traffic
}

/// Cuts nodes to what fits, the busiest; how many were left out.
fn keep_busiest(nodes: &mut Vec<End>, traffic: &BTreeMap<&str, f64>) -> usize {
    let too_many = nodes.len().saturating_sub(MAX_NODES);
    if too_many > 0 {
        let rate = |node: &End| traffic.get(node.id.as_str()).copied().unwrap_or(0.0);
        nodes.sort_by(|one, other| {
            rate(other).total_cmp(&rate(one)).then_with(|| one.id.cmp(&other.id))
        });
        nodes.truncate(MAX_NODES);
    }
    too_many
}

/// The places of the calls that are drawn.
fn busiest(calls: &[(&Call, GraphEdge)]) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..calls.len()).collect();
    let rate = |index: &usize| {
        let call = calls.get(*index).map(|(call, _)| call.metrics.per_second);
        call.flatten().unwrap_or(-1.0)
    };
    order.sort_by(|one, other| rate(other).total_cmp(&rate(one)));
    order.into_iter().take(MAX_EDGES).collect()
}

/// The lanes and which node is in which.
struct LaneNames {
    names: Vec<String>,
    lanes: Vec<usize>,
}

impl LaneNames {
    /// Lanes by name; what is in none or in several comes after them, and what is not in the mesh
    /// comes last.
    fn new(by: Lanes, nodes: &[End]) -> Self {
        let keys: Vec<(u8, String)> = nodes.iter().map(|node| lane_key(by, node)).collect();
        let names: BTreeSet<_> = keys.iter().collect();
        let lane = |key| names.iter().position(|name| *name == key).unwrap_or(0);
        Self {
            lanes: keys.iter().map(lane).collect(),
            names: names.iter().map(|(_, name)| name.clone()).collect(),
        }
    }
}

fn lane_key(by: Lanes, node: &End) -> (u8, String) {
    if node.kind.is_foreign() {
        return (2, "Outside the mesh, or not resolved".to_owned());
    }
    match by {
        Lanes::None => (0, String::new()),
        Lanes::Squad => match &node.squad {
            Some(squad) => (0, squad.clone()),
            None => (1, "No squad known".to_owned()),
        },
        Lanes::Cluster => match &node.cluster {
            Some(cluster) => (0, cluster.text.clone()),
            None => (1, "In several clusters".to_owned()),
        },
    }
}

fn edge_class(call: &Call, edge: GraphEdge) -> String {
    let tls = match call.tls {
        TlsState::Secured => "tls",
        TlsState::Mixed => "mixed",
        TlsState::Plaintext => "plaintext",
        TlsState::Unknown => "unknown",
    };
    let cross = if call.crosses_clusters { " cross" } else { "" };
    format!("e {tls}{cross} f{} t{}", edge.from, edge.to)
}

fn node_class(node: &End, index: usize) -> String {
    let kind = if node.kind.is_foreign() { " foreign" } else { "" };
    format!("node{kind} n{index}")
}

/// Where a node leads: into what it stands for, or to its page.
fn node_url(url: &MeshUrl, node: &End) -> Option<String> {
    let into = |scope| Some(url.url_into(scope));
    match (node.kind, &node.entity) {
        (TopologyNodeKind::System, Some(system)) => into(Scope::System(system.clone())),
        (TopologyNodeKind::Squad, Some(squad)) => into(Scope::Squad(squad.clone())),
        (TopologyNodeKind::Cluster, _) => into(Scope::Cluster(node.text.clone())),
        _ => node.path(),
    }
}

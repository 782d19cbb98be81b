//! Where the nodes and edges of a drawing stand: lanes from top to bottom, tiers from left to
//! right, whole pixels. Pure, and a function of nodes and edges alone: the same graph is always
//! drawn in the same way, and what it measures moves nothing.
//!
//! Nodes come in the order of their ids, which is where all ties fall to.

mod order;
mod place;
mod rank;
mod route;
mod slots;

use self::slots::Slots;

/// The height of a node's box.
pub(crate) const NODE_HEIGHT: i32 = 26;
/// How wide a node's box is at least and at most.
const NODE_WIDTHS: (i32, i32) = (132, 208);
/// From one column to the next, between the boxes: where there are few columns, and where there
/// are many.
const COLUMN_GAPS: (i32, i32) = (64, 42);
/// How many columns are many.
const MANY_COLUMNS: i32 = 7;
/// How wide a drawing should be: what a window of 1440 pixels shows.
const WIDTH: i32 = 1366;
/// Left of the first column, and right of the last, where calls within it turn round.
const MARGIN: (i32, i32) = (14, 30);

/// What is to be drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// How many lanes there are.
    pub(crate) lanes: usize,
    /// The lane of each node.
    pub(crate) nodes: Vec<usize>,
    /// From which node to which. An edge may lead back to its own node.
    pub(crate) edges: Vec<GraphEdge>,
}

/// An edge by the places of its ends in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GraphEdge {
    /// Who calls.
    pub(crate) from: usize,
    /// What is called.
    pub(crate) to: usize,
}

/// Where everything stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// How wide the drawing is.
    pub(crate) width: i32,
    /// How high the drawing is.
    pub(crate) height: i32,
    /// How wide the box of a node is.
    pub(crate) node_width: i32,
    /// One for each lane, from top to bottom.
    pub(crate) lanes: Vec<Band>,
    /// One for each node: the upper left corner of its box.
    pub(crate) nodes: Vec<Point>,
    /// One for each edge.
    pub(crate) edges: Vec<Line>,
}

/// What is drawn of an edge, as `d` of SVG paths says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The line.
    pub(crate) path: String,
    /// The arrow at its end: the same for all edges that end there.
    pub(crate) arrow: String,
}

/// A lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Band {
    /// Its upper edge.
    pub(crate) y: i32,
    /// Its height.
    pub(crate) height: i32,
}

/// A point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Point {
    /// From the left.
    pub(crate) x: i32,
    /// From the top.
    pub(crate) y: i32,
}

impl Graph {
    /// Lays the graph out: ranks without cycles, one slot for each node and each bundle that
    /// passes a column, order by barycenters, then coordinates. Edges to or from nodes that are
    /// not there stay empty.
    ///
    /// `O((nodes + edges) · columns)`.
    pub(crate) fn lay_out(&self) -> Layout {
        let ranks = rank::ranks(self.nodes.len(), &self.edges);
        let mut slots = Slots::new(self, &ranks);
        order::sweep(&mut slots);
        let places = place::place(&slots);
        let edges = route::lines(&slots, &places);
        let grid = slots.grid;
        Layout {
            width: grid.x_of(slots.columns) - grid.gap + MARGIN.1,
            node_width: grid.node_width,
            height: places.lanes.last().map_or(0, |lane| lane.y + lane.height),
            nodes: (0..self.nodes.len()).map(|node| places.corner(&slots, node)).collect(),
            lanes: places.lanes,
            edges,
        }
    }
}

/// Where columns are.
#[derive(Debug, Clone, Copy, Default)]
struct Grid {
    node_width: i32,
    gap: i32,
}

impl Grid {
    /// For so many columns: the fewer they are, the more of their labels can be read.
    fn new(columns: usize) -> Self {
        let columns = i32::try_from(columns.max(1)).unwrap_or(i32::MAX);
        let gap = if columns < MANY_COLUMNS { COLUMN_GAPS.0 } else { COLUMN_GAPS.1 };
        let column = (WIDTH - MARGIN.0 - MARGIN.1 + gap) / columns;
        Self { node_width: (column - gap).clamp(NODE_WIDTHS.0, NODE_WIDTHS.1), gap }
    }

    /// The left side of a column's boxes.
    fn x_of(self, column: usize) -> i32 {
        let column = i32::try_from(column).unwrap_or(i32::MAX);
        MARGIN.0.saturating_add(column.saturating_mul(self.node_width + self.gap))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(lanes: usize, nodes: &[usize], edges: &[(usize, usize)]) -> Graph {
        let edges = edges.iter().map(|&(from, to)| GraphEdge { from, to }).collect();
        Graph { lanes, nodes: nodes.to_vec(), edges }
    }

    prop_compose! {
        fn graphs()(lanes in 1_usize..12, count in 0_usize..90)(
            nodes in prop::collection::vec(0..lanes, count),
            edges in prop::collection::vec((0..count.max(1), 0..count.max(1)), 0..300),
            lanes in Just(lanes),
        ) -> Graph {
            let edges = if nodes.is_empty() { Vec::new() } else { edges };
            graph(lanes, &nodes, &edges)
        }
    }

    fn overlap(width: i32, one: Point, other: Point) -> bool {
        (one.x - other.x).abs() < width && (one.y - other.y).abs() < NODE_HEIGHT
    }

    proptest! {
        #[test]
        fn no_two_nodes_overlap_and_each_stands_in_its_lane(graph in graphs()) {
            let layout = graph.lay_out();
            prop_assert_eq!(layout.nodes.len(), graph.nodes.len());
            for (node, point) in layout.nodes.iter().enumerate() {
                for other in &layout.nodes[..node] {
                    prop_assert!(!overlap(layout.node_width, *point, *other), "{:?} and {:?}", point, other);
                }
                let lane = layout.lanes[graph.nodes[node]];
                prop_assert!(point.y >= lane.y);
                prop_assert!(point.y + NODE_HEIGHT <= lane.y + lane.height);
                prop_assert!(point.x >= 0 && point.x + layout.node_width <= layout.width);
            }
        }

        #[test]
        fn lanes_follow_each_other_without_overlap(graph in graphs()) {
            let layout = graph.lay_out();
            prop_assert_eq!(layout.lanes.len(), graph.lanes);
            for pair in layout.lanes.windows(2) {
                prop_assert!(pair[0].y + pair[0].height <= pair[1].y);
            }
        }

        #[test]
        fn every_edge_is_drawn_and_ends_in_an_arrow(graph in graphs()) {
            let layout = graph.lay_out();
            prop_assert_eq!(layout.edges.len(), graph.edges.len());
            for line in &layout.edges {
                prop_assert!(line.path.starts_with('M') && line.arrow.starts_with('M'));
            }
        }

        #[test]
        fn the_order_of_edges_moves_nothing(graph in graphs()) {
            let mut turned = graph.clone();
            turned.edges.reverse();
            prop_assert_eq!(turned.lay_out().nodes, graph.lay_out().nodes);
        }
    }

    #[test]
    fn a_chain_goes_from_left_to_right_on_one_line() {
        let layout = graph(1, &[0, 0, 0], &[(0, 1), (1, 2)]).lay_out();
        let [a, b, c] = layout.nodes[..] else { panic!("three nodes") };
        assert!(a.x < b.x && b.x < c.x);
        assert_eq!((a.y, b.y), (b.y, c.y));
    }

    #[test]
    fn edges_that_pass_a_column_pass_beside_its_nodes() {
        let layout = graph(1, &[0, 0, 0], &[(0, 1), (1, 2), (0, 2)]).lay_out();
        assert_ne!(layout.edges[2], layout.edges[0]);
        assert!(layout.edges[2].path.contains('H'), "{:?}", layout.edges[2]);
    }

    #[test]
    fn nothing_is_drawn_as_nothing() {
        let layout = Graph::default().lay_out();
        assert!(layout.nodes.is_empty() && layout.edges.is_empty());
        assert_eq!(layout.height, 0);
    }
}

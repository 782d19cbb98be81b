//! What takes room in a drawing: nodes, and the bundles of edges that pass a column.

use std::collections::BTreeMap;

use super::{Graph, Grid, NODE_HEIGHT};

/// The height that a bundle takes.
const PASSAGE_HEIGHT: i32 = 6;

/// Something that takes room in one lane and one column.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) lane: usize,
    pub(super) column: usize,
    pub(super) height: i32,
    /// The node, or the one that the bundle leads to: where ties fall to.
    owner: usize,
    /// What it is linked to in the column before.
    pub(super) left: Vec<usize>,
    /// What it is linked to in the column behind.
    pub(super) right: Vec<usize>,
}

/// How an edge goes through the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Through these slots, from left to right.
    Forward(Vec<usize>),
    /// Through these slots, against the tiers.
    Back(Vec<usize>),
    /// Within one column.
    Within { from: usize, to: usize },
    /// One of its ends is not there.
    Nowhere,
}

/// Which bundle: what it leads to, in which direction, and the column that it passes.
type PassageKey = (usize, bool, usize);

/// All slots, first one for each node, and how they stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    pub(super) all: Vec<Slot>,
    pub(super) ways: Vec<Way>,
    pub(super) lanes: usize,
    pub(super) columns: usize,
    pub(super) grid: Grid,
    /// The slots of each lane and column, from top to bottom: `lane * columns + column`.
    pub(super) cells: Vec<Vec<usize>>,
}

impl Slots {
    /// The slots of a graph with these tiers, each cell in the order of ids. Edges to the same
    /// node share the columns that they pass, in the lane of that node.
    pub(super) fn new(graph: &Graph, ranks: &[usize]) -> Self {
        let columns = ranks.iter().max().map_or(0, |last| last + 1);
        let grid = Grid::new(columns);
        let mut slots = Self { lanes: graph.lanes, columns, grid, ..Self::default() };
        for (owner, (lane, column)) in graph.nodes.iter().zip(ranks).enumerate() {
            slots.add(*lane, *column, NODE_HEIGHT, owner);
        }
        let mut sorted: Vec<_> = graph.edges.iter().enumerate().collect();
        sorted.sort_unstable_by_key(|(_, edge)| **edge);
        let mut passages = BTreeMap::new();
        let mut ways = vec![Way::Nowhere; graph.edges.len()];
        for (place, edge) in sorted {
            if let Some(way) = ways.get_mut(place) {
                *way = slots.way(edge.from, edge.to, &mut passages);
            }
        }
        slots.ways = ways;
        slots.fill_cells();
        slots
    }

    fn add(&mut self, lane: usize, column: usize, height: i32, owner: usize) -> usize {
        let slot = Slot { lane, column, height, owner, left: Vec::new(), right: Vec::new() };
        self.all.push(slot);
        self.all.len() - 1
    }

    fn way(&mut self, from: usize, to: usize, passages: &mut BTreeMap<PassageKey, usize>) -> Way {
        let (Some(start), Some(end)) = (self.all.get(from), self.all.get(to)) else {
            return Way::Nowhere;
        };
        let (first, last, lane) = (start.column, end.column, end.lane);
        if first == last {
            return Way::Within { from, to };
        }
        let is_forward = first < last;
        let (left, right) = if is_forward { (from, to) } else { (to, from) };
        let mut chain = vec![left];
        for column in first.min(last) + 1..first.max(last) {
            let key = (to, is_forward, column);
            let known = passages.get(&key).copied();
            let passage = known.unwrap_or_else(|| self.add(lane, column, PASSAGE_HEIGHT, to));
            passages.insert(key, passage);
            chain.push(passage);
        }
        chain.push(right);
        self.link(&chain);
        if is_forward { Way::Forward(chain) } else { Way::Back(chain) }
    }

    fn link(&mut self, chain: &[usize]) {
        for (left, right) in chain.iter().zip(chain.iter().skip(1)) {
            if let Some(slot) = self.all.get_mut(*left).filter(|slot| !slot.right.contains(right)) {
                slot.right.push(*right);
            }
            if let Some(slot) = self.all.get_mut(*right).filter(|slot| !slot.left.contains(left)) {
                slot.left.push(*left);
            }
        }
    }

    fn fill_cells(&mut self) {
        self.cells = vec![Vec::new(); self.lanes * self.columns];
        for (index, slot) in self.all.iter().enumerate() {
            let cell = slot.lane * self.columns + slot.column;
            if let Some(cell) = self.cells.get_mut(cell) {
                cell.push(index);
            }
        }
        let owner = |index: &usize| self.all.get(*index).map_or(0, |slot| slot.owner);
        for cell in &mut self.cells {
            cell.sort_by_key(owner);
        }
    }

    /// The slots of a lane and a column, from top to bottom.
    pub(super) fn cell(&self, lane: usize, column: usize) -> &[usize] {
        self.cells.get(lane * self.columns + column).map_or(&[], Vec::as_slice)
    }
}

//! The lines of edges, as SVG paths.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    COLUMN_GAP, NODE_WIDTH, Point,
    place::Places,
    slots::{Slots, Way},
};

/// How far a call within a column goes out to the right.
const TURN: i32 = 26;
/// How long and how half as wide an arrow is.
const ARROW: (i32, i32) = (7, 4);

/// What is drawn of edges.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// One for each edge.
    pub(super) edges: Vec<String>,
    /// Where edges end, each once.
    pub(super) arrows: Vec<String>,
}

/// The side of a node at which an edge ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
}

/// Draws every edge.
pub(super) fn routes(slots: &Slots, places: &Places) -> Routes {
    let side = |slot| places.side(slots, slot);
    let mut ends = BTreeSet::new();
    let edges = slots.ways.iter().map(|way| match way {
        Way::Forward(chain) => {
            ends.extend(chain.last().map(|last| (*last, Side::Left)));
            forward(chain.iter().map(|slot| side(*slot)))
        }
        Way::Back(chain) => {
            ends.extend(chain.first().map(|first| (*first, Side::Right)));
            back(chain.iter().rev().map(|slot| side(*slot)))
        }
        Way::Within { from, to } => {
            ends.insert((*to, Side::Right));
            within(side(*from), side(*to))
        }
        Way::Nowhere => String::new(),
    });
    let edges = edges.collect();
    let arrows = ends.into_iter().map(|(node, side_of)| arrow(side(node), side_of)).collect();
    Routes { edges, arrows }
}

/// From the right side of the first to the left side of the last, straight through what is
/// between them.
fn forward(mut sides: impl Iterator<Item = Point>) -> String {
    let Some(start) = sides.next() else { return String::new() };
    let mut x = start.x + NODE_WIDTH;
    let mut y = start.y;
    let mut path = format!("M{x} {y}");
    for (index, side) in sides.enumerate() {
        if index > 0 {
            x += NODE_WIDTH;
            let _infallible = write!(path, "H{x}");
        }
        curve(&mut path, (Point { x, y }, side), COLUMN_GAP / 2);
        (x, y) = (side.x, side.y);
    }
    path
}

/// From the left side of the first to the right side of the last.
fn back(mut sides: impl Iterator<Item = Point>) -> String {
    let Some(start) = sides.next() else { return String::new() };
    let (mut x, mut y) = (start.x, start.y);
    let mut path = format!("M{x} {y}");
    for (index, side) in sides.enumerate() {
        if index > 0 {
            x -= NODE_WIDTH;
            let _infallible = write!(path, "H{x}");
        }
        let end = Point { x: side.x + NODE_WIDTH, y: side.y };
        curve(&mut path, (Point { x, y }, end), -COLUMN_GAP / 2);
        (x, y) = (end.x, end.y);
    }
    path
}

/// From one right side to another of the same column, or round to the same.
fn within(from: Point, to: Point) -> String {
    let (start, end) = if from == to { (from.y - 9, to.y) } else { (from.y, to.y) };
    let x = from.x + NODE_WIDTH;
    let turn = x + TURN;
    format!("M{x} {start}C{turn} {start} {turn} {end} {x} {end}")
}

fn curve(path: &mut String, (from, to): (Point, Point), bend: i32) {
    let _infallible = if from.y == to.y {
        write!(path, "H{}", to.x)
    } else {
        let (first, second) = (from.x + bend, to.x - bend);
        write!(path, "C{first} {} {second} {} {} {}", from.y, to.y, to.x, to.y)
    };
}

fn arrow(side: Point, side_of: Side) -> String {
    let (length, width) = ARROW;
    let (x, length) = match side_of {
        Side::Left => (side.x, -length),
        Side::Right => (side.x + NODE_WIDTH, length),
    };
    format!("M{x} {}l{length} {}v{}z", side.y, -width, 2 * width)
}

//! The lines of edges, as SVG paths.

use std::fmt::Write as _;

use super::{
    Grid, Line, Point,
    place::Places,
    slots::{Slots, Way},
};

/// How far a call within a column goes out to the right.
const TURN: i32 = 26;
/// How long and how half as wide an arrow is.
const ARROW: (i32, i32) = (7, 4);

/// The side of a node at which an edge ends.
#[derive(Debug, Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Draws every edge.
pub(super) fn lines(slots: &Slots, places: &Places) -> Vec<Line> {
    let grid = slots.grid;
    let side = |slot: &usize| places.side(slots, *slot);
    let line = |way: &Way| match way {
        Way::Forward(chain) => Line {
            path: forward(grid, chain.iter().map(side)),
            arrow: chain.last().map(|end| arrow(grid, side(end), Side::Left)).unwrap_or_default(),
        },
        Way::Back(chain) => Line {
            path: back(grid, chain.iter().rev().map(side)),
            arrow: chain.first().map(|end| arrow(grid, side(end), Side::Right)).unwrap_or_default(),
        },
        Way::Within { from, to } => Line {
            path: within(grid, side(from), side(to)),
            arrow: arrow(grid, side(to), Side::Right),
        },
        Way::Nowhere => Line::default(),
    };
    slots.ways.iter().map(line).collect()
}

/// From the right side of the first to the left side of the last, straight through what is
/// between them.
fn forward(grid: Grid, mut sides: impl Iterator<Item = Point>) -> String {
    let Some(start) = sides.next() else { return String::new() };
    let mut x = start.x + grid.node_width;
    let mut y = start.y;
    let mut path = format!("M{x} {y}");
    for (index, side) in sides.enumerate() {
        if index > 0 {
            x += grid.node_width;
            let _infallible = write!(path, "H{x}");
        }
        curve(&mut path, (Point { x, y }, side), grid.gap / 2);
        (x, y) = (side.x, side.y);
    }
    path
}

/// From the left side of the first to the right side of the last.
fn back(grid: Grid, mut sides: impl Iterator<Item = Point>) -> String {
    let Some(start) = sides.next() else { return String::new() };
    let (mut x, mut y) = (start.x, start.y);
    let mut path = format!("M{x} {y}");
    for (index, side) in sides.enumerate() {
        if index > 0 {
            x -= grid.node_width;
            let _infallible = write!(path, "H{x}");
        }
        let end = Point { x: side.x + grid.node_width, y: side.y };
        curve(&mut path, (Point { x, y }, end), -grid.gap / 2);
        (x, y) = (end.x, end.y);
    }
    path
}

/// From one right side to another of the same column, or round to the same.
fn within(grid: Grid, from: Point, to: Point) -> String {
    let (start, end) = if from == to { (from.y - 9, to.y) } else { (from.y, to.y) };
    let x = from.x + grid.node_width;
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

fn arrow(grid: Grid, side: Point, side_of: Side) -> String {
    let (length, width) = ARROW;
    let (x, length) = match side_of {
        Side::Left => (side.x, -length),
        Side::Right => (side.x + grid.node_width, length),
    };
    format!("M{x} {}l{length} {}v{}z", side.y, -width, 2 * width)
}

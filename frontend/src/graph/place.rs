//! From order to pixels: every slot as near to what it is linked to as its cell allows.

use super::{
    Band, Point,
    slots::{Slot, Slots},
};

/// Between two slots of a cell.
const GAP: i32 = 8;
/// Above the slots of a lane: its name stands there.
const LANE_TOP: i32 = 24;
/// Below the slots of a lane.
const LANE_BOTTOM: i32 = 10;
/// How often the columns are gone through.
const PASSES: usize = 6;

/// Where the lanes and slots stand.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) lanes: Vec<Band>,
    /// The upper edge of each slot.
    tops: Vec<i32>,
}

impl Places {
    /// The upper left corner of a slot.
    pub(super) fn corner(&self, slots: &Slots, slot: usize) -> Point {
        let x = slots.all.get(slot).map_or(0, |slot| slots.grid.x_of(slot.column));
        Point { x, y: self.tops.get(slot).copied().unwrap_or(0) }
    }

    /// The middle of the left side of a slot.
    pub(super) fn side(&self, slots: &Slots, slot: usize) -> Point {
        let corner = self.corner(slots, slot);
        let height = slots.all.get(slot).map_or(0, |slot| slot.height);
        Point { y: corner.y + height / 2, ..corner }
    }
}

/// Places every slot in its lane.
pub(super) fn place(slots: &Slots) -> Places {
    let mut places = Places { lanes: lanes(slots), tops: vec![0; slots.all.len()] };
    for lane in 0..slots.lanes {
        for column in 0..slots.columns {
            settle(slots, &mut places, (lane, column), |_, middle| middle);
        }
    }
    for pass in 0..PASSES {
        for step in 0..slots.columns {
            let column = if pass % 2 == 0 { step } else { slots.columns - 1 - step };
            for lane in 0..slots.lanes {
                let wanted = wanted(slots, &places, slots.cell(lane, column));
                settle(slots, &mut places, (lane, column), |index, middle| {
                    wanted.get(index).copied().flatten().unwrap_or(middle)
                });
            }
        }
    }
    places
}

/// The lanes one below the other, each as high as its fullest column needs.
fn lanes(slots: &Slots) -> Vec<Band> {
    let mut y = 0;
    let band = |lane| {
        let stack = (0..slots.columns).map(|column| stack(slots, slots.cell(lane, column))).max();
        let band = Band { y, height: LANE_TOP + stack.unwrap_or(0) + LANE_BOTTOM };
        y += band.height;
        band
    };
    (0..slots.lanes).map(band).collect()
}

/// The height of slots with the gaps between them.
fn stack(slots: &Slots, cell: &[usize]) -> i32 {
    let heights = cell.iter().filter_map(|slot| slots.all.get(*slot)).map(|slot| slot.height + GAP);
    (heights.sum::<i32>() - GAP).max(0)
}

/// For each slot of a cell the mean of the middles of what it is linked to.
fn wanted(slots: &Slots, places: &Places, cell: &[usize]) -> Vec<Option<i32>> {
    let mean = |slot: &Slot| {
        let linked = slot.left.iter().chain(&slot.right);
        let sum: i32 = linked.map(|one| places.side(slots, *one).y).sum();
        let count = i32::try_from(slot.left.len() + slot.right.len()).ok()?;
        sum.checked_div(count)
    };
    cell.iter().map(|slot| slots.all.get(*slot).and_then(mean)).collect()
}

/// Places the slots of a cell in their order, each as near to the middle that `wanted` says as the
/// others allow. It is told the slot's place in the cell, and its middle if the cell is centred.
fn settle(
    slots: &Slots,
    places: &mut Places,
    (lane, column): (usize, usize),
    wanted: impl Fn(usize, i32) -> i32,
) {
    let Some(band) = places.lanes.get(lane) else { return };
    let cell = slots.cell(lane, column);
    let (first, end) = (band.y + LANE_TOP, band.y + band.height - LANE_BOTTOM);
    let height = |slot: &usize| slots.all.get(*slot).map_or(0, |slot| slot.height);
    let mut free = first;
    let mut centred = first + (end - first - stack(slots, cell)) / 2;
    let mut tops = Vec::with_capacity(cell.len());
    for (index, slot) in cell.iter().enumerate() {
        let height = height(slot);
        let top = (wanted(index, centred + height / 2) - height / 2).max(free);
        free = top + height + GAP;
        centred += height + GAP;
        tops.push(top);
    }
    let mut limit = end;
    for (slot, top) in cell.iter().zip(tops).rev() {
        let top = top.min(limit - height(slot));
        limit = top - GAP;
        if let Some(place) = places.tops.get_mut(*slot) {
            *place = top;
        }
    }
}

//! In which order the slots of a cell stand: by the mean of what they are linked to, so that few
//! edges cross. Source: Sugiyama, Tagawa, Toda 1981, the barycenter method.

use super::slots::{Slot, Slots};

/// How often the columns are gone through, in turns from left to right and back.
const SWEEPS: usize = 8;

/// Orders every cell.
pub(super) fn sweep(slots: &mut Slots) {
    let mut places = places(slots);
    for sweep in 0..SWEEPS {
        let is_forward = sweep % 2 == 0;
        for step in 0..slots.columns {
            let column = if is_forward { step } else { slots.columns - 1 - step };
            for lane in 0..slots.lanes {
                order(slots, &places, (lane, column), neighbours(is_forward));
            }
            set_places(slots, &mut places, column);
        }
    }
}

fn neighbours(is_forward: bool) -> fn(&Slot) -> &[usize] {
    if is_forward { |slot| &slot.left } else { |slot| &slot.right }
}

/// Where each slot stands, counted in slots from the top.
fn places(slots: &Slots) -> Vec<f64> {
    let mut places = vec![0.0; slots.all.len()];
    for column in 0..slots.columns {
        set_places(slots, &mut places, column);
    }
    places
}

fn set_places(slots: &Slots, places: &mut [f64], column: usize) {
    let mut top = 0.0;
    for lane in 0..slots.lanes {
        let longest = (0..slots.columns).map(|one| slots.cell(lane, one).len()).max();
        let longest = count(longest.unwrap_or(0));
        let cell = slots.cell(lane, column);
        let start = top + (longest - count(cell.len())) / 2.0;
        for (index, slot) in cell.iter().enumerate() {
            if let Some(place) = places.get_mut(*slot) {
                *place = start + count(index);
            }
        }
        top += longest;
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

fn order(
    slots: &mut Slots,
    places: &[f64],
    (lane, column): (usize, usize),
    neighbours: fn(&Slot) -> &[usize],
) {
    let key = |index: &usize| {
        let own = places.get(*index).copied().unwrap_or(0.0);
        let linked = slots.all.get(*index).map_or(&[][..], neighbours);
        let of_linked = linked.iter().filter_map(|one| places.get(*one)).sum::<f64>();
        if linked.is_empty() { own } else { of_linked / count(linked.len()) }
    };
    let mut keyed: Vec<(f64, usize)> =
        slots.cell(lane, column).iter().map(|slot| (key(slot), *slot)).collect();
    keyed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let place = lane * slots.columns + column;
    if let Some(cell) = slots.cells.get_mut(place) {
        *cell = keyed.into_iter().map(|(_, slot)| slot).collect();
    }
}

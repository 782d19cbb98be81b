//! The first entities of a set, in an order.

use crate::index::{
    evaluate::Matches,
    ordering::{Ordering, Standing, Way},
    page::{Bound, Inclusion},
};

/// The first `need` entities of `matches`, beyond `bound` where there is one.
pub(crate) fn first(
    ordering: &Ordering<'_>,
    matches: &Matches,
    way: Way,
    bound: Option<&Bound>,
    need: usize,
) -> Vec<u32> {
    gather(ordering, matches, way, bound, need)
}

/// Looks up where every entity of the set stands. `O(set)`, and `O(need * log need)`.
fn gather(
    ordering: &Ordering<'_>,
    matches: &Matches,
    way: Way,
    bound: Option<&Bound>,
    need: usize,
) -> Vec<u32> {
    let set = matches.set().unwrap_or(&ordering.index.live);
    let directed = |standing: Standing| match way {
        Way::Forward => standing,
        Way::Backward => standing.into_iter().map(|rank| !rank).collect(),
    };
    let bound = bound.map(|bound| (directed(bound.standing.clone()), bound.inclusion));
    let is_beyond = |standing: &Standing| match &bound {
        None => true,
        Some((end, Inclusion::Inclusive)) => standing >= end,
        Some((end, Inclusion::Exclusive)) => standing > end,
    };
    let standings = set.iter().map(|id| (directed(ordering.standing(id)), id));
    let mut found: Vec<(Standing, u32)> =
        standings.filter(|(standing, _)| is_beyond(standing)).collect();
    if need < found.len() {
        found.select_nth_unstable(need);
        found.truncate(need);
    }
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

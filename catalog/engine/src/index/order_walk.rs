//! The first entities of a set, in an order.
//!
//! Two ways lead there. *Gathering* looks up where every entity of the set stands and selects:
//! cheap for small sets. *Walking* goes through the values in their order and asks the set about
//! each entity met: cheap for sets that are dense in the catalog, whatever its size. A walk that
//! takes far longer than expected, because the set stands at the far end, gives up before it costs
//! what gathering does.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::{
    index::{
        evaluate::Matches,
        key_index::ValueEntry,
        order_column::{LAST, rank_of},
        ordering::{OrderField, Ordering, Way, turn},
        page::{Bound, Inclusion},
        postings::Postings,
    },
    query::{Direction, Unordered},
};

/// Smaller sets are gathered at once.
const SMALL: usize = 64;

/// The first `need` entities of `matches`, beyond `bound` where there is one.
pub(crate) fn first(
    ordering: &Ordering<'_>,
    matches: &Matches,
    way: Way,
    bound: Option<&Bound>,
    need: usize,
) -> Vec<u32> {
    let end =
        bound.map(|bound| End { standing: bound.standing.as_slice(), inclusion: bound.inclusion });
    Walk { ordering, way, level: 0 }.first(matches, end, need)
}

/// Where a list starts, from some level of the order on.
#[derive(Debug, Clone, Copy)]
struct End<'a> {
    standing: &'a [u32],
    inclusion: Inclusion,
}

impl End<'_> {
    fn first(self) -> u32 {
        self.standing.first().copied().unwrap_or_default()
    }

    /// The rest of it, within the group in which its first rank stands.
    fn rest(self) -> Self {
        Self { standing: self.standing.get(1..).unwrap_or_default(), ..self }
    }
}

/// A walk through one level of an order: a field, or after the last field the refs.
#[derive(Debug, Clone, Copy)]
struct Walk<'a> {
    ordering: &'a Ordering<'a>,
    way: Way,
    level: usize,
}

/// What a walk has found, and what it may still cost.
struct Basket<'a> {
    matches: &'a Matches,
    ids: Vec<u32>,
    need: usize,
    steps: usize,
}

/// The walk has become too long.
struct TooLong;

impl Basket<'_> {
    fn is_full(&self) -> bool {
        self.ids.len() >= self.need
    }

    fn spend(&mut self, steps: usize) -> Result<(), TooLong> {
        self.steps = self.steps.checked_sub(steps).ok_or(TooLong)?;
        Ok(())
    }
}

impl Walk<'_> {
    fn first(self, matches: &Matches, end: Option<End<'_>>, need: usize) -> Vec<u32> {
        let size = matches.len(self.ordering.index);
        if need == 0 || size == 0 {
            return Vec::new();
        }
        // What a walk costs if the set is spread evenly through the order.
        let expected = self.ordering.index.len() / size * need.min(size);
        if size > SMALL && expected < size {
            let steps = expected.saturating_mul(4).max(size / 2).saturating_add(SMALL);
            let mut basket = Basket { matches, ids: Vec::new(), need, steps };
            let walked = match self.ordering.fields.get(self.level) {
                Some(field) => self.values(field, end, &mut basket),
                None => self.refs(end, &mut basket),
            };
            if walked.is_ok() {
                return basket.ids;
            }
        }
        match matches {
            Matches::All => self.gather(self.ordering.index.live.iter(), end, need),
            Matches::Only(set) => self.gather(set.iter(), end, need),
        }
    }

    const fn next_level(self) -> Self {
        Self { level: self.level + 1, ..self }
    }

    /// Walks the refs.
    fn refs(self, end: Option<End<'_>>, basket: &mut Basket<'_>) -> Result<(), TooLong> {
        let order = &self.ordering.index.order;
        let exact = |end: End<'_>| end.first() % 2 == 1;
        let start = match (end, self.way) {
            (None, Way::Forward) => order.place(0),
            (None, Way::Backward) => order.place(LAST),
            (Some(end), way) => {
                let is_passed = match way {
                    Way::Forward => exact(end) && end.inclusion == Inclusion::Exclusive,
                    Way::Backward => exact(end) && end.inclusion == Inclusion::Inclusive,
                };
                order.place(end.first().saturating_add(if is_passed { 2 } else { 0 }))
            }
        };
        let mut take = |ids: &mut dyn Iterator<Item = u32>| {
            for id in ids {
                if basket.is_full() {
                    break;
                }
                basket.spend(1)?;
                if basket.matches.contains(id) {
                    basket.ids.push(id);
                }
            }
            Ok(())
        };
        match self.way {
            Way::Forward => take(&mut order.refs.iter_from(start).map(|entry| entry.id)),
            Way::Backward => take(&mut order.refs.iter_back_from(start).map(|entry| entry.id)),
        }
    }

    /// Walks the values of a field, and those without one.
    fn values(
        self,
        field: &OrderField,
        end: Option<End<'_>>,
        basket: &mut Basket<'_>,
    ) -> Result<(), TooLong> {
        let is_in_tail = end.is_some_and(|end| end.first() == LAST);
        match self.way {
            Way::Forward => {
                if !is_in_tail {
                    self.groups(field, end, basket)?;
                }
                self.tail(field, end.filter(|_| is_in_tail), basket)
            }
            Way::Backward => {
                if end.is_none() || is_in_tail {
                    self.tail(field, end, basket)?;
                }
                self.groups(field, end.filter(|_| !is_in_tail), basket)
            }
        }
    }

    /// Those without a value of the field.
    fn tail(
        self,
        field: &OrderField,
        end: Option<End<'_>>,
        basket: &mut Basket<'_>,
    ) -> Result<(), TooLong> {
        if basket.is_full() || self.ordering.unordered == Unordered::Dropped {
            return Ok(());
        }
        let mut valued = field.key.exists.to_bitmap();
        if !field.key.valueless.is_empty() {
            valued = Arc::new(&*valued - &*field.key.valueless.to_bitmap());
        }
        let set = basket.matches.set().unwrap_or(&self.ordering.index.live);
        let rest = Matches::Only(Arc::new(set - &*valued));
        self.take_group(&rest, end.map(End::rest), basket)
    }

    /// Walks the values, those that are equal together.
    fn groups(
        self,
        field: &OrderField,
        end: Option<End<'_>>,
        basket: &mut Basket<'_>,
    ) -> Result<(), TooLong> {
        let values = &field.key.values;
        let ascends = (field.direction == Direction::Asc) == (self.way == Way::Forward);
        let rank = end.map(|end| match field.direction {
            Direction::Asc => end.first(),
            Direction::Desc => turn(end.first()),
        });
        let mut group = Group { rank: 0, entries: Vec::new() };
        if ascends {
            let start = field.column.place(&field.key, rank.unwrap_or_default());
            let mut ordinal = field.column.ordinal(&field.key, start);
            for entry in values.iter_from(start) {
                if group.is_other(entry) {
                    self.take_values(field, &mut group, end, basket)?;
                    if basket.is_full() {
                        return Ok(());
                    }
                }
                if group.entries.is_empty() {
                    group.rank = rank_of(ordinal);
                }
                group.entries.push(entry);
                ordinal = ordinal.saturating_add(1);
            }
        } else {
            let start = field.column.place_after(&field.key, rank.unwrap_or(LAST));
            let mut ordinal = field.column.ordinal(&field.key, start);
            for entry in values.iter_back_from(start) {
                if group.is_other(entry) {
                    self.take_values(field, &mut group, end, basket)?;
                    if basket.is_full() {
                        return Ok(());
                    }
                }
                ordinal = ordinal.saturating_sub(1);
                group.rank = rank_of(ordinal);
                group.entries.push(entry);
            }
        }
        self.take_values(field, &mut group, end, basket)
    }

    /// Takes the entities of the set that stand at the value of `group`, and empties it.
    fn take_values(
        self,
        field: &OrderField,
        group: &mut Group<'_>,
        end: Option<End<'_>>,
        basket: &mut Basket<'_>,
    ) -> Result<(), TooLong> {
        basket.spend(group.entries.len())?;
        let standing = match field.direction {
            Direction::Asc => group.rank,
            Direction::Desc => turn(group.rank),
        };
        let has_multiple = !field.key.multiple.is_empty();
        let stands = |id: u32| !has_multiple || field.standing(id) == standing;
        let end = end.filter(|end| end.first() == standing).map(End::rest);
        if let ([ValueEntry { ids: Postings::One(id), .. }], None) = (group.entries.as_slice(), end)
        {
            if basket.matches.contains(*id) && stands(*id) {
                basket.ids.push(*id);
            }
            group.entries.clear();
            return Ok(());
        }
        let mut ids = RoaringBitmap::new();
        for entry in group.entries.drain(..) {
            ids |= &*entry.ids.to_bitmap();
        }
        if let Some(set) = basket.matches.set() {
            ids &= set;
        }
        if has_multiple {
            ids = ids.into_iter().filter(|id| stands(*id)).collect();
        }
        self.take_group(&Matches::Only(Arc::new(ids)), end, basket)
    }

    /// Takes the first of `group`, whose entities are equal up to this level.
    fn take_group(
        self,
        group: &Matches,
        end: Option<End<'_>>,
        basket: &mut Basket<'_>,
    ) -> Result<(), TooLong> {
        let need = basket.need.saturating_sub(basket.ids.len());
        basket.spend(1)?;
        basket.ids.extend(self.next_level().first(group, end, need));
        Ok(())
    }

    /// Looks up where each of `ids` stands. `O(ids + need * log need)`.
    fn gather(self, ids: impl Iterator<Item = u32>, end: Option<End<'_>>, need: usize) -> Vec<u32> {
        let fields = self.ordering.fields.get(self.level..).unwrap_or_default();
        let refs = self.ordering.ref_ranks;
        let turned = |rank: u32| match self.way {
            Way::Forward => rank,
            Way::Backward => !rank,
        };
        let pack = |ranks: &mut dyn Iterator<Item = u32>| {
            ranks.fold(0_u128, |sum, rank| sum << 32 | u128::from(turned(rank)))
        };
        match fields {
            [] => {
                let end = end.map(|end| (turned(end.first()), end.inclusion));
                select(ids.map(|id| (turned(refs.get(id)), id)), end.as_ref(), need)
            }
            [field] => {
                let pair =
                    |one: u32, other: u32| u64::from(turned(one)) << 32 | u64::from(turned(other));
                let end = end.map(|end| {
                    let last = end.rest().first();
                    (pair(end.first(), last), end.inclusion)
                });
                let key = |id: u32| pair(field.standing(id), refs.get(id));
                select(ids.map(|id| (key(id), id)), end.as_ref(), need)
            }
            [_, _] | [_, _, _] => {
                let end = end.map(|end| (pack(&mut end.standing.iter().copied()), end.inclusion));
                let key = |id: u32| {
                    let ranks = fields.iter().map(|field| field.standing(id));
                    pack(&mut ranks.chain([refs.get(id)]))
                };
                select(ids.map(|id| (key(id), id)), end.as_ref(), need)
            }
            _ => {
                let list = |ranks: &mut dyn Iterator<Item = u32>| -> Vec<u32> {
                    ranks.map(turned).collect()
                };
                let end = end.map(|end| (list(&mut end.standing.iter().copied()), end.inclusion));
                let key = |id: u32| {
                    let ranks = fields.iter().map(|field| field.standing(id));
                    list(&mut ranks.chain([refs.get(id)]))
                };
                select(ids.map(|id| (key(id), id)), end.as_ref(), need)
            }
        }
    }
}

/// Entries of one lower-cased value.
struct Group<'a> {
    /// The rank of the value.
    rank: u32,
    entries: Vec<&'a ValueEntry>,
}

impl Group<'_> {
    /// Whether there is a group, and `entry` is not part of it.
    fn is_other(&self, entry: &ValueEntry) -> bool {
        self.entries.last().is_some_and(|last| last.lower != entry.lower)
    }
}

/// The ids of the `need` smallest keys at or beyond `end`, in order.
fn select<K: Ord>(
    keys: impl Iterator<Item = (K, u32)>,
    end: Option<&(K, Inclusion)>,
    need: usize,
) -> Vec<u32> {
    let is_beyond = |(key, _): &(K, u32)| match end {
        None => true,
        Some((end, Inclusion::Inclusive)) => key >= end,
        Some((end, Inclusion::Exclusive)) => key > end,
    };
    let room = need.saturating_mul(2).max(SMALL);
    let mut found: Vec<(K, u32)> = Vec::new();
    let mut is_cut = false;
    for pair in keys.filter(is_beyond) {
        // Once there was a cut, the last one is the largest of those that are still of use.
        if is_cut && found.get(need.saturating_sub(1)).is_some_and(|last| pair > *last) {
            continue;
        }
        found.push(pair);
        if found.len() > room {
            found.select_nth_unstable(need.saturating_sub(1));
            found.truncate(need);
            is_cut = true;
        }
    }
    found.sort_unstable();
    found.truncate(need);
    found.into_iter().map(|(_, id)| id).collect()
}

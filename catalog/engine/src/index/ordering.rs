//! The total order of a query, as numbers that compare quickly.

use std::sync::Arc;

use callboard_model::EntityRef;
use smallvec::SmallVec;

use crate::{
    index::{
        IndexedEntity,
        entity_index::EntityIndex,
        key_index::KeyIndex,
        order_column::{LAST, OrderColumn},
        ref_order::RefRanks,
        text::fold,
    },
    query::{Direction, EntityOrder, SortKey, Unordered},
};

/// Which way a list is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In its order.
    Forward,
    /// Against it.
    Backward,
}

/// Where an entity stands: the ranks of its values, then of its ref; smaller comes first.
pub(crate) type Standing = SmallVec<[u32; 4]>;

/// One field of an order, resolved against a snapshot.
#[derive(Debug)]
pub(crate) struct OrderField {
    pub(crate) key: Arc<KeyIndex>,
    pub(crate) column: Arc<OrderColumn>,
    pub(crate) direction: Direction,
}

impl OrderField {
    fn new(index: &EntityIndex, order: &EntityOrder) -> Self {
        let key = index.key(&fold(&order.field)).unwrap_or_default();
        let column = Arc::clone(key.order());
        Self { key, column, direction: order.direction }
    }

    /// The rank of the value at which the entity stands: the smallest one ascending, the largest
    /// one descending. Smaller comes first; [`LAST`] without a value.
    pub(crate) fn standing(&self, id: u32) -> u32 {
        match self.direction {
            Direction::Asc => self.column.smallest(id),
            Direction::Desc => turn(self.column.largest(id)),
        }
    }

    fn standing_of_value(&self, value: Option<&str>) -> u32 {
        let Some(value) = value else { return LAST };
        let rank = self.column.rank_of_value(&self.key, value);
        match self.direction {
            Direction::Asc => rank,
            Direction::Desc => turn(rank),
        }
    }

    fn value(&self, id: u32) -> Option<Box<str>> {
        let rank = match self.direction {
            Direction::Asc => self.column.smallest(id),
            Direction::Desc => self.column.largest(id),
        };
        let is_there = rank != LAST;
        let place = is_there.then(|| self.column.place(&self.key, rank))?;
        self.key.values.get(place).map(|entry| (*entry.lower).into())
    }
}

/// Turns the order of ranks round, [`LAST`] apart.
pub(crate) const fn turn(rank: u32) -> u32 {
    if rank == LAST { LAST } else { LAST - 1 - rank }
}

/// The order of a query over a snapshot.
#[derive(Debug)]
pub(crate) struct Ordering<'a> {
    pub(crate) index: &'a EntityIndex,
    pub(crate) fields: SmallVec<[OrderField; 2]>,
    pub(crate) unordered: Unordered,
    pub(crate) ref_ranks: &'a RefRanks,
}

impl<'a> Ordering<'a> {
    /// The order that `order` and `unordered` mean: where entities are dropped, upstream's
    /// `by-query` knows the first field only.
    pub(crate) fn new(index: &'a EntityIndex, order: &[EntityOrder], unordered: Unordered) -> Self {
        let used = match unordered {
            Unordered::Dropped => order.get(..1).unwrap_or_default(),
            Unordered::Last => order,
        };
        let fields = used.iter().map(|field| OrderField::new(index, field)).collect();
        Self { index, fields, unordered, ref_ranks: index.order.ranks() }
    }

    /// The field without which an entity is left out.
    pub(crate) fn required(&self) -> Option<&OrderField> {
        self.fields.first().filter(|_| self.unordered == Unordered::Dropped)
    }

    /// Where an entity with this key stands or would stand.
    pub(crate) fn standing_of(&self, key: &SortKey) -> Standing {
        let values = key.values.iter().map(|value| value.as_deref()).chain(std::iter::repeat(None));
        let fields = self.fields.iter().zip(values);
        let fields = fields.map(|(field, value)| field.standing_of_value(value));
        fields.chain([self.index.order.rank_of_ref(&key.entity_ref)]).collect()
    }
}

/// Where `entity` stands in `order`, as values.
pub(crate) fn sort_key(
    index: &EntityIndex,
    entity: &IndexedEntity,
    order: &[EntityOrder],
) -> SortKey {
    let entity_ref: &EntityRef = &entity.entity_ref;
    let id = index.refs.get(entity_ref).copied();
    let values = order.iter().map(|field| {
        let field = OrderField::new(index, field);
        id.and_then(|id| field.value(id))
    });
    SortKey { values: values.collect(), entity_ref: entity_ref.as_str().into() }
}

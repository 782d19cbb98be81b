//! Pages of entities.

use std::sync::Arc;

use crate::{
    index::{
        entity_index::EntityIndex,
        evaluate::Matches,
        order_walk,
        ordering::{Ordering, Standing, Way},
    },
    query::{EntitiesQuery, EntityPage, Position},
};

/// An end of a page, from which a list is walked.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// Where it is.
    pub(crate) standing: Standing,
    /// Whether what stands just there belongs to it.
    pub(crate) inclusion: Inclusion,
}

/// Whether an end belongs to what it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inclusion {
    /// It does.
    Inclusive,
    /// It does not.
    Exclusive,
}

/// Ids of a page with what is on its sides.
struct Slice {
    ids: Vec<u32>,
    has_previous: bool,
    has_next: bool,
}

/// The page that `query` asks for, of the entities of `visible`.
pub(crate) fn page(index: &EntityIndex, visible: Matches, query: &EntitiesQuery) -> EntityPage {
    let mut matches = visible.and(index.matching(&query.predicate));
    if let Some(text) = &query.text {
        let fallback = query.order.first().map(|order| &*order.field);
        matches = matches.and(index.matching_text(text, fallback));
    }
    let ordering = Ordering::new(index, &query.order, query.unordered);
    if let Some(field) = ordering.required() {
        let mut valued = field.key.exists.to_bitmap();
        if !field.key.valueless.is_empty() {
            valued = Arc::new(&*valued - &*field.key.valueless.to_bitmap());
        }
        matches = matches.and(Matches::Only(valued));
    }
    let total = matches.len(index);
    let slice = slice(&ordering, &matches, total, query);
    let items = slice.ids.iter().filter_map(|id| index.get(*id).map(Arc::clone)).collect();
    EntityPage { items, total, has_previous: slice.has_previous, has_next: slice.has_next }
}

fn slice(ordering: &Ordering<'_>, matches: &Matches, total: usize, query: &EntitiesQuery) -> Slice {
    let limit = query.limit.unwrap_or(usize::MAX);
    if limit == 0 {
        return Slice { ids: Vec::new(), has_previous: false, has_next: false };
    }
    match &query.position {
        Position::Start => forward(ordering, matches, limit, 0, total),
        Position::Offset(skip) => forward(ordering, matches, limit, *skip, total),
        Position::After(key) => {
            let standing = ordering.standing_of(key);
            let (ids, has_next) = reach(ordering, matches, Way::Forward, Some(&standing), limit);
            let has_previous = exists(ordering, matches, Way::Backward, standing);
            Slice { ids, has_previous, has_next }
        }
        Position::Before(key) => {
            let standing = ordering.standing_of(key);
            let (mut ids, has_previous) =
                reach(ordering, matches, Way::Backward, Some(&standing), limit);
            ids.reverse();
            let has_next = exists(ordering, matches, Way::Forward, standing);
            Slice { ids, has_previous, has_next }
        }
        Position::End => {
            let (mut ids, has_previous) = reach(ordering, matches, Way::Backward, None, limit);
            ids.reverse();
            Slice { ids, has_previous, has_next: false }
        }
    }
}

fn forward(
    ordering: &Ordering<'_>,
    matches: &Matches,
    limit: usize,
    skip: usize,
    total: usize,
) -> Slice {
    if skip >= total {
        return Slice { ids: Vec::new(), has_previous: total > 0, has_next: false };
    }
    let end = skip.saturating_add(limit).min(total);
    let mut ids = order_walk::first(ordering, matches, Way::Forward, None, end);
    ids.drain(..skip.min(ids.len()));
    Slice { ids, has_previous: skip > 0, has_next: end < total }
}

/// At most `limit` ids beyond `standing`, and whether there are more.
fn reach(
    ordering: &Ordering<'_>,
    matches: &Matches,
    way: Way,
    standing: Option<&Standing>,
    limit: usize,
) -> (Vec<u32>, bool) {
    let bound = standing
        .map(|standing| Bound { standing: standing.clone(), inclusion: Inclusion::Exclusive });
    let mut ids =
        order_walk::first(ordering, matches, way, bound.as_ref(), limit.saturating_add(1));
    let has_more = ids.len() > limit;
    ids.truncate(limit);
    (ids, has_more)
}

/// Whether an entity stands at `standing` or beyond it.
fn exists(ordering: &Ordering<'_>, matches: &Matches, way: Way, standing: Standing) -> bool {
    let bound = Bound { standing, inclusion: Inclusion::Inclusive };
    !order_walk::first(ordering, matches, way, Some(&bound), 1).is_empty()
}

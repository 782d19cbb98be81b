//! Search: ranked, forgiving, by names first.

use std::sync::Arc;

use async_graphql::{Enum, Object, SimpleObject};
use callboard_catalog::query::EntityPredicate;

use crate::{
    connection::PageInfo,
    cursor,
    entity::{EntityNode, types::Entity},
    error::FieldError,
    facet::count,
    page::{PageRequest, PageStart},
    scope::Scope,
};

/// The longest text that is searched for, in characters.
const MAX_TEXT: usize = 200;

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum SearchType {
    /// Entities of the catalog.
    Entity,
}

/// Something that was found.
#[derive(Debug, SimpleObject)]
pub(crate) struct SearchHit {
    /// What it is.
    r#type: SearchType,
    /// What to show: the title, or the name.
    title: String,
    /// The entity that was found, or to which the find belongs.
    entity: Entity,
    /// How well it fits: higher is better, comparable within one answer only.
    score: f64,
}

/// A hit within the list of hits.
#[derive(Debug, SimpleObject)]
pub(crate) struct SearchEdge {
    /// Where the hit stands in the list, for `after`. Opaque.
    cursor: String,
    /// The hit.
    node: SearchHit,
}

/// A page of hits, best first.
#[derive(Debug)]
pub(crate) struct SearchConnection {
    hits: Vec<(EntityNode, f32)>,
    offset: usize,
    total: usize,
}

impl SearchConnection {
    /// A page of the hits for `text` among the entities that match.
    ///
    /// # Errors
    ///
    /// [`FieldError`] for a long text or a bad cursor, and when the time or the budget of the
    /// request is used up.
    pub(crate) fn of(
        scope: &Arc<Scope>,
        text: &str,
        predicate: &EntityPredicate,
        page: &PageRequest,
    ) -> Result<Self, FieldError> {
        if text.chars().nth(MAX_TEXT).is_some() {
            return Err(FieldError::TooLong { argument: "text", limit: MAX_TEXT });
        }
        let offset = match &page.start {
            PageStart::After(Some(cursor)) => cursor::decode_ranked(cursor)?.saturating_add(1),
            _ => 0,
        };
        let (hits, total) = scope.reader()?.search(text, predicate, offset, page.size);
        let hits = hits.into_iter().map(|hit| Ok((scope.node(hit.entity)?, hit.score)));
        Ok(Self { hits: hits.collect::<Result<_, FieldError>>()?, offset, total })
    }

    /// The page of a search for nothing that exists.
    pub(crate) const fn empty() -> Self {
        Self { hits: Vec::new(), offset: 0, total: 0 }
    }

    fn hits(&self) -> impl Iterator<Item = SearchHit> {
        self.hits.iter().map(|(node, score)| SearchHit {
            r#type: SearchType::Entity,
            title: node.title_or_name(),
            entity: Entity(node.clone()),
            score: f64::from(*score),
        })
    }
}

/// A page of hits, best first.
#[Object]
impl SearchConnection {
    /// The hits of the page with their cursors.
    async fn edges(&self) -> Vec<SearchEdge> {
        let edge = |(index, node)| SearchEdge { cursor: cursor::encode_ranked(index), node };
        (self.offset..).zip(self.hits()).map(edge).collect()
    }

    /// The hits of the page.
    async fn nodes(&self) -> Vec<SearchHit> {
        self.hits().collect()
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        let end = self.offset.saturating_add(self.hits.len());
        let cursor = |rank: usize| (!self.hits.is_empty()).then(|| cursor::encode_ranked(rank));
        PageInfo {
            has_previous_page: self.offset > 0 && self.total > 0,
            has_next_page: end < self.total,
            start_cursor: cursor(self.offset),
            end_cursor: cursor(end.saturating_sub(1)),
        }
    }

    /// How many hits there are, all pages together.
    async fn total_count(&self) -> i32 {
        count(self.total)
    }
}

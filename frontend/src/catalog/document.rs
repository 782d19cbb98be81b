//! The page's document, and its variables out of what the URL says.

use graphql_client::GraphQLQuery;

use super::url_state::{Dimension, Place, Sort, UrlState};
use crate::{
    problem::ProblemLevel,
    scalar::{EntityRef, JSONObject},
};

pub(super) use catalog::{CatalogEntitiesNodes, CatalogEntitiesNodesOn as NodeKind, ResponseData};

/// Rows of a page.
pub(super) const PAGE_SIZE: i64 = 50;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/catalog/catalog.graphql",
    variables_derives = "Clone, Debug, Default",
    response_derives = "Debug",
    extern_enums("ProblemLevel"),
    skip_serializing_none
)]
pub(super) struct Catalog;

impl Default for catalog::OrderDirection {
    /// The schema's default.
    fn default() -> Self {
        Self::ASC
    }
}

/// Values of one group as the API counts them.
pub(super) struct Counted {
    pub(super) value: String,
    pub(super) count: i64,
}

impl UrlState {
    /// What the page asks. Each group is counted under all filters but its own, so that its counts
    /// say what choosing one more value would add.
    pub(super) fn variables(&self) -> catalog::Variables {
        let but = |dimension| Some(self.filter(Some(dimension)));
        let page = catalog::Variables {
            filter: Some(self.filter(None)),
            order_by: Some(vec![catalog::EntityOrder {
                field: self.sort.field().to_owned(),
                direction: if self.is_descending {
                    catalog::OrderDirection::DESC
                } else {
                    catalog::OrderDirection::ASC
                },
            }]),
            kind_filter: but(Dimension::Kind),
            type_filter: but(Dimension::Type),
            owner_filter: but(Dimension::Owner),
            lifecycle_filter: but(Dimension::Lifecycle),
            tag_filter: but(Dimension::Tag),
            namespace_filter: but(Dimension::Namespace),
            ..catalog::Variables::default()
        };
        match &self.place {
            Place::First => catalog::Variables { first: Some(PAGE_SIZE), ..page },
            Place::After(cursor) => {
                catalog::Variables { first: Some(PAGE_SIZE), after: Some(cursor.clone()), ..page }
            }
            Place::Before(cursor) => {
                catalog::Variables { last: Some(PAGE_SIZE), before: Some(cursor.clone()), ..page }
            }
        }
    }

    fn filter(&self, without: Option<Dimension>) -> catalog::EntityFilter {
        let one_of = |dimension| {
            let chosen = self.chosen(dimension);
            let is_asked = without != Some(dimension) && !chosen.is_empty();
            is_asked
                .then(|| catalog::TextMatch { in_: Some(chosen), ..catalog::TextMatch::default() })
        };
        catalog::EntityFilter {
            kind: one_of(Dimension::Kind),
            type_: one_of(Dimension::Type),
            owner: one_of(Dimension::Owner),
            lifecycle: one_of(Dimension::Lifecycle),
            tag: one_of(Dimension::Tag),
            namespace: one_of(Dimension::Namespace),
            text: (!self.text.is_empty()).then(|| self.text.clone()),
            ..catalog::EntityFilter::default()
        }
    }
}

impl Sort {
    /// The path that the API sorts by.
    const fn field(self) -> &'static str {
        match self {
            Self::Name => "metadata.name",
            Self::Kind => "kind",
            Self::Type => "spec.type",
            Self::Lifecycle => "spec.lifecycle",
            Self::Owner => "relations.ownedBy",
            Self::System => "spec.system",
        }
    }
}

/// The values of a group with their counts.
pub(super) fn counted(data: &mut ResponseData, dimension: Dimension) -> Vec<Counted> {
    macro_rules! values {
        ($facets:expr) => {
            std::mem::take($facets)
                .into_iter()
                .flat_map(|facet| facet.values)
                .map(|one| Counted { value: one.value, count: one.count })
                .collect()
        };
    }
    match dimension {
        Dimension::Kind => values!(&mut data.kinds),
        Dimension::Type => values!(&mut data.types),
        Dimension::Owner => values!(&mut data.owners),
        Dimension::Lifecycle => values!(&mut data.lifecycles),
        Dimension::Tag => values!(&mut data.tags),
        Dimension::Namespace => values!(&mut data.namespaces),
    }
}

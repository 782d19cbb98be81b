//! The page's document, and its variables out of what the URL says.

use graphql_client::GraphQLQuery;
use url::form_urlencoded;

use crate::{problem::ProblemLevel, scalar::EntityRef};

pub(super) use problems::{
    ProblemsEntitiesNodes as EntityNode, ProblemsFailedEntitiesNodes as FailedNode, ResponseData,
};

/// Entities of a page of each list.
const PAGE_SIZE: i64 = 50;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/problems/problems.graphql",
    variables_derives = "Debug, Default, PartialEq, Eq",
    response_derives = "Debug",
    extern_enums("ProblemLevel")
)]
pub(super) struct Problems;

/// Where in its two lists the page stands: `after` or `before` in that of entities, `failedAfter`
/// in that of entities that never processed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ProblemsUrl {
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) failed_after: Option<String>,
}

impl ProblemsUrl {
    /// Reads a query string.
    pub(super) fn parse(query: &str) -> Self {
        let mut url = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = Some(value.into_owned()).filter(|value| !value.is_empty());
            match &*name {
                "after" => url.after = value,
                "before" => url.before = value,
                "failedAfter" => url.failed_after = value,
                _ => {}
            }
        }
        url
    }

    /// What the page asks.
    pub(super) fn variables(&self) -> problems::Variables {
        let Self { after, before, failed_after } = self.clone();
        let page = problems::Variables { failed_after, ..problems::Variables::default() };
        match before {
            Some(before) => {
                problems::Variables { last: Some(PAGE_SIZE), before: Some(before), ..page }
            }
            None => problems::Variables { first: Some(PAGE_SIZE), after, ..page },
        }
    }

    /// The address of this state.
    pub(super) fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            [("after", &self.after), ("before", &self.before), ("failedAfter", &self.failed_after)]
        {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { "/problems".to_owned() } else { format!("/problems?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_own_address() {
        for query in ["", "after=a%3D&failedAfter=b", "before=c"] {
            let url = ProblemsUrl::parse(query);
            let again = url.url();
            let again = again.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(ProblemsUrl::parse(again), url, "{query}");
        }
    }

    #[test]
    fn a_page_is_asked_from_one_side_only() {
        let variables = ProblemsUrl::parse("after=a&before=b").variables();
        assert_eq!((variables.first, variables.last), (None, Some(PAGE_SIZE)));
        assert_eq!(variables.after, None);
    }
}

//! What the catalog page shows.

use askama::Template;

use super::{
    document::{ResponseData, counted},
    facet_group::{FacetGroup, label},
    row::Row,
    url_state::{Dimension, Place, Sort, TEXT, UrlState},
};
use crate::frame::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "catalog/catalog.html")]
pub(super) struct CatalogPage {
    pub(super) frame: Frame,
    groups: Vec<FacetGroup>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    total: i64,
    search: Search,
    chips: Vec<Chip>,
    unknown: Vec<String>,
    urls: Urls,
}

/// A column of the table.
#[derive(Debug)]
struct Column {
    label: &'static str,
    /// The class by which the style sheet gives it its width.
    class: &'static str,
    sort: Option<SortLink>,
}

/// How a column sorts.
#[derive(Debug)]
struct SortLink {
    url: String,
    /// `aria-sort`, if the table is sorted by it.
    now: Option<&'static str>,
}

/// The form that asks for another text.
#[derive(Debug)]
struct Search {
    name: &'static str,
    text: String,
    hidden: Vec<(&'static str, String)>,
}

/// A filter that is set, and the page without it.
#[derive(Debug)]
struct Chip {
    label: &'static str,
    value: String,
    url_without: String,
}

/// Other states of the page.
#[derive(Debug)]
struct Urls {
    first: String,
    previous: Option<String>,
    next: Option<String>,
    unfiltered: String,
    is_first: bool,
}

impl CatalogPage {
    /// The page of what the API answered to what the URL said.
    pub(super) fn new(frame: Frame, state: &UrlState, mut data: ResponseData) -> Self {
        let groups = Dimension::ALL
            .into_iter()
            .map(|one| FacetGroup::new(state, one, counted(&mut data, one)))
            .filter(|group| !group.options.is_empty())
            .collect();
        let page = data.entities.page_info;
        let previous = page.start_cursor.filter(|_| page.has_previous_page).map(Place::Before);
        let next = page.end_cursor.filter(|_| page.has_next_page).map(Place::After);
        Self {
            frame,
            groups,
            columns: columns(state),
            rows: data.entities.nodes.into_iter().map(Row::new).collect(),
            total: data.entities.total_count,
            search: Search {
                name: TEXT,
                text: state.text.clone(),
                hidden: state.parameters_but_text(),
            },
            chips: chips(state),
            unknown: state.unknown.clone(),
            urls: Urls {
                first: state.url_at(Place::First),
                previous: previous.map(|place| state.url_at(place)),
                next: next.map(|place| state.url_at(place)),
                unfiltered: state.url_unfiltered(),
                is_first: state.place == Place::First,
            },
        }
    }

    /// The total in words.
    fn total_in_words(&self) -> String {
        match self.total {
            1 => "1 entity".to_owned(),
            total => format!("{total} entities"),
        }
    }
}

fn columns(state: &UrlState) -> Vec<Column> {
    let sorted = |label, class, sort| {
        let now = if state.is_descending { "descending" } else { "ascending" };
        let now = (state.sort == sort).then_some(now);
        Column { label, class, sort: Some(SortLink { url: state.url_sorted(sort), now }) }
    };
    let plain = |label, class| Column { label, class, sort: None };
    vec![
        sorted("Name", "c-name", Sort::Name),
        sorted("Kind", "c-kind", Sort::Kind),
        sorted("Type", "c-type", Sort::Type),
        sorted("Lifecycle", "c-lifecycle", Sort::Lifecycle),
        sorted("Owner", "c-owner", Sort::Owner),
        sorted("System", "c-system", Sort::System),
        plain("Problems", "c-problems"),
        plain("Tags", "c-tags"),
    ]
}

fn chips(state: &UrlState) -> Vec<Chip> {
    let chosen = state.all_chosen().iter().map(|(dimension, value)| Chip {
        label: dimension.label(),
        value: label(*dimension, value),
        url_without: state.url_toggled(*dimension, value),
    });
    let text = (!state.text.is_empty()).then(|| Chip {
        label: "Text",
        value: state.text.clone(),
        url_without: state.url_without_text(),
    });
    chosen.chain(text).collect()
}

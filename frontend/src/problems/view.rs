//! What the page of problems shows.

use askama::Template;

use super::document::{EntityNode, FailedNode, ProblemsUrl, ResponseData};
use crate::{
    entity_link::EntityLink,
    frame::Frame,
    problem::Problem,
    safe_url::{location_url, safe_url},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "problems/problems.html")]
pub(super) struct ProblemsPage {
    frame: Frame,
    failed: Vec<Item>,
    failed_total: i64,
    failed_pages: Pages,
    entities: Vec<Item>,
    entities_total: i64,
    entities_pages: Pages,
}

/// An entity with what is wrong with it.
#[derive(Debug)]
struct Item {
    link: EntityLink,
    kind: String,
    owner: Option<EntityLink>,
    location: Option<String>,
    /// The location's address, if it is on the web.
    location_url: Option<String>,
    edit_url: Option<String>,
    problems: Vec<Problem>,
}

/// Other pages of a list.
#[derive(Debug, Default)]
struct Pages {
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

macro_rules! problems {
    ($nodes:expr) => {
        $nodes
            .into_iter()
            .map(|one| Problem { level: one.level, message: one.message, origin: one.type_ })
            .collect()
    };
}

impl ProblemsPage {
    /// The page of what the API answered to what the URL said.
    pub(super) fn new(frame: Frame, url: &ProblemsUrl, data: ResponseData) -> Self {
        let (failed, entities) = (data.failed_entities, data.entities);
        let at = |after, before| {
            Some(ProblemsUrl { after, before, failed_after: url.failed_after.clone() }.url())
        };
        let failed_at = |failed_after| Some(ProblemsUrl { failed_after, ..url.clone() }.url());
        let page = &entities.page_info;
        let entities_pages = Pages {
            first: page.has_previous_page.then(|| at(None, None)).flatten(),
            previous: page.has_previous_page.then(|| at(None, page.start_cursor.clone())).flatten(),
            next: page.has_next_page.then(|| at(page.end_cursor.clone(), None)).flatten(),
        };
        let page = &failed.page_info;
        let failed_pages = Pages {
            first: page.has_previous_page.then(|| failed_at(None)).flatten(),
            previous: None,
            next: page.has_next_page.then(|| failed_at(page.end_cursor.clone())).flatten(),
        };
        Self {
            frame,
            failed_total: failed.total_count,
            failed: failed.nodes.into_iter().map(Item::of_failed).collect(),
            failed_pages,
            entities_total: entities.total_count,
            entities: entities.nodes.into_iter().map(Item::of_entity).collect(),
            entities_pages,
        }
    }
}

impl Item {
    fn of_entity(node: EntityNode) -> Self {
        let name = node.title.as_ref().unwrap_or(&node.name);
        Self {
            link: EntityLink::new(&node.ref_, Some(name), ""),
            kind: node.kind,
            owner: node
                .owner
                .map(|owner| EntityLink::new(&owner.ref_, Some(&owner.display_name), "group")),
            location_url: node.location.as_deref().and_then(location_url).map(str::to_owned),
            location: node.location,
            edit_url: node.edit_url.filter(|url| safe_url(url).is_some()),
            problems: problems!(node.problems),
        }
    }

    /// What never processed has no page of its own.
    fn of_failed(node: FailedNode) -> Self {
        Self {
            link: EntityLink { path: None, text: node.name, entity_ref: node.ref_ },
            kind: node.kind,
            owner: None,
            location_url: node.location.as_deref().and_then(location_url).map(str::to_owned),
            location: node.location,
            edit_url: None,
            problems: problems!(node.problems),
        }
    }
}

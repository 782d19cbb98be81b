//! What the page of an entity shows.

use askama::Template;

use super::{
    details::Details,
    document::{EntityEntity, ProblemNode, RelationNode},
    people::{Estate, People},
    relation_group::{RelationGroup, Target, grouped},
};
use crate::{
    catalog::url_state::{Dimension, url_of},
    entity_head::has_tabs,
    entity_link::{EntityLink, entity_path},
    frame::Frame,
    problem::Problem,
    safe_url::{location_url, safe_url},
};

/// The largest entity whose JSON stands on its page, in bytes.
const MAX_RAW: usize = 100_000;
const MANAGED_BY: &str = "backstage.io/managed-by-location";

/// The page.
#[derive(Debug, Template)]
#[template(path = "entity/entity.html")]
pub(super) struct EntityPage {
    frame: Frame,
    path: String,
    has_tabs: bool,
    heading: Heading,
    about: About,
    links: Vec<WebLink>,
    problems: Vec<Problem>,
    is_orphan: bool,
    people: Option<People>,
    estate: Option<Estate>,
    relations: Vec<RelationGroup>,
    missing: usize,
    labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    /// `None` = it is too large for a page.
    raw: Option<String>,
    raw_url: String,
}

/// What stands on top.
#[derive(Debug)]
struct Heading {
    kind: String,
    kind_url: String,
    name: String,
    /// The name for people, or the name.
    title: String,
    entity_ref: String,
    r#type: Option<String>,
    lifecycle: Option<String>,
}

/// What it is and whose.
#[derive(Debug)]
struct About {
    description: Option<String>,
    owners: Vec<Target>,
    /// Whether its kind has an owner at all.
    is_ownable: bool,
    systems: Vec<Target>,
    domain: Option<EntityLink>,
    part_of: Vec<Target>,
    email: Option<String>,
    tags: Vec<(String, String)>,
    targets: Vec<(String, Option<String>)>,
    presence: Option<String>,
    uid: String,
    api_version: String,
    whereabouts: Whereabouts,
}

/// Where its descriptor and its sources are.
#[derive(Debug)]
struct Whereabouts {
    sources: Option<String>,
    view: Option<String>,
    edit: Option<String>,
    managed_by: Option<(String, Option<String>)>,
    emitted_by: Vec<EntityLink>,
}

/// A link that leads out of the portal.
#[derive(Debug)]
struct WebLink {
    url: String,
    title: String,
    kind: Option<String>,
}

impl EntityPage {
    /// The page of what the API answered.
    pub(super) fn new(frame: Frame, entity: EntityEntity) -> Self {
        let mut details = Details::of(&entity.ref_, entity.on);
        let shown_elsewhere = shown_elsewhere(&details);
        let relations = grouped(
            entity.relations.iter().filter(|one| !shown_elsewhere.contains(&one.type_.as_str())),
        );
        let missing = entity.relations.iter().filter(|one| one.target.is_none()).count();
        let annotations: Vec<_> =
            entity.annotations.into_iter().map(|one| (one.key, one.value)).collect();
        let whereabouts = Whereabouts {
            sources: entity.source_url.filter(|url| safe_url(url).is_some()),
            view: entity.view_url.filter(|url| safe_url(url).is_some()),
            edit: entity.edit_url.filter(|url| safe_url(url).is_some()),
            managed_by: managed_by(&annotations),
            emitted_by: entity
                .emitted_by
                .iter()
                .map(|one| EntityLink::new(&one.ref_, one.title.as_deref(), "location"))
                .collect(),
        };
        let raw = raw(&entity.raw);
        let people = details.people.take();
        let estate = details.estate.take();
        let title = details.display_name.take().or(entity.title);
        let title = title.filter(|title| !title.trim().is_empty());
        Self {
            frame,
            path: entity_path(&entity.ref_),
            has_tabs: has_tabs(&entity.kind),
            raw_url: raw_url(&entity.ref_),
            heading: Heading {
                kind_url: url_of(Dimension::Kind, &entity.kind.to_lowercase()),
                kind: entity.kind,
                title: title.unwrap_or_else(|| entity.name.clone()),
                name: entity.name,
                entity_ref: entity.ref_,
                r#type: details.r#type.take(),
                lifecycle: details.lifecycle.take(),
            },
            links: web_links(entity.links.into_iter().map(|one| (one.url, one.title, one.type_))),
            problems: entity.problems.into_iter().map(problem).collect(),
            is_orphan: entity.is_orphan,
            about: About {
                description: entity.description,
                owners: targets(&entity.relations, "ownedBy", |_| true),
                is_ownable: people.is_none() && details.targets.is_empty(),
                systems: targets(&entity.relations, "partOf", |kind| kind == "system"),
                part_of: targets(&entity.relations, "partOf", |kind| kind != "system"),
                domain: details.domain,
                email: details.email,
                tags: entity
                    .tags
                    .into_iter()
                    .map(|tag| (url_of(Dimension::Tag, &tag), tag))
                    .collect(),
                targets: details.targets.into_iter().map(with_address).collect(),
                presence: details.presence,
                uid: entity.uid,
                api_version: entity.api_version,
                whereabouts,
            },
            people,
            estate,
            relations,
            missing,
            labels: entity.labels.into_iter().map(|one| (one.key, one.value)).collect(),
            annotations,
            raw,
        }
    }
}

/// Types of relations that the page shows in another form.
fn shown_elsewhere(details: &Details) -> Vec<&'static str> {
    let mut shown = vec!["ownedBy", "partOf"];
    if let Some(people) = &details.people {
        let relation = if people.heading == "Members" { "hasMember" } else { "memberOf" };
        shown.extend([relation, "ownerOf"]);
    }
    shown
}

fn targets(relations: &[RelationNode], relation: &str, is_asked: fn(&str) -> bool) -> Vec<Target> {
    let kind =
        |one: &RelationNode| one.target_ref.split_once(':').is_some_and(|(kind, _)| is_asked(kind));
    relations.iter().filter(|one| one.type_ == relation && kind(one)).map(Target::new).collect()
}

fn problem(node: ProblemNode) -> Problem {
    Problem { level: node.level, message: node.message, origin: node.type_ }
}

fn web_links(
    links: impl Iterator<Item = (String, Option<String>, Option<String>)>,
) -> Vec<WebLink> {
    links
        .filter(|(url, ..)| safe_url(url).is_some())
        .map(|(url, title, kind)| WebLink {
            title: title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| url.clone()),
            url,
            kind,
        })
        .collect()
}

/// The location that manages it, with its address if that is on the web.
fn managed_by(annotations: &[(String, String)]) -> Option<(String, Option<String>)> {
    let (_, location) = annotations.iter().find(|(key, _)| key == MANAGED_BY)?;
    Some((location.clone(), location_url(location).map(str::to_owned)))
}

fn with_address(target: String) -> (String, Option<String>) {
    let url = safe_url(&target).map(str::to_owned);
    (target, url)
}

fn raw(entity: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let text = serde_json::to_string_pretty(entity).ok()?;
    (text.len() <= MAX_RAW).then_some(text)
}

/// The same entity in Backstage's API.
fn raw_url(entity_ref: &str) -> String {
    let path = entity_path(entity_ref);
    let mut parts = path.trim_start_matches("/catalog/").splitn(3, '/');
    let mut part = || parts.next().unwrap_or_default();
    let (namespace, kind, name) = (part(), part(), part());
    format!("/api/catalog/entities/by-name/{kind}/{namespace}/{name}")
}

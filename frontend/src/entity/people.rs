//! Who belongs to a group, where a person belongs, and what they own.

use super::document::{OwnedKind, OwnedNode, OwnedNodes, PersonKind, PersonNode};
use crate::{
    catalog::{
        row::says_more,
        url_state::{Dimension, url_of},
    },
    entity_link::EntityLink,
};

/// The members of a group, or the groups of a person.
#[derive(Debug)]
pub(super) struct People {
    pub(super) heading: &'static str,
    pub(super) total: i64,
    pub(super) list: Vec<Person>,
    pub(super) unshown: i64,
}

/// A member, or a group.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) link: EntityLink,
    pub(super) email: Option<String>,
}

impl People {
    /// The first of `total`.
    pub(super) fn new(heading: &'static str, total: i64, nodes: Vec<PersonNode>) -> Self {
        let list: Vec<_> = nodes.into_iter().map(Person::new).collect();
        let unshown = unshown(total, list.len());
        Self { heading, total, list, unshown }
    }
}

impl Person {
    fn new(node: PersonNode) -> Self {
        let (name, email) = match node.on {
            PersonKind::User(user) => (Some(user.display_name), user.email),
            PersonKind::Group(group) => (Some(group.display_name), group.email),
            _ => (node.title, None),
        };
        Self { link: EntityLink::new(&node.ref_, name.as_deref(), "user"), email }
    }
}

/// What somebody owns.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) total: i64,
    pub(super) list: Vec<Owned>,
    pub(super) unshown: i64,
    /// The catalog filtered by this owner.
    pub(super) catalog_url: String,
}

/// One thing that somebody owns.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) link: EntityLink,
    pub(super) title: Option<String>,
    pub(super) kind: String,
    pub(super) r#type: Option<String>,
    pub(super) lifecycle: Option<String>,
    pub(super) problems: usize,
}

impl Estate {
    /// The first of what `owner` owns.
    pub(super) fn new(owner: &str, owned: OwnedNodes) -> Self {
        let list: Vec<_> = owned.nodes.into_iter().map(Owned::new).collect();
        Self {
            total: owned.total_count,
            unshown: unshown(owned.total_count, list.len()),
            list,
            catalog_url: url_of(Dimension::Owner, owner),
        }
    }
}

impl Owned {
    fn new(node: OwnedNode) -> Self {
        let text = |spec: &serde_json::Map<String, serde_json::Value>, key| {
            spec.get(key).and_then(|value| value.as_str()).map(str::to_owned)
        };
        let (r#type, lifecycle) = match node.on {
            OwnedKind::Component(node) => (Some(node.type_), Some(node.lifecycle)),
            OwnedKind::Api(node) => (Some(node.type_), Some(node.lifecycle)),
            OwnedKind::AiResource(node) => (Some(node.type_), Some(node.lifecycle)),
            OwnedKind::Resource(node) => (Some(node.type_), None),
            OwnedKind::System(node) => (node.system_type, None),
            OwnedKind::Domain(node) => (node.domain_type, None),
            OwnedKind::Template(node) => (Some(node.type_), node.template_lifecycle),
            OwnedKind::CustomEntity(node) => {
                (text(&node.spec, "type"), text(&node.spec, "lifecycle"))
            }
            OwnedKind::Group | OwnedKind::User | OwnedKind::Location => (None, None),
        };
        Self {
            title: node.title.filter(|title| says_more(title, &node.name)),
            link: EntityLink::new(&node.ref_, Some(&node.name), ""),
            kind: node.kind,
            r#type,
            lifecycle,
            problems: node.problems.len(),
        }
    }
}

fn unshown(total: i64, shown: usize) -> i64 {
    total.saturating_sub(i64::try_from(shown).unwrap_or(i64::MAX))
}

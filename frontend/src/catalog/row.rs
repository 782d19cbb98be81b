//! A row of the catalog's table.

use super::document::{CatalogEntitiesNodes, NodeKind};
use crate::entity_link::{EntityLink, entity_path};

/// Tags of a row that are shown; the rest is counted.
const TAGS: usize = 2;

/// An entity in the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) entity_ref: String,
    pub(super) name: String,
    /// The name for people, if it says more than the name.
    pub(super) title: Option<String>,
    pub(super) kind: String,
    pub(super) r#type: Option<String>,
    pub(super) lifecycle: Option<String>,
    pub(super) owner: Option<EntityLink>,
    pub(super) system: Option<EntityLink>,
    pub(super) tags: Vec<String>,
    pub(super) more_tags: usize,
    pub(super) problems: usize,
}

/// What kinds have that not all entities have.
#[derive(Default)]
struct Details {
    display_name: Option<String>,
    r#type: Option<String>,
    lifecycle: Option<String>,
    system: Option<EntityLink>,
}

impl Row {
    /// The row of an entity.
    pub(super) fn new(node: CatalogEntitiesNodes) -> Self {
        let details = Details::of(node.on);
        let title = details.display_name.or(node.title);
        let title = title.filter(|title| says_more(title, &node.name));
        let mut tags = node.tags;
        let more_tags = tags.len().saturating_sub(TAGS);
        tags.truncate(TAGS);
        Self {
            path: entity_path(&node.ref_),
            entity_ref: node.ref_,
            name: node.name,
            title,
            kind: node.kind,
            r#type: details.r#type,
            lifecycle: details.lifecycle,
            owner: node
                .owner
                .map(|owner| EntityLink::new(&owner.ref_, Some(&owner.display_name), "group")),
            system: details.system,
            tags,
            more_tags,
            problems: node.problems.len(),
        }
    }
}

macro_rules! system {
    ($node:expr) => {
        $node.system.map(|system| EntityLink::new(&system.ref_, system.title.as_deref(), "system"))
    };
}

impl Details {
    fn of(node: NodeKind) -> Self {
        let none = Self::default();
        match node {
            NodeKind::Component(node) => {
                let system = system!(node);
                Self { system, lifecycle: Some(node.lifecycle), ..none.typed(Some(node.type_)) }
            }
            NodeKind::Api(node) => {
                let system = system!(node);
                Self { system, lifecycle: Some(node.lifecycle), ..none.typed(Some(node.type_)) }
            }
            NodeKind::AiResource(node) => {
                let system = system!(node);
                Self { system, lifecycle: Some(node.lifecycle), ..none.typed(Some(node.type_)) }
            }
            NodeKind::Resource(node) => {
                Self { system: system!(node), ..none.typed(Some(node.type_)) }
            }
            NodeKind::Group(node) => {
                Self { display_name: Some(node.display_name), ..none.typed(Some(node.type_)) }
            }
            NodeKind::User(node) => Self { display_name: Some(node.display_name), ..none },
            NodeKind::System(node) => none.typed(node.system_type),
            NodeKind::Domain(node) => none.typed(node.domain_type),
            NodeKind::Location(node) => none.typed(node.location_type),
            NodeKind::Template(node) => {
                Self { lifecycle: node.template_lifecycle, ..none.typed(Some(node.type_)) }
            }
            NodeKind::CustomEntity(node) => {
                let text = |key| node.spec.get(key)?.as_str().map(str::to_owned);
                Self { lifecycle: text("lifecycle"), ..none.typed(text("type")) }
            }
        }
    }

    fn typed(self, r#type: Option<String>) -> Self {
        Self { r#type: r#type.filter(|text| !text.is_empty()), ..self }
    }
}

/// Whether a title is more than the name in other letters: “Fee engine” of `fee-engine` is not.
pub(crate) fn says_more(title: &str, name: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(title).ne(letters(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_shown_where_it_says_more_than_the_name() {
        assert!(!says_more("Fee engine", "fee-engine"));
        assert!(!says_more("FX.Rates", "fx_rates"));
        assert!(says_more("Everyday accounts", "accounts"));
        assert!(says_more("Æble", "ble"));
    }
}

//! What only some kinds have, in one form for all.

use super::{
    document::{KindNode, OwnedNodes},
    people::{Estate, People},
};
use crate::entity_link::EntityLink;

/// What an entity has beside the fields that every entity has.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) display_name: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) lifecycle: Option<String>,
    /// The Domain of its System.
    pub(super) domain: Option<EntityLink>,
    pub(super) email: Option<String>,
    /// Where a Location leads to.
    pub(super) targets: Vec<String>,
    /// Whether a Location's targets must exist.
    pub(super) presence: Option<String>,
    pub(super) people: Option<People>,
    pub(super) estate: Option<Estate>,
}

macro_rules! domain {
    ($node:expr) => {
        $node
            .system
            .and_then(|system| system.domain)
            .map(|domain| EntityLink::new(&domain.ref_, domain.title.as_deref(), "domain"))
    };
}

impl Details {
    /// Of an entity with this ref.
    pub(super) fn of(entity_ref: &str, node: KindNode) -> Self {
        let none = Self::default();
        match node {
            KindNode::Component(node) => {
                let domain = domain!(node);
                Self { domain, lifecycle: Some(node.lifecycle), ..none.typed(node.type_) }
            }
            KindNode::Api(node) => {
                let domain = domain!(node);
                Self { domain, lifecycle: Some(node.lifecycle), ..none.typed(node.type_) }
            }
            KindNode::AiResource(node) => {
                let domain = domain!(node);
                Self { domain, lifecycle: Some(node.lifecycle), ..none.typed(node.type_) }
            }
            KindNode::Resource(node) => Self { domain: domain!(node), ..none.typed(node.type_) },
            KindNode::System(node) => Self { r#type: node.system_type, ..none },
            KindNode::Domain(node) => Self { r#type: node.domain_type, ..none },
            KindNode::Template(node) => {
                Self { lifecycle: node.template_lifecycle, ..none.typed(node.type_) }
            }
            KindNode::Location(node) => Self {
                r#type: node.location_type,
                targets: node.target.into_iter().chain(node.targets).collect(),
                presence: node.presence,
                ..none
            },
            KindNode::CustomEntity(node) => {
                let text = |key| node.spec.get(key)?.as_str().map(str::to_owned);
                Self { r#type: text("type"), lifecycle: text("lifecycle"), ..none }
            }
            KindNode::Group(node) => {
                let members = node.members;
                let people = People::new("Members", members.total_count, members.nodes);
                none.typed(node.type_)
                    .owner(node.display_name, node.email, people)
                    .with_estate(entity_ref, node.owner_of)
            }
            KindNode::User(node) => {
                let groups = node.member_of;
                let people = People::new("Member of", groups.total_count, groups.nodes);
                none.owner(node.display_name, node.email, people)
                    .with_estate(entity_ref, node.owner_of)
            }
        }
    }

    fn typed(self, r#type: String) -> Self {
        Self { r#type: Some(r#type).filter(|text| !text.is_empty()), ..self }
    }

    fn owner(self, display_name: String, email: Option<String>, people: People) -> Self {
        let display_name = Some(display_name);
        Self { display_name, email, people: Some(people), ..self }
    }

    fn with_estate(self, entity_ref: &str, owned: OwnedNodes) -> Self {
        Self { estate: Some(Estate::new(entity_ref, owned)), ..self }
    }
}

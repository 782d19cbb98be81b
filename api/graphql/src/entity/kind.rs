//! Which type of the schema an entity is.

use callboard_model::EntityRef;

/// The object types that entities have. Kinds of the configuration share one, so that the schema
/// never depends on configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Component,
    Api,
    Resource,
    System,
    Domain,
    Group,
    User,
    Location,
    Template,
    AiResource,
    Custom,
}

impl EntityKind {
    /// Of an entity with this ref.
    pub(crate) fn of(entity_ref: &EntityRef) -> Self {
        match entity_ref.kind() {
            "component" => Self::Component,
            "api" => Self::Api,
            "resource" => Self::Resource,
            "system" => Self::System,
            "domain" => Self::Domain,
            "group" => Self::Group,
            "user" => Self::User,
            "location" => Self::Location,
            "template" => Self::Template,
            "airesource" => Self::AiResource,
            _ => Self::Custom,
        }
    }

    /// The name of the object type.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Component => "Component",
            Self::Api => "Api",
            Self::Resource => "Resource",
            Self::System => "System",
            Self::Domain => "Domain",
            Self::Group => "Group",
            Self::User => "User",
            Self::Location => "Location",
            Self::Template => "Template",
            Self::AiResource => "AiResource",
            Self::Custom => "CustomEntity",
        }
    }
}

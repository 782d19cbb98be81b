//! What stands on top of an entity's tabs.

use callboard_http::{ApiError, ErrorClass};
use serde::Deserialize;

use crate::{
    catalog::url_state::{Dimension, url_of},
    entity_link::entity_path,
};

/// The path's parameters of an entity's pages.
#[derive(Debug, Deserialize)]
pub(crate) struct EntityPath {
    namespace: String,
    kind: String,
    name: String,
}

impl EntityPath {
    /// The ref, as it stands in the path.
    pub(crate) fn entity_ref(&self) -> String {
        format!("{}:{}/{}", self.kind, self.namespace, self.name)
    }
}

/// The error of a page whose entity is not there.
pub(crate) fn not_found(entity_ref: &str) -> ApiError {
    ApiError::new(ErrorClass::NotFound, format!("There is no “{entity_ref}”."))
}

/// The same error, if what failed is that the path can be no entity's.
pub(crate) fn or_not_found(error: ApiError, entity_ref: &str) -> ApiError {
    if error.class() == ErrorClass::Input { not_found(entity_ref) } else { error }
}

/// What stands on top of an entity's tabs.
#[derive(Debug)]
pub(crate) struct EntityHead {
    pub(crate) kind: String,
    pub(crate) kind_url: String,
    /// The name for people, or the name.
    pub(crate) title: String,
    pub(crate) entity_ref: String,
    pub(crate) path: String,
}

impl EntityHead {
    /// Of the entity with this ref.
    pub(crate) fn new(
        entity_ref: String,
        kind: String,
        name: String,
        title: Option<String>,
    ) -> Self {
        let title = title.filter(|title| !title.trim().is_empty());
        Self {
            kind_url: url_of(Dimension::Kind, &kind.to_lowercase()),
            kind,
            title: title.unwrap_or(name),
            path: entity_path(&entity_ref),
            entity_ref,
        }
    }
}

/// Whether entities of a kind have the tabs that tell what runs.
pub(crate) fn has_tabs(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("component")
}

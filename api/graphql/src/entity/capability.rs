//! Fields that several kinds share: what an entity can do, rather than what it is.

use async_graphql::Object;
use callboard_model::relation_type::{DEPENDENCY_OF, DEPENDS_ON, OWNER_OF};

use super::{
    EntityNode, RelationPath,
    document::{field, parsed},
};
use crate::{connection::EntityConnection, error::FieldError};

/// The fields of the interface `DependencySource`.
pub(crate) struct DependencySourceFields<'a>(pub(crate) &'a EntityNode);

/// What needs other entities.
#[Object]
impl DependencySourceFields<'_> {
    /// What it needs to work, ordered by ref.
    async fn depends_on(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(DEPENDS_ON), first, after)
    }
}

/// The fields of the interface `DependencyTarget`.
pub(crate) struct DependencyTargetFields<'a>(pub(crate) &'a EntityNode);

/// What other entities need.
#[Object]
impl DependencyTargetFields<'_> {
    /// What needs it to work, ordered by ref.
    async fn dependency_of(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(DEPENDENCY_OF), first, after)
    }
}

/// The fields of the interface `Owner` beside those of `Entity`.
pub(crate) struct OwnerFields<'a>(pub(crate) &'a EntityNode);

impl OwnerFields<'_> {
    fn profile_text(&self, key: &str) -> Option<String> {
        parsed(field(self.0.spec_field("profile")?, key)?)
    }

    /// The display name, the title, or the name.
    pub(crate) fn name_for_people(&self) -> String {
        self.profile_text("displayName").unwrap_or_else(|| self.0.title_or_name())
    }
}

/// Who can own entities.
#[Object]
impl OwnerFields<'_> {
    /// The name for people: `spec.profile.displayName`, the title, or the name.
    async fn display_name(&self) -> String {
        self.name_for_people()
    }

    /// `spec.profile.email`.
    async fn email(&self) -> Option<String> {
        self.profile_text("email")
    }

    /// The URL of a picture, if it is on the web: `spec.profile.picture`.
    async fn picture(&self) -> Option<String> {
        self.profile_text("picture").filter(|url| super::value::is_web_url(url))
    }

    /// What it owns, ordered by ref.
    async fn owner_of(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(OWNER_OF), first, after)
    }
}

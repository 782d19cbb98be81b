//! The fields of the kinds that describe people.

use async_graphql::Object;
use callboard_model::relation_type::{CHILD_OF, HAS_MEMBER, MEMBER_OF, PARENT_OF};

use super::{EntityNode, RelationPath, types::Group};
use crate::{connection::EntityConnection, error::FieldError};

/// The fields of `Group` beside those that it shares.
pub(crate) struct GroupFields<'a>(pub(crate) &'a EntityNode);

/// A squad, a department, or another set of people.
#[Object]
impl GroupFields<'_> {
    /// What sort of group it is, such as `team` or `business-unit`.
    async fn r#type(&self) -> String {
        self.0.spec_text("type").unwrap_or_default()
    }

    /// The Group above it.
    async fn parent(&self) -> Result<Option<Group>, FieldError> {
        Ok(self.0.related(&RelationPath::of_kind(CHILD_OF, "group"))?.map(Group))
    }

    /// The Groups below it, ordered by ref.
    async fn children(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(PARENT_OF), first, after)
    }

    /// The Users who belong to it directly, ordered by ref.
    async fn members(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(HAS_MEMBER), first, after)
    }
}

/// The fields of `User` beside those that it shares.
pub(crate) struct UserFields<'a>(pub(crate) &'a EntityNode);

/// A person.
#[Object]
impl UserFields<'_> {
    /// The Groups that the person belongs to directly, ordered by ref.
    async fn member_of(
        &self,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        self.0.connection(RelationPath::any(MEMBER_OF), first, after)
    }
}

//! Relations of an entity as the caller sees them.

use async_graphql::Object;
use callboard_model::{EntityRef, relation_type};

use super::{EntityNode, types::Entity};
use crate::{
    connection::EntityConnection, error::FieldError, page::PageArguments, scalar::EntityRefScalar,
};

/// Which relations a field follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelationPath {
    /// The relation's type.
    pub(crate) relation: std::borrow::Cow<'static, str>,
    /// The kind of the targets, in lower case; `None` = any.
    pub(crate) kind: Option<&'static str>,
}

impl RelationPath {
    /// All targets of a relation.
    pub(crate) const fn any(relation: &'static str) -> Self {
        Self { relation: std::borrow::Cow::Borrowed(relation), kind: None }
    }

    /// The targets of one kind.
    pub(crate) const fn of_kind(relation: &'static str, kind: &'static str) -> Self {
        Self { relation: std::borrow::Cow::Borrowed(relation), kind: Some(kind) }
    }
}

impl EntityNode {
    /// The refs that `path` leads to, in order, existing or not, readable or not.
    pub(crate) fn targets<'a>(
        &'a self,
        path: &'a RelationPath,
    ) -> impl Iterator<Item = &'a EntityRef> {
        self.entity()
            .relations
            .iter()
            .filter(|relation| *relation.kind == *path.relation)
            .map(|relation| &relation.target)
            .filter(|target| path.kind.is_none_or(|kind| target.kind() == kind))
    }

    /// The first entity that `path` leads to and that the caller may read.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn related(&self, path: &RelationPath) -> Result<Option<Self>, FieldError> {
        for target in self.targets(path) {
            if let Some(node) = self.scope().entity(target)? {
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// A page of the entities that `path` leads to.
    ///
    /// # Errors
    ///
    /// [`FieldError`] for a bad page, and when the time or the budget is used up.
    pub(crate) fn connection(
        &self,
        path: RelationPath,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<EntityConnection, FieldError> {
        EntityConnection::of_relation(self, path, PageArguments::forward(first, after).checked()?)
    }

    /// The groups and users that own it, as far as the caller may read them.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn owners(&self) -> Result<Vec<Self>, FieldError> {
        let path = RelationPath::any(relation_type::OWNED_BY);
        let mut owners = Vec::new();
        for target in self.targets(&path).filter(|target| is_owner(target)) {
            owners.extend(self.scope().entity(target)?);
        }
        Ok(owners)
    }

    /// The first of the owners.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn owner(&self) -> Result<Option<Self>, FieldError> {
        let path = RelationPath::any(relation_type::OWNED_BY);
        for target in self.targets(&path).filter(|target| is_owner(target)) {
            if let Some(owner) = self.scope().entity(target)? {
                return Ok(Some(owner));
            }
        }
        Ok(None)
    }
}

fn is_owner(entity_ref: &EntityRef) -> bool {
    matches!(entity_ref.kind(), "group" | "user")
}

/// A relation of an entity.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) source: EntityNode,
    pub(crate) kind: String,
    pub(crate) target: EntityRef,
}

/// A directed, typed connection from an entity to another.
#[Object]
impl Relation {
    /// The type, such as `ownedBy` or `dependsOn`.
    async fn r#type(&self) -> &str {
        &self.kind
    }

    /// What it points to; such an entity need not exist.
    async fn target_ref(&self) -> EntityRefScalar {
        EntityRefScalar(self.target.clone())
    }

    /// The entity that it points to; null if it does not exist.
    async fn target(&self) -> Result<Option<Entity>, FieldError> {
        Ok(self.source.scope().entity(&self.target)?.map(Entity))
    }
}

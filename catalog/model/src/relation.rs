//! Directed, typed connections between entities.

use crate::EntityRef;

/// One direction of a relation, as an entity's processing emits it.
///
/// A field such as `spec.owner` emits two: `ownedBy` from the entity and `ownerOf` from its owner.
/// The target need not exist. Source: Backstage `EntityRelationSpec`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The entity that serves this relation.
    pub source: EntityRef,
    /// The relation's type, such as `ownedBy`.
    pub kind: Box<str>,
    /// What it points to.
    pub target: EntityRef,
}

/// The types of the relations that the built-in kinds emit. Each stands beside its inverse.
pub mod relation_type {
    /// From an entity to the Group or User that answers for it.
    pub const OWNED_BY: &str = "ownedBy";
    /// Inverse of [`OWNED_BY`].
    pub const OWNER_OF: &str = "ownerOf";
    /// From a part to the whole.
    pub const PART_OF: &str = "partOf";
    /// Inverse of [`PART_OF`].
    pub const HAS_PART: &str = "hasPart";
    /// From a Component to an API that it serves.
    pub const PROVIDES_API: &str = "providesApi";
    /// Inverse of [`PROVIDES_API`].
    pub const API_PROVIDED_BY: &str = "apiProvidedBy";
    /// From a Component to an API that it calls.
    pub const CONSUMES_API: &str = "consumesApi";
    /// Inverse of [`CONSUMES_API`].
    pub const API_CONSUMED_BY: &str = "apiConsumedBy";
    /// From an entity to what it needs.
    pub const DEPENDS_ON: &str = "dependsOn";
    /// Inverse of [`DEPENDS_ON`].
    pub const DEPENDENCY_OF: &str = "dependencyOf";
    /// From a User to a Group.
    pub const MEMBER_OF: &str = "memberOf";
    /// Inverse of [`MEMBER_OF`].
    pub const HAS_MEMBER: &str = "hasMember";
    /// From a Group to the Group above it.
    pub const CHILD_OF: &str = "childOf";
    /// Inverse of [`CHILD_OF`].
    pub const PARENT_OF: &str = "parentOf";
}

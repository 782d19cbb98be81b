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

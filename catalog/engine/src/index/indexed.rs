//! Making an [`IndexedEntity`] of a final entity.

use std::sync::Arc;

use bytes::Bytes;
use callboard_model::EntityRef;

use crate::{
    final_entity::FinalEntity,
    index::{
        IndexedEntity, IndexedRelation,
        flatten::{FlatEntity, Flattener},
    },
};

/// A shared text as the owner of bytes, so that the text is not copied.
struct SharedText(Arc<str>);

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Flattens `entity` into `flat`; a text that is no JSON object is indexed as far as it goes.
pub(crate) fn flatten(entity: &FinalEntity, flattener: &mut Flattener, flat: &mut FlatEntity) {
    if let Err(fault) = flattener.flatten(entity.body.as_bytes(), flat) {
        let entity_ref = entity.entity_ref.as_str();
        tracing::warn!(entity.ref = entity_ref, error = %fault, "a stored entity is not readable JSON; it is indexed as far as it goes");
    }
}

/// The entity as it is kept, with `relations` in any order.
pub(crate) fn indexed(
    entity: &FinalEntity,
    mut relations: Vec<IndexedRelation>,
) -> Arc<IndexedEntity> {
    relations.sort_by(|one, other| {
        (&*one.kind, one.target.as_str()).cmp(&(&*other.kind, other.target.as_str()))
    });
    relations.dedup();
    Arc::new(IndexedEntity {
        entity_ref: entity.entity_ref.clone(),
        uid: Arc::clone(&entity.entity_id),
        json: Bytes::from_owner(SharedText(Arc::clone(&entity.body))),
        relations: relations.into(),
        parents: Arc::clone(&entity.parents),
    })
}

/// The relations of `flat`, their texts made by `kind_of` and `target_of`, which may share them.
pub(crate) fn relations(
    flat: &FlatEntity,
    mut kind_of: impl FnMut(&str) -> Arc<str>,
    mut target_of: impl FnMut(&str) -> Option<EntityRef>,
) -> Vec<IndexedRelation> {
    let relation = |row: &crate::index::flatten::RelationRow| {
        let target = target_of(flat.text(row.target))?;
        Some(IndexedRelation { kind: kind_of(flat.text(row.kind)), target })
    };
    flat.relations.iter().filter_map(relation).collect()
}

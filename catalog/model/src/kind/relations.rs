//! Which relations follow from the fields of an entity.

use serde_json::Value;

use super::RelationField;
use crate::{CompoundEntityRef, EntityRef, EntityRefError, RefDefaults, Relation, javascript};

pub(super) fn emit(
    relations: &[RelationField],
    paths: &[Vec<String>],
    entity: &Value,
) -> Result<Vec<Relation>, EntityRefError> {
    let own = Own::of(entity);
    let mut emitted = Vec::new();
    for (relation, path) in relations.iter().zip(paths) {
        match path.iter().try_fold(entity, |value, step| value.get(step)) {
            Some(Value::Array(targets)) => {
                for target in targets {
                    emit_one(relation, target, &own, &mut emitted)?;
                }
            }
            Some(target) if javascript::is_truthy(target) => {
                emit_one(relation, target, &own, &mut emitted)?;
            }
            _ => {}
        }
    }
    emitted.sort_unstable();
    emitted.dedup();
    Ok(emitted)
}

/// The entity whose fields are read.
struct Own<'entity> {
    entity_ref: EntityRef,
    namespace: &'entity str,
}

impl<'entity> Own<'entity> {
    fn of(entity: &'entity Value) -> Self {
        let text =
            |value: Option<&'entity Value>| value.and_then(Value::as_str).unwrap_or_default();
        let metadata = entity.get("metadata");
        let given = text(metadata.and_then(|metadata| metadata.get("namespace")));
        let namespace = if given.is_empty() { "default" } else { given };
        let name = text(metadata.and_then(|metadata| metadata.get("name")));
        let entity_ref = EntityRef::new(text(entity.get("kind")), namespace, name);
        Self { entity_ref, namespace }
    }
}

fn emit_one(
    relation: &RelationField,
    target: &Value,
    own: &Own<'_>,
    emitted: &mut Vec<Relation>,
) -> Result<(), EntityRefError> {
    let defaults = RefDefaults { kind: relation.default_kind.as_deref(), namespace: own.namespace };
    let target = CompoundEntityRef::from_value(target, defaults)?;
    let allowed = &relation.allowed_kinds;
    if !allowed.is_empty() && !allowed.iter().any(|kind| kind.eq_ignore_ascii_case(&target.kind)) {
        return Ok(());
    }
    let target = target.canonical();
    emitted.push(Relation {
        source: own.entity_ref.clone(),
        kind: relation.relation.as_str().into(),
        target: target.clone(),
    });
    emitted.push(Relation {
        source: target,
        kind: relation.inverse.as_str().into(),
        target: own.entity_ref.clone(),
    });
    Ok(())
}

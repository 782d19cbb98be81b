//! The kinds that this catalog knows.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{Kind, KindDefinition, KindDefinitionError, KindError, KindModule, builtin};
use crate::field_format;

/// The kinds that this catalog knows: the built-in ones, the modules that are switched on, and
/// those of the configuration. Compiled once, shared by everyone who validates.
#[derive(Debug)]
pub struct KindRegistry {
    kinds: HashMap<String, Vec<Arc<Kind>>>,
}

impl KindRegistry {
    /// The built-in kinds, those of `modules` and `custom` ones.
    ///
    /// # Errors
    ///
    /// [`KindDefinitionError`] for the first custom definition that cannot be used.
    pub fn new(
        modules: &[KindModule],
        custom: Vec<KindDefinition>,
    ) -> Result<Self, KindDefinitionError> {
        let mut definitions = builtin::builtin_kinds();
        for module in modules {
            definitions.extend(builtin::module_kinds(*module));
        }
        for definition in &custom {
            check_definition(definition)?;
        }
        definitions.extend(custom);
        let mut registry = Self { kinds: HashMap::new() };
        for definition in definitions {
            registry.add(definition)?;
        }
        Ok(registry)
    }

    fn add(&mut self, definition: KindDefinition) -> Result<(), KindDefinitionError> {
        let known = self.kinds.entry(definition.kind.clone()).or_default();
        for api_version in &definition.api_versions {
            let is_taken = known.iter().any(|kind| {
                kind.definition().spec_type == definition.spec_type
                    && kind.definition().api_versions.contains(api_version)
            });
            if is_taken {
                return Err(KindDefinitionError::Duplicate {
                    kind: definition.kind,
                    api_version: api_version.clone(),
                });
            }
        }
        known.push(Kind::build(definition)?);
        Ok(())
    }

    /// The kind that `entity` claims to be: by `kind` and `apiVersion` to the letter, and by
    /// `spec.type` where there is a subtype of that name.
    pub fn find(&self, entity: &Value) -> Option<&Kind> {
        let api_version = entity.get("apiVersion").and_then(Value::as_str)?;
        let spec_type =
            entity.get("spec").and_then(|spec| spec.get("type")).and_then(Value::as_str);
        let known = self.kinds.get(entity.get("kind").and_then(Value::as_str)?)?;
        let mut fallback = None;
        for kind in known {
            let definition = kind.definition();
            if !definition.api_versions.iter().any(|version| version == api_version) {
                continue;
            }
            match &definition.spec_type {
                None => fallback = Some(kind.as_ref()),
                Some(own) if Some(own.as_str()) == spec_type => return Some(kind),
                Some(_) => {}
            }
        }
        fallback
    }

    /// Judges `entity` as one of its kind, and gives the kind.
    ///
    /// # Errors
    ///
    /// [`KindError::Unknown`] if no kind is for it, [`KindError::Invalid`] if its kind refuses it.
    pub fn check(&self, entity: &Value) -> Result<&Kind, KindError> {
        let kind = self.find(entity).ok_or_else(|| {
            let text = |field: &str| entity.get(field).and_then(Value::as_str).unwrap_or_default();
            KindError::Unknown {
                kind: text("kind").to_owned(),
                api_version: text("apiVersion").to_owned(),
            }
        })?;
        kind.check(entity)?;
        Ok(kind)
    }

    /// Every definition, by kind, in no particular order among kinds.
    pub fn definitions(&self) -> impl Iterator<Item = &KindDefinition> {
        self.kinds.values().flatten().map(|kind| kind.definition())
    }
}

fn check_definition(definition: &KindDefinition) -> Result<(), KindDefinitionError> {
    let kind = &definition.kind;
    if !field_format::is_kind(kind) {
        return Err(KindDefinitionError::Kind(kind.clone()));
    }
    let bad_version =
        definition.api_versions.iter().find(|version| !field_format::is_api_version(version));
    if bad_version.is_some() || definition.api_versions.is_empty() {
        return Err(KindDefinitionError::ApiVersion {
            kind: kind.clone(),
            api_version: bad_version.cloned().unwrap_or_default(),
        });
    }
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let bad_relation = definition.relations.iter().find(|relation| {
        relation.field.split('.').any(str::is_empty)
            || !is_word(&relation.relation)
            || !is_word(&relation.inverse)
    });
    match bad_relation {
        Some(relation) => {
            Err(KindDefinitionError::Relation { kind: kind.clone(), field: relation.field.clone() })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "rows read better without references")]
mod tests;

//! The envelope of an entity as it stands in a descriptor and in an answer.

use serde_json::{Map, Value};

use crate::EntityRef;

/// An entity as a JSON object: `apiVersion`, `kind`, `metadata`, `spec` and, once it is served,
/// `relations` and `status`. Key order is the order of the descriptor.
///
/// Nothing is checked by having one: what is valid is decided by the policies and by the kind.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Entity(pub Map<String, Value>);

impl Entity {
    /// `apiVersion`, or an empty string where there is none.
    pub fn api_version(&self) -> &str {
        self.0.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
    }

    /// `kind` in the case of the descriptor, or an empty string where there is none.
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// `metadata.namespace`, or `default`.
    pub fn namespace(&self) -> &str {
        let given = self.metadata_text("namespace").unwrap_or_default();
        if given.is_empty() { "default" } else { given }
    }

    /// `metadata.name`, or an empty string where there is none.
    pub fn name(&self) -> &str {
        self.metadata_text("name").unwrap_or_default()
    }

    /// The canonical ref: lower-cased, namespace filled in.
    pub fn entity_ref(&self) -> EntityRef {
        EntityRef::new(self.kind(), self.namespace(), self.name())
    }

    /// `metadata`, if it is an object.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.0.get("metadata").and_then(Value::as_object)
    }

    /// A text field of `metadata`.
    pub fn metadata_text(&self, field: &str) -> Option<&str> {
        self.metadata()?.get(field)?.as_str()
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata()?.get("annotations")?.get(key)?.as_str()
    }

    /// Sets an annotation, creating `metadata.annotations` where it is absent or not an object.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        let metadata = self.0.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return };
        let annotations =
            metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
        if !annotations.is_object() {
            *annotations = Value::Object(Map::new());
        }
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(key.to_owned(), Value::String(value.to_owned()));
        }
    }

    /// `spec`, if it is an object.
    pub fn spec(&self) -> Option<&Map<String, Value>> {
        self.0.get("spec").and_then(Value::as_object)
    }

    /// A text field of `spec`.
    pub fn spec_text(&self, field: &str) -> Option<&str> {
        self.spec()?.get(field)?.as_str()
    }
}

//! What every entity must satisfy, whatever its kind: the envelope and the four policies.
//!
//! Source: Backstage catalog-model 1.10.1. The messages are its own, byte for byte.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::{
    field_format, javascript,
    schema::{Schema, SchemaError},
};

/// Why an entity does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The envelope lacks something; the text is ajv's.
    #[error("{0}")]
    Envelope(String),
    /// `SchemaValidEntityPolicy`.
    #[error("Malformed envelope, {0}")]
    Malformed(String),
    /// `NoForeignRootFieldsEntityPolicy`.
    #[error("Unknown field {0}")]
    UnknownField(String),
    /// `FieldFormatEntityPolicy`, a field without a value.
    #[error("{0} must have a value")]
    MissingValue(String),
    /// `FieldFormatEntityPolicy`.
    #[error(
        "\"{field}\" is not valid; expected {expected} but found \"{found}\". To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md"
    )]
    Format {
        /// The field, such as `labels.tier` or `tags.0`.
        field: String,
        /// What would be valid, in words.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
}

/// The two schemas that come with the model.
#[derive(Debug)]
struct Schemas {
    envelope: Schema,
    entity: Schema,
}

static SCHEMAS: LazyLock<Result<Schemas, SchemaError>> = LazyLock::new(|| {
    Ok(Schemas {
        envelope: Schema::compile(envelope_schema())?,
        entity: Schema::compile(entity_schema())?,
    })
});

/// Checks what must hold before anything else is done with an entity: `apiVersion`, `kind` and
/// `metadata.name` are texts that are not empty, and so is `metadata.namespace` if it is there.
///
/// # Errors
///
/// [`PolicyError::Envelope`] with the first thing that is missing or wrong.
pub fn check_envelope(entity: &Value) -> Result<(), PolicyError> {
    let schemas = SCHEMAS.as_ref().map_err(|error| PolicyError::Envelope(error.to_string()))?;
    match schemas.envelope.violations(entity).first() {
        Some(violation) => Err(PolicyError::Envelope(violation.with_params())),
        None => Ok(()),
    }
}

/// Applies the default policies in their order: the schema of entities, the default namespace
/// (written into `entity`), no foreign root fields, field formats. The envelope must have passed.
///
/// # Errors
///
/// [`PolicyError`] of the first policy that refuses.
pub fn enforce_policies(entity: &mut Value) -> Result<(), PolicyError> {
    let schemas = SCHEMAS.as_ref().map_err(|error| PolicyError::Malformed(error.to_string()))?;
    if let Some(violation) = schemas.entity.violations(entity).first() {
        return Err(PolicyError::Malformed(violation.without_params()));
    }
    default_namespace(entity);
    refuse_foreign_root_fields(entity)?;
    check_field_formats(entity)
}

/// Fills in `metadata.namespace`, before all else in `metadata`, as the merge of Backstage does.
fn default_namespace(entity: &mut Value) {
    let Some(fields) = entity.as_object_mut() else { return };
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else { return };
    if metadata.get("namespace").is_some_and(javascript::is_truthy) {
        return;
    }
    let mut filled = Map::with_capacity(metadata.len() + 1);
    filled.insert("namespace".to_owned(), Value::String("default".to_owned()));
    for (key, value) in std::mem::take(metadata) {
        if key != "namespace" {
            filled.insert(key, value);
        }
    }
    *metadata = filled;
    move_metadata_first(fields);
}

/// Puts `metadata` before the other fields: where Backstage merges something into an entity, the
/// merged part comes first.
pub fn move_metadata_first(fields: &mut Map<String, Value>) {
    if fields.keys().next().is_some_and(|first| first == "metadata") {
        return;
    }
    let Some(metadata) = fields.shift_remove("metadata") else { return };
    let rest = std::mem::take(fields);
    fields.insert("metadata".to_owned(), metadata);
    fields.extend(rest);
}

fn refuse_foreign_root_fields(entity: &Value) -> Result<(), PolicyError> {
    let fields = entity.as_object().into_iter().flat_map(Map::keys);
    for field in fields {
        if !matches!(field.as_str(), "apiVersion" | "kind" | "metadata" | "spec") {
            return Err(PolicyError::UnknownField(field.clone()));
        }
    }
    Ok(())
}

const OBJECT_NAME: &str = "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total";
const DNS_LABEL: &str =
    "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total";
const TAG: &str =
    "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total";
const KIND: &str =
    "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total";
const PREFIX_AND_SUFFIX: &str = "a valid prefix and/or suffix";
const URL: &str = "a string that is a valid url";
const NOT_EMPTY: &str = "a non empty string";

fn check_field_formats(entity: &Value) -> Result<(), PolicyError> {
    let metadata = entity.get("metadata");
    let field = |name: &str| metadata.and_then(|metadata| metadata.get(name));
    require(
        "apiVersion",
        entity.get("apiVersion"),
        field_format::is_api_version,
        PREFIX_AND_SUFFIX,
    )?;
    require("kind", entity.get("kind"), field_format::is_kind, KIND)?;
    require("metadata.name", field("name"), field_format::is_object_name, OBJECT_NAME)?;
    optional("metadata.namespace", field("namespace"), field_format::is_namespace, DNS_LABEL)?;
    for (key, value) in entries(field("labels")) {
        let name = || format!("labels.{key}");
        check_key(key, name, field_format::is_label_key)?;
        require_at(name, Some(value), field_format::is_label_value, OBJECT_NAME)?;
    }
    for (key, value) in entries(field("annotations")) {
        let name = || format!("annotations.{key}");
        check_key(key, name, field_format::is_annotation_key)?;
        require_at(name, Some(value), |_| true, "a string")?;
    }
    for (index, tag) in items(field("tags")) {
        require_at(|| format!("tags.{index}"), Some(tag), field_format::is_tag, TAG)?;
    }
    for (index, link) in items(field("links")) {
        let name = |part: &str| format!("links.{index}.{part}");
        require_at(|| name("url"), link.get("url"), field_format::is_url, URL)?;
        for part in ["title", "icon"] {
            optional(&name(part), link.get(part), field_format::is_not_blank, NOT_EMPTY)?;
        }
    }
    Ok(())
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn items(value: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    value.and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn check_key(
    key: &str,
    name: impl Fn() -> String,
    is_valid: impl Fn(&str) -> bool,
) -> Result<(), PolicyError> {
    if is_valid(key) {
        return Ok(());
    }
    Err(PolicyError::Format { field: name(), expected: PREFIX_AND_SUFFIX, found: key.to_owned() })
}

fn optional(
    field: &str,
    value: Option<&Value>,
    is_valid: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<(), PolicyError> {
    value.map_or(Ok(()), |value| require(field, Some(value), is_valid, expected))
}

fn require(
    field: &str,
    value: Option<&Value>,
    is_valid: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<(), PolicyError> {
    require_at(|| field.to_owned(), value, is_valid, expected)
}

fn require_at(
    field: impl Fn() -> String,
    value: Option<&Value>,
    is_valid: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Result<(), PolicyError> {
    match value {
        None | Some(Value::Null) => Err(PolicyError::MissingValue(field())),
        Some(Value::String(text)) if is_valid(text) => Ok(()),
        Some(value) => {
            Err(PolicyError::Format { field: field(), expected, found: javascript::display(value) })
        }
    }
}

fn text_schema() -> Value {
    json!({"type": "string", "minLength": 1})
}

/// `EntityEnvelope.schema.json`, without its words.
fn envelope_schema() -> Value {
    json!({
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": text_schema(),
            "kind": text_schema(),
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": text_schema(), "namespace": text_schema()},
            },
        },
    })
}

/// `Entity.schema.json` with what it refers to, without its words.
fn entity_schema() -> Value {
    let texts = json!({"type": "object", "patternProperties": {"^.+$": {"type": "string"}}});
    json!({
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": text_schema(),
            "kind": text_schema(),
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "uid": text_schema(),
                    "etag": text_schema(),
                    "name": text_schema(),
                    "namespace": text_schema(),
                    "title": text_schema(),
                    "description": {"type": "string"},
                    "labels": texts,
                    "annotations": texts,
                    "tags": {"type": "array", "items": text_schema()},
                    "links": {"type": "array", "items": link_schema()},
                },
            },
            "spec": {"type": "object"},
            "relations": {"type": "array", "items": relation_schema()},
            "status": status_schema(),
        },
    })
}

fn link_schema() -> Value {
    json!({
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": text_schema(),
            "title": text_schema(),
            "icon": text_schema(),
            "type": text_schema(),
        },
    })
}

fn relation_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "targetRef"],
        "additionalProperties": false,
        "properties": {
            "type": {"type": "string", "minLength": 1, "pattern": "^\\w+$"},
            "target": {
                "type": "object",
                "required": ["kind", "namespace", "name"],
                "additionalProperties": false,
                "properties": {"kind": text_schema(), "namespace": text_schema(), "name": text_schema()},
            },
            "targetRef": text_schema(),
        },
    })
}

fn status_schema() -> Value {
    let error = json!({
        "type": "object",
        "required": ["name", "message"],
        "properties": {
            "name": text_schema(),
            "message": {"type": "string"},
            "code": {"type": "string"},
            "stack": {"type": "string"},
        },
    });
    let item = json!({
        "type": "object",
        "required": ["type", "level", "message"],
        "properties": {
            "type": text_schema(),
            "level": {"type": "string", "enum": ["info", "warning", "error"]},
            "message": {"type": "string"},
            "error": error,
        },
    });
    json!({"type": "object", "properties": {"items": {"type": "array", "items": item}}})
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "rows read better without references")]
mod tests;

//! The JSON Schema of the configuration, for editors: `callboard schema config`.

use serde_json::{Map, Value, json};

use super::keys::{Key, KeyTree, Shape};

/// JSON Schema draft 7 of `app-config.yaml`.
///
/// Unknown keys are allowed, as Callboard allows them. Every value may be an include, and every
/// value that is not a text may also be a text with `${VAR}`.
pub(crate) fn json_schema() -> Value {
    let mut schema = schema_of(&KeyTree::new());
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        schema.insert("title".to_owned(), json!("Callboard configuration (app-config.yaml)"));
        schema.insert("definitions".to_owned(), definitions());
    }
    schema
}

fn definitions() -> Value {
    let one = |key: &str| json!({"required": [key], "properties": {key: {"type": "string"}}, "maxProperties": 1});
    json!({
        "include": {
            "type": "object",
            "description": "A value that stands elsewhere: $env, $file or $include.",
            "anyOf": [one("$env"), one("$file"), one("$include")],
        },
        "variable": {
            "type": "string",
            "description": "A text with environment variables.",
            "pattern": "\\$\\{[^{}]+\\}",
        },
    })
}

/// The schema of what stands at one place of the tree.
fn schema_of(tree: &KeyTree) -> Value {
    let mut options: Vec<Value> = tree.rows.iter().flat_map(|row| shapes(row.shape)).collect();
    if tree.takes_object() {
        options.push(object(tree));
    }
    if let Some(items) = &tree.items {
        options.push(json!({"type": "array", "items": or_include(schema_of(items))}));
    }
    let mut schema = match options.len() {
        1 => options.swap_remove(0),
        _ => json!({"anyOf": options}),
    };
    if let (Some(schema), Some(row)) = (schema.as_object_mut(), tree.rows.first()) {
        describe(schema, row);
    }
    schema
}

fn describe(schema: &mut Map<String, Value>, row: &Key) {
    let description = match row.default {
        Some(default) => format!("{}. Default: {default}.", row.about),
        None => format!("{}.", row.about),
    };
    schema.insert("description".to_owned(), description.into());
}

fn object(tree: &KeyTree) -> Value {
    let properties: Map<String, Value> = tree
        .keys
        .iter()
        .map(|(name, below)| ((*name).to_owned(), or_include(schema_of(below))))
        .collect();
    let others = tree.any.as_ref().map_or(json!(true), |below| schema_of(below));
    json!({"type": "object", "properties": properties, "additionalProperties": others})
}

/// `schema`, or an include, or nothing.
fn or_include(schema: Value) -> Value {
    if schema.get("type").is_none() && schema.get("anyOf").is_none() {
        return schema;
    }
    let description = schema.get("description").cloned();
    let mut whole = json!({
        "anyOf": [schema, {"$ref": "#/definitions/include"}, {"type": "null"}],
    });
    if let (Some(whole), Some(description)) = (whole.as_object_mut(), description) {
        whole.insert("description".to_owned(), description);
    }
    whole
}

fn shapes(shape: Shape) -> Vec<Value> {
    let variable = json!({"$ref": "#/definitions/variable"});
    let text = json!({"type": "string", "minLength": 1});
    let duration = json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": ["number", "string"]},
    });
    match shape {
        Shape::Text | Shape::Secret | Shape::Path => vec![text],
        Shape::Url => vec![json!({"type": "string", "pattern": "^https?://|\\$\\{"})],
        Shape::Number => vec![json!({"type": "number"}), json!({"type": "string"})],
        Shape::Flag => vec![json!({"type": "boolean"}), variable],
        Shape::Duration => vec![text, duration],
        Shape::DurationOrFalse => vec![text, duration, json!({"const": false})],
        Shape::Choice(choices) => vec![json!({"enum": choices}), variable],
        Shape::Texts => vec![text, json!({"type": "array", "items": {"type": "string"}})],
        Shape::Kinds => vec![json!({"type": "array", "items": {"type": ["string", "object"]}})],
        Shape::Document => vec![text, json!({"type": "object"})],
        Shape::Upstream | Shape::Ignored => vec![json!({})],
    }
}

//! In which order ajv meets the keywords of a schema.
//!
//! ajv 8 evaluates the keywords of one schema by groups (numbers, strings, any type, arrays,
//! objects) and, inside a group, in the order in which its vocabularies define them.

use serde_json::Value;

/// Keywords in ajv's order. A `type` that has keywords of its own group is checked with the group.
const KEYWORDS: [&str; 37] = [
    "falseSchema",
    "type",
    // numbers
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "multipleOf",
    // strings
    "maxLength",
    "minLength",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    // any type
    "$ref",
    "const",
    "enum",
    "not",
    "anyOf",
    "oneOf",
    "allOf",
    "if",
    "then",
    "else",
    // arrays
    "maxItems",
    "minItems",
    "uniqueItems",
    "additionalItems",
    "items",
    "contains",
    // objects
    "maxProperties",
    "minProperties",
    "required",
    "propertyNames",
    "additionalProperties",
    "dependencies",
    "properties",
    "patternProperties",
];

/// The position at which ajv evaluates `keyword` of the schema `node`.
pub(super) fn rank(node: &Value, keyword: &str) -> usize {
    if keyword == "type" {
        return type_rank(node);
    }
    position(keyword)
}

fn position(keyword: &str) -> usize {
    KEYWORDS.iter().position(|known| *known == keyword).unwrap_or(KEYWORDS.len())
}

/// A single `type` is checked with its group if the schema has a keyword of that group, and before
/// everything else otherwise.
fn type_rank(node: &Value) -> usize {
    let group = match node.get("type").and_then(Value::as_str) {
        Some("number" | "integer") => "maximum".."maxLength",
        Some("string") => "maxLength".."$ref",
        Some("array") => "maxItems".."maxProperties",
        Some("object") => "maxProperties".."",
        _ => return position("type"),
    };
    let (start, end) = (position(group.start), position(group.end));
    let has_keyword = node
        .as_object()
        .is_some_and(|node| node.keys().any(|keyword| (start..end).contains(&position(keyword))));
    if has_keyword { start } else { position("type") }
}

/// The index of `key` among the keys of `object`, or the end.
pub(super) fn key_index(object: Option<&Value>, key: &str) -> usize {
    let keys = object.and_then(Value::as_object);
    keys.and_then(|keys| keys.keys().position(|known| known == key)).unwrap_or(usize::MAX)
}

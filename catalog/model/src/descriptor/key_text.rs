//! The text of a key that is itself a list or an object, such as `{{ name }}` without quotes.

use serde_json::Value;

use crate::javascript;

/// `value` in flow style, as `yaml` writes keys that JavaScript objects cannot have.
pub(super) fn of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => format!("[ {} ]", join(items.iter().map(inner))),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(key, value)| match value {
                Value::Null => key.clone(),
                value => format!("{key}: {}", inner(value)),
            });
            format!("{{ {} }}", join(pairs))
        }
        _ => javascript::display(value),
    }
}

fn inner(value: &Value) -> String {
    if value.is_null() { "null".to_owned() } else { of(value) }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

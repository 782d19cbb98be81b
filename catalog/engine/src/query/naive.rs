//! The same answers without an index: one entity, or all of them, looked at from end to end.
//!
//! Judges entities that are not indexed, and is what the index is compared with. So it follows
//! upstream's `buildEntitySearch` step by step, implied keys written out, and shares nothing with
//! the index but lower case and the printing of numbers.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    index::text::{fold, is_too_long, number_text},
    query::{EntityPredicate, HAS_PROBLEMS, ReadCondition, TextFilter, ValueMatch},
};

/// Paths that are left out of the walk. Source: Backstage `SPECIAL_KEYS`.
const LEFT_OUT: [&str; 7] = [
    "attachments",
    "relations",
    "status",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.etag",
];

/// One row of the search index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// The key in lower case.
    pub key: String,
    /// The value; `None` for null and for one that is too long to be compared.
    pub value: Option<SearchValue>,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchValue {
    /// In lower case.
    pub lower: String,
    /// In the case of the descriptor.
    pub original: String,
}

/// All rows of one entity, distinct in key and lower-cased value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchRows(Vec<SearchRow>);

/// The rows of the entity whose JSON text is `json`.
///
/// # Errors
///
/// The text is not JSON.
pub fn rows(json: &[u8]) -> Result<SearchRows, serde_json::Error> {
    let entity: Value = serde_json::from_slice(json)?;
    let mut raw = RawRows::default();
    visit("", &entity, &mut raw);
    push_identity(&entity, &mut raw);
    for relation in entity.get("relations").and_then(Value::as_array).into_iter().flatten() {
        let text = |field: &str| relation.get(field).and_then(Value::as_str).unwrap_or_default();
        raw.push(format!("relations.{}", text("type")), Some(text("targetRef").to_owned()));
    }
    if has_errors(&entity) {
        raw.push(HAS_PROBLEMS.to_owned(), Some("true".to_owned()));
    }
    Ok(settled(raw))
}

impl SearchRows {
    /// The rows.
    pub fn iter(&self) -> impl Iterator<Item = &SearchRow> {
        self.0.iter()
    }

    /// The comparable values of `key`, which may be in any case.
    pub fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a SearchValue> {
        let key = fold(key).into_owned();
        self.0.iter().filter(move |row| row.key == key).filter_map(|row| row.value.as_ref())
    }

    /// Whether `predicate` holds.
    pub fn matches(&self, predicate: &EntityPredicate) -> bool {
        match predicate {
            EntityPredicate::All(parts) => parts.iter().all(|part| self.matches(part)),
            EntityPredicate::Any(parts) => parts.iter().any(|part| self.matches(part)),
            EntityPredicate::Not(inner) => !self.matches(inner),
            EntityPredicate::Key { key, matches } => self.matches_key(key, matches),
        }
    }

    /// Whether `condition` lets the entity through.
    pub fn is_visible(&self, condition: &ReadCondition) -> bool {
        match condition {
            ReadCondition::Everything => true,
            ReadCondition::Nothing => false,
            ReadCondition::Where(predicate) => self.matches(predicate),
        }
    }

    /// Whether `filter` holds; `fallback` is the field that is meant where it names none.
    pub fn matches_text(&self, filter: &TextFilter, fallback: Option<&str>) -> bool {
        let term = fold(filter.term.trim());
        let contains = |field: &str| self.values(field).any(|value| value.lower.contains(&*term));
        match filter.fields.as_slice() {
            _ if term.is_empty() => true,
            [] => contains(fallback.unwrap_or("metadata.uid")),
            fields => fields.iter().any(|field| contains(field)),
        }
    }

    fn matches_key(&self, key: &str, matches: &ValueMatch) -> bool {
        match matches {
            ValueMatch::Exists => {
                let key = fold(key);
                self.0.iter().any(|row| row.key == key)
            }
            ValueMatch::In(values) => {
                self.values(key).any(|value| values.iter().any(|one| fold(one) == value.lower))
            }
            ValueMatch::Prefix(prefix) => {
                let prefix = fold(prefix);
                self.values(key).any(|value| value.lower.starts_with(&*prefix))
            }
            ValueMatch::Contains(term) => {
                let term = fold(term);
                self.values(key).any(|value| value.lower.contains(&*term))
            }
        }
    }
}

/// Keys and values in the case of the entity, before limits.
#[derive(Default)]
struct RawRows {
    literal: Vec<(String, Option<String>)>,
    /// Their keys in lower case.
    literal_keys: HashSet<String>,
    /// Keys that array items lead to.
    implied: Vec<String>,
}

impl RawRows {
    fn push(&mut self, key: String, value: Option<String>) {
        let folded = fold(&key);
        if !self.literal_keys.contains(&*folded) {
            let folded = folded.into_owned();
            self.literal_keys.insert(folded);
        }
        self.literal.push((key, value));
    }
}

fn visit(path: &str, value: &Value, raw: &mut RawRows) {
    if LEFT_OUT.contains(&path) {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                visit(path, item, raw);
                let Value::String(text) = item else { continue };
                let implied = format!("{path}.{text}");
                if !raw.literal_keys.contains(&*fold(&implied)) {
                    raw.implied.push(implied);
                }
            }
        }
        Value::Object(fields) => visit_fields(path, fields, raw),
        single => raw.push(path.to_owned(), single_text(single)),
    }
}

fn visit_fields(path: &str, fields: &Map<String, Value>, raw: &mut RawRows) {
    for (key, value) in fields {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        visit(&path, value, raw);
    }
}

fn single_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number_text(number)),
        _ => None,
    }
}

fn push_identity(entity: &Value, raw: &mut RawRows) {
    let field = |name: &str| entity.pointer(&format!("/metadata/{name}")).and_then(single_text);
    let namespace = field("namespace");
    let is_absent = namespace.as_deref().is_none_or(str::is_empty);
    raw.push("metadata.name".to_owned(), field("name"));
    raw.push("metadata.namespace".to_owned(), namespace);
    raw.push("metadata.uid".to_owned(), field("uid"));
    if is_absent {
        raw.push("metadata.namespace".to_owned(), Some("default".to_owned()));
    }
}

fn has_errors(entity: &Value) -> bool {
    let items = entity.pointer("/status/items").and_then(Value::as_array);
    items.into_iter().flatten().any(|item| item.get("level").is_some_and(|level| level == "error"))
}

/// Lower case, limits, and each value once: the first one stands, and before an implied one.
fn settled(raw: RawRows) -> SearchRows {
    let mut rows: Vec<SearchRow> = Vec::new();
    let mut known = HashSet::new();
    let implied = raw.implied.into_iter().map(|key| (key, Some("true".to_owned())));
    for (key, value) in raw.literal.into_iter().chain(implied) {
        let key = fold(&key).into_owned();
        let value = value.and_then(|original| {
            let lower = fold(&original).into_owned();
            (!is_too_long(&lower)).then_some(SearchValue { lower, original })
        });
        let lower = value.as_ref().map(|value| value.lower.clone());
        if !is_too_long(&key) && known.insert((key.clone(), lower)) {
            rows.push(SearchRow { key, value });
        }
    }
    SearchRows(rows)
}

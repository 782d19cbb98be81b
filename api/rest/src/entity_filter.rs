//! `filter` strings: `kind=component,spec.type=service`.

use callboard_http::{ApiError, ErrorClass};
use serde_json::{Map, Value, json};

/// Why a filter string is not one. The text is Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid filter, '{statement}' is not a valid statement (expected a string on the form a=b or a= or a)"
)]
pub(crate) struct FilterError {
    statement: String,
}

impl From<FilterError> for ApiError {
    fn from(error: FilterError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// The predicate, in the form of a `query`, that filter strings stand for; `None` where they ask
/// for nothing.
///
/// Each string is a conjunction, several are alternatives; a key that repeats in one string has
/// alternative values; a bare key must exist. Source: Backstage `parseEntityFilterParams`.
pub(crate) fn predicate_of_filters(filters: &[&str]) -> Result<Option<Value>, FilterError> {
    let mut sets = Vec::new();
    for filter in filters {
        sets.extend(predicate_of_filter(filter)?);
    }
    Ok(match sets.len() {
        0 | 1 => sets.pop(),
        _ => Some(json!({ "$any": sets })),
    })
}

fn predicate_of_filter(filter: &str) -> Result<Option<Value>, FilterError> {
    let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
    for statement in filter.split(',').map(str::trim).filter(|statement| !statement.is_empty()) {
        let (key, value) = match statement.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (statement, None),
        };
        if key.is_empty() {
            return Err(FilterError { statement: statement.to_owned() });
        }
        match keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.extend(value),
            None => keys.push((key, value.into_iter().collect())),
        }
    }
    let mut predicates: Vec<_> = keys.into_iter().map(field_predicate).collect();
    Ok(match predicates.len() {
        0 | 1 => predicates.pop(),
        _ => Some(json!({ "$all": predicates })),
    })
}

fn field_predicate((key, values): (&str, Vec<&str>)) -> Value {
    let value = match values.as_slice() {
        [] => json!({ "$exists": true }),
        [value] => json!(value),
        values => json!({ "$in": values }),
    };
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(filters: &[&str]) -> Value {
        predicate_of_filters(filters).unwrap().unwrap_or(Value::Null)
    }

    #[test]
    fn strings_are_conjunctions_and_several_are_alternatives() {
        for (filters, query) in [
            (&["kind=component"][..], json!({"kind": "component"})),
            (
                &["a=b,c=d", "e"],
                json!({"$any": [{"$all": [{"a": "b"}, {"c": "d"}]}, {"e": {"$exists": true}}]}),
            ),
            (&["kind=component,kind=api"], json!({"kind": {"$in": ["component", "api"]}})),
            (&["spec.type,spec.type=service"], json!({"spec.type": "service"})),
            (&["a="], json!({"a": ""})),
            (&[" a = b , "], json!({"a": "b"})),
            (&["a=b=c"], json!({"a": "b=c"})),
            (&["kind=component;x=y"], json!({"kind": "component;x=y"})),
            (&[","], Value::Null),
            (&[], Value::Null),
            (&[",", "a"], json!({"a": {"$exists": true}})),
        ] {
            assert_eq!(parsed(filters), query, "{filters:?}");
        }
    }

    #[test]
    fn a_statement_without_a_key_is_refused_with_upstreams_words() {
        assert_eq!(
            predicate_of_filters(&["=x"]).unwrap_err().to_string(),
            "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)"
        );
    }
}

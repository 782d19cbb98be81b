//! From a `query` predicate to the condition that the catalog answers.

use callboard_catalog::query::{EntityPredicate, ValueMatch};
use callboard_http::{ApiError, ErrorClass};
use serde_json::{Map, Value};

use crate::predicate_schema::PredicateShapeError;

/// Why a predicate cannot be asked. The texts are Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PredicateError {
    #[error("Invalid query: {0}")]
    Shape(PredicateShapeError),
    #[error(
        "Invalid filter predicate: top-level primitive values are not supported. Wrap the value in a field expression, e.g. {{ \"kind\": {0} }}"
    )]
    TopLevelPrimitive(Value),
    #[error("Object form of $contains is not supported for field \"{0}\"")]
    ContainsObject(String),
    #[error("Unsupported $contains target for field \"{field}\": {target}")]
    ContainsTarget { field: String, target: Value },
    #[error(
        "Invalid filter predicate value for field \"{field}\": expected a primitive value, $exists, $in, $hasPrefix, or $contains operator, but got {value}"
    )]
    FieldValue { field: String, value: Value },
    #[error("Empty \"$in\" array for $contains on \"relations\" is not allowed")]
    NoRelationTargets,
    #[error(
        "Unsupported value in $contains for \"relations\": expected a string or {{ \"$in\": [strings] }}, but got {0}"
    )]
    RelationTarget(Value),
    #[error("The $contains operator for \"relations\" requires a \"type\" string property")]
    RelationType,
    #[error("Duplicate key \"{0}\" in $contains for \"relations\"")]
    DuplicateRelationKey(String),
    #[error(
        "Unsupported key \"{0}\" in $contains for \"relations\". Only \"type\" and \"targetRef\" are supported"
    )]
    RelationKey(String),
}

impl From<PredicateError> for ApiError {
    fn from(error: PredicateError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// The condition of a predicate that has passed [`crate::predicate_schema::check_predicate`], or
/// that a `filter` became. Source: Backstage `applyPredicateEntityFilterToQuery`.
pub(crate) fn compile(predicate: &Value) -> Result<EntityPredicate, PredicateError> {
    let Value::Object(fields) = predicate else {
        return Err(PredicateError::TopLevelPrimitive(predicate.clone()));
    };
    let all = |list: &[Value]| list.iter().map(compile).collect::<Result<Vec<_>, _>>();
    if let Some(inner) = fields.get("$not") {
        return Ok(EntityPredicate::Not(Box::new(compile(inner)?)));
    }
    if let Some(Value::Array(list)) = fields.get("$all") {
        return all(list).map(EntityPredicate::All);
    }
    if let Some(Value::Array(list)) = fields.get("$any") {
        return all(list).map(EntityPredicate::Any);
    }
    let mut conditions = Vec::with_capacity(fields.len());
    for (field, value) in fields {
        conditions.push(field_condition(&field.to_lowercase(), value)?);
    }
    match <[EntityPredicate; 1]>::try_from(conditions) {
        Ok([condition]) => Ok(condition),
        Err(conditions) => Ok(EntityPredicate::All(conditions)),
    }
}

fn field_condition(field: &str, value: &Value) -> Result<EntityPredicate, PredicateError> {
    let key = |matches| Ok(EntityPredicate::Key { key: field.into(), matches });
    if let Some(text) = primitive(value) {
        return key(ValueMatch::In(vec![text]));
    }
    let wrong = || PredicateError::FieldValue { field: field.to_owned(), value: value.clone() };
    let operators = value.as_object().ok_or_else(wrong)?;
    if let Some(exists) = operators.get("$exists") {
        let condition = key(ValueMatch::Exists)?;
        return Ok(match exists {
            Value::Bool(false) => EntityPredicate::Not(Box::new(condition)),
            _ => condition,
        });
    }
    if let Some(Value::Array(values)) = operators.get("$in") {
        return key(ValueMatch::In(values.iter().filter_map(primitive).collect()));
    }
    if let Some(Value::String(prefix)) = operators.get("$hasPrefix") {
        return key(ValueMatch::Prefix(prefix.as_str().into()));
    }
    match operators.get("$contains").ok_or_else(wrong)? {
        Value::Object(target) if field == "relations" => related(target),
        Value::Object(_) => Err(PredicateError::ContainsObject(field.to_owned())),
        target => match primitive(target) {
            Some(text) => key(ValueMatch::In(vec![text])),
            None => Err(PredicateError::ContainsTarget {
                field: field.to_owned(),
                target: target.clone(),
            }),
        },
    }
}

/// `{"type": "ownedBy", "targetRef": "group:default/a"}` of an entity's relations.
fn related(target: &Map<String, Value>) -> Result<EntityPredicate, PredicateError> {
    let (mut relation_type, mut targets) = (None, None);
    for (key, value) in target {
        match key.to_lowercase().as_str() {
            "type" => {
                let value = value.as_str().ok_or(PredicateError::RelationType)?;
                if relation_type.replace(value).is_some() {
                    return Err(PredicateError::DuplicateRelationKey(key.clone()));
                }
            }
            "targetref" => {
                if targets.replace(relation_targets(value)?).is_some() {
                    return Err(PredicateError::DuplicateRelationKey(key.clone()));
                }
            }
            _ => return Err(PredicateError::RelationKey(key.clone())),
        }
    }
    let relation_type =
        relation_type.filter(|name| !name.is_empty()).ok_or(PredicateError::RelationType)?;
    let matches = targets.map_or(ValueMatch::Exists, ValueMatch::In);
    Ok(EntityPredicate::Key { key: format!("relations.{relation_type}").into(), matches })
}

fn relation_targets(value: &Value) -> Result<Vec<Box<str>>, PredicateError> {
    let wrong = || PredicateError::RelationTarget(value.clone());
    match value {
        Value::String(target) => Ok(vec![target.as_str().into()]),
        Value::Object(operators) if operators.len() == 1 => {
            let targets = operators.get("$in").and_then(Value::as_array).ok_or_else(wrong)?;
            if targets.is_empty() {
                return Err(PredicateError::NoRelationTargets);
            }
            let text = |target: &Value| target.as_str().map(Into::into).ok_or_else(wrong);
            targets.iter().map(text).collect()
        }
        _ => Err(wrong()),
    }
}

/// `String(value)` of a text, a number or a truth.
fn primitive(value: &Value) -> Option<Box<str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => {
            Some(callboard_model::javascript::display(value).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(key: &str, matches: ValueMatch) -> EntityPredicate {
        EntityPredicate::Key { key: key.into(), matches }
    }

    fn one(value: &str) -> ValueMatch {
        ValueMatch::In(vec![value.into()])
    }

    #[test]
    fn each_form_becomes_its_condition() {
        use EntityPredicate::{All, Any, Not};
        for (query, condition) in [
            (json!({}), All(vec![])),
            (json!({"$all": []}), All(vec![])),
            (json!({"$any": []}), Any(vec![])),
            (json!({"Kind": "API"}), key("kind", one("API"))),
            (json!({"a": 1.0, "b": true}), All(vec![key("a", one("1")), key("b", one("true"))])),
            (json!({"$not": {"a": "b"}}), Not(Box::new(key("a", one("b"))))),
            (json!({"a": {"$exists": true}}), key("a", ValueMatch::Exists)),
            (json!({"a": {"$exists": false}}), Not(Box::new(key("a", ValueMatch::Exists)))),
            (json!({"a": {"$in": []}}), key("a", ValueMatch::In(vec![]))),
            (json!({"a": {"$hasPrefix": "%"}}), key("a", ValueMatch::Prefix("%".into()))),
            (json!({"a": {"$contains": "go"}}), key("a", one("go"))),
            (
                json!({"relations": {"$contains": {"type": "ownedBy"}}}),
                key("relations.ownedBy", ValueMatch::Exists),
            ),
            (
                json!({"relations": {"$contains": {"type": "ownedBy", "targetRef": {"$in": ["a:b/c"]}}}}),
                key("relations.ownedBy", one("a:b/c")),
            ),
        ] {
            assert_eq!(compile(&query), Ok(condition), "{query}");
        }
    }

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        for (query, text) in [
            (
                json!({"$not": "x"}),
                "Invalid filter predicate: top-level primitive values are not supported. Wrap the value in a field expression, e.g. { \"kind\": \"x\" }",
            ),
            (
                json!({"Foo": {"$contains": {"a": 1}}}),
                "Object form of $contains is not supported for field \"foo\"",
            ),
            (
                json!({"relations": {"$contains": {"targetRef": "a:b/c"}}}),
                "The $contains operator for \"relations\" requires a \"type\" string property",
            ),
            (
                json!({"relations": {"$contains": {"type": "x", "targetRef": {"$in": []}}}}),
                "Empty \"$in\" array for $contains on \"relations\" is not allowed",
            ),
            (
                json!({"relations": {"$contains": {"type": "x", "other": 1}}}),
                "Unsupported key \"other\" in $contains for \"relations\". Only \"type\" and \"targetRef\" are supported",
            ),
            (
                json!({"relations": {"$contains": {"type": "x", "TYPE": "y"}}}),
                "Duplicate key \"TYPE\" in $contains for \"relations\"",
            ),
            (
                json!({"relations": {"$contains": {"type": "x", "targetRef": 1}}}),
                "Unsupported value in $contains for \"relations\": expected a string or { \"$in\": [strings] }, but got 1",
            ),
        ] {
            assert_eq!(compile(&query).unwrap_err().to_string(), text, "{query}");
        }
    }

    #[test]
    fn a_filter_on_an_operator_is_refused_or_harmless_but_never_followed() {
        for query in [json!({"$all": "x"}), json!({"$any": {"$exists": true}}), json!({"$x": "y"})]
        {
            let compiled = compile(&query).unwrap();
            assert!(matches!(compiled, EntityPredicate::Key { .. }), "{query}");
        }
    }
}

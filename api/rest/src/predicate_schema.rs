//! The shape of a `query` predicate, and upstream's words for what is wrong with one.
//!
//! Upstream describes the shape with zod and prints its issues with zod-validation-error; both of
//! their rules show in the text (which alternative of a union speaks, when issues are joined with
//! `;` and when with `, or`), so this module follows them. Source: `@backstage/filter-predicates`
//! 0.1.5 `createZodV3FilterPredicateSchema`, zod 3, zod-validation-error 5.

use serde_json::{Map, Value};

/// The longest message, in characters: a hostile predicate can be wrong in very many places.
const MAX_MESSAGE: usize = 8_192;

/// Why a value is not a predicate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Validation error: {0}")]
pub(crate) struct PredicateShapeError(String);

/// `value` as a predicate: what the schema does not know is left out of it. Every part of it is
/// looked at a fixed number of times, however it is nested.
pub(crate) fn check_predicate(value: &Value) -> Result<Value, PredicateShapeError> {
    let outcome = Check { path: Vec::new() }.predicate(value);
    if outcome.status == Status::Valid {
        return Ok(outcome.value);
    }
    let message = outcome.issues.join("; ");
    Err(PredicateShapeError(message.chars().take(MAX_MESSAGE).collect()))
}

/// zod's three outcomes: an alternative that is dirty is better than one that is aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Valid,
    Dirty,
    Aborted,
}

#[derive(Debug)]
struct Outcome {
    status: Status,
    value: Value,
    issues: Vec<String>,
}

impl Outcome {
    fn valid(value: Value) -> Self {
        Self { status: Status::Valid, value, issues: Vec::new() }
    }

    fn aborted(issue: String) -> Self {
        Self { status: Status::Aborted, value: Value::Null, issues: vec![issue] }
    }

    /// Takes over what a part gave, and the value of the part.
    fn absorb(&mut self, part: Self) -> Value {
        self.status = self.status.max(part.status);
        self.issues.extend(part.issues);
        part.value
    }
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
}

struct Check {
    path: Vec<Step>,
}

/// A schema: checks the value, or the absence of one.
type Schema = fn(&mut Check, Option<&Value>) -> Outcome;

const PRIMITIVE: &[Schema] = &[Check::string, Check::number, Check::boolean];

const PREDICATE: &[Schema] = &[
    Check::expression,
    Check::primitive,
    |check, value| check.object(value, "$all", Check::predicates, UnknownKeys::Refused),
    |check, value| check.object(value, "$any", Check::predicates, UnknownKeys::Refused),
    |check, value| check.object(value, "$not", Check::maybe_predicate, UnknownKeys::Refused),
];

const FIELD_VALUE: &[Schema] = &[
    Check::primitive,
    |check, value| check.object(value, "$exists", Check::boolean, UnknownKeys::Dropped),
    |check, value| check.object(value, "$in", Check::primitives, UnknownKeys::Dropped),
    |check, value| check.object(value, "$contains", Check::maybe_predicate, UnknownKeys::Dropped),
    |check, value| check.object(value, "$hasPrefix", Check::string, UnknownKeys::Dropped),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnknownKeys {
    Refused,
    Dropped,
}

impl Check {
    fn predicate(&mut self, value: &Value) -> Outcome {
        self.maybe_predicate(Some(value))
    }

    fn maybe_predicate(&mut self, value: Option<&Value>) -> Outcome {
        self.union(value, PREDICATE)
    }

    fn primitive(&mut self, value: Option<&Value>) -> Outcome {
        self.union(value, PRIMITIVE)
    }

    fn field_value(&mut self, value: Option<&Value>) -> Outcome {
        self.union(value, FIELD_VALUE)
    }

    /// Fields with their conditions, or nothing but operators with nothing in them.
    fn expression(&mut self, value: Option<&Value>) -> Outcome {
        let fields: Schema = |check, value| check.record(value, is_field, Self::field_value);
        let operators: Schema = |check, value| {
            check.record(
                value,
                |key| key.starts_with('$'),
                |check, value| check.wrong("never", value),
            )
        };
        self.union(value, &[fields, operators])
    }

    fn predicates(&mut self, value: Option<&Value>) -> Outcome {
        self.list(value, Self::maybe_predicate)
    }

    fn primitives(&mut self, value: Option<&Value>) -> Outcome {
        self.list(value, Self::primitive)
    }

    fn string(&mut self, value: Option<&Value>) -> Outcome {
        self.of_type(value, "string", Value::is_string)
    }

    fn number(&mut self, value: Option<&Value>) -> Outcome {
        self.of_type(value, "number", Value::is_number)
    }

    fn boolean(&mut self, value: Option<&Value>) -> Outcome {
        self.of_type(value, "boolean", Value::is_boolean)
    }

    fn of_type(
        &mut self,
        value: Option<&Value>,
        expected: &str,
        is_right: fn(&Value) -> bool,
    ) -> Outcome {
        match value.filter(|value| is_right(value)) {
            Some(value) => Outcome::valid(value.clone()),
            None => self.wrong(expected, value),
        }
    }

    /// The first alternative that fits, else the first that nearly does, else all that they say.
    fn union(&mut self, value: Option<&Value>, options: &[Schema]) -> Outcome {
        let mut nearly = None;
        let mut complaints: Vec<String> = Vec::new();
        for option in options {
            let outcome = option(self, value);
            match outcome.status {
                Status::Valid => return outcome,
                Status::Dirty if nearly.is_none() => nearly = Some(outcome),
                _ => {
                    let complaint = outcome.issues.join("; ");
                    if !complaints.contains(&complaint) {
                        complaints.push(complaint);
                    }
                }
            }
        }
        nearly.unwrap_or_else(|| Outcome::aborted(complaints.join(", or ")))
    }

    fn list(&mut self, value: Option<&Value>, item: Schema) -> Outcome {
        let Some(Value::Array(items)) = value else { return self.wrong("array", value) };
        let mut outcome = Outcome::valid(Value::Null);
        let mut checked = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            let part = self.at(Step::Index(index), |check| item(check, Some(value)));
            checked.push(outcome.absorb(part));
        }
        outcome.value = Value::Array(checked);
        outcome
    }

    fn record(
        &mut self,
        value: Option<&Value>,
        is_right_key: fn(&str) -> bool,
        item: Schema,
    ) -> Outcome {
        let Some(Value::Object(fields)) = value else { return self.wrong("object", value) };
        let mut outcome = Outcome::valid(Value::Null);
        let mut checked = Map::with_capacity(fields.len());
        for (key, value) in fields {
            let part = self.at(Step::Key(key.clone()), |check| {
                let mut part = Outcome::valid(Value::Null);
                if !is_right_key(key) {
                    part.status = Status::Dirty;
                    part.issues.push(check.located("Invalid"));
                }
                let value = item(check, Some(value));
                part.value = part.absorb(value);
                part
            });
            let value = outcome.absorb(part);
            checked.insert(key.clone(), value);
        }
        outcome.value = Value::Object(checked);
        outcome
    }

    /// An object with this one key.
    fn object(
        &mut self,
        value: Option<&Value>,
        key: &str,
        item: Schema,
        unknown: UnknownKeys,
    ) -> Outcome {
        let Some(Value::Object(fields)) = value else { return self.wrong("object", value) };
        let mut outcome = Outcome::valid(Value::Null);
        let part = self.at(Step::Key(key.to_owned()), |check| item(check, fields.get(key)));
        let value = outcome.absorb(part);
        outcome.value = Value::Object(Map::from_iter([(key.to_owned(), value)]));
        let others = fields.keys().filter(|other| *other != key);
        let others: Vec<_> = others.map(|other| format!("'{other}'")).collect();
        if unknown == UnknownKeys::Refused && !others.is_empty() {
            outcome.status = outcome.status.max(Status::Dirty);
            let message = format!("Unrecognized key(s) in object: {}", others.join(", "));
            outcome.issues.push(self.located(&message));
        }
        outcome
    }

    fn at<R>(&mut self, step: Step, check: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(step);
        let result = check(self);
        self.path.pop();
        result
    }

    fn wrong(&self, expected: &str, value: Option<&Value>) -> Outcome {
        Outcome::aborted(match value {
            None => self.located("Required"),
            Some(value) => {
                self.located(&format!("Expected {expected}, received {}", type_name(value)))
            }
        })
    }

    /// The message with the place that it is about. Source: zod-validation-error `joinPath`.
    fn located(&self, message: &str) -> String {
        match self.path.as_slice() {
            [] => message.to_owned(),
            [Step::Index(index)] => format!("{message} at index {index}"),
            [Step::Key(key)] if key.is_empty() => format!("{message} at \"\"\"\""),
            [Step::Key(key)] => format!("{message} at \"{key}\""),
            steps => {
                let path = steps.iter().fold(String::new(), |path, step| match step {
                    Step::Index(index) => format!("{path}[{index}]"),
                    Step::Key(key) if key.contains('"') => {
                        format!("{path}[\"{}\"]", key.replace('"', "\\\""))
                    }
                    Step::Key(key) if !has_identifier(key) => format!("{path}[\"{key}\"]"),
                    Step::Key(key) if path.is_empty() => key.clone(),
                    Step::Key(key) => format!("{path}.{key}"),
                });
                format!("{message} at \"{path}\"")
            }
        }
    }
}

/// `/^(?:[^$\n\r].*)?$/`: no operator, and one line.
fn is_field(key: &str) -> bool {
    let ends_line = |character| matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    let is_line = !key.chars().skip(1).any(ends_line);
    !key.starts_with(['$', '\n', '\r']) && is_line
}

fn has_identifier(key: &str) -> bool {
    key.chars().any(|character| character.is_alphabetic() || matches!(character, '$' | '_'))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each line is `[query, upstream's message or null, upstream's value or null]`.
    const RECORDED: &str = include_str!("../testdata/predicate-errors.ndjson");

    #[test]
    fn every_message_is_upstreams() {
        for line in RECORDED.lines() {
            let (query, message, value): (Value, Option<String>, Value) =
                serde_json::from_str(line).unwrap();
            match check_predicate(&query) {
                Ok(checked) => {
                    assert_eq!(message, None, "{query}");
                    assert_eq!(checked, value, "{query}");
                }
                Err(error) => assert_eq!(Some(error.to_string()), message, "{query}"),
            }
        }
    }

    #[test]
    fn nesting_costs_no_more_than_its_size_and_messages_stay_short() {
        let mut query = json!("x");
        while query.to_string().len() < 50_000 {
            query = json!({"$contains": query.clone(), "$not": query});
        }
        let message = check_predicate(&query).unwrap_err().to_string();
        assert!(message.chars().count() <= MAX_MESSAGE + "Validation error: ".len());
        let mut query = json!("x");
        for _ in 0..60 {
            query = json!({"$not": {"$contains": query}});
        }
        assert!(check_predicate(&query).is_err());
    }
}

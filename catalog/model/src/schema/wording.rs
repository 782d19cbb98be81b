//! What ajv says about a violation, and where in its order it says it.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    Violation,
    order::{key_index, rank},
};
use crate::javascript;

/// A violation with its place in ajv's order.
pub(super) struct Found {
    /// Compared step by step.
    pub(super) order: Vec<usize>,
    /// What was found.
    pub(super) violation: Violation,
}

/// Adds `error` to `found`, after what the branches of `anyOf` and `oneOf` say on their own.
pub(super) fn collect(
    schema: &Value,
    instance: &Value,
    error: &ValidationError<'_>,
    found: &mut Vec<Found>,
) {
    if let ValidationErrorKind::AnyOf { context }
    | ValidationErrorKind::OneOfNotValid { context }
    | ValidationErrorKind::OneOfMultipleValid { context } = error.kind()
    {
        for inner in context.iter().flatten() {
            collect(schema, instance, inner, found);
        }
    }
    let place = Place::of(schema, instance, error);
    let (message, params) = wording(error, &place);
    found.push(Found {
        order: place.order,
        violation: Violation {
            instance_path: error.instance_path().as_str().to_owned(),
            keyword: error.kind().keyword().to_owned(),
            message,
            params,
        },
    });
}

/// Where a keyword stands in the schema.
struct Place<'schema, 'value> {
    order: Vec<usize>,
    /// The schema that holds the keyword.
    node: &'schema Value,
    /// The value that the schema judges.
    value: Option<&'value Value>,
}

impl<'schema, 'value> Place<'schema, 'value> {
    fn of(schema: &'schema Value, instance: &'value Value, error: &ValidationError<'_>) -> Self {
        let path = unescaped(error.evaluation_path().as_str());
        let instance_path = unescaped(error.instance_path().as_str());
        let mut walk =
            Walk { root: schema, node: schema, value: Some(instance), order: Vec::new() };
        let mut segments = path.iter().map(String::as_str).peekable();
        let mut steps = instance_path.iter().map(String::as_str);
        while let Some(keyword) = segments.next() {
            walk.order.push(rank(walk.node, keyword));
            if segments.peek().is_none() {
                break;
            }
            walk.enter(keyword, &mut segments, &mut steps);
        }
        walk.finish(error);
        Self { order: walk.order, node: walk.node, value: walk.value }
    }
}

/// The way from the root of the schema to a keyword, beside that from the root of the value.
struct Walk<'schema, 'value> {
    root: &'schema Value,
    node: &'schema Value,
    value: Option<&'value Value>,
    order: Vec<usize>,
}

impl<'schema> Walk<'schema, '_> {
    fn enter<'path>(
        &mut self,
        keyword: &str,
        segments: &mut impl Iterator<Item = &'path str>,
        steps: &mut impl Iterator<Item = &'path str>,
    ) {
        let under = self.node.get(keyword);
        match keyword {
            "properties" => {
                let name = segments.next().unwrap_or_default();
                self.order.push(key_index(under, name));
                self.descend(under.and_then(|under| under.get(name)), steps.next());
            }
            "patternProperties" => {
                let pattern = segments.next().unwrap_or_default();
                self.order.push(key_index(under, pattern));
                let key = steps.next();
                self.order.push(key_index(self.value, key.unwrap_or_default()));
                self.descend(under.and_then(|under| under.get(pattern)), key);
            }
            "additionalProperties" | "propertyNames" => {
                let key = steps.next();
                self.order.push(key_index(self.value, key.unwrap_or_default()));
                self.descend(under, key);
            }
            "items" | "additionalItems" | "contains" => {
                let step = steps.next();
                self.order.push(step.and_then(|step| step.parse().ok()).unwrap_or(usize::MAX));
                let is_tuple = under.is_some_and(Value::is_array);
                let under =
                    if is_tuple { under.and_then(|u| at(u, segments.next())) } else { under };
                self.descend(under, step);
            }
            "allOf" | "anyOf" | "oneOf" => {
                let branch = segments.next();
                self.order
                    .push(branch.and_then(|branch| branch.parse().ok()).unwrap_or(usize::MAX));
                self.node = under.and_then(|under| at(under, branch)).unwrap_or(self.node);
            }
            "$ref" => {
                let pointer = under.and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
                self.node =
                    pointer.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(self.node);
            }
            _ => self.node = under.unwrap_or(self.node),
        }
    }

    fn descend(&mut self, node: Option<&'schema Value>, step: Option<&str>) {
        self.node = node.unwrap_or(self.node);
        self.value = self.value.and_then(|value| at(value, step));
    }

    fn finish(&mut self, error: &ValidationError<'_>) {
        if let ValidationErrorKind::Required { property } = error.kind() {
            let required = self.node.get("required").and_then(Value::as_array);
            let index = required.and_then(|names| names.iter().position(|name| name == property));
            self.order.push(index.unwrap_or(usize::MAX));
        }
        if matches!(
            error.kind(),
            ValidationErrorKind::AnyOf { .. }
                | ValidationErrorKind::OneOfNotValid { .. }
                | ValidationErrorKind::OneOfMultipleValid { .. }
        ) {
            self.order.push(usize::MAX);
        }
    }
}

fn at<'value>(value: &'value Value, step: Option<&str>) -> Option<&'value Value> {
    let step = step?;
    match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Object(fields) => fields.get(step),
        _ => None,
    }
}

fn unescaped(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn wording(error: &ValidationError<'_>, place: &Place<'_, '_>) -> (String, String) {
    let keyword = error.kind().keyword();
    let given = place.node.get(keyword).map(javascript::display).unwrap_or_default();
    let limit = || format!("limit: {given}");
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = javascript::display(property);
            (format!("must have required property '{name}'"), format!("missingProperty: {name}"))
        }
        ValidationErrorKind::Type { .. } => (format!("must be {given}"), format!("type: {given}")),
        ValidationErrorKind::Enum { .. } => (
            "must be equal to one of the allowed values".to_owned(),
            format!("allowedValues: {given}"),
        ),
        ValidationErrorKind::Constant { .. } => {
            ("must be equal to constant".to_owned(), format!("allowedValue: {given}"))
        }
        ValidationErrorKind::Pattern { .. } => {
            (format!("must match pattern \"{given}\""), format!("pattern: {given}"))
        }
        ValidationErrorKind::Format { .. } => {
            (format!("must match format \"{given}\""), format!("format: {given}"))
        }
        ValidationErrorKind::MinLength { .. } => (fewer(&given, "characters"), limit()),
        ValidationErrorKind::MaxLength { .. } => (more(&given, "characters"), limit()),
        ValidationErrorKind::MinItems { .. } => (fewer(&given, "items"), limit()),
        ValidationErrorKind::MaxItems { .. } => (more(&given, "items"), limit()),
        ValidationErrorKind::MinProperties { .. } => (fewer(&given, "properties"), limit()),
        ValidationErrorKind::MaxProperties { .. } => (more(&given, "properties"), limit()),
        ValidationErrorKind::Minimum { .. } => comparison(">=", &given),
        ValidationErrorKind::Maximum { .. } => comparison("<=", &given),
        ValidationErrorKind::ExclusiveMinimum { .. } => comparison(">", &given),
        ValidationErrorKind::ExclusiveMaximum { .. } => comparison("<", &given),
        ValidationErrorKind::MultipleOf { .. } => {
            (format!("must be multiple of {given}"), format!("multipleOf: {given}"))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => (
            "must NOT have additional properties".to_owned(),
            format!("additionalProperty: {}", unexpected.first().map_or("", String::as_str)),
        ),
        ValidationErrorKind::AdditionalItems { limit } => {
            (more(&limit.to_string(), "items"), format!("limit: {limit}"))
        }
        ValidationErrorKind::Contains => {
            ("must contain at least 1 valid item(s)".to_owned(), "minContains: 1".to_owned())
        }
        // `additionalProperties: false` without `properties` is reported as a schema of its own.
        ValidationErrorKind::FalseSchema
            if error.evaluation_path().as_str().ends_with("/additionalProperties") =>
        {
            let fields = place.value.and_then(Value::as_object);
            let first = fields.and_then(|fields| fields.keys().next());
            let name = first.map_or("", String::as_str);
            (
                "must NOT have additional properties".to_owned(),
                format!("additionalProperty: {name}"),
            )
        }
        _ => plain(error.kind()),
    }
}

fn plain(kind: &ValidationErrorKind) -> (String, String) {
    let (message, params) = match kind {
        ValidationErrorKind::AnyOf { .. } => ("must match a schema in anyOf", ""),
        ValidationErrorKind::OneOfNotValid { .. }
        | ValidationErrorKind::OneOfMultipleValid { .. } => {
            ("must match exactly one schema in oneOf", "passingSchemas: null")
        }
        ValidationErrorKind::Not { .. } => ("must NOT be valid", ""),
        ValidationErrorKind::FalseSchema => ("boolean schema is false", ""),
        ValidationErrorKind::UniqueItems => ("must NOT have duplicate items", ""),
        ValidationErrorKind::PropertyNames { .. } => ("property name must be valid", ""),
        _ => ("must satisfy the schema", ""),
    };
    (message.to_owned(), params.to_owned())
}

fn fewer(limit: &str, what: &str) -> String {
    format!("must NOT have fewer than {limit} {what}")
}

fn more(limit: &str, what: &str) -> String {
    format!("must NOT have more than {limit} {what}")
}

fn comparison(operator: &str, limit: &str) -> (String, String) {
    (format!("must be {operator} {limit}"), format!("comparison: {operator}, limit: {limit}"))
}

//! JSON Schema, compiled once, with the answers of the validator that Backstage uses.
//!
//! The schema decides with the crate `jsonschema`; what users read is worded and ordered as `ajv` 8
//! does it, because Backstage shows the first error alone.

use serde_json::Value;

mod order;
mod wording;

/// A compiled JSON Schema of draft 7.
#[derive(Debug)]
pub(crate) struct Schema {
    source: Value,
    validator: jsonschema::Validator,
}

/// A schema that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema is not valid at {pointer:?}: {reason}")]
pub struct SchemaError {
    /// Where in the schema, as a JSON pointer.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
}

/// One way in which a value does not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the value, as a JSON pointer; empty for the whole value.
    pub instance_path: String,
    /// The keyword of the schema that is not satisfied.
    pub keyword: String,
    /// What ajv says, such as `must be string`.
    pub message: String,
    /// What ajv adds, such as `type: string`. May be empty.
    pub params: String,
}

impl Violation {
    /// The path as Backstage shows it: `<root>` for the whole value.
    pub fn place(&self) -> &str {
        if self.instance_path.is_empty() { "<root>" } else { &self.instance_path }
    }

    /// `<place> <message> - <params>`: the text of `throwAjvError`.
    pub fn with_params(&self) -> String {
        format!("{} {} - {}", self.place(), self.message, self.params)
    }

    /// `<place> <message>`.
    pub fn without_params(&self) -> String {
        format!("{} {}", self.place(), self.message)
    }
}

impl Schema {
    /// Compiles `source`.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] if it is not a schema of draft 7 or refers to something outside itself.
    pub(crate) fn compile(source: Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::draft7::new(&source).map_err(|error| SchemaError {
            pointer: error.instance_path().as_str().to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { source, validator })
    }

    /// What does not fit, in the order in which ajv reports it; empty if all does. The first is
    /// the same whether or not ajv is asked for all errors.
    pub(crate) fn violations(&self, instance: &Value) -> Vec<Violation> {
        if self.validator.is_valid(instance) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for error in self.validator.iter_errors(instance) {
            wording::collect(&self.source, instance, &error, &mut found);
        }
        found.sort_by(|left: &wording::Found, right| left.order.cmp(&right.order));
        found.into_iter().map(|found| found.violation).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(schema: Value, instance: &Value) -> Vec<String> {
        let schema = Schema::compile(schema).unwrap();
        schema.violations(instance).iter().map(Violation::with_params).collect()
    }

    #[test]
    fn the_text_is_that_of_ajv() {
        let table = [
            (
                json!({"required": ["a"]}),
                json!({}),
                "<root> must have required property 'a' - missingProperty: a",
            ),
            (json!({"type": "string"}), json!(1), "<root> must be string - type: string"),
            (
                json!({"properties": {"a/b": {"type": ["string", "boolean"]}}}),
                json!({"a/b": 1}),
                "/a~1b must be string,boolean - type: string,boolean",
            ),
            (
                json!({"minLength": 1}),
                json!(""),
                "<root> must NOT have fewer than 1 characters - limit: 1",
            ),
            (
                json!({"maxLength": 1}),
                json!("ab"),
                "<root> must NOT have more than 1 characters - limit: 1",
            ),
            (
                json!({"minItems": 1}),
                json!([]),
                "<root> must NOT have fewer than 1 items - limit: 1",
            ),
            (
                json!({"enum": ["a", "b"]}),
                json!("c"),
                "<root> must be equal to one of the allowed values - allowedValues: a,b",
            ),
            (
                json!({"const": "a"}),
                json!("c"),
                "<root> must be equal to constant - allowedValue: a",
            ),
            (
                json!({"pattern": "^a$"}),
                json!("b"),
                "<root> must match pattern \"^a$\" - pattern: ^a$",
            ),
            (json!({"minimum": 5}), json!(1), "<root> must be >= 5 - comparison: >=, limit: 5"),
            (
                json!({"additionalProperties": false}),
                json!({"x": 1}),
                "<root> must NOT have additional properties - additionalProperty: x",
            ),
        ];
        for (schema, instance, text) in table {
            assert_eq!(texts(schema, &instance).first().map(String::as_str), Some(text));
        }
    }

    #[test]
    fn the_first_error_is_the_one_that_ajv_meets_first() {
        let schema = json!({
            "type": "object",
            "required": ["b", "a"],
            "additionalProperties": false,
            "properties": {
                "z": {"type": "array", "items": {"type": "string", "minLength": 1}},
                "y": {"type": "string"},
                "a": true,
                "b": true,
            },
        });
        assert_eq!(
            texts(schema.clone(), &json!({"y": 1, "z": ["", 2], "q": 1})),
            [
                "<root> must have required property 'b' - missingProperty: b",
                "<root> must have required property 'a' - missingProperty: a",
                "<root> must NOT have additional properties - additionalProperty: q",
                "/z/0 must NOT have fewer than 1 characters - limit: 1",
                "/z/1 must be string - type: string",
                "/y must be string - type: string",
            ]
        );
    }

    #[test]
    fn the_branches_of_one_of_come_before_it() {
        let schema = json!({"oneOf": [{"type": "object"}, {"type": "array"}]});
        assert_eq!(
            texts(schema, &json!("x")),
            [
                "<root> must be object - type: object",
                "<root> must be array - type: array",
                "<root> must match exactly one schema in oneOf - passingSchemas: null",
            ]
        );
    }

    #[test]
    fn a_schema_that_is_none_is_refused_with_its_place() {
        let error = Schema::compile(json!({"properties": {"a": {"type": "strin"}}})).unwrap_err();
        assert!(error.pointer.starts_with("/properties/a"), "{error}");
    }
}

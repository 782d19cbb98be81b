//! Typed bodies, with upstream's words for what is wrong with one.

use callboard_http::{ApiError, ErrorClass};
use serde_json::{Map, Value};

/// What is wrong with a body. The texts are those of upstream's request validator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("request/body{path} must be {expected}")]
    Type { path: String, expected: &'static str },
    #[error("request/body{path} must have required property '{name}'")]
    Missing { path: String, name: &'static str },
    #[error("request/body{path} must be equal to one of the allowed values: {allowed}")]
    NotAllowed { path: String, allowed: String },
    #[error("request/body/{0} must be >= 0")]
    Negative(&'static str),
    #[error("Missing or empty facets parameter")]
    NoFacets,
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// An object within a body, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct BodyObject<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> BodyObject<'a> {
    /// The body itself.
    pub(crate) fn root(body: &'a Value) -> Result<Self, BodyError> {
        Self::of(body, String::new())
    }

    fn of(value: &'a Value, path: String) -> Result<Self, BodyError> {
        match value {
            Value::Object(fields) => Ok(Self { path, fields }),
            _ => Err(BodyError::Type { path, expected: "object" }),
        }
    }

    fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    fn wrong(&self, name: &str, expected: &'static str) -> BodyError {
        BodyError::Type { path: self.path_of(name), expected }
    }

    /// Asks for a field.
    pub(crate) fn require(&self, name: &'static str) -> Result<(), BodyError> {
        if self.fields.contains_key(name) {
            return Ok(());
        }
        Err(BodyError::Missing { path: self.path.clone(), name })
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, BodyError> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(name, "string"));
        self.fields.get(name).map(text).transpose()
    }

    /// A text of a few.
    pub(crate) fn one_of(
        &self,
        name: &str,
        allowed: &[&str],
    ) -> Result<Option<&'a str>, BodyError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if allowed.contains(&text) {
            return Ok(Some(text));
        }
        Err(BodyError::NotAllowed { path: self.path_of(name), allowed: allowed.join(", ") })
    }

    /// A count. A fraction is rounded up, as PostgreSQL does for upstream.
    pub(crate) fn count(&self, name: &'static str) -> Result<Option<usize>, BodyError> {
        let Some(value) = self.fields.get(name) else { return Ok(None) };
        let number = value.as_f64().ok_or_else(|| self.wrong(name, "number"))?;
        if number < 0.0 {
            return Err(BodyError::Negative(name));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and the cast saturates, which is what is meant"
        )]
        Ok(Some(number.ceil() as usize))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, BodyError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        let text = |(index, item): (usize, &'a Value)| {
            item.as_str().ok_or_else(|| self.wrong(&format!("{name}/{index}"), "string"))
        };
        items.iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A list of objects.
    pub(crate) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, BodyError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        let object = |(index, item): (usize, &'a Value)| {
            Self::of(item, self.path_of(&format!("{name}/{index}")))
        };
        items.iter().enumerate().map(object).collect::<Result<_, _>>().map(Some)
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, BodyError> {
        let object = |value| Self::of(value, self.path_of(name));
        self.fields.get(name).map(object).transpose()
    }

    /// An object as it is.
    pub(crate) fn json_object(&self, name: &str) -> Result<Option<&'a Value>, BodyError> {
        self.object(name)?;
        Ok(self.fields.get(name))
    }

    fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, BodyError> {
        let list = |value: &'a Value| value.as_array().ok_or_else(|| self.wrong(name, "array"));
        self.fields.get(name).map(list).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        let body = json!({
            "limit": "1", "offset": -1, "entityRefs": "x", "numbers": [1], "query": [],
            "orderBy": [{"field": "x", "order": "up"}], "bad": {},
        });
        let body = BodyObject::root(&body).unwrap();
        let order = body.objects("orderBy").unwrap().unwrap().remove(0);
        for (error, text) in [
            (body.count("limit").unwrap_err(), "request/body/limit must be number"),
            (body.count("offset").unwrap_err(), "request/body/offset must be >= 0"),
            (body.texts("entityRefs").unwrap_err(), "request/body/entityRefs must be array"),
            (body.texts("numbers").unwrap_err(), "request/body/numbers/0 must be string"),
            (body.json_object("query").unwrap_err(), "request/body/query must be object"),
            (body.objects("bad").unwrap_err(), "request/body/bad must be array"),
            (body.require("x").unwrap_err(), "request/body must have required property 'x'"),
            (
                order.one_of("order", &["asc", "desc"]).unwrap_err(),
                "request/body/orderBy/0/order must be equal to one of the allowed values: asc, desc",
            ),
            (
                order.require("y").unwrap_err(),
                "request/body/orderBy/0 must have required property 'y'",
            ),
            (BodyObject::root(&json!([])).unwrap_err(), "request/body must be object"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_fraction_of_a_limit_is_rounded_up() {
        let body = json!({"limit": 1.5});
        assert_eq!(BodyObject::root(&body).unwrap().count("limit"), Ok(Some(2)));
    }
}

//! The scalars of the schema.

use std::time::SystemTime;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bytes::Bytes;
use callboard_model::{CompoundEntityRef, EntityRef, RefDefaults};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;

/// A ref in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityRefScalar(pub(crate) EntityRef);

/// A reference to an entity, such as `component:default/payments-api`. Input takes kind and
/// namespace in any case and fills in a missing namespace with `default`; output is always whole
/// and in lower case.
#[Scalar(name = "EntityRef")]
impl ScalarType for EntityRefScalar {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a text such as \"component:default/x\""));
        };
        let parsed = CompoundEntityRef::parse(&text, RefDefaults::default());
        parsed.map(|parsed| Self(parsed.canonical())).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.as_str().to_owned())
    }
}

/// JSON text that is answered as it is, without being parsed into a tree.
#[derive(Debug, Clone)]
pub(crate) struct JsonObject(pub(crate) Bytes);

/// A JSON object, answered as it stands in the catalog. Output only.
#[Scalar(name = "JSONObject")]
impl ScalarType for JsonObject {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("this scalar is for output only"))
    }

    fn to_value(&self) -> Value {
        let raw = serde_json::from_slice::<&RawValue>(&self.0).ok();
        raw.and_then(|raw| async_graphql::to_value(raw).ok()).unwrap_or(Value::Null)
    }
}

/// A point in time of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp(pub(crate) SystemTime);

impl Timestamp {
    /// As RFC 3339 in UTC, with milliseconds.
    pub(crate) fn text(self) -> String {
        DateTime::<Utc>::from(self.0).to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// A point in time in UTC, as RFC 3339: `2026-01-31T08:15:00.000Z`.
#[Scalar(name = "DateTime")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom(
                "expected a text such as \"2026-01-31T08:15:00Z\"",
            ));
        };
        let parsed = DateTime::parse_from_rfc3339(&text).map_err(InputValueError::custom)?;
        Ok(Self(parsed.into()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

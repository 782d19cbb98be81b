//! The scalars of the schema.

use std::time::{Duration, SystemTime};

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
    /// As RFC 3339 in UTC, with milliseconds. Outside systems give times, too: what lies before
    /// 1970 is shown as its beginning, and what no calendar has as the end of the calendar.
    pub(crate) fn text(self) -> String {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let time = DateTime::<Utc>::from_timestamp(seconds, since.subsec_nanos());
        let time = time.unwrap_or(DateTime::<Utc>::MAX_UTC);
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_calendar_has_is_shown_all_the_same() {
        let at = |seconds| Timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).text();
        assert_eq!(at(1_795_608_000), "2026-11-25T12:00:00.000Z");
        assert!(at(1 << 60).starts_with("+262142-12-31T"), "{}", at(1 << 60));
        let before = Timestamp(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(before.text(), "1970-01-01T00:00:00.000Z");
    }
}

//! The scalars of the schema as the pages read them.

/// A ref such as `component:default/payments-api`, in lower case.
pub(crate) type EntityRef = String;

/// An object of any shape.
pub(crate) type JSONObject = serde_json::Map<String, serde_json::Value>;

/// A point in time.
pub(crate) type DateTime = chrono::DateTime<chrono::Utc>;

//! JSON text that goes into an answer as it is.
//!
//! The library keeps such a text as an object of one reserved key and checks it when it is
//! written. What stands there is text of our own, so [`write()`] takes it as it is: an answer of
//! megabytes is then copied and not parsed.

use std::io;

use async_graphql::Value;
use serde_json::value::RawValue;

/// The library's key for text that is answered as it is. Source: async-graphql-value
/// `RAW_VALUE_TOKEN`, which is `serde_json`'s.
const TOKEN: &str = "$serde_json::private::RawValue";

/// `json`, which must be one JSON value, as a value that is answered as it is.
pub(crate) fn raw(json: String) -> Option<Value> {
    let mut value = async_graphql::to_value(RawValue::NULL).ok()?;
    let Value::Object(object) = &mut value else { return None };
    *object.values_mut().next()? = Value::String(json);
    Some(value)
}

/// Writes `value` as JSON.
///
/// # Errors
///
/// Those of `out`.
pub(crate) fn write(out: &mut impl io::Write, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::List(items) => {
            put(out, b"[")?;
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    put(out, b",")?;
                }
                write(out, item)?;
            }
            put(out, b"]")
        }
        Value::Object(fields) => {
            if let (1, Some(Value::String(json))) = (fields.len(), fields.get(TOKEN)) {
                return put(out, json.as_bytes());
            }
            put(out, b"{")?;
            for (position, (name, value)) in fields.iter().enumerate() {
                if position > 0 {
                    put(out, b",")?;
                }
                serde_json::to_writer(&mut *out, name.as_str())?;
                put(out, b":")?;
                write(out, value)?;
            }
            put(out, b"}")
        }
        other => serde_json::to_writer(out, other),
    }
}

fn put(out: &mut impl io::Write, text: &[u8]) -> serde_json::Result<()> {
    out.write_all(text).map_err(serde_json::Error::io)
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, value};

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_is_written_as_the_library_writes_it() {
        let value = value!({
            "a": [1, 2.5, "x\"\n\u{1F600}", true, null, [], {}],
            "b": { "c": { "d": "é" } },
        });
        assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn ready_made_text_stands_in_the_answer_as_it_is() {
        let json = "[{\"a\" : 1.50}]".to_owned();
        let fields = [(Name::new("list"), raw(json).unwrap())];
        let value = Value::Object(fields.into_iter().collect());
        assert_eq!(written(&value), "{\"list\":[{\"a\" : 1.50}]}");
        assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
    }
}

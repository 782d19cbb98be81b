//! Looking into the JSON of an entity without building a tree of it.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Where the parts of an entity stand in its JSON text. Made by one walk that ends before the
/// relations, which can be long; nothing is copied.
#[derive(Debug, Default)]
pub(crate) struct Head {
    api_version: Option<Range<usize>>,
    kind: Option<Range<usize>>,
    metadata: Option<Range<usize>>,
    name: Option<Range<usize>>,
    title: Option<Range<usize>>,
    spec: Option<Range<usize>>,
}

/// A part of the head.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// `apiVersion`.
    ApiVersion,
    /// `kind`.
    Kind,
    /// `metadata`.
    Metadata,
    /// `metadata.name`.
    Name,
    /// `metadata.title`.
    Title,
    /// `spec`.
    Spec,
}

impl Head {
    /// The head of `json`; empty if it is not an object.
    pub(crate) fn of(json: &[u8]) -> Self {
        let mut head = Self::default();
        walk(json, &mut |key, value| {
            let range = range(json, value);
            match key {
                "apiVersion" => head.api_version = range,
                "kind" => head.kind = range,
                "metadata" => {
                    head.metadata = range;
                    head.read_metadata(json, value);
                }
                "spec" => head.spec = range,
                _ => {}
            }
            let parts = [&head.api_version, &head.kind, &head.metadata, &head.spec];
            if parts.iter().all(|part| part.is_some()) { Walk::End } else { Walk::On }
        });
        head
    }

    fn read_metadata(&mut self, json: &[u8], metadata: &[u8]) {
        walk(metadata, &mut |key, value| {
            match key {
                "name" => self.name = range(json, value),
                "title" => self.title = range(json, value),
                _ => {}
            }
            Walk::On
        });
    }

    /// The JSON text of a part of `json`, the text that this head was made of.
    pub(crate) fn part<'a>(&self, json: &'a Bytes, part: Part) -> Option<&'a [u8]> {
        let range = match part {
            Part::ApiVersion => &self.api_version,
            Part::Kind => &self.kind,
            Part::Metadata => &self.metadata,
            Part::Name => &self.name,
            Part::Title => &self.title,
            Part::Spec => &self.spec,
        };
        json.get(range.clone()?)
    }
}

/// The JSON text of `key` in a JSON object; `None` if it is absent or `json` is not an object.
pub(crate) fn field<'a>(json: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut found = None;
    walk(json, &mut |name, value| {
        if name != key {
            return Walk::On;
        }
        found = Some(value);
        Walk::End
    });
    found
}

/// The keys of a JSON object with the text of those values that are texts, in order.
pub(crate) fn text_fields(json: &[u8]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    walk(json, &mut |key, value| {
        if let Some(text) = parsed(value) {
            fields.push((key.to_owned(), text));
        }
        Walk::On
    });
    fields
}

/// JSON text as `T`; `None` if it is something else.
pub(crate) fn parsed<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

/// Where `part`, which was borrowed from `whole`, stands in it.
fn range(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    Some(start..start.checked_add(part.len())?)
}

/// Whether a walk goes on.
enum Walk {
    On,
    End,
}

/// Shows every key of the object with its value to `visit`, in order, until that says to end.
/// What is not an object has no keys.
fn walk<'a>(json: &'a [u8], visit: &mut dyn FnMut(&str, &'a [u8]) -> Walk) {
    // An error is the end that was asked for, or says that the text is not an object.
    drop(serde_json::Deserializer::from_slice(json).deserialize_map(Walker(visit)));
}

struct Walker<'a, 'f>(&'f mut dyn FnMut(&str, &'a [u8]) -> Walk);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Walker<'de, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            if matches!((self.0)(&key, value.get().as_bytes()), Walk::End) {
                return Err(A::Error::custom("the walk has ended"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"metadata":{"name":"a","ti\u0074le":"T \"x\"","tags":["b"]},
        "apiVersion":"v1","kind":"Component","spec":{"type":"s","n":1},"relations":[}"#;

    #[test]
    fn a_head_finds_its_parts_without_reading_the_relations() {
        let json = Bytes::from_static(JSON.as_bytes());
        let head = Head::of(&json);
        let text = |part| head.part(&json, part).and_then(parsed::<String>);
        assert_eq!(text(Part::ApiVersion).as_deref(), Some("v1"));
        assert_eq!(text(Part::Kind).as_deref(), Some("Component"));
        assert_eq!(text(Part::Name).as_deref(), Some("a"));
        assert_eq!(text(Part::Title).as_deref(), Some("T \"x\""));
        let spec = head.part(&json, Part::Spec).unwrap();
        assert_eq!(field(spec, "type"), Some(&b"\"s\""[..]));
        assert_eq!(field(spec, "absent"), None);
        assert_eq!(text_fields(spec), [("type".to_owned(), "s".to_owned())]);
    }

    #[test]
    fn what_is_not_an_object_has_no_parts() {
        for json in ["", "[]", "null", "{", "\"x\"", "{\"metadata\":3}"] {
            let json = Bytes::from_static(json.as_bytes());
            assert_eq!(Head::of(&json).part(&json, Part::Name), None);
        }
    }
}

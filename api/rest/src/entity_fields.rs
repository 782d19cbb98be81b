//! `fields`: the parts of each entity that a caller asks for.

use std::{borrow::Cow, collections::HashMap};

use callboard_http::{ApiError, ErrorClass};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::value::RawValue;

/// Why a list of fields is not one. The text is Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid field \"{field}\", array type fields are not supported")]
pub(crate) struct FieldsError {
    field: String,
}

impl From<FieldsError> for ApiError {
    fn from(error: FieldsError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// The parts of an entity that an answer keeps, as dotted paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityFields(Vec<Box<str>>);

impl EntityFields {
    /// The fields of a request; `None` where it names none, so that whole entities are answered.
    pub(crate) fn parse<'a>(
        fields: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Self>, FieldsError> {
        let mut paths: Vec<Box<str>> = Vec::new();
        let fields = fields.into_iter().flat_map(|field| field.split(','));
        for field in fields.map(str::trim).filter(|field| !field.is_empty()) {
            if !paths.iter().any(|known| **known == *field) {
                paths.push(field.into());
            }
        }
        match paths.iter().find(|path| path.contains('[')) {
            Some(field) => Err(FieldsError { field: field.to_string() }),
            None => Ok((!paths.is_empty()).then_some(Self(paths))),
        }
    }

    /// The JSON of an entity with nothing but these fields, in the order of the fields.
    ///
    /// A key that itself has dots is found: the shortest key that exists wins. Where nothing
    /// matches the answer is `{}`. Only the objects on the way to a field are taken apart; what is
    /// kept is copied as it is. Source: Backstage `parseEntityTransformParams`.
    pub(crate) fn project(&self, entity: &[u8]) -> Result<String, serde_json::Error> {
        let entity: &RawValue = serde_json::from_slice(entity)?;
        let mut parts = Parts::default();
        let mut kept = Kept::Object(Vec::new());
        for path in &self.0 {
            if let Some((keys, value)) = parts.find(entity, path) {
                kept.set(&keys, value);
            }
        }
        serde_json::to_string(&kept)
    }
}

/// The containers that were taken apart so far, by where their text starts.
#[derive(Default)]
struct Parts<'a>(HashMap<*const u8, Members<'a>>);

impl<'a> Parts<'a> {
    /// The keys that lead to `path` and the value there.
    fn find(&mut self, entity: &'a RawValue, path: &str) -> Option<(Vec<String>, &'a RawValue)> {
        let (mut keys, mut value) = (Vec::new(), entity);
        let mut key = String::new();
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            key.push_str(part);
            if let Some(member) = self.member(value, &key) {
                keys.push(std::mem::take(&mut key));
                value = member;
            } else if parts.peek().is_some() {
                key.push('.');
            } else {
                return None;
            }
        }
        Some((keys, value))
    }

    fn member(&mut self, container: &'a RawValue, key: &str) -> Option<&'a RawValue> {
        let members =
            self.0.entry(container.get().as_ptr()).or_insert_with(|| Members::of(container));
        members.get(key)
    }
}

/// The members of an object or a list, each as its text.
enum Members<'a> {
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
    List(Vec<&'a RawValue>),
    /// A text, a number, a truth or null has none.
    None,
}

impl<'a> Members<'a> {
    fn of(container: &'a RawValue) -> Self {
        let text = container.get();
        let members = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str(text).map(|Object(members)| Self::Object(members)),
            Some(b'[') => serde_json::from_str(text).map(Self::List),
            _ => return Self::None,
        };
        // The text was read as JSON before, so it can be read again.
        members.unwrap_or(Self::None)
    }

    fn get(&self, key: &str) -> Option<&'a RawValue> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
            }
            Self::List(items) => items.get(list_index(key)?).copied(),
            Self::None => None,
        }
    }
}

/// `0`, `1`, `17`; not `01` or `-1`. Only such a key is an index for JavaScript.
fn list_index(key: &str) -> Option<usize> {
    key.parse().ok().filter(|index: &usize| index.to_string() == key)
}

/// The members of an object in the order of its text.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A key, borrowed from the text unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// What an answer keeps of an entity.
enum Kept<'a> {
    /// A part as it is.
    Whole(&'a RawValue),
    /// Some keys of an object.
    Object(Vec<(String, Kept<'a>)>),
    /// Some items of a list; what is not kept before them is null.
    List(Vec<Option<Kept<'a>>>),
}

impl<'a> Kept<'a> {
    /// Keeps `value` under `keys`. Source: lodash `set`.
    fn set(&mut self, keys: &[String], value: &'a RawValue) {
        let Some((key, rest)) = keys.split_first() else {
            *self = Self::Whole(value);
            return;
        };
        let empty = || match rest.first() {
            Some(next) if list_index(next).is_some() => Self::List(Vec::new()),
            _ => Self::Object(Vec::new()),
        };
        match self {
            // The whole is kept already, with this part in it.
            Self::Whole(_) => {}
            Self::Object(members) => {
                let position = members.iter().position(|(name, _)| name == key);
                let position = position.unwrap_or_else(|| {
                    members.push((key.clone(), empty()));
                    members.len() - 1
                });
                if let Some((_, member)) = members.get_mut(position) {
                    member.set(rest, value);
                }
            }
            Self::List(items) => {
                let Some(index) = list_index(key) else { return };
                if items.len() <= index {
                    items.resize_with(index + 1, || None);
                }
                if let Some(item) = items.get_mut(index) {
                    item.get_or_insert_with(empty).set(rest, value);
                }
            }
        }
    }
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => value.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTITY: &str = r#"{"metadata":{"namespace":"default","annotations":{"lunar.app/x.y":"AbC","lunar":{"app/x":1}},"name":"Pay-Svc","tags":["java","go"],"nil":null},"apiVersion":"v1","kind":"Component","spec":{"n":1.50,"arr":["x","y",{"z":1},[3]],"a\u00e9":1},"relations":[{"type":"ownedBy","targetRef":"group:default/squad-a"}]}"#;

    fn project(fields: &[&str]) -> String {
        let fields = EntityFields::parse(fields.iter().copied()).unwrap().unwrap();
        fields.project(ENTITY.as_bytes()).unwrap()
    }

    #[test]
    fn fields_are_kept_as_upstream_keeps_them() {
        for (fields, kept) in [
            (&["metadata.name"][..], r#"{"metadata":{"name":"Pay-Svc"}}"#),
            (
                &["kind,metadata.name", "kind"],
                r#"{"kind":"Component","metadata":{"name":"Pay-Svc"}}"#,
            ),
            (
                &["metadata.annotations.lunar.app/x.y"],
                // `lunar` exists and is tried first, so the longer key is never looked for.
                "{}",
            ),
            (&["spec.arr.0"], r#"{"spec":{"arr":["x"]}}"#),
            (&["spec.arr.2.z", "spec.arr.0"], r#"{"spec":{"arr":["x",null,{"z":1}]}}"#),
            (&["spec.arr.01"], "{}"),
            (&["spec.n"], r#"{"spec":{"n":1.50}}"#),
            (&["spec.aé"], r#"{"spec":{"aé":1}}"#),
            (&["metadata.nil"], r#"{"metadata":{"nil":null}}"#),
            (&["metadata.nil.x", "nope", "kind.x"], "{}"),
            (&["metadata.tags", "metadata.tags.0"], r#"{"metadata":{"tags":["java","go"]}}"#),
            (&["metadata.tags.0", "metadata.tags"], r#"{"metadata":{"tags":["java","go"]}}"#),
            (
                &["relations"],
                r#"{"relations":[{"type":"ownedBy","targetRef":"group:default/squad-a"}]}"#,
            ),
        ] {
            assert_eq!(project(fields), kept, "{fields:?}");
        }
    }

    #[test]
    fn a_key_with_dots_is_found() {
        let entity = r#"{"metadata":{"annotations":{"lunar.app/x.y":"AbC"}}}"#;
        let fields = EntityFields::parse(["metadata.annotations.lunar.app/x.y"]).unwrap().unwrap();
        assert_eq!(fields.project(entity.as_bytes()).unwrap(), entity);
    }

    #[test]
    fn brackets_are_refused_and_blanks_ask_for_everything() {
        assert_eq!(
            EntityFields::parse(["kind", "spec.arr[0]"]).unwrap_err().to_string(),
            "Invalid field \"spec.arr[0]\", array type fields are not supported"
        );
        assert_eq!(EntityFields::parse([" , ", ""]), Ok(None));
    }
}

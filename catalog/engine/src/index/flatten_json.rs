//! The walk over an entity's JSON text that [`Flattener`] hangs on.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};

use crate::index::{
    flatten::{FlatEntity, Flattener},
    text::number_text,
};

/// Paths that are left out of the walk; compared with their case. Source: Backstage
/// `SPECIAL_KEYS`.
const LEFT_OUT: [&str; 7] = [
    "attachments",
    "relations",
    "status",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.etag",
];

/// A single value.
#[derive(Debug, Default)]
pub(crate) enum Scalar {
    /// Null, absent, or not a single value.
    #[default]
    Null,
    /// A text.
    Text(String),
    /// A number or boolean, as JavaScript prints it.
    Printed(String),
}

impl Scalar {
    /// The text, if it is not null.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Printed(text) => Some(text),
        }
    }

    /// Whether JavaScript takes it for false.
    pub(crate) fn is_falsy(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Printed(text) => text == "0" || text == "false",
        }
    }
}

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Number(number) => Self::Printed(number_text(&number)),
            Value::Bool(truth) => Self::Printed(truth.to_string()),
            _ => Self::Null,
        }
    }
}

/// Walks `json` and tells `flattener` what stands where.
pub(crate) fn read(
    json: &[u8],
    flattener: &mut Flattener,
    flat: &mut FlatEntity,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Node { flattener, flat, depth: 0, is_item: false }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Any value of the entity.
struct Node<'a> {
    flattener: &'a mut Flattener,
    flat: &'a mut FlatEntity,
    depth: u32,
    is_item: bool,
}

impl Node<'_> {
    const fn child(&mut self, is_item: bool) -> Node<'_> {
        let depth = self.depth.saturating_add(1);
        Node { flattener: self.flattener, flat: self.flat, depth, is_item }
    }

    fn printed(self, number: &Number) {
        self.flattener.value(Some(&number_text(number)), self.flat);
    }

    /// Reads the value of a path that is left out of the walk.
    fn left_out<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        let path = self.flattener.path();
        match (self.depth, path) {
            (0, "relations") => map.next_value_seed(Relations { flat: self.flat }),
            (0, "status") => {
                if map.next_value::<Status>()?.has_errors() {
                    Flattener::problem(self.flat);
                }
                Ok(())
            }
            (1, _) => {
                let field = path.strip_prefix("metadata.").unwrap_or_default();
                let value = map.next_value::<Value>()?;
                Flattener::identity(field, value.into(), self.flat);
                Ok(())
            }
            _ => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an entity")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.flattener.value(Some(if truth { "true" } else { "false" }), self.flat);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.printed(&Number::from(number));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.printed(&Number::from(number));
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if let Some(number) = Number::from_f64(number) {
            self.printed(&number);
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.flattener.text_value(text, self.is_item, self.flat);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.flattener.value(None, self.flat);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.child(true))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mark = self.flattener.mark();
        while map.next_key_seed(Field { flattener: self.flattener })?.is_some() {
            if LEFT_OUT.contains(&self.flattener.path()) {
                self.left_out(&mut map)?;
            } else {
                map.next_value_seed(self.child(false))?;
            }
            self.flattener.leave(mark);
        }
        Ok(())
    }
}

/// A key of an object: becomes part of the path.
struct Field<'a> {
    flattener: &'a mut Flattener,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Field<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.flattener.enter(key);
        Ok(())
    }
}

/// The array `relations`.
struct Relations<'a> {
    flat: &'a mut FlatEntity,
}

#[derive(Deserialize)]
struct RelationJson<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "targetRef")]
    target: Cow<'a, str>,
}

impl<'de> DeserializeSeed<'de> for Relations<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Relations<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("relations")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(relation) = items.next_element::<RelationJson<'de>>()? {
            Flattener::relation(&relation.kind, &relation.target, self.flat);
        }
        Ok(())
    }
}

/// The object `status`, as far as it tells of problems.
#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    items: Option<Vec<StatusItem>>,
}

#[derive(Deserialize)]
struct StatusItem {
    #[serde(default)]
    level: Option<Value>,
}

impl Status {
    fn has_errors(&self) -> bool {
        let is_error =
            |item: &StatusItem| item.level.as_ref().is_some_and(|level| level == "error");
        self.items.iter().flatten().any(is_error)
    }
}

//! YAML with places.

use std::{fmt, path::Path, sync::Arc};

use indexmap::IndexMap;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{MergeKeyPolicy, Spanned};

use super::{
    error::ConfigError,
    node::{Node, Origin, Place, Value},
};

/// Reads one document, typed as YAML 1.2 does (`yes` is a text), as Backstage's own parser reads
/// configuration. An empty file is an empty object. JSON is read the same way.
///
/// # Errors
///
/// [`ConfigError::Syntax`].
pub(super) fn parse(file: &Arc<Path>, text: &str) -> Result<Node, ConfigError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        with_snippet: false,
    };
    let whole = Place { file: Arc::clone(file), line: 0, column: 0 };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(Some(raw)) => Ok(located(raw, file)),
        Ok(None) => {
            let value = Value::Map(IndexMap::new());
            Ok(Node { value, place: whole, origin: Origin::Written })
        }
        Err(error) => {
            let place = error.location().map_or(whole.clone(), |location| Place {
                line: location.line(),
                column: location.column(),
                ..whole
            });
            Err(ConfigError::Syntax { place, reason: reason(&error) })
        }
    }
}

/// What is wrong, in one line.
fn reason(error: &serde_saphyr::Error) -> String {
    match error {
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key {key} stands twice in one object")
        }
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// A value as the parser gives it.
enum Raw {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(IndexMap<String, Spanned<Raw>>),
}

fn located(raw: Spanned<Raw>, file: &Arc<Path>) -> Node {
    let place = Place {
        file: Arc::clone(file),
        line: raw.referenced.line(),
        column: raw.referenced.column(),
    };
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Flag(flag) => Value::Flag(flag),
        Raw::Number(number) => Value::Number(number),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(items.into_iter().map(|raw| located(raw, file)).collect()),
        Raw::Map(map) => {
            Value::Map(map.into_iter().map(|(key, raw)| (key, located(raw, file))).collect())
        }
    };
    Node { value, place, origin: Origin::Written }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Raw, E> {
        let whole = format!("{number:.0}").parse::<i64>().ok();
        if let Some(whole) = whole.filter(|_| number.fract() == 0.0) {
            return Ok(Raw::Number(whole.into()));
        }
        serde_json::Number::from_f64(number)
            .map(Raw::Number)
            .ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = IndexMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(Raw::Map(map))
    }
}

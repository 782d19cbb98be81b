//! Configuration as it was written: values with the place where each stands.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;

/// Where a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file; relative paths in the value are relative to its folder.
    pub(crate) file: Arc<Path>,
    /// From 1; 0 if the value has no line of its own.
    pub(crate) line: u64,
    /// From 1, in characters.
    pub(crate) column: u64,
}

impl Place {
    /// The folder of the file, for relative paths.
    pub(crate) fn folder(&self) -> PathBuf {
        self.file.parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if self.line > 0 {
            write!(formatter, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// How a value came into the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands there.
    Written,
    /// It holds something of an environment variable or of an included text: perhaps a secret.
    Substituted,
}

/// A value of the configuration. Has no `Debug` that prints texts: they may be secrets.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`: the same as absent.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// Any number.
    Number(serde_json::Number),
    /// Any text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the file.
    Map(IndexMap<String, Node>),
}

/// A value and where it is from.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    /// The value.
    pub(crate) value: Value,
    /// Where it is written.
    pub(crate) place: Place,
    /// How it came there.
    pub(crate) origin: Origin,
}

impl fmt::Debug for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.value.type_name(), self.place)
    }
}

impl Value {
    /// What it is, in words.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "a flag",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

impl Node {
    /// The value under `key`, unless it is `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(map) => map.get(key).filter(|node| node.value != Value::Null),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The keys of an object; none for anything else.
    pub(crate) fn keys(&self) -> Vec<&str> {
        match &self.value {
            Value::Map(map) => map.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The number, also if it is written as a text, as `${PORT}` gives it.
    pub(crate) fn number(&self) -> Option<f64> {
        match &self.value {
            Value::Number(number) => number.as_f64(),
            Value::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// The flag, also if it is written as a text, as `${ENABLED}` gives it.
    pub(crate) fn flag(&self) -> Option<bool> {
        match &self.value {
            Value::Flag(flag) => Some(*flag),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The value as JSON, places forgotten.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Flag(flag) => (*flag).into(),
            Value::Number(number) => number.clone().into(),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(map) => {
                map.iter().map(|(key, node)| (key.clone(), node.to_json())).collect()
            }
        }
    }
}

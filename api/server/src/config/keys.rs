//! The one table of configuration keys.
//!
//! It drives the search for unknown keys, the check of shapes, the JSON Schema of
//! `callboard schema config` and the report of `callboard config check`.

use std::collections::BTreeMap;

use self::table::TABLE;

mod table;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A text that is not empty.
    Text,
    /// A text that is never shown.
    Secret,
    /// A number, also as a text.
    Number,
    /// `true` or `false`, also as a text.
    Flag,
    /// An `http` or `https` URL.
    Url,
    /// A path, relative to the folder of its file.
    Path,
    /// `{ minutes: 5 }`, `PT5M`, `5 minutes` or `5m`.
    Duration,
    /// A duration, or `false`.
    DurationOrFalse,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A text or a list of texts.
    Texts,
    /// A list of kinds: `Component`, or `{ kind: Template, 'spec.type': website }`.
    Kinds,
    /// An object or a text that holds one, checked by whoever reads it.
    Document,
    /// A key of Backstage that is accepted; what stands below it is not looked at.
    Upstream,
    /// A key of Backstage that has no meaning here; named in one warning.
    Ignored,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// The path: `[]` for the items of a list, `*` for any key.
    pub(super) path: &'static str,
    /// What it takes. A key that takes several shapes has several rows.
    pub(super) shape: Shape,
    /// What holds if it is absent, in words.
    pub(super) default: Option<&'static str>,
    /// What it is for.
    pub(super) about: &'static str,
}

/// The table as a tree.
#[derive(Debug, Default)]
pub(super) struct KeyTree {
    /// The rows of this very path.
    pub(super) rows: Vec<&'static Key>,
    /// What stands under named keys.
    pub(super) keys: BTreeMap<&'static str, KeyTree>,
    /// What stands under any other key.
    pub(super) any: Option<Box<KeyTree>>,
    /// The items of a list.
    pub(super) items: Option<Box<KeyTree>>,
}

impl KeyTree {
    /// The tree of [`TABLE`].
    pub(super) fn new() -> Self {
        let mut root = Self::default();
        for key in TABLE {
            let mut tree = &mut root;
            for part in key.path.split('.') {
                let (name, is_list) = match part.strip_suffix("[]") {
                    Some(name) => (name, true),
                    None => (part, false),
                };
                tree = match name {
                    "*" => tree.any.get_or_insert_default(),
                    name => tree.keys.entry(name).or_default(),
                };
                if is_list {
                    tree = tree.items.get_or_insert_default();
                }
            }
            tree.rows.push(key);
        }
        root
    }

    /// Whether an object may stand here.
    pub(super) fn takes_object(&self) -> bool {
        !self.keys.is_empty() || self.any.is_some()
    }
}

impl Shape {
    /// What is expected, in words.
    pub(super) fn expectation(self) -> String {
        let words = match self {
            Self::Text | Self::Secret => "a text that is not empty",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Url => "an http or https URL",
            Self::Path => "a path",
            Self::Duration => "a duration such as { minutes: 5 }, PT5M or '5 minutes'",
            Self::DurationOrFalse => {
                "a duration such as { minutes: 5 }, PT5M or '5 minutes', or false"
            }
            Self::Choice(choices) => return format!("one of {}", choices.join(", ")),
            Self::Texts => "a text or a list of texts",
            Self::Kinds => "a list of kinds, each a text or { kind, 'spec.type' }",
            Self::Document => "an object, or a file with one ({ $file: … })",
            Self::Upstream | Self::Ignored => "anything",
        };
        words.to_owned()
    }
}

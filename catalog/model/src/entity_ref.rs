//! References to entities: `[<kind>:][<namespace>/]<name>`.

use std::{fmt, sync::Arc};

use serde_json::Value;

use crate::javascript;

/// A canonical, complete entity ref, such as `component:default/payments-api`: all three parts
/// present and in lower case. Cheap to clone, ordered as its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityRef(Arc<str>);

impl EntityRef {
    /// The ref of the three parts, lower-cased without regard to locale.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        let mut text = String::with_capacity(kind.len() + namespace.len() + name.len() + 2);
        for part in [kind, ":", namespace, "/", name] {
            text.push_str(part);
        }
        if text.is_ascii() {
            text.make_ascii_lowercase();
            return Self(text.into());
        }
        // As JavaScript, part by part: what follows a part must not change its last letter.
        let [kind, namespace, name] = [kind, namespace, name].map(str::to_lowercase);
        Self(format!("{kind}:{namespace}/{name}").into())
    }

    /// A text that is already in canonical form, such as one that the store gave back; `None` if
    /// it lacks a part or is not in lower case.
    pub fn from_canonical(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (namespace, name) = rest.split_once('/')?;
        let is_whole = !kind.is_empty() && !namespace.is_empty() && !name.is_empty();
        (is_whole && text == text.to_lowercase()).then(|| Self(text.into()))
    }

    /// The whole ref as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// The kind, in lower case.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The namespace, in lower case.
    pub fn namespace(&self) -> &str {
        self.rest().split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        self.rest().split_once('/').map_or("", |(_, name)| name)
    }

    fn rest(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, rest)| rest)
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a ref that leaves parts out falls back to.
#[derive(Debug, Clone, Copy)]
pub struct RefDefaults<'a> {
    /// The kind of a ref without one; `None` makes such a ref an error.
    pub kind: Option<&'a str>,
    /// The namespace of a ref without one.
    pub namespace: &'a str,
}

impl Default for RefDefaults<'_> {
    fn default() -> Self {
        Self { kind: None, namespace: "default" }
    }
}

/// The three parts of a ref as they were written. Source: Backstage `CompoundEntityRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompoundEntityRef {
    /// The kind, case kept.
    pub kind: String,
    /// The namespace, case kept.
    pub namespace: String,
    /// The name, case kept; may hold further `:` and `/`.
    pub name: String,
}

/// Why a text is not an entity ref. The messages are Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntityRefError {
    /// The text was empty.
    #[error("Entity reference must not be empty")]
    Empty,
    /// A part was empty.
    #[error("Entity reference \"{0}\" was not on the form [<kind>:][<namespace>/]<name>")]
    Form(String),
    /// No kind was given and none is the default. Holds the ref as JSON.
    #[error(
        "Entity reference {0} had missing or empty kind (e.g. did not start with \"component:\" or similar)"
    )]
    MissingKind(String),
    /// A ref of three fields lacks its name. Holds the ref as JSON.
    #[error("Entity reference {0} had missing or empty name")]
    MissingName(String),
}

impl EntityRefError {
    /// The name of the error class that Backstage throws.
    pub fn class_name(&self) -> &'static str {
        if matches!(self, Self::Form(_)) { "TypeError" } else { "Error" }
    }
}

impl CompoundEntityRef {
    /// Reads a ref: the kind ends at the first `:`, the namespace at the first `/`; where the
    /// slash comes first there is no kind. Source: Backstage `parseEntityRef`.
    ///
    /// # Errors
    ///
    /// [`EntityRefError`] for an empty text, an empty part, and a missing kind without a default.
    pub fn parse(text: &str, defaults: RefDefaults<'_>) -> Result<Self, EntityRefError> {
        if text.is_empty() {
            return Err(EntityRefError::Empty);
        }
        let form = || EntityRefError::Form(text.to_owned());
        let colon =
            text.find(':').filter(|colon| text.find('/').is_none_or(|slash| *colon < slash));
        let (kind, rest) = match colon {
            Some(at) => text.split_at_checked(at).map_or((None, text), |(kind, rest)| {
                (Some(kind), rest.strip_prefix(':').unwrap_or(rest))
            }),
            None => (None, text),
        };
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, rest),
        };
        if kind == Some("") || namespace == Some("") || name.is_empty() {
            return Err(form());
        }
        let kind = kind.or(defaults.kind.filter(|kind| !kind.is_empty()));
        let kind =
            kind.ok_or_else(|| EntityRefError::MissingKind(Value::from(text).to_string()))?;
        Ok(Self {
            kind: kind.to_owned(),
            namespace: namespace.unwrap_or(defaults.namespace).to_owned(),
            name: name.to_owned(),
        })
    }

    /// Reads a ref as it stands in a field: a text, or an object with `kind`, `namespace` and
    /// `name`.
    ///
    /// # Errors
    ///
    /// [`EntityRefError`], as for a text.
    pub fn from_value(value: &Value, defaults: RefDefaults<'_>) -> Result<Self, EntityRefError> {
        if let Some(text) = value.as_str() {
            return Self::parse(text, defaults);
        }
        if !javascript::is_truthy(value) {
            return Err(EntityRefError::Empty);
        }
        let part =
            |name: &str| value.get(name).filter(|part| !part.is_null()).map(javascript::display);
        let filled = |part: Option<String>| part.filter(|part| !part.is_empty());
        let kind = filled(part("kind").or_else(|| defaults.kind.map(str::to_owned)));
        let kind = kind.ok_or_else(|| EntityRefError::MissingKind(value.to_string()))?;
        let name = filled(part("name"));
        let name = name.ok_or_else(|| EntityRefError::MissingName(value.to_string()))?;
        let namespace = part("namespace").unwrap_or_else(|| defaults.namespace.to_owned());
        Ok(Self { kind, namespace, name })
    }

    /// The canonical form: lower-cased.
    pub fn canonical(&self) -> EntityRef {
        EntityRef::new(&self.kind, &self.namespace, &self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(text: &str, kind: Option<&str>) -> Result<[String; 3], String> {
        let namespace = if kind.is_some() { "y" } else { "default" };
        CompoundEntityRef::parse(text, RefDefaults { kind, namespace })
            .map(|parts| [parts.kind, parts.namespace, parts.name])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn refs_are_read_as_backstage_reads_them() {
        for (text, plain, with_kind) in [
            ("a:b/c", Some(["a", "b", "c"]), Some(["a", "b", "c"])),
            ("b/c", None, Some(["x", "b", "c"])),
            ("a:c", Some(["a", "default", "c"]), Some(["a", "y", "c"])),
            ("c", None, Some(["x", "y", "c"])),
            ("a:b:c", Some(["a", "default", "b:c"]), Some(["a", "y", "b:c"])),
            ("a/b/c", None, Some(["x", "a", "b/c"])),
            ("a/b:c", None, Some(["x", "a", "b:c"])),
            ("a:b/c/d", Some(["a", "b", "c/d"]), Some(["a", "b", "c/d"])),
            ("a:b/c:d", Some(["a", "b", "c:d"]), Some(["a", "b", "c:d"])),
            (":b/c", None, None),
            ("a:/c", None, None),
            ("a:b/", None, None),
            ("", None, None),
            ("A:B/C", Some(["A", "B", "C"]), Some(["A", "B", "C"])),
        ] {
            let owned = |parts: Option<[&str; 3]>| parts.map(|parts| parts.map(str::to_owned));
            assert_eq!(parsed(text, None).ok(), owned(plain), "{text}");
            assert_eq!(parsed(text, Some("x")).ok(), owned(with_kind), "{text}");
        }
    }

    #[test]
    fn a_bad_ref_is_refused_with_backstages_words() {
        for (text, message) in [
            ("", "Entity reference must not be empty"),
            ("a:/c", "Entity reference \"a:/c\" was not on the form [<kind>:][<namespace>/]<name>"),
            (
                "c",
                "Entity reference \"c\" had missing or empty kind (e.g. did not start with \"component:\" or similar)",
            ),
        ] {
            assert_eq!(parsed(text, None), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_ref_of_three_fields_is_read_too() {
        let read = |value| CompoundEntityRef::from_value(&value, RefDefaults::default());
        assert_eq!(
            read(json!({"kind": "K", "name": "n"})).unwrap().canonical().as_str(),
            "k:default/n"
        );
        assert!(read(json!({"kind": "K"})).is_err());
        assert!(read(json!(null)).is_err());
    }

    #[test]
    fn lower_casing_knows_no_locale() {
        assert_eq!(EntityRef::new("K", "N", "\u{130}\u{3A3}").as_str(), "k:n/i\u{307}\u{3C2}");
    }

    proptest! {
        #[test]
        fn a_canonical_ref_reads_back_as_itself(
            kind in "[a-zA-Z][a-zA-Z0-9]{0,8}",
            namespace in "[a-z0-9]{1,8}",
            name in "[^\\x00]{1,12}",
        ) {
            let canonical = EntityRef::new(&kind, &namespace, &name);
            let read = CompoundEntityRef::parse(canonical.as_str(), RefDefaults::default()).unwrap();
            prop_assert_eq!(read.canonical(), canonical.clone());
            prop_assert_eq!(canonical.name(), read.name);
        }
    }
}

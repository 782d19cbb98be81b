//! Lists and maps of an answer, read up to a bound: an answer of a few bytes an entry must not
//! become many times its size in memory.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// How many entries a list or a map within one object may have.
const MOST_ENTRIES: usize = 1024;

/// Longest value of an annotation that is kept; longer ones are for machines.
const LONGEST_ANNOTATION: usize = 2048;

/// Annotations that only machines read.
const MACHINE_ANNOTATIONS: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "control-plane.alpha.kubernetes.io/leader",
];

/// A list of at most 1,024 entries; `null` is the empty one.
#[derive(Debug)]
pub(crate) struct Few<T>(pub(crate) Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MOST_ENTRIES} entries")
    }

    fn visit_unit<E>(self) -> Result<Few<T>, E> {
        Ok(Few::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Few<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            if list.len() == MOST_ENTRIES {
                return Err(A::Error::custom("a list has more than 1024 entries"));
            }
            list.push(entry);
        }
        Ok(Few(list))
    }
}

/// Labels or a selector: texts by key, at most 1,024; `null` is the empty one.
#[derive(Debug, Default)]
pub(crate) struct Labels(pub(crate) Vec<(String, String)>);

impl Labels {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// Keys with values, as they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LabelsVisitor { drops: |_| false }).map(Labels)
    }
}

/// Annotations without what only machines read.
#[derive(Debug, Default)]
pub(crate) struct Annotations(pub(crate) Labels);

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let drops = |key: &str| MACHINE_ANNOTATIONS.contains(&key);
        let mut entries = deserializer.deserialize_any(LabelsVisitor { drops })?;
        entries.retain(|(_, value)| value.len() <= LONGEST_ANNOTATION);
        Ok(Self(Labels(entries)))
    }
}

struct LabelsVisitor {
    drops: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Vec<(String, String)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST_ENTRIES} texts by key")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if (self.drops)(&key) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            if list.len() == MOST_ENTRIES {
                return Err(A::Error::custom("a map has more than 1024 entries"));
            }
            list.push((key, entries.next_value()?));
        }
        Ok(list)
    }
}

/// Reads `null` as the default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_empty() {
        assert!(serde_json::from_str::<Few<u8>>("null").unwrap().0.is_empty());
        assert!(serde_json::from_str::<Labels>("null").unwrap().0.is_empty());
    }

    #[test]
    fn more_than_the_bound_is_an_error() {
        let list = format!("[{}0]", "0,".repeat(MOST_ENTRIES));
        assert!(serde_json::from_str::<Few<u8>>(&list).is_err());
        let entries: Vec<String> = (0..=MOST_ENTRIES).map(|n| format!("\"{n}\":\"\"")).collect();
        let map = format!("{{{}}}", entries.join(","));
        assert!(serde_json::from_str::<Labels>(&map).is_err());
    }

    #[test]
    fn annotations_of_machines_are_dropped() {
        let json = r#"{"kubectl.kubernetes.io/last-applied-configuration":"{}","team":"ledger"}"#;
        let annotations: Annotations = serde_json::from_str(json).unwrap();
        assert_eq!(annotations.0.iter().collect::<Vec<_>>(), [("team", "ledger")]);
    }
}

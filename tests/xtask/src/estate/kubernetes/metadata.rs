//! `metadata` of objects, and the names that controllers make up.

use super::Site;
use crate::estate::random::Random;
use serde_json::{Map, Value, json};

/// What generated names are made of. Source: Kubernetes, `apimachinery/pkg/util/rand`.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// An object's name, and what it carries.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    pub(super) kind: &'a str,
    /// Empty for what belongs to the whole cluster.
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(String, String)>,
    /// API version, kind and name of what controls it.
    pub(super) owner: Option<[&'a str; 3]>,
    /// How long before the recording it was made, in seconds.
    pub(super) age: u64,
}

impl Identity<'_> {
    /// The `metadata` of this object.
    pub(super) fn metadata(&self, site: &Site<'_>) -> Value {
        let mut fields = Map::new();
        if !self.annotations.is_empty() {
            fields.insert("annotations".to_owned(), map(&self.annotations));
        }
        fields.insert("creationTimestamp".to_owned(), site.before(self.age).into());
        if let (true, Some([.., owner])) = (self.kind == "Pod", self.owner) {
            fields.insert("generateName".to_owned(), format!("{owner}-").into());
        }
        if !self.labels.is_empty() {
            fields.insert("labels".to_owned(), map(&self.labels));
        }
        fields.insert("name".to_owned(), self.name.into());
        if !self.namespace.is_empty() {
            fields.insert("namespace".to_owned(), self.namespace.into());
        }
        if let Some([api_version, kind, name]) = self.owner {
            let owner = json!([{
                "apiVersion": api_version,
                "blockOwnerDeletion": true,
                "controller": true,
                "kind": kind,
                "name": name,
                "uid": uid(site, kind, self.namespace, name),
            }]);
            fields.insert("ownerReferences".to_owned(), owner);
        }
        let mut random = Random::of(&format!("version/{}/{}", site.cluster.name, self.path()));
        let version = 40_000_000 + random.below(9_000_000);
        fields.insert("resourceVersion".to_owned(), version.to_string().into());
        fields.insert("uid".to_owned(), uid(site, self.kind, self.namespace, self.name).into());
        Value::Object(fields)
    }

    fn path(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// Labels or annotations as an object, ordered by key.
pub(super) fn map(entries: &[(String, String)]) -> Value {
    let mut entries: Vec<_> = entries.to_vec();
    entries.sort();
    entries.into_iter().map(|(key, value)| (key, Value::String(value))).collect()
}

/// A version 4 UUID that belongs to one object.
pub(super) fn uid(site: &Site<'_>, kind: &str, namespace: &str, name: &str) -> String {
    let mut random = Random::of(&format!("uid/{}/{kind}/{namespace}/{name}", site.cluster.name));
    let (high, low) = (random.bits(), random.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// `length` letters that belong to `what`.
pub(super) fn letters(what: &str, length: usize) -> String {
    let mut random = Random::of(&format!("letters/{what}"));
    let letter = |_| {
        let index = usize::try_from(random.below(LETTERS.len() as u64)).unwrap_or(0);
        LETTERS.get(index).map_or('b', |letter| char::from(*letter))
    };
    (0..length).map(letter).collect()
}

/// An age of some days, the same for the same thing.
pub(super) fn age(what: &str, least_days: u64, most_days: u64) -> u64 {
    let mut random = Random::of(&format!("age/{what}"));
    let span = most_days.saturating_sub(least_days) * 86_400;
    least_days * 86_400 + random.below(span.max(1))
}

/// One label or annotation.
pub(super) fn entry(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

//! One entity as rows of the search index.
//!
//! Source: Backstage 4.0.0 `buildEntitySearch`. The JSON text is walked as it streams by; no tree
//! is built. The implied keys of array items (`metadata.tags.java` = `true`) are not written out:
//! an item that implies one is marked, and such a key is resolved when it is asked for.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::index::{
    flatten_json::{self, Scalar},
    text::{fold_into, is_too_long, words},
};

/// Keys of the words of searched fields. No key of an entity is equal to one: those are in lower
/// case.
///
/// They hold the words of comparable values alone: those of longer texts stand under
/// [`LONG_WORDS`].
pub(crate) const WORD_KEYS: [(&str, &str); 5] = [
    ("metadata.name", "WORDS:metadata.name"),
    ("metadata.title", "WORDS:metadata.title"),
    ("spec.profile.displayname", "WORDS:spec.profile.displayname"),
    ("metadata.tags", "WORDS:metadata.tags"),
    ("metadata.description", "WORDS:metadata.description"),
];

/// The key of the words of searched texts that are too long to be compared.
pub(crate) const LONG_WORDS: &str = "WORDS:long";

/// As much of a text as is searched by its words, in bytes.
const WORDS_LIMIT: usize = 4096;

/// A part of [`FlatEntity::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowValue {
    /// In lower case.
    pub(crate) lower: Span,
    /// In the case of the descriptor.
    pub(crate) original: Span,
    /// Whether it is an array item that implies the key `<key>.<value>`.
    pub(crate) implies: bool,
}

/// A key with one of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// Which key, see [`Flattener::key`].
    pub(crate) key: u32,
    /// `None` for null, and for a value that is too long to be compared.
    pub(crate) value: Option<RowValue>,
}

/// A relation as the entity lists it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelationRow {
    /// Its type.
    pub(crate) kind: Span,
    /// The ref of its target.
    pub(crate) target: Span,
}

/// The rows of one entity. Kept and refilled, so that a bulk load does not allocate for each.
#[derive(Debug, Default)]
pub(crate) struct FlatEntity {
    text: String,
    /// Ordered by key, then value (absent first); distinct in the lower-cased value.
    rows: Vec<Row>,
    /// As listed.
    pub(crate) relations: Vec<RelationRow>,
    metadata: Identity,
    has_problems: bool,
}

/// The parts of `metadata` that upstream leaves out of the walk and adds again.
#[derive(Debug, Default)]
struct Identity {
    name: Scalar,
    namespace: Scalar,
    uid: Scalar,
}

impl FlatEntity {
    /// The text of `span`.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The rows of each key, one slice a key, ordered by key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|one, other| one.key == other.key)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        self.relations.clear();
        self.metadata = Identity::default();
        self.has_problems = false;
    }

    fn push_text(&mut self, text: &str) -> Span {
        let start = self.end();
        self.text.push_str(text);
        Span { start, end: self.end() }
    }

    fn push_folded(&mut self, text: &str) -> Span {
        let start = self.end();
        fold_into(text, &mut self.text);
        Span { start, end: self.end() }
    }

    fn end(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    /// `None`, and nothing kept, if it is too long.
    fn push_value(&mut self, original: &str) -> Option<RowValue> {
        let lower = self.push_folded(original);
        if is_too_long(self.text(lower)) {
            self.text.truncate(lower.start as usize);
            return None;
        }
        let is_same = self.text(lower) == original;
        let original = if is_same { lower } else { self.push_text(original) };
        Some(RowValue { lower, original, implies: false })
    }

    /// A word is in lower case already; one that is too long is not searched for.
    fn push_word(&mut self, word: &str) -> Option<RowValue> {
        let lower = (!is_too_long(word)).then(|| self.push_text(word))?;
        Some(RowValue { lower, original: lower, implies: false })
    }

    /// Orders the rows and leaves each value once: the first in the entity's own order stands.
    fn settle(&mut self) {
        let text = &self.text;
        let lower = |row: &Row| {
            let span = row.value.map(|value| value.lower);
            span.map(|span| text.get(span.start as usize..span.end as usize).unwrap_or_default())
        };
        self.rows.sort_by(|one, other| {
            one.key.cmp(&other.key).then_with(|| lower(one).cmp(&lower(other)))
        });
        self.rows.dedup_by(|later, first| {
            let is_same = later.key == first.key && lower(later) == lower(first);
            if let (true, Some(first), Some(later)) = (is_same, &mut first.value, later.value) {
                first.implies |= later.implies;
            }
            is_same
        });
    }
}

/// Flattens entities, and numbers the keys that it meets.
#[derive(Debug, Default)]
pub(crate) struct Flattener {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// For each key the last entity in which it was met, so that a key can be asked for quickly.
    met: Vec<u32>,
    entity: u32,
    /// The path in the case of the descriptor.
    path: String,
    /// The path in lower case.
    folded_path: String,
    implied: String,
    words: String,
}

/// Lengths of the two paths, to return to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathMark {
    path: usize,
    folded: usize,
}

impl Flattener {
    /// Fills `flat` with the rows of the entity whose JSON text is `json`.
    ///
    /// # Errors
    ///
    /// The text is not a JSON object; `flat` then holds what stood before the fault.
    pub(crate) fn flatten(
        &mut self,
        json: &[u8],
        flat: &mut FlatEntity,
    ) -> Result<(), serde_json::Error> {
        flat.clear();
        self.entity = self.entity.wrapping_add(1);
        self.path.clear();
        self.folded_path.clear();
        let read = flatten_json::read(json, self, flat);
        self.add_identity(flat);
        self.add_relations(flat);
        if flat.has_problems {
            self.add(crate::query::HAS_PROBLEMS, Some("true"), flat);
        }
        flat.settle();
        read
    }

    /// The name of a key.
    pub(crate) fn key(&self, number: u32) -> Option<&Arc<str>> {
        self.names.get(number as usize)
    }

    /// How many keys have been met.
    pub(crate) fn key_count(&self) -> usize {
        self.names.len()
    }

    /// The path in the case of the descriptor.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where the path stands.
    pub(crate) fn mark(&self) -> PathMark {
        PathMark { path: self.path.len(), folded: self.folded_path.len() }
    }

    /// Goes back to `mark`.
    pub(crate) fn leave(&mut self, mark: PathMark) {
        self.path.truncate(mark.path);
        self.folded_path.truncate(mark.folded);
    }

    /// Goes on to the field `key`.
    pub(crate) fn enter(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
            self.folded_path.push('.');
        }
        self.path.push_str(key);
        fold_into(key, &mut self.folded_path);
    }

    /// A value stands at the present path; `None` = null.
    pub(crate) fn value(&mut self, value: Option<&str>, flat: &mut FlatEntity) {
        self.add_words(value.unwrap_or_default(), flat);
        let Some(key) = self.present_key() else { return };
        let value = value.and_then(|value| flat.push_value(value));
        flat.rows.push(Row { key, value });
    }

    /// A text stands at the present path.
    pub(crate) fn text_value(&mut self, text: &str, is_item: bool, flat: &mut FlatEntity) {
        self.add_words(text, flat);
        let Some(key) = self.present_key() else { return };
        let mut value = flat.push_value(text);
        if let Some(value) = value.as_mut().filter(|_| is_item) {
            value.implies = self.implies(flat.text(value.lower));
        }
        flat.rows.push(Row { key, value });
    }

    /// A relation of the entity.
    pub(crate) fn relation(kind: &str, target: &str, flat: &mut FlatEntity) {
        let row = RelationRow { kind: flat.push_text(kind), target: flat.push_text(target) };
        flat.relations.push(row);
    }

    /// One of the fields of `metadata` that are left out of the walk.
    pub(crate) fn identity(field: &str, value: Scalar, flat: &mut FlatEntity) {
        match field {
            "name" => flat.metadata.name = value,
            "namespace" => flat.metadata.namespace = value,
            "uid" => flat.metadata.uid = value,
            _ => {}
        }
    }

    /// The entity has an error in `status.items`.
    pub(crate) fn problem(flat: &mut FlatEntity) {
        flat.has_problems = true;
    }

    /// Whether an array item leads to a key of its own: not where that key already stands, or is
    /// too long.
    fn implies(&mut self, lower: &str) -> bool {
        self.implied.clear();
        self.implied.push_str(&self.folded_path);
        self.implied.push('.');
        self.implied.push_str(lower);
        if is_too_long(&self.implied) {
            return false;
        }
        let number = self.numbers.get(self.implied.as_str());
        let met = number.and_then(|number| self.met.get(*number as usize));
        met != Some(&self.entity)
    }

    fn add_words(&mut self, text: &str, flat: &mut FlatEntity) {
        let found = WORD_KEYS.iter().find(|(path, _)| *path == self.folded_path);
        if let Some((_, key)) = found {
            self.add_words_of(key, text, flat);
        }
    }

    fn add_words_of(&mut self, key: &'static str, text: &str, flat: &mut FlatEntity) {
        let mut folded = std::mem::take(&mut self.words);
        folded.clear();
        fold_into(text, &mut folded);
        let key = self.number(if is_too_long(&folded) { LONG_WORDS } else { key });
        let end = folded.floor_char_boundary(WORDS_LIMIT);
        for word in words(folded.get(..end).unwrap_or_default()) {
            let value = flat.push_word(word);
            flat.rows.push(Row { key, value });
        }
        self.words = folded;
    }

    fn add_identity(&mut self, flat: &mut FlatEntity) {
        let Identity { name, namespace, uid } = std::mem::take(&mut flat.metadata);
        self.add_words_of("WORDS:metadata.name", name.as_str().unwrap_or_default(), flat);
        self.add("metadata.name", name.as_str(), flat);
        self.add("metadata.namespace", namespace.as_str(), flat);
        self.add("metadata.uid", uid.as_str(), flat);
        if namespace.is_falsy() {
            self.add("metadata.namespace", Some("default"), flat);
        }
    }

    fn add_relations(&mut self, flat: &mut FlatEntity) {
        let relations = std::mem::take(&mut flat.relations);
        let mut key = String::from("relations.");
        for relation in &relations {
            key.truncate("relations.".len());
            fold_into(flat.text(relation.kind), &mut key);
            if is_too_long(&key) {
                continue;
            }
            let key = self.number(&key);
            let target = flat.text(relation.target).to_owned();
            let value = flat.push_value(&target);
            flat.rows.push(Row { key, value });
        }
        flat.relations = relations;
    }

    fn add(&mut self, key: &str, value: Option<&str>, flat: &mut FlatEntity) {
        let key = self.number(key);
        let value = value.and_then(|value| flat.push_value(value));
        flat.rows.push(Row { key, value });
    }

    fn present_key(&mut self) -> Option<u32> {
        if is_too_long(&self.folded_path) {
            return None;
        }
        let path = std::mem::take(&mut self.folded_path);
        let number = self.number(&path);
        self.folded_path = path;
        Some(number)
    }

    fn number(&mut self, key: &str) -> u32 {
        let number = self.numbers.get(key).copied().unwrap_or_else(|| self.add_key(key));
        if let Some(met) = self.met.get_mut(number as usize) {
            *met = self.entity;
        }
        number
    }

    fn add_key(&mut self, key: &str) -> u32 {
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = key.into();
        self.numbers.insert(Arc::clone(&name), number);
        self.names.push(name);
        self.met.push(0);
        number
    }
}

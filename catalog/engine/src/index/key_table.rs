//! The rows of one key while a bulk load goes on: every distinct text once, and numbers.

use std::{
    cmp::Ordering,
    hash::{BuildHasher, Hash, Hasher},
};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::index::{
    flatten::{FlatEntity, Row, RowValue},
    key_index::{KeyIndex, ValueEntry},
    postings::Postings,
};

/// A value of the key, once.
#[derive(Debug, Clone, Copy)]
struct Value {
    lower: (u32, u32),
    original: (u32, u32),
    implies: bool,
}

/// A value that a thread has seen, with who has it.
struct Seen<'a> {
    table: &'a KeyTable,
    value: &'a Value,
    ids: &'a [u32],
}

/// The rows that one thread has seen of one key.
#[derive(Debug, Default)]
pub(crate) struct KeyTable {
    hasher: DefaultHashBuilder,
    by_text: HashTable<u32>,
    values: Vec<Value>,
    text: String,
    /// Value and entity; entities ascend.
    rows: Vec<(u32, u32)>,
    exists: Vec<u32>,
    valueless: Vec<u32>,
    multiple: Vec<u32>,
}

impl KeyTable {
    /// Adds the rows that entity `id` has of this key. Ids must ascend from call to call.
    pub(crate) fn add(&mut self, id: u32, rows: &[Row], flat: &FlatEntity) {
        self.exists.push(id);
        let mut count = 0_usize;
        for value in rows.iter().filter_map(|row| row.value) {
            count += 1;
            let value = self.number(value, flat);
            self.rows.push((value, id));
        }
        match count {
            0 => self.valueless.push(id),
            1 => {}
            _ => self.multiple.push(id),
        }
    }

    /// How many rows there are, as a measure of the work to come.
    pub(crate) fn size(&self) -> usize {
        self.rows.len() + self.exists.len()
    }

    fn number(&mut self, value: RowValue, flat: &FlatEntity) -> u32 {
        let lower = flat.text(value.lower);
        let original = flat.text(value.original);
        let hash = hash_of(&self.hasher, lower, original, value.implies);
        let (values, text) = (&self.values, &self.text);
        let is_same = |number: &u32| {
            values.get(*number as usize).is_some_and(|known| {
                known.implies == value.implies
                    && part(text, known.lower) == lower
                    && part(text, known.original) == original
            })
        };
        if let Some(number) = self.by_text.find(hash, is_same) {
            return *number;
        }
        self.add_value(hash, lower, original, value.implies)
    }

    fn add_value(&mut self, hash: u64, lower: &str, original: &str, implies: bool) -> u32 {
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let lower_part = self.push(lower);
        let original_part = if lower == original { lower_part } else { self.push(original) };
        self.values.push(Value { lower: lower_part, original: original_part, implies });
        let (values, text, hasher) = (&self.values, &self.text, &self.hasher);
        self.by_text.insert_unique(hash, number, |number| {
            values.get(*number as usize).map_or(0, |value| {
                let (lower, original) = (part(text, value.lower), part(text, value.original));
                hash_of(hasher, lower, original, value.implies)
            })
        });
        number
    }

    fn push(&mut self, text: &str) -> (u32, u32) {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        (start, u32::try_from(self.text.len()).unwrap_or(u32::MAX))
    }

    fn lower(&self, value: &Value) -> &str {
        part(&self.text, value.lower)
    }

    fn original(&self, value: &Value) -> &str {
        part(&self.text, value.original)
    }

    /// The ids of each value, ascending: all of value 0, then of value 1, and so on.
    fn grouped(&self) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0_u32; self.values.len() + 1];
        for (value, _) in &self.rows {
            if let Some(count) = starts.get_mut(*value as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut ids = vec![0_u32; self.rows.len()];
        for (value, id) in &self.rows {
            let Some(place) = next.get_mut(*value as usize) else { continue };
            if let Some(slot) = ids.get_mut(*place as usize) {
                *slot = *id;
            }
            *place += 1;
        }
        (starts, ids)
    }
}

/// The index of one key, of what each thread has seen of it.
pub(crate) fn key_index(tables: &[KeyTable]) -> KeyIndex {
    let all = |list: fn(&KeyTable) -> &Vec<u32>| {
        let mut ids: Vec<u32> = tables.iter().flat_map(list).copied().collect();
        ids.sort_unstable();
        Postings::from_sorted(&ids)
    };
    let (exists, valueless) = (all(|table| &table.exists), all(|table| &table.valueless));
    KeyIndex::from_parts(entries(tables), exists, valueless, all(|table| &table.multiple))
}

fn entries(tables: &[KeyTable]) -> Vec<ValueEntry> {
    let grouped: Vec<(Vec<u32>, Vec<u32>)> = tables.iter().map(KeyTable::grouped).collect();
    let mut values = Vec::new();
    for (table, (starts, ids)) in tables.iter().zip(&grouped) {
        for (value, range) in table.values.iter().zip(starts.windows(2)) {
            let [start, end] = range else { continue };
            let ids = ids.get(*start as usize..*end as usize).unwrap_or_default();
            values.push(Seen { table, value, ids });
        }
    }
    values.sort_by(compare);
    let groups = values.chunk_by(|one, other| compare(one, other) == Ordering::Equal);
    groups.filter_map(entry).collect()
}

fn compare(one: &Seen<'_>, other: &Seen<'_>) -> Ordering {
    let lower = one.table.lower(one.value).cmp(other.table.lower(other.value));
    let original = || one.table.original(one.value).cmp(other.table.original(other.value));
    lower.then_with(original).then_with(|| one.value.implies.cmp(&other.value.implies))
}

/// One entry of what the threads have of the same value.
fn entry(same: &[Seen<'_>]) -> Option<ValueEntry> {
    let Seen { table, value, ids } = same.first()?;
    let ids = if same.len() == 1 {
        Postings::from_sorted(ids)
    } else {
        let mut all: Vec<u32> = same.iter().flat_map(|seen| seen.ids.iter().copied()).collect();
        all.sort_unstable();
        Postings::from_sorted(&all)
    };
    Some(ValueEntry::new(table.lower(value), table.original(value), value.implies, ids))
}

fn part(text: &str, (start, end): (u32, u32)) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}

fn hash_of(hasher: &DefaultHashBuilder, lower: &str, original: &str, implies: bool) -> u64 {
    let mut state = hasher.build_hasher();
    lower.hash(&mut state);
    if lower != original {
        original.hash(&mut state);
    }
    implies.hash(&mut state);
    state.finish()
}

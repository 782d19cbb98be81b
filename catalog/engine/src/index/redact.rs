//! What of an entity a caller may see who may not see every entity.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
    ser::{Serialize, SerializeMap, Serializer},
};
use serde_json::value::RawValue;

/// `json` without the relations whose target `is_hidden`. Everything else, and the order, stays
/// byte for byte; ready-made bytes where nothing is hidden or the text cannot be read.
pub(crate) fn without_relations(json: &Bytes, is_hidden: impl Fn(&str) -> bool) -> Bytes {
    let Ok(Fields(mut fields)) = serde_json::from_slice::<Fields<'_>>(json) else {
        return json.clone();
    };
    let Some((_, relations)) = fields.iter_mut().find(|(key, _)| key == "relations") else {
        return json.clone();
    };
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(relations.get()) else {
        return json.clone();
    };
    let is_kept = |item: &&&RawValue| {
        let target = serde_json::from_str::<Target>(item.get()).ok();
        !target.is_some_and(|target| is_hidden(&target.target_ref))
    };
    let kept: Vec<&RawValue> = items.iter().filter(is_kept).copied().collect();
    if kept.len() == items.len() {
        return json.clone();
    }
    let Ok(kept) = serde_json::value::to_raw_value(&kept) else { return json.clone() };
    *relations = &kept;
    serde_json::to_vec(&Fields(fields)).map_or_else(|_| json.clone(), Bytes::from)
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "targetRef")]
    target_ref: String,
}

/// The fields of an object, in order, unread.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an entity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

//! Random entities and changes: few names and values, so that they meet; every oddity of the
//! search index.

use std::sync::Arc;

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    store::FinalEntityChange,
};
use callboard_model::EntityRef;
use serde_json::{Map, Value, json};

use super::dice::Dice;

pub(crate) const KINDS: [&str; 4] = ["Component", "API", "Group", "Location"];
pub(crate) const NAMES: [&str; 14] = [
    "ledger",
    "ledger-api",
    "Ledger-API-2",
    "payments",
    "payments-ledger",
    "pay",
    "a",
    "B",
    "c.d",
    "squad-ledger",
    "x1",
    "x2",
    "x10",
    "wallet_store",
];
pub(crate) const FIELDS: [&str; 9] =
    ["type", "owner", "arr", "a", "b", "a.b", "B", "flag", "Mixed"];
pub(crate) const VALUES: [&str; 16] = [
    "a",
    "A",
    "b",
    "a.b",
    "x",
    "true",
    "TRUE",
    "",
    "service",
    "Service",
    "group:default/ledger",
    "100%_done",
    "ÆØÅ straße",
    "two words",
    "10",
    "9",
];

pub(crate) fn entity_ref(dice: &mut Dice) -> EntityRef {
    let kind = dice.pick(&KINDS);
    let namespace = dice.pick(&["default", "default", "other"]);
    let name = dice.pick(&NAMES);
    EntityRef::new(kind, namespace, name)
}

/// An entity with a ref of the few.
pub(crate) fn entity(dice: &mut Dice, more_names: usize) -> FinalEntity {
    let number = dice.below(more_names + NAMES.len());
    let name = NAMES.get(number).map_or_else(|| format!("svc-{number}"), |&name| name.to_owned());
    let (kind, name) = (dice.pick(&KINDS), name.as_str());
    let namespace = dice.pick(&[None, Some("default"), Some("Other"), Some("")]);
    let given = namespace.filter(|text| !text.is_empty()).unwrap_or("default");
    let entity_ref = EntityRef::new(kind, given, name);
    let uid = format!("uid-{}", entity_ref.as_str());
    let mut entity = Map::new();
    entity.insert("metadata".to_owned(), metadata(dice, name, namespace, &uid));
    entity.insert("apiVersion".to_owned(), json!("backstage.io/v1alpha1"));
    entity.insert("kind".to_owned(), json!(kind));
    if !dice.one_in(6) {
        entity.insert("spec".to_owned(), object(dice, 3));
    }
    if dice.one_in(12) {
        entity.insert("attachments".to_owned(), object(dice, 2));
    }
    if dice.one_in(12) {
        entity.insert("metadata.name".to_owned(), json!("dotted"));
    }
    entity.insert("relations".to_owned(), relations(dice));
    if dice.one_in(5) {
        let level = dice.pick(&["error", "warning"]);
        let items = json!([{ "type": "t", "level": level, "message": "m" }]);
        entity.insert("status".to_owned(), json!({ "items": items }));
    }
    let count = dice.pick(&[0, 1, 1, 2]);
    let parents: Vec<EntityRef> = (0..count).map(|_| self::entity_ref(dice)).collect();
    FinalEntity {
        entity_ref,
        entity_id: uid.into(),
        state: if dice.one_in(10) { FinalState::Failed } else { FinalState::Completed },
        body: Value::Object(entity).to_string().into(),
        parents: parents.into(),
    }
}

fn metadata(dice: &mut Dice, name: &str, namespace: Option<&str>, uid: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(name));
    if let Some(namespace) = namespace {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    metadata.insert("uid".to_owned(), json!(uid));
    metadata.insert("etag".to_owned(), json!("etag"));
    for field in ["title", "description"] {
        if dice.one_in(2) {
            let text = [dice.pick(&NAMES), dice.pick(&VALUES), dice.pick(&NAMES)].join(" ");
            metadata.insert(field.to_owned(), json!(text));
        }
    }
    if dice.one_in(8) {
        let long = format!("{} ledger {}", "long ".repeat(60), "tail".repeat(900));
        metadata.insert("description".to_owned(), json!(long));
    }
    if dice.one_in(2) {
        let count = dice.below(4);
        let tags: Vec<_> =
            (0..count).map(|_| dice.pick(&["java", "Go", "a", "c.d", "9"])).collect();
        metadata.insert("tags".to_owned(), json!(tags));
    }
    if dice.one_in(2) {
        metadata.insert("labels".to_owned(), object(dice, 1));
    }
    Value::Object(metadata)
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let count = dice.below(5);
    let fields = (0..count).map(|_| (dice.pick(&FIELDS).to_owned(), value(dice, depth)));
    let mut fields: Map<String, Value> = fields.collect();
    if dice.one_in(30) {
        fields.insert("k".repeat(195 + dice.below(10)), json!("x"));
    }
    Value::Object(fields)
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 8 } else { 13 }) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2 => dice.pick(&[json!(1), json!(1.0), json!(-1.5), json!(1e21), json!(10), json!(9)]),
        3 if dice.one_in(3) => json!("Ø".repeat(199 + dice.below(4))),
        3..8 => json!(dice.pick(&VALUES)),
        8 => object(dice, depth - 1),
        _ => {
            let count = dice.below(4);
            Value::Array((0..count).map(|_| value(dice, depth - 1)).collect())
        }
    }
}

fn relations(dice: &mut Dice) -> Value {
    let count = dice.below(4);
    let relation = |dice: &mut Dice| {
        let kind = dice.pick(&["ownedBy", "partOf", "dependsOn"]);
        json!({ "type": kind, "targetRef": entity_ref(dice).as_str() })
    };
    Value::Array((0..count).map(|_| relation(dice)).collect())
}

/// Random changes, which are applied to `entities`, too.
pub(crate) fn changes(dice: &mut Dice, entities: &mut Vec<FinalEntity>) -> Vec<FinalEntityChange> {
    let count = dice.pick(&[1, 1, 2, 5]);
    (0..count).map(|_| change(dice, entities)).collect()
}

fn change(dice: &mut Dice, entities: &mut Vec<FinalEntity>) -> FinalEntityChange {
    if dice.one_in(3) {
        let entity_ref = if entities.is_empty() || dice.one_in(5) {
            entity_ref(dice)
        } else {
            entities[dice.below(entities.len())].entity_ref.clone()
        };
        entities.retain(|known| known.entity_ref != entity_ref);
        return FinalEntityChange::Delete(entity_ref);
    }
    let mut new = entity(dice, 3);
    if let Some(known) = entities.iter().find(|known| known.entity_ref == new.entity_ref) {
        // Mostly another text; now and then another uid, as after an entity was deleted and came
        // back between two revisions.
        if dice.one_in(4) {
            new.entity_id = Arc::from(format!("{}-again", known.entity_id));
            new.body = new.body.replace("\"uid\":\"uid-", "\"uid\":\"again-uid-").into();
        }
    }
    entities.retain(|known| known.entity_ref != new.entity_ref);
    entities.push(new.clone());
    FinalEntityChange::Put(new)
}

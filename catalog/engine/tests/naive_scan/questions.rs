//! Random questions.

use std::sync::Arc;

use callboard_catalog::query::{
    Direction, EntitiesQuery, EntityOrder, EntityPredicate, Position, ReadCondition, SortKey,
    TextFilter, Unordered, ValueMatch,
};

use super::{
    dice::Dice,
    scan::Scan,
    world::{self, FIELDS, KINDS, NAMES, VALUES},
};

pub(crate) fn key(dice: &mut Dice) -> String {
    let field = dice.pick(&FIELDS);
    let value = dice.pick(&VALUES);
    let key = match dice.below(12) {
        0 => "kind".to_owned(),
        1 => "metadata.name".to_owned(),
        2 => "metadata.namespace".to_owned(),
        3 => dice.pick(&["metadata.title", "metadata.description", "metadata.uid"]).to_owned(),
        4 => "metadata.tags".to_owned(),
        5 => dice.pick(&["metadata.tags.java", "metadata.tags.go", "metadata.tags.c.d"]).to_owned(),
        6 => dice.pick(&["relations.ownedBy", "relations.dependsOn", "relations.none"]).to_owned(),
        7 => dice
            .pick(&["callboard.hasProblems", "metadata.etag", "status.items", "", "."])
            .to_owned(),
        8 => format!("spec.{field}.{value}"),
        9 => format!("spec.{field}.{}", dice.pick(&FIELDS)),
        10 => format!("metadata.labels.{field}"),
        _ => format!("spec.{field}"),
    };
    dice.in_any_case(&key)
}

fn value(dice: &mut Dice) -> String {
    let value = match dice.below(5) {
        0 => dice.pick(&NAMES).to_owned(),
        1 => dice.pick(&KINDS).to_owned(),
        2 => world::entity_ref(dice).as_str().to_owned(),
        3 => dice.pick(&["true", "1", "-1.5", "1e+21", "default", "java"]).to_owned(),
        _ => dice.pick(&VALUES).to_owned(),
    };
    dice.in_any_case(&value)
}

pub(crate) fn predicate(dice: &mut Dice, depth: usize) -> EntityPredicate {
    let parts = |dice: &mut Dice| {
        let count = dice.pick(&[0, 1, 2, 2, 3]);
        (0..count).map(|_| predicate(dice, depth.saturating_sub(1))).collect()
    };
    match dice.below(if depth == 0 { 5 } else { 10 }) {
        0..5 => EntityPredicate::Key { key: key(dice).into(), matches: value_match(dice) },
        5 | 6 => EntityPredicate::All(parts(dice)),
        7 | 8 => EntityPredicate::Any(parts(dice)),
        _ => EntityPredicate::Not(Box::new(predicate(dice, depth - 1))),
    }
}

fn value_match(dice: &mut Dice) -> ValueMatch {
    match dice.below(6) {
        0 | 1 => ValueMatch::Exists,
        2 | 3 => {
            let count = dice.pick(&[0, 1, 1, 1, 3]);
            ValueMatch::In((0..count).map(|_| value(dice).into()).collect())
        }
        4 => {
            let value = value(dice);
            ValueMatch::Prefix(value.chars().take(dice.below(4)).collect::<String>().into())
        }
        _ => {
            let value = if dice.one_in(2) { value(dice) } else { search_text(dice) };
            ValueMatch::Contains(value.chars().skip(dice.below(3)).collect::<String>().into())
        }
    }
}

pub(crate) fn condition(dice: &mut Dice) -> ReadCondition {
    match dice.below(5) {
        0 => ReadCondition::Nothing,
        1 | 2 => ReadCondition::Everything,
        _ => ReadCondition::Where(Arc::new(predicate(dice, 2))),
    }
}

pub(crate) fn query(dice: &mut Dice, scan: &Scan) -> EntitiesQuery {
    let count = dice.pick(&[0, 1, 1, 1, 2, 3]);
    let order: Vec<EntityOrder> = (0..count)
        .map(|_| EntityOrder {
            field: key(dice).into(),
            direction: dice.pick(&[Direction::Asc, Direction::Desc]),
        })
        .collect();
    let text = dice.one_in(4).then(|| {
        let term = if dice.one_in(2) { value(dice) } else { search_text(dice) };
        let count = dice.below(3);
        let fields = (0..count).map(|_| key(dice).into()).collect();
        TextFilter { term: term.chars().skip(dice.below(2)).collect::<String>().into(), fields }
    });
    EntitiesQuery {
        predicate: if dice.one_in(3) { EntityPredicate::always() } else { predicate(dice, 2) },
        text,
        position: position(dice, scan, &order),
        order,
        unordered: dice.pick(&[Unordered::Dropped, Unordered::Last]),
        limit: dice.pick(&[None, Some(0), Some(1), Some(2), Some(5), Some(20)]),
    }
}

fn position(dice: &mut Dice, scan: &Scan, order: &[EntityOrder]) -> Position {
    let key = sort_key(dice, scan, order);
    match dice.below(8) {
        0 | 1 => Position::Start,
        2 => Position::Offset(dice.below(15)),
        3 | 4 => Position::After(key),
        5 | 6 => Position::Before(key),
        _ => Position::End,
    }
}

/// Of an entity that is or was there, or of none.
fn sort_key(dice: &mut Dice, scan: &Scan, order: &[EntityOrder]) -> SortKey {
    if !scan.entities.is_empty() && dice.one_in(2) {
        let entity = &scan.entities[dice.below(scan.entities.len())];
        return entity.sort_key(order);
    }
    let values = order.iter().map(|_| {
        let is_absent = dice.one_in(5);
        (!is_absent).then(|| value(dice).to_lowercase().into())
    });
    SortKey { values: values.collect(), entity_ref: world::entity_ref(dice).as_str().into() }
}

pub(crate) fn search_text(dice: &mut Dice) -> String {
    let word = |dice: &mut Dice| match dice.below(4) {
        0 => dice.pick(&VALUES).to_owned(),
        1 => dice
            .pick(&["ledgr", "paymnets", "walet", "paymentsledger", "led ger", "long"])
            .to_owned(),
        _ => dice.pick(&NAMES).to_owned(),
    };
    let mut text = word(dice);
    if dice.one_in(3) {
        text = format!("{text} {}", word(dice));
    }
    if dice.one_in(3) {
        text = text.chars().take(1 + dice.below(6)).collect();
    }
    if dice.one_in(8) {
        text = world::entity_ref(dice).to_string();
    }
    dice.in_any_case(&text)
}

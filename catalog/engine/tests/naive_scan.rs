//! The index answers as a naive scan over all entities does: random entities, changes, conditions
//! and queries. `PROPTEST_CASES` sets how many cases are tried.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail wherever it finds something wrong"
)]

mod naive_scan {
    pub(crate) mod dice;
    pub(crate) mod questions;
    pub(crate) mod scan;
    pub(crate) mod world;
}

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use callboard_catalog::{
    entities_catalog::EntitiesCatalog,
    final_entity::{FinalEntity, FinalState},
    index::{CatalogReader, IndexBuilder, IndexWriter},
    query::{EntitiesQuery, EntityPage, ReadCondition},
    store::FinalEntityChange,
};
use naive_scan::{dice::Dice, questions, scan::Scan, world};

const DEFAULT_CASES: u64 = 500;
const CASES_A_WORLD: u64 = 25;

#[test]
fn index_answers_as_the_naive_scan_does() {
    let cases = std::env::var_os("PROPTEST_CASES").and_then(|text| text.to_str()?.parse().ok());
    let cases: u64 = cases.unwrap_or(DEFAULT_CASES);
    let worlds = cases.div_ceil(CASES_A_WORLD);
    let next = AtomicU64::new(0);
    let run = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= worlds {
                break;
            }
            run_world(seed, CASES_A_WORLD);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(run);
        }
    });
    let done = worlds * CASES_A_WORLD;
    #[expect(clippy::print_stdout, reason = "says how much was tried")]
    {
        println!("{done} cases, 0 differences");
    }
}

/// One catalog that changes between questions.
fn run_world(seed: u64, cases: u64) {
    let mut dice = Dice::new(seed);
    // Lists of up to 64 entities are ordered in another way than longer ones.
    let size = if dice.one_in(12) { 250 } else { dice.pick(&[0, 1, 3, 12, 12, 40]) };
    let mut entities: Vec<FinalEntity> = Vec::new();
    for _ in 0..size {
        let entity = world::entity(&mut dice, size);
        entities.retain(|known| known.entity_ref != entity.entity_ref);
        entities.push(entity);
    }
    let mut writer = IndexWriter::new(IndexBuilder::build(1, entities.clone()));
    let mut old = None;
    for case in 0..cases {
        let scan = Scan::new(&entities);
        let condition = questions::condition(&mut dice);
        let reader = writer.shared().reader(&condition);
        check(&format!("seed {seed} case {case}"), &mut dice, &scan, &condition, &reader);
        if dice.one_in(10) {
            old = Some((entities.clone(), condition, reader));
        }
        if dice.one_in(2) {
            let changes = world::changes(&mut dice, &mut entities);
            writer.apply(case + 2, &changes);
        }
    }
    // A reader of an older snapshot still answers as of then.
    if let Some((entities, condition, reader)) = old {
        let scan = Scan::new(&entities);
        check(&format!("seed {seed}, old snapshot"), &mut dice, &scan, &condition, &reader);
    }
}

fn check(
    what: &str,
    dice: &mut Dice,
    scan: &Scan,
    condition: &ReadCondition,
    reader: &CatalogReader,
) {
    let visible = scan.visible(condition);
    let predicate = questions::predicate(dice, 3);
    let query = questions::query(dice, scan);
    let page = reader.entities(&query);
    let expected = visible.page(&query);
    assert_eq!(summary(&page), expected, "{what}: {condition:?} {query:?}");
    check_paging(what, reader, &query);
    assert_eq!(reader.count(&predicate), visible.count(&predicate), "{what}: {predicate:?}");
    let keys: Vec<String> = (0..3).map(|_| questions::key(dice)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for _ in 0..2 {
        let facets = reader.facets(&keys, &predicate);
        let facets: Vec<_> = facets.iter().map(|facet| facet.values.to_vec()).collect();
        let expected = visible.facets(&keys, &predicate);
        assert_eq!(facets, expected, "{what}: facets {keys:?} {predicate:?} {condition:?}");
    }
    let text = questions::search_text(dice);
    let (offset, limit) = (dice.below(4), dice.below(12));
    let (hits, total) = reader.search(&text, &predicate, offset, limit);
    let hits: Vec<String> = hits.iter().map(|hit| hit.entity.entity_ref.to_string()).collect();
    let expected = visible.search(&text, &predicate, offset, limit);
    assert_eq!((hits, total), expected, "{what}: search {text:?} {predicate:?}");
    let failed: Vec<_> = reader.failed(&predicate).iter().map(|e| e.entity_ref.clone()).collect();
    assert_eq!(failed, scan.failed(condition, &predicate), "{what}: failed {predicate:?}");
    for entity in &scan.entities {
        let found = reader.entity(&entity.entity_ref);
        assert_eq!(found.is_some(), visible.has(&entity.entity_ref), "{what}: {entity:?}");
        let by_uid = reader.entity_by_uid(&entity.uid);
        assert_eq!(by_uid.is_some(), found.is_some(), "{what}: {}", entity.uid);
        let matches = reader.matches(&entity.entity_ref, &predicate);
        assert_eq!(matches, visible.matches(&entity.entity_ref, &predicate), "{what}");
        let Some(found) = found else { continue };
        let seen: serde_json::Value = serde_json::from_slice(&reader.json(&found)).unwrap();
        assert_eq!(seen, visible.json(entity), "{what}: {condition:?}");
        let relations: Vec<_> = reader
            .relations(&found)
            .iter()
            .map(|one| (one.kind.to_string(), one.target.to_string()))
            .collect();
        assert_eq!(relations, visible.relations(entity), "{what}: {condition:?}");
        let ancestry = reader.ancestry(&found.entity_ref).unwrap();
        let ancestry: Vec<_> = ancestry
            .iter()
            .map(|item| {
                let parents = item.parents.iter().map(|one| one.entity_ref.to_string()).collect();
                (item.entity.entity_ref.to_string(), parents)
            })
            .collect();
        assert_eq!(ancestry, visible.ancestry(entity), "{what}");
    }
}

/// Walking page by page gives every entity once, forwards as backwards.
fn check_paging(what: &str, reader: &CatalogReader, query: &EntitiesQuery) {
    use callboard_catalog::query::Position;
    let whole = EntitiesQuery { position: Position::Start, limit: None, ..query.clone() };
    let all = summary(&reader.entities(&whole)).refs;
    let mut position = Position::Start;
    let mut walked = Vec::new();
    loop {
        let page = reader.entities(&EntitiesQuery { position, limit: Some(3), ..query.clone() });
        walked.extend(summary(&page).refs);
        let Some(last) = page.items.last().filter(|_| page.has_next) else { break };
        position = Position::After(reader.sort_key(last, &query.order));
    }
    assert_eq!(walked, all, "{what}: forwards {query:?}");
    let mut position = Position::End;
    let mut walked = Vec::new();
    loop {
        let page = reader.entities(&EntitiesQuery { position, limit: Some(4), ..query.clone() });
        walked.extend(summary(&page).refs.into_iter().rev());
        let Some(first) = page.items.first().filter(|_| page.has_previous) else { break };
        position = Position::Before(reader.sort_key(first, &query.order));
    }
    walked.reverse();
    assert_eq!(walked, all, "{what}: backwards {query:?}");
}

fn summary(page: &EntityPage) -> naive_scan::scan::PageSummary {
    naive_scan::scan::PageSummary {
        refs: page.items.iter().map(|item| item.entity_ref.to_string()).collect(),
        total: page.total,
        has_previous: page.has_previous,
        has_next: page.has_next,
    }
}

#[test]
fn a_naive_look_at_a_failed_entity_finds_it_and_nothing_else_does() {
    let mut dice = Dice::new(3);
    let mut entity = world::entity(&mut dice, 0);
    let mut writer = IndexWriter::default();
    entity.state = FinalState::Completed;
    writer.apply(1, &[FinalEntityChange::Put(entity.clone())]);
    entity.state = FinalState::Failed;
    writer.apply(2, &[FinalEntityChange::Put(entity.clone())]);
    let reader = writer.shared().reader(&ReadCondition::Everything);
    assert!(reader.entity(&entity.entity_ref).is_none());
    assert_eq!(reader.count(&callboard_catalog::query::EntityPredicate::always()), 0);
    let failed = reader.failed(&callboard_catalog::query::EntityPredicate::always());
    assert_eq!(failed.len(), 1);
    assert_eq!(reader.revision(), 2);
    assert!(Arc::strong_count(&failed[0]) > 1);
}

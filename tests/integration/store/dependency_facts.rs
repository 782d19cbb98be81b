//! Daily facts of observed calls.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callboard_catalog::store::{CatalogStore, Fence, StoreError};
use callboard_model::EntityRef;
use callboard_topology::{
    DependencyFacts, DependencyPair, DependencyRecord, ObservedDependency, SeenPair,
};
use chrono::{DateTime, Utc};

use super::fixture::{TestStore, fence, in_memory, on_each_database};

on_each_database!(
    what_was_recorded_is_read_back_summed_up,
    facts_of_one_day_are_widened,
    facts_outlive_the_store,
    old_days_are_removed,
    without_the_lease_nothing_is_written,
    thousands_of_facts_are_one_write,
    refs_of_any_length_and_kind_are_kept,
);
in_memory!(what_was_recorded_is_read_back_summed_up, facts_of_one_day_are_widened);

/// 2026-11-25, at this many hours.
fn at(hours: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_564_800 + hours * 3_600)
}

fn pair(from: &str, to: &str) -> DependencyPair {
    let entity = |name: &str| EntityRef::new("component", "default", name);
    DependencyPair { from: entity(from), to: entity(to) }
}

fn fact(
    pair: &DependencyPair,
    first_seen: SystemTime,
    last_seen: SystemTime,
) -> ObservedDependency {
    let day = DateTime::<Utc>::from(first_seen).date_naive();
    ObservedDependency { day, pair: pair.clone(), first_seen, last_seen }
}

fn seen(pair: &DependencyPair, first_seen: SystemTime, last_seen: SystemTime) -> SeenPair {
    SeenPair { pair: pair.clone(), first_seen, last_seen }
}

async fn what_was_recorded_is_read_back_summed_up(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    assert_eq!(store.load().await.unwrap(), DependencyRecord::default());
    let (one, other) = (pair("web", "api"), pair("api", "web"));
    let facts =
        [fact(&one, at(1), at(5)), fact(&one, at(30), at(31)), fact(&other, at(26), at(26))];
    store.record(fence, &facts).await.unwrap();
    let record = store.load().await.unwrap();
    let expected = vec![seen(&other, at(26), at(26)), seen(&one, at(1), at(31))];
    assert_eq!(record, DependencyRecord { pairs: expected, since: Some(at(1)) });
    store.record(fence, &[]).await.unwrap();
}

async fn facts_of_one_day_are_widened(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let pair = pair("web", "api");
    for facts in [
        vec![fact(&pair, at(5), at(6))],
        vec![fact(&pair, at(5), at(6))],
        vec![fact(&pair, at(9), at(9)), fact(&pair, at(3), at(4))],
        vec![fact(&pair, at(7), at(8))],
    ] {
        store.record(fence, &facts).await.unwrap();
        store.record(fence, &facts).await.unwrap();
    }
    assert_eq!(store.load().await.unwrap().pairs, [seen(&pair, at(3), at(9))]);
}

async fn facts_outlive_the_store(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let pair = pair("web", "api");
    store.record(fence, &[fact(&pair, at(1), at(2))]).await.unwrap();
    store.release_lease(fence).await.unwrap();
    store.close().await;
    let store = database.open().await;
    assert_eq!(store.load().await.unwrap().pairs, [seen(&pair, at(1), at(2))]);
}

async fn old_days_are_removed(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let pair = pair("web", "api");
    store.record(fence, &[fact(&pair, at(1), at(2)), fact(&pair, at(25), at(26))]).await.unwrap();
    let second_day = DateTime::<Utc>::from(at(24)).date_naive();
    store.prune(fence, second_day).await.unwrap();
    assert_eq!(store.load().await.unwrap().pairs, [seen(&pair, at(25), at(26))]);
}

async fn without_the_lease_nothing_is_written(database: TestStore) {
    let store = database.open().await;
    let old = fence(&store).await;
    let facts = [fact(&pair("web", "api"), at(1), at(2))];
    store.record(old, &facts).await.unwrap();
    store.release_lease(old).await.unwrap();
    let held = fence(&store).await;
    for stale in [old, Fence(0), Fence(u64::MAX)] {
        let outcome = store.record(stale, &[fact(&pair("a", "b"), at(1), at(2))]).await;
        assert!(matches!(outcome, Err(StoreError::Fenced)), "{stale:?}: {outcome:?}");
        let outcome = store.prune(stale, DateTime::<Utc>::from(at(99)).date_naive()).await;
        assert!(matches!(outcome, Err(StoreError::Fenced)), "{stale:?}: {outcome:?}");
    }
    assert_eq!(store.load().await.unwrap().pairs.len(), 1);
    store.record(held, &facts).await.unwrap();
}

async fn thousands_of_facts_are_one_write(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let pairs: Vec<_> = (0..2_503).map(|n| pair(&format!("from-{n:04}"), "to")).collect();
    let facts: Vec<_> = pairs.iter().map(|pair| fact(pair, at(1), at(2))).collect();
    store.record(fence, &facts).await.unwrap();
    let expected: Vec<_> = pairs.iter().map(|pair| seen(pair, at(1), at(2))).collect();
    assert!(store.load().await.unwrap().pairs == expected);
}

async fn refs_of_any_length_and_kind_are_kept(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let long = "ü".repeat(9_000);
    let odd = pair(&long, "o'brien \"%\" \\ \u{0}");
    store.record(fence, &[fact(&odd, at(1), at(2))]).await.unwrap();
    store.record(fence, &[fact(&odd, at(1), at(3))]).await.unwrap();
    assert_eq!(store.load().await.unwrap().pairs, [seen(&odd, at(1), at(3))]);
}

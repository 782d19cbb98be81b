//! Who may write.

use std::time::Duration;

use callboard_catalog::store::{CatalogStore, Fence, StoreError};
use callboard_store::Store;

use super::fixture::{
    TestStore, commit, entity, fence, final_entities, on_each_database, put, put_state,
};

on_each_database!(
    a_renewed_lease_keeps_its_fence,
    a_lease_that_was_given_back_writes_no_more,
    a_process_that_forgot_its_lease_gets_a_higher_fence,
    a_lease_past_its_end_is_good_until_somebody_takes_it,
);

async fn a_renewed_lease_keeps_its_fence(database: TestStore) {
    let store = database.open().await;
    let first = store.acquire_lease(None).await.unwrap().unwrap();
    let second = store.acquire_lease(Some(first.fence)).await.unwrap().unwrap();
    assert_eq!(first.fence, second.fence);
    assert_eq!(second.time_to_live, callboard_store::LEASE_TIME_TO_LIVE);
}

async fn a_lease_that_was_given_back_writes_no_more(database: TestStore) {
    let (one, other) = database.open_two().await;
    let first = fence(&one).await;
    one.release_lease(first).await.unwrap();
    refused(&one, first).await;
    let second = fence(&other).await;
    assert!(second > first);
    one.release_lease(first).await.unwrap();
    assert_eq!(other.acquire_lease(Some(second)).await.unwrap().unwrap().fence, second);
}

async fn a_process_that_forgot_its_lease_gets_a_higher_fence(database: TestStore) {
    let store = database.open().await;
    let first = fence(&store).await;
    let second = fence(&store).await;
    assert!(second > first);
    refused(&store, first).await;
    let third = store.acquire_lease(Some(first)).await.unwrap().unwrap().fence;
    assert!(third > second, "a fence that is gone is not renewed");
}

async fn a_lease_past_its_end_is_good_until_somebody_takes_it(database: TestStore) {
    let store = database.open().await.with_lease_time_to_live(Duration::ZERO);
    let fence = fence(&store).await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(1));
    assert_eq!(store.acquire_lease(Some(fence)).await.unwrap().unwrap().fence, fence);
}

#[tokio::test]
async fn one_process_at_a_time_holds_the_lease() {
    let test = "store::leases::one_process_at_a_time_holds_the_lease";
    let Some(database) = TestStore::postgres(test) else { return };
    let (one, other) = database.open_two().await;
    let first = fence(&one).await;
    assert!(other.acquire_lease(None).await.unwrap().is_none());
    assert!(other.acquire_lease(Some(first)).await.unwrap().is_none(), "it is not its own");
    assert_eq!(one.acquire_lease(Some(first)).await.unwrap().unwrap().fence, first);
}

#[tokio::test]
async fn whoever_takes_over_fences_the_former_holder() {
    let test = "store::leases::whoever_takes_over_fences_the_former_holder";
    let Some(database) = TestStore::postgres(test) else { return };
    let one = database.open().await.with_lease_time_to_live(Duration::ZERO);
    let other = database.open().await;
    let first = fence(&one).await;
    one.commit(first, &commit(Vec::new(), vec![put("a", "1")])).await.unwrap();
    let second = fence(&other).await;
    assert!(second > first);
    refused(&one, first).await;
    assert!(one.acquire_lease(Some(first)).await.unwrap().is_none());
    let revision = other.commit(second, &commit(Vec::new(), vec![put("a", "2")])).await.unwrap();
    assert_eq!(revision, Some(2));
    assert_eq!(final_entities(&one).await, (2, vec![entity("a", "2")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_try_at_once_one_gets_it() {
    let test = "store::leases::of_many_that_try_at_once_one_gets_it";
    let Some(database) = TestStore::postgres(test) else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = database.open().await;
        tasks.spawn(async move { store.acquire_lease(None).await.unwrap().is_some() });
    }
    let granted = tasks.join_all().await;
    assert_eq!(granted.iter().filter(|granted| **granted).count(), 1);
}

async fn refused(store: &Store, fence: Fence) {
    let (before, _) = final_entities(store).await;
    let changes = commit(vec![put_state("late", "1")], vec![put("late", "1")]);
    let outcome = store.commit(fence, &changes).await;
    assert!(matches!(outcome, Err(StoreError::Fenced)), "{outcome:?}");
    assert_eq!(final_entities(store).await.0, before);
}

//! Databases that go away, and writers that do.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use callboard_catalog::store::{CatalogStore, RefreshStateChange, StoreError};
use callboard_store::{DatabaseConfig, PostgresConfig, Store};
use callboard_tests::postgres::PostgresServer;

use super::fixture::{
    TestStore, commit, entity, fence, final_entities, on_each_database, put, put_state,
    refresh_states, state,
};

on_each_database!(a_commit_that_is_given_up_leaves_nothing, a_failed_commit_leaves_nothing);

async fn a_commit_that_is_given_up_leaves_nothing(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    store.commit(fence, &commit(vec![put_state("a", "1")], vec![put("a", "1")])).await.unwrap();
    let names: Vec<String> = (0..500).map(|number| format!("service-{number}")).collect();
    let changes = commit(
        names.iter().map(|name| put_state(name, "1")).collect(),
        names.iter().map(|name| put(name, "1")).collect(),
    );
    // After each number of steps; the last ones end in a commit.
    for steps in 1..100_usize {
        let mut work = Box::pin(store.commit(fence, &changes));
        let mut left = steps;
        let ended = poll_fn(|context| {
            if let Poll::Ready(outcome) = work.as_mut().poll(context) {
                return Poll::Ready(Some(outcome));
            }
            left -= 1;
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        });
        if let Some(outcome) = ended.await {
            assert_eq!(outcome.unwrap(), Some(2));
            break;
        }
        drop(work);
        let (revision, entities) = final_entities(&store).await;
        if revision == 1 {
            assert_eq!(entities, [entity("a", "1")], "after {steps} steps");
            assert_eq!(refresh_states(&store).await, [state("a", "1")]);
        } else {
            // The last word had left already: then all of it counts.
            assert_eq!((revision, entities.len()), (2, 501));
            assert_eq!(refresh_states(&store).await.len(), 501);
            break;
        }
    }
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(2));
    assert_eq!(final_entities(&store).await.1.len(), 501);
}

async fn a_failed_commit_leaves_nothing(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    database.execute("DROP TABLE final_entity").await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    let outcome = store.commit(fence, &changes).await;
    assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    assert_eq!(refresh_states(&store).await, []);
    assert!(store.revisions_after(0, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_is_found_again() {
    let test = "store::faults::a_database_that_restarts_is_found_again";
    let Some(mut server) = PostgresServer::start(test) else { return };
    let config =
        PostgresConfig { connect_deadline: Duration::from_secs(1), ..server.config("callboard") };
    let config = DatabaseConfig::Postgres(config);
    let store = Store::connect(&config).await.unwrap();
    let follower = Arc::new(Store::connect(&config).await.unwrap());
    follower.changed().await;
    let fence = fence(&store).await;
    for (round, ended) in [PostgresServer::stop, PostgresServer::crash].into_iter().enumerate() {
        let version = |step: &str| format!("{round}-{step}");
        let acknowledged =
            commit(vec![put_state("a", &version("before"))], vec![put("a", &version("before"))]);
        let before = store.commit(fence, &acknowledged).await.unwrap().unwrap();
        ended(&mut server).unwrap();
        let changes = commit(Vec::new(), vec![put("a", &version("after"))]);
        let outcome = store.commit(fence, &changes).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
        assert!(matches!(store.final_entities().await, Err(StoreError::Unavailable { .. })));
        assert!(matches!(
            store.acquire_lease(Some(fence)).await,
            Err(StoreError::Unavailable { .. })
        ));

        server.restart().unwrap();
        let back = Instant::now();
        let (revision, entities) = final_entities(&store).await;
        assert_eq!((revision, &entities[0]), (before, &entity("a", &version("before"))));
        assert_eq!(store.acquire_lease(Some(fence)).await.unwrap().unwrap().fence, fence);
        assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(before + 1));
        assert!(back.elapsed() < Duration::from_secs(5), "back after {:?}", back.elapsed());

        // The follower is told of the loss, and then of commits again.
        while follower.revisions_after(before, 1).await.unwrap().is_empty() {
            follower.changed().await;
        }
        follower.changed().await;
        let next = commit(Vec::new(), vec![put("b", &version("next"))]);
        store.commit(fence, &next).await.unwrap();
        follower.changed().await;
        assert_eq!(follower.revisions_after(before, 9).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_stands_still_cannot_keep_the_lease() {
    let test = "store::faults::a_writer_that_stands_still_cannot_keep_the_lease";
    let Some(database) = TestStore::postgres(test) else { return };
    let stopped = database.open().await.with_lease_time_to_live(Duration::ZERO);
    let other = database.open().await;
    let first = fence(&stopped).await;
    let names: Vec<String> = (0..500).map(|number| format!("service-{number}")).collect();
    let states: Vec<RefreshStateChange> = names.iter().map(|name| put_state(name, "1")).collect();
    let changes = commit(states, names.iter().map(|name| put(name, "1")).collect());

    // Like a process that is stopped in the midst of its transaction: its connection is open, and
    // it holds the lease's row.
    let mut work = Box::pin(stopped.commit(first, &changes));
    loop {
        let polled = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "it was never seen inside its transaction");
        let beside = database.connection().await;
        let sql = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                   WHERE c.relname = 'refresh_state' AND l.mode = 'RowExclusiveLock'";
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let row = sea_orm::ConnectionTrait::query_one_raw(&beside, statement).await.unwrap();
        let writes = row.unwrap().try_get_by_index::<i64>(0).unwrap() > 0;
        beside.close().await.unwrap();
        if writes {
            break;
        }
    }
    let second = loop {
        match other.acquire_lease(None).await {
            Ok(Some(lease)) => break lease.fence,
            Ok(None) => {}
            Err(error) => panic!("{error:?}"),
        }
    };
    assert!(second > first);
    let outcome = work.await;
    assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    let outcome = stopped.commit(first, &changes).await;
    assert!(matches!(outcome, Err(StoreError::Fenced)), "{outcome:?}");
    assert_eq!(final_entities(&other).await, (0, Vec::new()));
}

//! What a process sees of the commits of another.

use std::{sync::Arc, time::Duration};

use callboard_catalog::store::{CatalogStore, Revision};
use callboard_store::Store;
use tokio::task::JoinSet;

use super::fixture::{
    TestStore, commit, delete, fence, final_entities, on_each_database, put, put_state,
};

on_each_database!(
    a_follower_sees_every_revision_in_order,
    a_follower_of_concurrent_commits_misses_none,
    the_limit_counts_revisions,
);

async fn a_follower_sees_every_revision_in_order(database: TestStore) {
    let (writer, follower) = database.open_two().await;
    let fence = fence(&writer).await;
    writer.commit(fence, &commit(Vec::new(), vec![put("b", "1"), put("a", "1")])).await.unwrap();
    writer.commit(fence, &commit(vec![put_state("a", "1")], Vec::new())).await.unwrap();
    writer.commit(fence, &commit(Vec::new(), vec![delete("b"), put("c", "1")])).await.unwrap();
    let seen = follower.revisions_after(0, 10).await.unwrap();
    let seen: Vec<_> = seen.into_iter().map(|one| (one.revision, one.changes)).collect();
    let expected = [(1, vec![put("a", "1"), put("b", "1")]), (2, vec![delete("b"), put("c", "1")])];
    assert_eq!(seen, expected);
    assert!(follower.revisions_after(2, 10).await.unwrap().is_empty());
    assert!(follower.revisions_after(Revision::MAX, 10).await.unwrap().is_empty());
}

async fn the_limit_counts_revisions(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    for version in ["1", "2", "3", "4"] {
        let changes = commit(Vec::new(), vec![put("a", version), put("b", version)]);
        store.commit(fence, &changes).await.unwrap();
    }
    let revisions = async |after, limit| -> Vec<Revision> {
        let seen = store.revisions_after(after, limit).await.unwrap();
        seen.iter().map(|one| one.revision).collect()
    };
    assert_eq!(revisions(0, 3).await, [1, 2, 3]);
    assert_eq!(revisions(3, 3).await, [4]);
    assert_eq!(revisions(1, u64::MAX).await, [2, 3, 4]);
    assert!(revisions(1, 0).await.is_empty());
}

async fn a_follower_of_concurrent_commits_misses_none(database: TestStore) {
    const WRITERS: u64 = 6;
    const COMMITS: u64 = 15;
    let (writer, follower) = database.open_two().await;
    let fence = fence(&writer).await;
    let mut tasks = JoinSet::new();
    for task in 0..WRITERS {
        let writer = Arc::clone(&writer);
        tasks.spawn(async move {
            for number in 0..COMMITS {
                let changes = commit(Vec::new(), vec![put(&format!("{task}-{number}"), "1")]);
                writer.commit(fence, &changes).await.unwrap();
            }
        });
    }
    let mut last = 0;
    while last < WRITERS * COMMITS {
        for seen in follower.revisions_after(last, 7).await.unwrap() {
            assert_eq!(seen.revision, last + 1, "nothing is filled in later");
            assert_eq!(seen.changes.len(), 1);
            last = seen.revision;
        }
        tokio::task::yield_now().await;
    }
    tasks.join_all().await;
    let (revision, entities) = final_entities(&follower).await;
    assert_eq!((revision, entities.len() as u64), (last, WRITERS * COMMITS));
}

/// Shorter than the fallback, which would hide that no notice came.
const BEFORE_THE_FALLBACK: Duration = Duration::from_millis(2_500);

#[tokio::test]
async fn a_commit_is_announced_to_other_processes() {
    let test = "store::followers::a_commit_is_announced_to_other_processes";
    let Some(database) = TestStore::postgres(test) else { return };
    let (writer, follower) = database.open_two().await;
    let fence = fence(&writer).await;
    // The first call opens the connection and returns, because it cannot know what it missed.
    follower.changed().await;
    let changes = commit(Vec::new(), vec![put("a", "1")]);
    let (committed, ()) = tokio::join!(writer.commit(fence, &changes), announced(&follower));
    committed.unwrap();
    assert_eq!(follower.revisions_after(0, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_notice_that_nobody_waited_for_is_kept() {
    let test = "store::followers::a_notice_that_nobody_waited_for_is_kept";
    let Some(database) = TestStore::postgres(test) else { return };
    let (writer, follower) = database.open_two().await;
    let fence = fence(&writer).await;
    follower.changed().await;
    let none = tokio::time::timeout(Duration::from_millis(50), follower.changed()).await;
    assert!(none.is_err(), "there was nothing to tell yet");
    writer.commit(fence, &commit(Vec::new(), vec![put("a", "1")])).await.unwrap();
    announced(&follower).await;
}

#[tokio::test]
async fn a_store_that_listens_can_be_closed() {
    let test = "store::followers::a_store_that_listens_can_be_closed";
    let Some(database) = TestStore::postgres(test) else { return };
    let store = database.open().await;
    store.changed().await;
    store.close().await;
    let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'callboard' \
                AND datname = current_database()";
    assert_eq!(database.query(left), "0");
}

#[tokio::test]
async fn where_no_other_process_can_write_nothing_is_announced() {
    let store = TestStore::memory().open().await;
    let waited = tokio::time::timeout(Duration::from_millis(50), store.changed()).await;
    assert!(waited.is_err());
}

async fn announced(follower: &Store) {
    let waited = tokio::time::timeout(BEFORE_THE_FALLBACK, follower.changed()).await;
    waited.expect("a notice");
}

//! Writing and reading back.

use callboard_catalog::{
    final_entity::FinalState,
    store::{CatalogStore, Fence, FinalEntityChange, RefreshStateChange, StoreError},
};
use futures_util::StreamExt;

use super::fixture::{
    TestStore, commit, delete, entity, entity_ref, fence, final_entities, in_memory,
    on_each_database, put, put_state, refresh_states, state, unprocessed,
};

on_each_database!(
    what_was_committed_is_read_back,
    what_was_committed_outlives_the_store,
    a_state_without_text_keeps_the_stored_one,
    a_state_that_is_removed_and_put_again_forgets_its_text,
    what_is_deleted_stays_in_the_history,
    of_several_changes_of_one_entity_the_last_counts,
    a_commit_without_final_entities_makes_no_revision,
    the_same_commit_again_is_in_the_history_once,
    the_same_commit_later_takes_its_refresh_states_back,
    thousands_of_rows_are_one_commit,
    nothing_is_written_with_a_fence_that_was_never_given,
    a_reader_sees_one_revision_while_others_write,
    unknown_refs_have_no_unprocessed_text,
);
in_memory!(
    what_was_committed_is_read_back,
    a_state_without_text_keeps_the_stored_one,
    what_is_deleted_stays_in_the_history,
    the_same_commit_again_is_in_the_history_once,
    thousands_of_rows_are_one_commit,
    a_reader_sees_one_revision_while_others_write,
);

async fn what_was_committed_is_read_back(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    assert_eq!(final_entities(&store).await, (0, Vec::new()));
    let bare = callboard_catalog::store::RefreshStateRow {
        location_key: None,
        result_hash: None,
        emitted_by: [].into(),
        ..state("b", "1")
    };
    let failed = callboard_catalog::final_entity::FinalEntity {
        state: FinalState::Failed,
        parents: [].into(),
        ..entity("b", "1")
    };
    let changes = commit(
        vec![
            put_state("a", "1"),
            RefreshStateChange::Put { row: bare.clone(), unprocessed: Some("{}".into()) },
        ],
        vec![put("a", "1"), FinalEntityChange::Put(failed.clone())],
    );
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(1));
    assert_eq!(final_entities(&store).await, (1, vec![entity("a", "1"), failed]));
    assert_eq!(refresh_states(&store).await, [state("a", "1"), bare]);
    assert_eq!(unprocessed(&store, "a").await.as_deref(), Some("{\"unprocessed\":\"1\"}"));
    assert_eq!(unprocessed(&store, "b").await.as_deref(), Some("{}"));
}

async fn what_was_committed_outlives_the_store(database: TestStore) {
    let store = database.open().await;
    let first = fence(&store).await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    store.commit(first, &changes).await.unwrap();
    store.release_lease(first).await.unwrap();
    store.close().await;

    let store = database.open().await;
    assert_eq!(final_entities(&store).await, (1, vec![entity("a", "1")]));
    assert_eq!(refresh_states(&store).await, [state("a", "1")]);
    assert!(fence(&store).await > first);
}

async fn a_state_without_text_keeps_the_stored_one(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    store.commit(fence, &commit(vec![put_state("a", "1")], Vec::new())).await.unwrap();
    let processed = RefreshStateChange::Put { row: state("a", "2"), unprocessed: None };
    store.commit(fence, &commit(vec![processed], Vec::new())).await.unwrap();
    assert_eq!(refresh_states(&store).await, [state("a", "2")]);
    assert_eq!(unprocessed(&store, "a").await.as_deref(), Some("{\"unprocessed\":\"1\"}"));
}

async fn a_state_that_is_removed_and_put_again_forgets_its_text(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    store.commit(fence, &commit(vec![put_state("a", "1")], Vec::new())).await.unwrap();
    let changes = vec![
        RefreshStateChange::Delete(entity_ref("a")),
        RefreshStateChange::Put { row: state("a", "2"), unprocessed: None },
        put_state("b", "1"),
        RefreshStateChange::Delete(entity_ref("b")),
    ];
    store.commit(fence, &commit(changes, Vec::new())).await.unwrap();
    assert_eq!(refresh_states(&store).await, [state("a", "2")]);
    assert_eq!(unprocessed(&store, "a").await, None);
}

async fn what_is_deleted_stays_in_the_history(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let first = commit(vec![put_state("a", "1")], vec![put("a", "1"), put("b", "1")]);
    store.commit(fence, &first).await.unwrap();
    let second = callboard_catalog::store::Commit {
        cause: "orphan",
        ..commit(vec![RefreshStateChange::Delete(entity_ref("a"))], vec![delete("a")])
    };
    assert_eq!(store.commit(fence, &second).await.unwrap(), Some(2));
    assert_eq!(final_entities(&store).await, (2, vec![entity("b", "1")]));
    assert_eq!(refresh_states(&store).await, []);
    let history = store.history(&entity_ref("a")).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.revision, entry.cause.as_str(), entry.change.clone()))
        .collect();
    assert_eq!(told, [(1, "ingestion", put("a", "1")), (2, "orphan", delete("a"))]);
    assert!(history.is_sorted_by_key(|entry| entry.committed_at));
    let age = chrono::Utc::now() - history[0].committed_at;
    assert!(age.num_minutes().abs() < 5, "the database's clock tells the time: {age}");
}

async fn of_several_changes_of_one_entity_the_last_counts(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let changes = commit(
        vec![put_state("a", "1"), put_state("a", "2")],
        vec![put("a", "1"), delete("b"), put("a", "2"), put("b", "1"), put("c", "1"), delete("c")],
    );
    store.commit(fence, &changes).await.unwrap();
    assert_eq!(final_entities(&store).await.1, [entity("a", "2"), entity("b", "1")]);
    assert_eq!(refresh_states(&store).await, [state("a", "2")]);
    let revisions = store.revisions_after(0, 10).await.unwrap();
    assert_eq!(revisions[0].changes, [put("a", "2"), put("b", "1"), delete("c")]);
}

async fn a_commit_without_final_entities_makes_no_revision(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let changes = commit(vec![put_state("a", "1")], Vec::new());
    assert_eq!(store.commit(fence, &changes).await.unwrap(), None);
    assert_eq!(store.commit(fence, &commit(Vec::new(), Vec::new())).await.unwrap(), None);
    assert_eq!(final_entities(&store).await.0, 0);
    assert_eq!(refresh_states(&store).await, [state("a", "1")]);
}

async fn the_same_commit_again_is_in_the_history_once(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1"), delete("b")]);
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(1));
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(1));
    assert_eq!(store.history(&entity_ref("a")).await.unwrap().len(), 1);
    assert_eq!(store.history(&entity_ref("b")).await.unwrap().len(), 1);
    let other = commit(Vec::new(), vec![put("a", "2")]);
    assert_eq!(store.commit(fence, &other).await.unwrap(), Some(2));
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(3), "it is news once more");
}

async fn the_same_commit_later_takes_its_refresh_states_back(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    store.commit(fence, &changes).await.unwrap();
    store.commit(fence, &commit(vec![put_state("a", "2")], Vec::new())).await.unwrap();
    assert_eq!(store.commit(fence, &changes).await.unwrap(), Some(1));
    assert_eq!(refresh_states(&store).await, [state("a", "1")]);
}

async fn thousands_of_rows_are_one_commit(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let names: Vec<String> = (0..5_003).map(|number| format!("service-{number:04}")).collect();
    let states = |version: &str| names.iter().map(|name| put_state(name, version)).collect();
    let entities = |version: &str| names.iter().map(|name| put(name, version)).collect();
    store.commit(fence, &commit(states("1"), entities("1"))).await.unwrap();
    store.commit(fence, &commit(states("2"), entities("2"))).await.unwrap();
    let expected: Vec<_> = names.iter().map(|name| entity(name, "2")).collect();
    assert!(final_entities(&store).await == (2, expected));
    let expected: Vec<_> = names.iter().map(|name| state(name, "2")).collect();
    assert!(refresh_states(&store).await == expected);
    let refs: Vec<_> = names.iter().map(|name| entity_ref(name)).collect();
    assert_eq!(store.unprocessed(&refs).await.unwrap().len(), 5_003);

    let removed = refs.iter().cloned().map(RefreshStateChange::Delete).collect();
    let deleted = names.iter().map(|name| delete(name)).collect();
    store.commit(fence, &commit(removed, deleted)).await.unwrap();
    assert_eq!(final_entities(&store).await, (3, Vec::new()));
    assert_eq!(refresh_states(&store).await, []);
}

async fn nothing_is_written_with_a_fence_that_was_never_given(database: TestStore) {
    let store = database.open().await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    for fence in [Fence(0), Fence(1), Fence(u64::MAX)] {
        let outcome = store.commit(fence, &changes).await;
        assert!(matches!(outcome, Err(StoreError::Fenced)), "{fence:?}: {outcome:?}");
    }
    assert_eq!(final_entities(&store).await, (0, Vec::new()));
    assert_eq!(refresh_states(&store).await, []);
}

async fn a_reader_sees_one_revision_while_others_write(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let names: Vec<String> = (0..4_500).map(|number| format!("service-{number:04}")).collect();
    let all = |version: &str| names.iter().map(|name| put(name, version)).collect();
    store.commit(fence, &commit(Vec::new(), all("1"))).await.unwrap();

    let (revision, mut chunks) = store.final_entities().await.unwrap();
    let mut seen = chunks.next().await.unwrap().unwrap();
    store.commit(fence, &commit(Vec::new(), all("2"))).await.unwrap();
    while let Some(chunk) = chunks.next().await {
        seen.extend(chunk.unwrap());
    }
    assert_eq!(revision, 1);
    assert_eq!(seen.len(), 4_500);
    assert!(seen.iter().all(|entity| entity.body.contains("\"version\":\"1\"")));
    assert_eq!(final_entities(&store).await.0, 2);
}

async fn unknown_refs_have_no_unprocessed_text(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    store.commit(fence, &commit(vec![put_state("a", "1")], Vec::new())).await.unwrap();
    let asked = [entity_ref("unknown"), entity_ref("a"), entity_ref("O'Brien \"%\" \\")];
    let found = store.unprocessed(&asked).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, entity_ref("a"));
    assert!(store.unprocessed(&[]).await.unwrap().is_empty());
}

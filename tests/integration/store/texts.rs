//! Texts that databases stumble over, and rows that are not what we write.

use std::sync::Arc;

use callboard_catalog::{
    final_entity::FinalEntity,
    store::{CatalogStore, FinalEntityChange, RefreshStateChange, RefreshStateRow, StoreError},
};
use callboard_model::EntityRef;
use futures_util::TryStreamExt;

use super::fixture::{
    TestStore, commit, entity, entity_ref, fence, final_entities, on_each_database, put, put_state,
    refresh_states, state,
};

on_each_database!(
    bodies_of_megabytes_come_back_as_they_were,
    nul_and_other_odd_characters_come_back_as_they_were,
    refs_of_any_length_come_back_as_they_were,
    a_final_entity_that_cannot_be_read_is_named,
    a_refresh_state_that_cannot_be_read_is_named,
    a_lost_head_is_named_before_anything_is_written,
);

async fn bodies_of_megabytes_come_back_as_they_were(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    // Nothing that compresses well, nor a length that fits anything.
    let mut text = String::with_capacity(5 << 20);
    for number in 0_u64.. {
        if text.len() > (5 << 20) {
            break;
        }
        text.push_str(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    }
    let large = |name: &str| FinalEntity {
        body: format!("{{\"definition\":\"{text}\"}}").into(),
        ..entity(name, "1")
    };
    let row = RefreshStateRow { processing: large("a").body, ..state("a", "1") };
    let unprocessed = Some(large("a").body);
    // More than one statement's worth of bytes.
    let names: Vec<String> = (0..9).map(|number| format!("api-{number}")).collect();
    let entities = names.iter().map(|name| FinalEntityChange::Put(large(name))).collect();
    let changes = commit(vec![RefreshStateChange::Put { row: row.clone(), unprocessed }], entities);
    store.commit(fence, &changes).await.unwrap();
    let (_, read) = final_entities(&store).await;
    assert_eq!(read.len(), 9);
    assert!(read.iter().zip(&names).all(|(read, name)| *read == large(name)));
    assert!(refresh_states(&store).await == [row]);
    let found = store.unprocessed(&[entity_ref("a")]).await.unwrap();
    assert!(found[0].1 == large("a").body);
}

async fn nul_and_other_odd_characters_come_back_as_they_were(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let odd = "nul \0, escape \u{10FFFE}0, quote ' \" \\, {array}, NULL, ü, 😀, \u{FFFF}, %_\n";
    let odd_ref = EntityRef::from_canonical(&format!("component:default/{odd}").to_lowercase());
    let odd_ref = odd_ref.unwrap();
    let row = RefreshStateRow {
        entity_ref: odd_ref.clone(),
        location_key: Some(odd.into()),
        emitted_by: [odd.into(), "".into(), "NULL".into()].into(),
        ..state("a", "1")
    };
    // JSON text holds NUL in its escaped form only.
    let json: Arc<str> = serde_json::json!({ "name": odd }).to_string().into();
    let stored = FinalEntity {
        entity_ref: odd_ref.clone(),
        body: Arc::clone(&json),
        parents: [odd_ref.clone()].into(),
        ..entity("a", "1")
    };
    let changes = commit(
        vec![RefreshStateChange::Put { row: row.clone(), unprocessed: Some(Arc::clone(&json)) }],
        vec![FinalEntityChange::Put(stored.clone())],
    );
    store.commit(fence, &changes).await.unwrap();
    assert_eq!(final_entities(&store).await.1, [stored]);
    assert_eq!(refresh_states(&store).await, [row]);
    let found = store.unprocessed(std::slice::from_ref(&odd_ref)).await.unwrap();
    assert_eq!(found, [(odd_ref.clone(), json)]);
    assert_eq!(store.history(&odd_ref).await.unwrap().len(), 1);

    let gone = commit(
        vec![RefreshStateChange::Delete(odd_ref.clone())],
        vec![FinalEntityChange::Delete(odd_ref)],
    );
    store.commit(fence, &gone).await.unwrap();
    assert_eq!(final_entities(&store).await.1, []);
    assert_eq!(refresh_states(&store).await, []);
}

async fn refs_of_any_length_come_back_as_they_were(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    // Nothing that an index could compress.
    let long: String =
        (0_u64..2_000).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()).collect();
    let names = [format!("{long}a"), format!("{long}b"), "short".to_owned()];
    let states = || names.iter().map(|name| put_state(name, "1")).collect();
    let changes = commit(states(), names.iter().map(|name| put(name, "1")).collect());
    store.commit(fence, &changes).await.unwrap();
    store.commit(fence, &commit(states(), vec![put(&names[0], "2")])).await.unwrap();
    let expected = [entity(&names[0], "2"), entity(&names[1], "1"), entity("short", "1")];
    assert!(final_entities(&store).await.1 == expected);
    assert!(refresh_states(&store).await == names.each_ref().map(|name| state(name, "1")));
    let refs = names.each_ref().map(|name| entity_ref(name));
    let mut found: Vec<_> =
        store.unprocessed(&refs).await.unwrap().into_iter().map(|(found, _)| found).collect();
    found.sort();
    assert!(found == refs);
    assert_eq!(store.history(&refs[0]).await.unwrap().len(), 2);
    assert_eq!(store.history(&refs[1]).await.unwrap().len(), 1);

    let gone = commit(
        vec![RefreshStateChange::Delete(refs[0].clone())],
        vec![FinalEntityChange::Delete(refs[0].clone())],
    );
    store.commit(fence, &gone).await.unwrap();
    assert!(final_entities(&store).await.1 == expected[1..]);
    assert_eq!(refresh_states(&store).await.len(), 2);
    let last = store.revisions_after(2, 1).await.unwrap();
    assert!(last[0].changes == [FinalEntityChange::Delete(refs[0].clone())]);
}

async fn a_final_entity_that_cannot_be_read_is_named(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    store.commit(fence, &commit(Vec::new(), vec![put("a", "1"), put("b", "1")])).await.unwrap();
    let row = "WHERE entity_ref = 'component:default/b'";
    for (spoiled, reason) in [
        (format!("SET state = 'half' {row}"), "state \"half\" is unknown"),
        (format!("SET state = 'completed', body = NULL {row}"), "is null"),
        (format!("SET body = '{{}}', parents = '[7]' {row}"), "invalid type"),
        (format!("SET parents = '[\"Upper\"]' {row}"), "\"Upper\" is not an entity ref"),
    ] {
        database.execute(&format!("UPDATE final_entity_history {spoiled}")).await;
        let (_, chunks) = store.final_entities().await.unwrap();
        let error = chunks.try_concat().await.unwrap_err();
        named(&error, "final_entity_history", "component:default/b", reason);
        let error = store.revisions_after(0, 10).await.unwrap_err();
        named(&error, "final_entity_history", "component:default/b", reason);
    }
}

async fn a_refresh_state_that_cannot_be_read_is_named(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    let changes = commit(vec![put_state("a", "1"), put_state("b", "1")], Vec::new());
    store.commit(fence, &changes).await.unwrap();
    let row = "WHERE entity_ref = 'component:default/b'";
    database.execute(&format!("UPDATE refresh_state SET emitted_by = 'x' {row}")).await;
    let chunks = store.refresh_states().await.unwrap();
    let error = chunks.try_concat().await.unwrap_err();
    named(&error, "refresh_state", "component:default/b", "expected value");
}

async fn a_lost_head_is_named_before_anything_is_written(database: TestStore) {
    let store = database.open().await;
    let fence = fence(&store).await;
    database.execute("DELETE FROM catalog_head").await;
    let changes = commit(vec![put_state("a", "1")], vec![put("a", "1")]);
    named(&store.commit(fence, &changes).await.unwrap_err(), "catalog_head", "row", "missing");
    assert_eq!(refresh_states(&store).await, []);
}

fn named(error: &StoreError, expected: &str, row: &str, why: &str) {
    let StoreError::Corrupt { table, reason } = error else { panic!("{error:?}") };
    assert_eq!(*table, expected);
    assert!(reason.contains(row) && reason.contains(why), "{reason}");
}

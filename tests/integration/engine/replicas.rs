//! Two processes on one PostgreSQL: one ingests, both serve.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    ingestion::EntityProviderMutation,
    store::{CatalogStore as _, Commit, FinalEntityChange, StoreError},
};
use callboard_model::EntityRef;
use callboard_store::Store;
use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, deferred, entity, uids,
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    fixture::{Folder, component, titled},
    stores::TestStore,
};

fn title_of(name: &str) -> String {
    format!("component:default/{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ingests_and_the_other_follows_and_takes_over_when_it_stops() {
    let test = "engine::replicas::one_ingests_and_the_other_follows";
    let Some(database) = EngineDatabase::postgres(test) else { return };
    let folder = Folder::with(&[("a.yaml", &component("a"))]);
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    let first = RunningEngine::start(&database, &setup).await;
    first.entity(&title_of("a")).await;
    let second = RunningEngine::start(&database, &setup).await;
    second.entity(&title_of("a")).await;
    assert!(!second.engine().status().borrow().is_ingesting);

    let mut longest = Duration::ZERO;
    for round in 0..10 {
        let title = format!("round-{round}");
        folder.save("a.yaml", &titled("a", &title));
        let has_title = |it: &serde_json::Value| it["metadata"]["title"] == title.as_str();
        first.entity_with(&title_of("a"), &title, has_title).await;
        let visible = Instant::now();
        second.entity_with(&title_of("a"), &title, has_title).await;
        longest = longest.max(visible.elapsed());
    }
    tell(&format!("a follower sees a change {longest:?} after the one that ingests, at most"));
    assert_eq!(uids(&first.reader()), uids(&second.reader()));

    let stopped = Instant::now();
    first.stop().await;
    second.ingesting().await;
    tell(&format!("a lease that was given back is taken after {:?}", stopped.elapsed()));
    let known = uids(&second.reader());
    folder.save("a.yaml", &titled("a", "of the second"));
    let has_title = |it: &serde_json::Value| it["metadata"]["title"] == "of the second";
    second.entity_with(&title_of("a"), "its title", has_title).await;
    assert_eq!(uids(&second.reader()), known);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_is_followed_by_the_other_when_its_lease_ends() {
    let test = "engine::replicas::a_process_that_is_killed_is_followed_by_the_other";
    let Some(database) = EngineDatabase::postgres(test) else { return };
    let folder = Folder::with(&[("a.yaml", &component("a"))]);
    let mut setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    setup.lease = Duration::from_secs(1);
    let first = RunningEngine::start(&database, &setup).await;
    first.entity(&title_of("a")).await;
    let second = RunningEngine::start(&database, &setup).await;
    second.entity(&title_of("a")).await;
    first.kill().await;
    folder.save("a.yaml", &titled("a", "new"));
    second.ingesting().await;
    second.entity_with(&title_of("a"), "title new", |it| it["metadata"]["title"] == "new").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_of_who_lost_the_lease_is_refused() {
    let test = "engine::replicas::a_late_commit_of_who_lost_the_lease_is_refused";
    let Some(database) = EngineDatabase::postgres(test) else { return };
    let lease = Duration::from_millis(500);
    let connect = async || {
        let store = Store::connect(database.config()).await.unwrap();
        TestStore::new(store.with_lease_time_to_live(lease))
    };
    let (provider, other) = (ScriptedProvider::new("p"), ScriptedProvider::new("p"));
    let (slow, quick) = (connect().await, connect().await);
    let service = |owner: &str| {
        let spec = json!({"type": "service", "lifecycle": "production", "owner": owner});
        vec![deferred("Component", "a", &spec, "url:https://p.example/")]
    };
    let first = RunningEngine::start_on(
        Arc::clone(&slow) as Arc<_>,
        &EngineSetup::default().with(&provider),
    );
    provider.full(service("first")).await;
    // The first stands still in the midst of a flush, long enough to lose its lease.
    slow.gate.send_replace(false);
    let mutation = EntityProviderMutation::Full(service("late"));
    let overtaken = async {
        let second = RunningEngine::start_on(
            Arc::clone(&quick) as Arc<_>,
            &EngineSetup::default().with(&other),
        );
        second.ingesting().await;
        other.full(service("second")).await;
        slow.gate.send_replace(true);
        // The first finds out, and follows from now on.
        let of_second = |it: &serde_json::Value| it["spec"]["owner"] == "second";
        first.entity_with("component:default/a", "what the second wrote", of_second).await;
        let mut status = first.engine().status();
        drop(status.wait_for(|status| !status.is_ingesting).await.unwrap());
        assert!(of_second(&entity(&second.reader(), "component:default/a").unwrap()));
        second.stop().await;
    };
    let (late, ()) = tokio::join!(provider.apply(mutation), overtaken);
    assert!(late.is_err(), "what was refused is not acknowledged");
    first.stop().await;
    // By its fencing number, too, whatever its clock says.
    let store = connect().await;
    let stale = store.inner.acquire_lease(None).await.unwrap().unwrap().fence;
    store.inner.release_lease(stale).await.unwrap();
    let newer = quick.inner.acquire_lease(None).await.unwrap().unwrap().fence;
    assert!(newer > stale);
    let entity_ref = EntityRef::new("component", "default", "a");
    let change = FinalEntityChange::Put(FinalEntity {
        entity_ref,
        entity_id: "late".into(),
        state: FinalState::Completed,
        body: "{}".into(),
        parents: [].into(),
    });
    let commit = Commit { final_entities: vec![change], cause: "test", ..Commit::default() };
    let refused = store.inner.commit(stale, &commit).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_over_knows_all_that_was_committed_before() {
    let test = "engine::replicas::who_takes_over_knows_all_that_was_committed_before";
    let Some(database) = EngineDatabase::postgres(test) else { return };
    let (provider, other) = (ScriptedProvider::new("p"), ScriptedProvider::new("p"));
    let service = |name: &str| {
        let spec = json!({"type": "service", "lifecycle": "production", "owner": "crew"});
        deferred("Component", name, &spec, "url:https://p.example/")
    };
    let first = RunningEngine::start(&database, &EngineSetup::default().with(&provider)).await;
    provider.full(vec![service("a")]).await;
    let store = TestStore::new(Store::connect(database.config()).await.unwrap());
    let second =
        RunningEngine::start_on(Arc::clone(&store) as Arc<_>, &EngineSetup::default().with(&other));
    second.entity("component:default/a").await;
    // From now on it cannot read what the first commits, until it holds the lease.
    store.failing_reads.store(12, Ordering::SeqCst);
    provider.full(vec![service("a"), service("b")]).await;
    first.stop().await;
    second.ingesting().await;
    other.delta(vec![service("c")], &[]).await;
    let all = ["component:default/a", "component:default/b", "component:default/c"];
    assert_eq!(uids(&second.reader()).into_keys().collect::<Vec<_>>(), all);
    second.stop().await;
}

#[expect(clippy::print_stdout, reason = "a figure, not a verdict: this machine may be busy")]
fn tell(figure: &str) {
    println!("{figure}");
}

//! What providers say, and what becomes of it.

use callboard_catalog::processing::DeferredEntity;
use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, deferred, entity, uids,
};
use serde_json::json;

use super::fixture::{Folder, component, location, on_each_database};

on_each_database!(
    a_full_mutation_replaces_and_a_delta_changes,
    what_a_provider_takes_back_goes_with_all_that_only_it_emitted,
    a_child_of_two_locations_goes_with_the_second,
    the_first_of_two_providers_owns_a_ref,
    a_provider_that_is_no_longer_configured_takes_its_entities_along,
    a_refresh_key_has_what_depends_on_it_processed_again,
);

fn service(name: &str, title: &str, provider: &str) -> DeferredEntity {
    let spec = json!({"type": "service", "lifecycle": "production", "owner": title});
    deferred("Component", name, &spec, &format!("url:https://{provider}.example/"))
}

fn names(engine: &RunningEngine) -> Vec<String> {
    uids(&engine.reader()).into_keys().collect()
}

async fn a_full_mutation_replaces_and_a_delta_changes(database: EngineDatabase) {
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::default().with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    provider.full(vec![service("a", "one", "p"), service("b", "one", "p")]).await;
    // Acknowledged is visible.
    assert_eq!(names(&engine), ["component:default/a", "component:default/b"]);
    let first = uids(&engine.reader());

    let changed = vec![service("b", "two", "p"), service("c", "one", "p")];
    provider.delta(changed, &["component:default/a", "component:default/unknown"]).await;
    assert_eq!(names(&engine), ["component:default/b", "component:default/c"]);
    let b = entity(&engine.reader(), "component:default/b").unwrap();
    assert_eq!(b["spec"]["owner"], "two");
    assert_eq!(b["metadata"]["uid"], first["component:default/b"].as_str());

    let revision = engine.reader().revision();
    provider.full(vec![service("c", "one", "p"), service("b", "two", "p")]).await;
    assert_eq!(engine.reader().revision(), revision, "the same again changes nothing");
    provider.full(vec![service("c", "one", "p")]).await;
    assert_eq!(names(&engine), ["component:default/c"]);
    engine.stop().await;
    let engine = RunningEngine::start(&database, &setup).await;
    provider.settle().await;
    assert_eq!(names(&engine), ["component:default/c"], "it is remembered");
    engine.stop().await;
}

fn root(folder: &Folder, name: &str, file: &str) -> DeferredEntity {
    let spec = json!({"type": "file", "target": folder.path(file)});
    deferred("Location", name, &spec, &format!("file:{}", folder.path(file)))
}

async fn what_a_provider_takes_back_goes_with_all_that_only_it_emitted(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("root.yaml", &location("one", &["./two.yaml", "./a.yaml"])),
        ("two.yaml", &location("two", &["./b.yaml"])),
        ("a.yaml", &component("a")),
        ("b.yaml", &component("b")),
    ]);
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::default().with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    provider.full(vec![root(&folder, "root", "root.yaml"), service("own", "x", "p")]).await;
    assert_eq!(names(&engine).len(), 6);
    provider.delta(Vec::new(), &["location:default/root"]).await;
    // At once: the clean-up of orphans is an hour away.
    assert_eq!(names(&engine), ["component:default/own"]);
    engine.stop().await;
}

async fn a_child_of_two_locations_goes_with_the_second(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("one.yaml", &location("one", &["./shared.yaml"])),
        ("two.yaml", &location("two", &["./shared.yaml"])),
        ("shared.yaml", &component("shared")),
    ]);
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::default().with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    let roots = [root(&folder, "root-1", "one.yaml"), root(&folder, "root-2", "two.yaml")];
    provider.full(roots.to_vec()).await;
    let shared = engine.healthy("component:default/shared").await;
    let parents = |engine: &RunningEngine| {
        let shared = callboard_tests::engine::canonical("component:default/shared");
        engine.reader().entity(&shared).map(|shared| shared.parents.len())
    };
    assert_eq!(parents(&engine), Some(2), "one file at two places is no conflict");
    provider.full(vec![roots[1].clone()]).await;
    assert_eq!(parents(&engine), Some(1));
    let kept = engine.healthy("component:default/shared").await;
    assert_eq!(kept["metadata"]["uid"], shared["metadata"]["uid"]);
    provider.full(Vec::new()).await;
    assert_eq!(names(&engine), [""; 0]);
    engine.stop().await;
}

async fn the_first_of_two_providers_owns_a_ref(database: EngineDatabase) {
    let (one, two) = (ScriptedProvider::new("one"), ScriptedProvider::new("two"));
    let setup = EngineSetup::default().with(&one).with(&two);
    let engine = RunningEngine::start(&database, &setup).await;
    one.full(vec![service("a", "of-one", "one")]).await;
    two.full(vec![service("a", "of-two", "two"), service("b", "of-two", "two")]).await;
    let owner =
        || entity(&engine.reader(), "component:default/a").unwrap()["spec"]["owner"].clone();
    assert_eq!(owner(), "of-one");
    assert_eq!(names(&engine).len(), 2);
    // What is not one's own cannot be taken back.
    two.delta(Vec::new(), &["component:default/a"]).await;
    two.full(vec![service("b", "of-two", "two")]).await;
    assert_eq!(owner(), "of-one");
    one.full(Vec::new()).await;
    assert_eq!(names(&engine), ["component:default/b"]);
    two.delta(vec![service("a", "of-two", "two")], &[]).await;
    assert_eq!(owner(), "of-two");
    engine.stop().await;
}

async fn a_provider_that_is_no_longer_configured_takes_its_entities_along(
    database: EngineDatabase,
) {
    let (one, two) = (ScriptedProvider::new("one"), ScriptedProvider::new("two"));
    let both = EngineSetup::default().with(&one).with(&two);
    let engine = RunningEngine::start(&database, &both).await;
    one.full(vec![service("a", "x", "one")]).await;
    two.full(vec![service("b", "x", "two")]).await;
    engine.stop().await;

    let mut keeping = EngineSetup::default().with(&one);
    keeping.options.orphan_strategy = callboard_catalog::catalog_engine::OrphanStrategy::Keep;
    let engine = RunningEngine::start(&database, &keeping).await;
    one.settle().await;
    assert_eq!(names(&engine).len(), 2, "they stay where orphans stay");
    engine.stop().await;

    let engine = RunningEngine::start(&database, &EngineSetup::default().with(&one)).await;
    one.settle().await;
    assert_eq!(names(&engine), ["component:default/a"]);
    engine.stop().await;
}

async fn a_refresh_key_has_what_depends_on_it_processed_again(database: EngineDatabase) {
    // A pipe cannot be watched: whoever knows that it changed says so.
    let folder = Folder::with(&[("a.yaml", &component("a")), ("b.yaml", &component("b"))]);
    let provider = ScriptedProvider::new("p");
    let setup = EngineSetup::files(&[&folder.path("a.yaml"), &folder.path("b.yaml")]);
    let engine = RunningEngine::start(&database, &setup.with(&provider)).await;
    engine.entity("component:default/b").await;
    provider.settle().await;
    let processed = || engine.engine().status().borrow().processed_total;
    let before = processed();
    provider.refresh(&[&format!("file:{}", folder.path("a.yaml")), "url:https://unknown/"]).await;
    provider.settle().await;
    assert_eq!(processed(), before + 1, "one Location reads it");
    engine.stop().await;
}

//! Location trees, saves and orphans.

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, canonical, targets, uids,
};
use serde_json::Value;

use super::fixture::{
    Folder, component, component_with, documents, location, on_each_database, titled,
};

on_each_database!(
    a_location_tree_is_ingested_with_relations_both_ways_and_ancestry,
    a_saved_file_is_visible_without_restart_and_keeps_its_uid,
    a_file_that_vanishes_from_a_pattern_leaves_orphans_that_the_clean_up_deletes,
    a_file_that_comes_back_before_the_clean_up_keeps_the_uid,
    an_entity_that_moves_to_another_file_keeps_its_uid,
    a_file_that_appears_under_a_pattern_is_ingested,
);

const ROOT: &str = "location:default/configured-0";

async fn a_location_tree_is_ingested_with_relations_both_ways_and_ancestry(
    database: EngineDatabase,
) {
    let group = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: crew\n\
                 spec:\n  type: team\n  children: []\n";
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &["./teams/crew.yaml", "./services/all.yaml"])),
        ("teams/crew.yaml", group),
        ("services/all.yaml", &location("services", &["./*/catalog-info.yaml"])),
        (
            "services/ledger/catalog-info.yaml",
            &component_with("ledger", "  dependsOn: [component:payments]"),
        ),
        ("services/payments/catalog-info.yaml", &component("payments")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;

    let ledger = engine.entity("component:default/ledger").await;
    assert_eq!(targets(&ledger, "ownedBy"), ["group:default/crew"]);
    assert_eq!(targets(&ledger, "dependsOn"), ["component:default/payments"]);
    let payments = engine.entity("component:default/payments").await;
    assert_eq!(targets(&payments, "dependencyOf"), ["component:default/ledger"]);
    let crew = engine.entity("group:default/crew").await;
    let owned = ["component:default/ledger", "component:default/payments"];
    assert_eq!(targets(&crew, "ownerOf"), owned);
    let at = "/metadata/annotations/backstage.io~1managed-by-location";
    let file = format!("file:{}", folder.path("services/ledger/catalog-info.yaml"));
    assert_eq!(ledger.pointer(at).and_then(Value::as_str), Some(file.as_str()));
    let origin = "/metadata/annotations/backstage.io~1managed-by-origin-location";
    let configured = format!("file:{}", folder.path("all.yaml"));
    assert_eq!(ledger.pointer(origin).and_then(Value::as_str), Some(configured.as_str()));

    let reader = engine.reader();
    let line = reader.ancestry(&canonical("component:default/ledger")).unwrap();
    let line: Vec<_> = line.iter().map(|item| item.entity.entity_ref.as_str()).collect();
    let ancestors =
        ["component:default/ledger", "location:default/services", "location:default/all", ROOT];
    assert_eq!(line, ancestors);
    engine.stop().await;
}

async fn a_saved_file_is_visible_without_restart_and_keeps_its_uid(database: EngineDatabase) {
    let folder = Folder::with(&[("a.yaml", &titled("a", "first"))]);
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let first = engine.entity("component:default/a").await;

    folder.write("a.yaml", &titled("a", "second"));
    let in_place = entity_titled(&engine, "component:default/a", "second").await;
    assert_eq!(in_place["metadata"]["uid"], first["metadata"]["uid"]);
    assert_ne!(in_place["metadata"]["etag"], first["metadata"]["etag"]);

    folder.save("a.yaml", &titled("a", "third"));
    let renamed = entity_titled(&engine, "component:default/a", "third").await;
    assert_eq!(renamed["metadata"]["uid"], first["metadata"]["uid"]);
    // Again: the watch is on the name, not on the file that had it first.
    folder.save("a.yaml", &titled("a", "fourth"));
    entity_titled(&engine, "component:default/a", "fourth").await;
    engine.stop().await;
}

async fn a_file_that_vanishes_from_a_pattern_leaves_orphans_that_the_clean_up_deletes(
    database: EngineDatabase,
) {
    let files = [("a.yaml", &*component("a")), ("b.yaml", &*component("b"))];
    let folder = Folder::with(&files);
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/a").await;

    folder.remove("a.yaml");
    let orphan = engine.entity_with("component:default/a", "orphan", is_orphan).await;
    assert_eq!(targets(&orphan, "ownedBy"), ["group:default/crew"], "it is served as before");
    assert!(!is_orphan(&engine.entity("component:default/b").await));
    engine.stop().await;

    let engine = RunningEngine::start(&database, &setup.cleaning_up()).await;
    engine.gone("component:default/a").await;
    engine.entity("component:default/b").await;
    engine.stop().await;
}

async fn a_file_that_comes_back_before_the_clean_up_keeps_the_uid(database: EngineDatabase) {
    let folder = Folder::with(&[("a.yaml", &component("a"))]);
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let first = engine.entity("component:default/a").await;
    folder.remove("a.yaml");
    engine.entity_with("component:default/a", "orphan", is_orphan).await;
    folder.write("a.yaml", &component("a"));
    let what = "no orphan annotation";
    let back = engine.entity_with("component:default/a", what, |entity| !is_orphan(entity)).await;
    assert_eq!(back["metadata"]["uid"], first["metadata"]["uid"]);
    assert_eq!(back["metadata"]["etag"], first["metadata"]["etag"]);
    engine.stop().await;
}

async fn an_entity_that_moves_to_another_file_keeps_its_uid(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("a.yaml", &component("a")),
        ("b.yaml", &documents(&[component("b"), component("mover")])),
    ]);
    let probe = ScriptedProvider::new("probe");
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/mover").await;
    let before = uids(&engine.reader());

    folder.save("b.yaml", &component("b"));
    folder.save("a.yaml", &documents(&[component("a"), component("mover")]));
    let file = format!("file:{}", folder.path("a.yaml"));
    let has_moved = |entity: &Value| {
        entity["metadata"]["annotations"]["backstage.io/managed-by-location"] == file.as_str()
            && !is_orphan(entity)
    };
    engine.entity_with("component:default/mover", "its new file", has_moved).await;
    engine.healthy(ROOT).await;
    assert_eq!(uids(&engine.reader()), before);
    engine.stop().await;
}

async fn a_file_that_appears_under_a_pattern_is_ingested(database: EngineDatabase) {
    let folder = Folder::with(&[]);
    let setup = EngineSetup::files(&[&folder.path("**/catalog-info.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let nothing = "does not exist";
    engine.problem(ROOT, nothing).await;
    folder.write("deep/down/catalog-info.yaml", &component("a"));
    engine.entity("component:default/a").await;
    engine.healthy(ROOT).await;
    engine.stop().await;
}

fn is_orphan(entity: &Value) -> bool {
    entity["metadata"]["annotations"]["backstage.io/orphan"] == "true"
}

async fn entity_titled(engine: &RunningEngine, entity_ref: &str, title: &str) -> Value {
    let what = format!("title {title}");
    engine.entity_with(entity_ref, &what, |entity| entity["metadata"]["title"] == title).await
}

//! Ending and starting again.

use callboard_catalog::processing::CatalogRules;
use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, entity, failed, final_entities,
    targets, uids,
};
use serde_json::{Value, json};

use super::fixture::{
    Folder, component, component_with, documents, location, on_each_database, titled,
};

on_each_database!(
    nothing_is_stitched_again_when_nothing_changed,
    changes_made_while_down_are_seen,
    a_pattern_without_files_is_watched_again,
    other_kinds_have_everything_processed_again,
    tighter_rules_take_entities_away,
);

const ROOT: &str = "location:default/configured-0";

fn tree() -> Folder {
    Folder::with(&[
        ("all.yaml", &location("all", &["./a.yaml", "./b/*.yaml", "./missing.yaml", "./bad.yaml"])),
        ("a.yaml", &component_with("a", "  dependsOn: [component:b]")),
        ("b/b.yaml", &documents(&[component("b"), component("b"), component("c")])),
        ("bad.yaml", &component("bad").replace("  lifecycle: production\n", "")),
    ])
}

async fn nothing_is_stitched_again_when_nothing_changed(database: EngineDatabase) {
    let (folder, probe) = (tree(), ScriptedProvider::new("probe"));
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/c").await;
    probe.settle().await;
    let (revision, before) = (engine.reader().revision(), final_entities(&engine.reader()));
    let known = uids(&engine.reader());
    engine.stop().await;
    for _ in 0..2 {
        let engine = RunningEngine::start(&database, &setup).await;
        probe.settle().await;
        assert_eq!(engine.reader().revision(), revision);
        assert_eq!(final_entities(&engine.reader()), before);
        assert_eq!(uids(&engine.reader()), known);
        assert_eq!(engine.engine().status().borrow().stitched_total, 0);
        engine.kill().await;
    }
}

async fn changes_made_while_down_are_seen(database: EngineDatabase) {
    let (folder, probe) = (tree(), ScriptedProvider::new("probe"));
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/c").await;
    engine.stop().await;
    folder.save("a.yaml", &titled("a", "new"));
    folder.write("b/d.yaml", &component("d"));
    folder.remove("b/b.yaml");
    folder.write("missing.yaml", &component("found"));
    folder.save("bad.yaml", &component("bad"));

    let engine = RunningEngine::start(&database, &setup).await;
    probe.settle().await;
    let reader = engine.reader();
    let served = |entity_ref: &str| entity(&reader, entity_ref).unwrap();
    assert_eq!(served("component:default/a")["metadata"]["title"], "new");
    assert_eq!(targets(&served("component:default/b"), "dependencyOf"), [""; 0]);
    let orphan = "/metadata/annotations/backstage.io~1orphan";
    assert_eq!(served("component:default/c").pointer(orphan), Some(&json!("true")));
    for new in ["component:default/d", "component:default/found", "component:default/bad"] {
        assert!(served(new).get("status").is_none(), "{new}");
    }
    assert!(served("location:default/all").get("status").is_none());
    engine.stop().await;
}

async fn a_pattern_without_files_is_watched_again(database: EngineDatabase) {
    let folder = Folder::with(&[]);
    let probe = ScriptedProvider::new("probe");
    let setup = EngineSetup::files(&[&folder.path("*/catalog-info.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem(ROOT, "does not exist").await;
    engine.stop().await;
    let engine = RunningEngine::start(&database, &setup).await;
    probe.settle().await;
    folder.write("a/catalog-info.yaml", &component("a"));
    engine.entity("component:default/a").await;
    folder.remove("a/catalog-info.yaml");
    let orphan =
        |entity: &Value| entity["metadata"]["annotations"].get("backstage.io/orphan").is_some();
    engine.entity_with("component:default/a", "orphan", orphan).await;
    engine.stop().await;
    folder.write("b/catalog-info.yaml", &component("b"));
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/b").await;
    engine.stop().await;
}

fn gadget() -> Value {
    json!({
        "kind": "Gadget",
        "apiVersions": ["acme.example/v1"],
        "schema": {
            "type": "object",
            "required": ["spec"],
            "properties": { "spec": {
                "type": "object",
                "required": ["owner", "voltage"],
                "properties": { "voltage": { "type": "number" } },
            }},
        },
        "relations": [
            { "field": "spec.owner", "defaultKind": "Group", "type": "ownedBy", "inverse": "ownerOf" },
            { "field": "spec.partOf", "defaultKind": "System", "type": "partOf", "inverse": "hasPart" },
        ],
    })
}

async fn other_kinds_have_everything_processed_again(database: EngineDatabase) {
    let descriptor = |name: &str, spec: &str| {
        format!(
            "apiVersion: acme.example/v1\nkind: Gadget\nmetadata:\n  name: {name}\n\
             spec: {{ owner: crew, partOf: [toolbox], {spec} }}\n"
        )
    };
    let all = [component("a"), descriptor("drill", "voltage: 18"), descriptor("saw", "")];
    let folder = Folder::with(&[("all.yaml", &documents(&all))]);
    let probe = ScriptedProvider::new("probe");
    let mut setup = EngineSetup::files(&[&folder.path("all.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem("gadget:default/drill", "No processor recognized the entity").await;
    let a = engine.entity("component:default/a").await;
    engine.stop().await;

    setup.kinds = vec![serde_json::from_value(gadget()).unwrap()];
    let engine = RunningEngine::start(&database, &setup).await;
    let drill = engine.healthy("gadget:default/drill").await;
    assert_eq!(targets(&drill, "ownedBy"), ["group:default/crew"]);
    assert_eq!(targets(&drill, "partOf"), ["system:default/toolbox"]);
    engine.problem("gadget:default/saw", "must have required property 'voltage'").await;
    assert!(failed(&engine.reader(), "gadget:default/saw").is_some());
    assert_eq!(entity(&engine.reader(), "component:default/a"), Some(a));
    probe.settle().await;
    let revision = engine.reader().revision();
    engine.stop().await;

    let engine = RunningEngine::start(&database, &setup).await;
    probe.settle().await;
    assert_eq!(engine.reader().revision(), revision, "and then no more");
    engine.stop().await;

    // Without the kind again, its last good entity stays, with the reason.
    setup.kinds.clear();
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem("gadget:default/drill", "No processor recognized the entity").await;
    assert!(entity(&engine.reader(), "gadget:default/drill").is_some());
    engine.stop().await;
}

async fn tighter_rules_take_entities_away(database: EngineDatabase) {
    let user = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: eve\n\
                spec:\n  memberOf: []\n";
    let folder = Folder::with(&[("all.yaml", &documents(&[component("a"), user.to_owned()]))]);
    let mut setup = EngineSetup::files(&[&folder.path("all.yaml")]).cleaning_up();
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("user:default/eve").await;
    engine.stop().await;
    setup.rules = CatalogRules::default();
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem(ROOT, "Entity user:default/eve").await;
    engine.gone("user:default/eve").await;
    engine.healthy("component:default/a").await;
    engine.stop().await;
}

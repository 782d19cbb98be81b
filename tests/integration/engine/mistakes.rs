//! What people write wrong: it fails alone, says so where its owner looks, and is mended by a save.

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, entity, failed, problems, targets,
};

use super::fixture::{
    Folder, component, component_with, documents, location, on_each_database, titled,
};

on_each_database!(
    one_bad_target_fails_alone_and_is_named_on_the_location,
    a_broken_document_keeps_its_siblings_and_the_last_good_entity,
    a_refused_entity_stays_as_it_was_with_its_error_until_it_is_mended,
    an_entity_that_never_processed_is_listed_as_failed_and_nowhere_else,
    an_error_that_was_mended_while_down_is_gone_after_the_start,
    a_document_that_left_a_file_is_an_orphan_although_another_is_not_allowed,
);

const ROOT: &str = "location:default/configured-0";

async fn one_bad_target_fails_alone_and_is_named_on_the_location(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &["./a.yaml", "./missing.yaml", "./b.yaml"])),
        ("a.yaml", &component("a")),
        ("b.yaml", &component("b")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/a").await;
    engine.healthy("component:default/b").await;
    let missing = folder.path("missing.yaml");
    let problem = engine.problem("location:default/all", &missing).await;
    assert_eq!(problem, format!("NotFoundError: file {missing} does not exist"));
    assert_eq!(problems(&engine.reader(), "location:default/all").len(), 1);
    engine.healthy(ROOT).await;

    folder.write("missing.yaml", &component("found"));
    engine.healthy("component:default/found").await;
    engine.healthy("location:default/all").await;
    engine.stop().await;
}

async fn a_broken_document_keeps_its_siblings_and_the_last_good_entity(database: EngineDatabase) {
    let good = [titled("a", "one"), titled("b", "one"), titled("c", "one")];
    let folder = Folder::with(&[("all.yaml", &documents(&good)), ("d.yaml", &component("d"))]);
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let first = engine.entity("component:default/b").await;

    let broken = "kind: Component\nmetadata: { name: b,,\n".to_owned();
    folder.save("all.yaml", &documents(&[titled("a", "two"), broken, titled("c", "two")]));
    let is_two = |entity: &serde_json::Value| entity["metadata"]["title"] == "two";
    let a = engine.entity_with("component:default/a", "title two", is_two).await;
    assert!(a.get("status").is_none(), "{a}");
    engine.entity_with("component:default/c", "title two", is_two).await;
    let problem = engine.problem("component:default/b", "YAML error at file:").await;
    assert!(problem.contains(&folder.path("all.yaml")), "{problem}");
    let stale = engine.entity("component:default/b").await;
    assert_eq!(stale["metadata"]["title"], "one");
    assert_eq!(stale["metadata"]["uid"], first["metadata"]["uid"]);
    assert_eq!(targets(&stale, "ownedBy"), ["group:default/crew"]);
    engine.problem(ROOT, "YAML error at file:").await;
    engine.healthy("component:default/d").await;

    folder.save("all.yaml", &documents(&good));
    let mended = engine.healthy("component:default/b").await;
    assert_eq!(mended["metadata"]["uid"], first["metadata"]["uid"]);
    engine.healthy(ROOT).await;
    engine.stop().await;
}

async fn a_refused_entity_stays_as_it_was_with_its_error_until_it_is_mended(
    database: EngineDatabase,
) {
    let folder = Folder::with(&[("a.yaml", &titled("a", "good"))]);
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let first = engine.entity("component:default/a").await;
    let bad_tag = titled("a", "bad").replace("metadata:\n", "metadata:\n  tags: [Not_A_Tag]\n");
    let no_owner = titled("a", "bad").replace("  owner: crew\n", "");
    let bad_ref = component_with("a", "  dependsOn: [nobody-knows-the-kind]");
    for (text, reason) in [
        (&bad_tag, "\"tags.0\" is not valid"),
        (&no_owner, "/spec must have required property 'owner'"),
        (&bad_ref, "had missing or empty kind"),
    ] {
        folder.save("a.yaml", text);
        engine.problem("component:default/a", reason).await;
        let kept = engine.entity("component:default/a").await;
        assert_eq!(kept["metadata"]["title"], "good");
        assert_eq!(kept["metadata"]["uid"], first["metadata"]["uid"]);
        assert_eq!(targets(&kept, "ownedBy"), ["group:default/crew"]);
        assert_eq!(problems(&engine.reader(), "component:default/a").len(), 1);
    }
    folder.save("a.yaml", &titled("a", "good"));
    let mended = engine.healthy("component:default/a").await;
    assert_eq!(mended["metadata"]["etag"], first["metadata"]["etag"]);
    engine.stop().await;
}

async fn an_entity_that_never_processed_is_listed_as_failed_and_nowhere_else(
    database: EngineDatabase,
) {
    let folder = Folder::with(&[
        ("good.yaml", &component_with("good", "  dependsOn: [component:bad]")),
        ("bad.yaml", &component("bad").replace("  lifecycle: production\n", "")),
        ("strange.yaml", &component("strange").replace("kind: Component", "kind: Gadget")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/good").await;
    engine.problem("component:default/bad", "required property 'lifecycle'").await;
    engine.problem("gadget:default/strange", "No processor recognized the entity").await;
    for bad in ["component:default/bad", "gadget:default/strange"] {
        let reader = engine.reader();
        assert!(failed(&reader, bad).is_some(), "{bad} is among the failed");
        assert!(entity(&reader, bad).is_none(), "{bad} is not served");
        let served = callboard_tests::engine::uids(&reader);
        assert!(!served.contains_key(bad), "{bad} is in no list");
        assert_eq!(reader.search(bad, &everything(), 0, 10).1, 0, "{bad} is not found");
    }
    engine.stop().await;
    // It is no less a problem after a restart.
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem("component:default/bad", "required property 'lifecycle'").await;
    folder.save("bad.yaml", &component("bad"));
    let mended = engine.healthy("component:default/bad").await;
    assert_eq!(targets(&mended, "dependencyOf"), ["component:default/good"]);
    assert!(failed(&engine.reader(), "component:default/bad").is_none());
    engine.stop().await;
}

async fn an_error_that_was_mended_while_down_is_gone_after_the_start(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &["./a.yaml", "./b.yaml"])),
        ("a.yaml", &component("a")),
        ("b.yaml", &component("b")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/b").await;
    // One file of several is processed alone ...
    folder.save("b.yaml", "a: [\n");
    engine.problem("location:default/all", "YAML error").await;
    engine.problem("component:default/b", "YAML error").await;
    engine.stop().await;
    folder.save("b.yaml", &component("b"));
    // ... and the whole, as it was before, at the start.
    let probe = ScriptedProvider::new("probe");
    let engine = RunningEngine::start(&database, &setup.with(&probe)).await;
    probe.settle().await;
    for mended in ["component:default/b", "location:default/all"] {
        assert_eq!(problems(&engine.reader(), mended), [""; 0], "{mended}");
    }
    engine.stop().await;
}

async fn a_document_that_left_a_file_is_an_orphan_although_another_is_not_allowed(
    database: EngineDatabase,
) {
    let user = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: eve\n\
                spec:\n  memberOf: []\n";
    let folder = Folder::with(&[("a.yaml", &documents(&[component("a"), component("b")]))]);
    let mut setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    setup.rules = callboard_catalog::processing::CatalogRules::default();
    let engine = RunningEngine::start(&database, &setup).await;
    engine.entity("component:default/b").await;
    folder.save("a.yaml", &documents(&[component("a"), user.to_owned()]));
    engine.problem(ROOT, "Entity user:default/eve").await;
    let b = engine.entity("component:default/b").await;
    assert_eq!(b["metadata"]["annotations"]["backstage.io/orphan"], "true", "{b}");
    assert_eq!(problems(&engine.reader(), "component:default/b"), [""; 0]);
    engine.stop().await;
}

fn everything() -> callboard_catalog::query::EntityPredicate {
    callboard_catalog::query::EntityPredicate::always()
}

//! Two sources that claim the same ref.

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, final_entities, problems, uids,
};

use super::fixture::{Folder, documents, location, on_each_database, titled};

on_each_database!(
    the_first_of_two_files_owns_a_ref_and_the_other_takes_over_when_it_goes,
    of_two_in_one_file_the_first_is_used,
    refs_that_differ_in_case_are_one,
    the_owner_stays_the_owner_over_a_restart,
    a_loser_takes_over_when_the_owner_is_deleted_by_its_provider,
);

/// Two configured locations, `a.yaml` before `b.yaml`.
fn setup(folder: &Folder) -> EngineSetup {
    EngineSetup::files(&[&folder.path("a.yaml"), &folder.path("b.yaml")])
}

const OWNER: &str = "location:default/configured-0";
const LOSER: &str = "location:default/configured-1";
const REF: &str = "component:default/twin";

async fn the_first_of_two_files_owns_a_ref_and_the_other_takes_over_when_it_goes(
    database: EngineDatabase,
) {
    let other = documents(&[titled("twin", "of b"), titled("only-b", "of b")]);
    let folder = Folder::with(&[("a.yaml", &titled("twin", "of a")), ("b.yaml", &other)]);
    let setup = setup(&folder).cleaning_up();
    let engine = RunningEngine::start(&database, &setup).await;
    let problem = engine.problem(LOSER, "already belongs to").await;
    for part in [REF, &folder.path("a.yaml"), &folder.path("b.yaml"), "remove or rename"] {
        assert!(problem.contains(part), "{part} is not in {problem}");
    }
    assert_eq!(engine.entity(REF).await["metadata"]["title"], "of a");
    engine.healthy(OWNER).await;
    engine.entity("component:default/only-b").await;

    folder.save("a.yaml", &titled("other", "of a"));
    engine.entity_with(REF, "title of b", |twin| twin["metadata"]["title"] == "of b").await;
    engine.healthy(LOSER).await;
    engine.entity("component:default/other").await;

    // The one that comes back is now the one that loses.
    folder.save("a.yaml", &titled("twin", "of a"));
    engine.problem(OWNER, "already belongs to").await;
    assert_eq!(engine.entity(REF).await["metadata"]["title"], "of b");
    engine.stop().await;
}

async fn of_two_in_one_file_the_first_is_used(database: EngineDatabase) {
    let both = documents(&[titled("twin", "first"), titled("twin", "second")]);
    let folder = Folder::with(&[("a.yaml", &both), ("b.yaml", &titled("b", "b"))]);
    let engine = RunningEngine::start(&database, &setup(&folder)).await;
    let problem = engine.problem(OWNER, "stands more than once").await;
    assert!(problem.contains(REF) && problem.contains(&folder.path("a.yaml")), "{problem}");
    assert_eq!(engine.entity(REF).await["metadata"]["title"], "first");
    folder.save("a.yaml", &titled("twin", "second"));
    engine.entity_with(REF, "title second", |it| it["metadata"]["title"] == "second").await;
    engine.healthy(OWNER).await;
    engine.stop().await;
}

async fn refs_that_differ_in_case_are_one(database: EngineDatabase) {
    let folder =
        Folder::with(&[("a.yaml", &titled("twin", "of a")), ("b.yaml", &titled("TWIN", "of b"))]);
    let engine = RunningEngine::start(&database, &setup(&folder)).await;
    let problem = engine.problem(LOSER, "already belongs to").await;
    assert!(problem.contains(REF), "{problem}");
    let twin = engine.entity(REF).await;
    assert_eq!(
        (&twin["metadata"]["title"], &twin["metadata"]["name"]),
        (&"of a".into(), &"twin".into())
    );

    // In one file, too.
    let both = documents(&[titled("Twin", "first"), titled("tWIN", "second")]);
    folder.save("a.yaml", &both);
    engine.problem(OWNER, "stands more than once").await;
    assert_eq!(engine.entity(REF).await["metadata"]["name"], "Twin");
    engine.stop().await;
}

async fn the_owner_stays_the_owner_over_a_restart(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("z.yaml", &location("z", &["./owner.yaml"])),
        ("owner.yaml", &titled("twin", "of the owner")),
        ("a.yaml", &titled("twin", "of the loser")),
    ]);
    let late = [folder.path("a.yaml"), folder.path("z.yaml")];
    let probe = ScriptedProvider::new("probe");
    let first = EngineSetup::files(&[&late[1]]);
    let engine = RunningEngine::start(&database, &first).await;
    engine.entity(REF).await;
    engine.stop().await;
    // Whoever comes later is the loser, wherever it stands in the order.
    let both = EngineSetup::files(&[&late[1], &late[0]]).with(&probe);
    let engine = RunningEngine::start(&database, &both).await;
    engine.problem(LOSER, "already belongs to").await;
    let (before, known) = (final_entities(&engine.reader()), uids(&engine.reader()));
    let revision = engine.reader().revision();
    engine.stop().await;
    for _ in 0..2 {
        let engine = RunningEngine::start(&database, &both).await;
        probe.settle().await;
        assert_eq!(engine.reader().revision(), revision, "nothing flips or flops");
        assert_eq!(final_entities(&engine.reader()), before);
        assert_eq!(uids(&engine.reader()), known);
        engine.stop().await;
    }
}

async fn a_loser_takes_over_when_the_owner_is_deleted_by_its_provider(database: EngineDatabase) {
    let folder = Folder::with(&[("a.yaml", &titled("twin", "of a"))]);
    let provider = ScriptedProvider::new("provider");
    let engine_setup = EngineSetup::default().with(&provider);
    let engine = RunningEngine::start(&database, &engine_setup).await;
    let spec = serde_json::json!({"type": "service", "lifecycle": "production", "owner": "crew"});
    let owned = callboard_tests::engine::deferred("Component", "twin", &spec, "url:https://p/x");
    provider.full(vec![owned]).await;
    engine.stop().await;
    let mut setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    setup = setup.with(&provider);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem(OWNER, "already belongs to url:https://p/x").await;
    provider.full(Vec::new()).await;
    engine.entity_with(REF, "title of a", |it| it["metadata"]["title"] == "of a").await;
    assert_eq!(problems(&engine.reader(), OWNER), [""; 0]);
    engine.stop().await;
}

//! Locations and files of very many parts: they cost what they are, and hold up nobody.

use std::fmt::Write as _;

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, entity, problems,
};

use super::fixture::{Folder, component, location, on_each_database, titled};

on_each_database!(
    a_location_of_many_missing_targets_shows_a_hundred_and_counts_the_rest,
    a_file_of_many_bad_documents_is_a_small_entity,
    one_target_of_a_location_with_more_errors_than_are_shown_is_mended_alone,
    two_files_that_define_the_same_are_both_named,
    what_is_no_descriptor_is_not_quoted,
);

const ROOT: &str = "location:default/configured-0";

/// Waits until an entity has this many problems.
async fn with_problems(engine: &RunningEngine, entity_ref: &str, count: usize) -> Vec<String> {
    let what = format!("{entity_ref} with {count} problems");
    engine
        .until(&what, |reader| Some(problems(reader, entity_ref)).filter(|all| all.len() == count))
        .await
}

async fn a_location_of_many_missing_targets_shows_a_hundred_and_counts_the_rest(
    database: EngineDatabase,
) {
    let names: Vec<String> = (0..20_000).map(|number| format!("./none/{number}.yaml")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = Folder::with(&[
        ("many.yaml", &location("many", &names)),
        ("good.yaml", &component("good")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("many.yaml"), &folder.path("good.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/good").await;
    let all = with_problems(&engine, "location:default/many", 101).await;
    assert!(all[100].contains("and 19900 more"), "{}", all[100]);
    folder.save("good.yaml", &titled("good", "new"));
    let is_new = |good: &serde_json::Value| good["metadata"]["title"] == "new";
    engine.entity_with("component:default/good", "its new title", is_new).await;
    engine.stop().await;
}

async fn a_file_of_many_bad_documents_is_a_small_entity(database: EngineDatabase) {
    let folder = Folder::with(&[("many.yaml", &"--- 1\n".repeat(50_000))]);
    let setup = EngineSetup::files(&[&folder.path("many.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let all = with_problems(&engine, ROOT, 101).await;
    // Ten thousand documents, and one error for those beyond the limit.
    assert!(all[100].contains("and 9901 more"), "{}", all[100]);
    let size: usize = all.iter().map(String::len).sum();
    assert!(size < 300_000 / 2, "{size} bytes");
    engine.stop().await;
}

async fn one_target_of_a_location_with_more_errors_than_are_shown_is_mended_alone(
    database: EngineDatabase,
) {
    let names: Vec<String> = (0..150).map(|number| format!("./{number}.yaml")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = Folder::with(&[("many.yaml", &location("many", &names))]);
    let setup = EngineSetup::files(&[&folder.path("many.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let more = |count: usize| format!("and {count} more");
    engine.problem("location:default/many", &more(50)).await;
    folder.write("149.yaml", &component("last"));
    engine.healthy("component:default/last").await;
    engine.problem("location:default/many", &more(49)).await;
    folder.write("0.yaml", &component("first"));
    engine.healthy("component:default/first").await;
    engine.problem("location:default/many", &more(48)).await;
    folder.write("0.yaml", "a: [\n");
    engine.problem("component:default/first", "YAML error").await;
    engine.problem("location:default/many", &more(49)).await;
    for number in 1..=48 {
        folder.write(&format!("{number}.yaml"), &component(&format!("c{number}")));
    }
    engine.problem("location:default/many", &more(1)).await;
    folder.write("49.yaml", &component("c49"));
    with_problems(&engine, "location:default/many", 100).await;
    engine.stop().await;
}

async fn two_files_that_define_the_same_are_both_named(database: EngineDatabase) {
    let folder = Folder::with(&[("a.yaml", &component("x")), ("b.yaml", &component("x"))]);
    let setup = EngineSetup::files(&[&folder.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    let problem = engine.problem(ROOT, "component:default/x").await;
    for name in ["a.yaml", "b.yaml"] {
        assert!(problem.contains(&folder.path(name)), "{problem}");
    }
    engine.stop().await;
}

async fn what_is_no_descriptor_is_not_quoted(database: EngineDatabase) {
    let mut secret = String::from("a: &password hunter2-5501\nb: *hunter2-5502\n---\n");
    let _infallible = writeln!(secret, "hunter2-5503: [hunter2-5504");
    let folder = Folder::with(&[("app.conf", &secret), ("app.yaml", &secret)]);
    let probe = ScriptedProvider::new("probe");
    let names = [folder.path("*.conf"), folder.path("app.yaml")];
    let setup = EngineSetup::files(&[&names[0], &names[1]]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    probe.settle().await;
    let hidden = with_problems(&engine, ROOT, 2).await;
    for problem in &hidden {
        assert!(problem.contains(&folder.path("app.conf")), "{problem}");
        assert!(problem.contains(" line ") && problem.contains(" column "), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    let shown = with_problems(&engine, "location:default/configured-1", 2).await;
    assert!(shown.iter().any(|problem| problem.contains("hunter2-5504")), "{shown:?}");
    assert!(shown.iter().any(|problem| problem.starts_with(&format!("Error: file {}", names[1]))));
    assert!(!shown.iter().any(|problem| problem.contains("Unable to read url")), "{shown:?}");
    assert!(entity(&engine.reader(), "component:default/x").is_none());
    engine.stop().await;
}

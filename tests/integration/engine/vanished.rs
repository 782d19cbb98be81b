//! Folders that vanish or cannot be read: what was read from them stays, with the error. A file that
//! went from a folder that can be read goes.

use std::{fs, os::unix::fs::symlink};

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, problems, uids,
};

use super::fixture::{Folder, component, location, on_each_database};

on_each_database!(
    a_folder_of_a_pattern_that_vanished_keeps_its_entities_with_the_error,
    a_folder_below_a_pattern_that_cannot_be_read_keeps_its_entities,
    a_pattern_with_a_missing_folder_says_so_from_the_start,
);

const ALL: &str = "location:default/all";

async fn a_folder_of_a_pattern_that_vanished_keeps_its_entities_with_the_error(
    database: EngineDatabase,
) {
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &["./c/*.yaml", "./other.yaml"])),
        ("c/a.yaml", &component("a")),
        ("c/b.yaml", &component("b")),
        ("other.yaml", &component("other")),
    ]);
    let probe = ScriptedProvider::new("probe");
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]).cleaning_up().with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    for name in ["a", "b", "other"] {
        engine.healthy(&format!("component:default/{name}")).await;
    }
    let before = uids(&engine.reader());

    fs::rename(folder.path("c"), folder.path("c_")).unwrap();
    let gone = format!("file {} does not exist", folder.path("c/*.yaml"));
    engine.problem("component:default/a", &gone).await;
    engine.problem("component:default/b", &gone).await;
    engine.problem(ALL, &gone).await;
    probe.settle().await;
    assert_eq!(uids(&engine.reader()), before);
    assert_eq!(problems(&engine.reader(), "component:default/other"), [""; 0]);
    engine.stop().await;

    // No less after a restart.
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem("component:default/a", &gone).await;
    fs::rename(folder.path("c_"), folder.path("c")).unwrap();
    engine.healthy("component:default/a").await;
    engine.healthy(ALL).await;
    assert_eq!(uids(&engine.reader()), before);
    folder.remove("c/a.yaml");
    engine.gone("component:default/a").await;
    engine.healthy("component:default/b").await;
    engine.stop().await;
}

async fn a_folder_below_a_pattern_that_cannot_be_read_keeps_its_entities(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("c/a.yaml", &component("a")),
        ("behind/d/p.yaml", &component("p")),
        ("behind/d/q.yaml", &component("q")),
    ]);
    // A link that leads round in a circle can be read by nobody, not even by root.
    symlink(folder.path("behind/d"), folder.path("c/d")).unwrap();
    let setup = EngineSetup::files(&[&folder.path("c/**/*.yaml")]).cleaning_up();
    let engine = RunningEngine::start(&database, &setup).await;
    for name in ["a", "p", "q"] {
        engine.healthy(&format!("component:default/{name}")).await;
    }
    let before = uids(&engine.reader());
    fs::remove_file(folder.path("c/d")).unwrap();
    symlink(folder.path("c/d"), folder.path("c/d")).unwrap();
    engine.problem("component:default/p", &folder.path("c/d")).await;
    engine.problem("component:default/q", &folder.path("c/d")).await;
    engine.problem("location:default/configured-0", &folder.path("c/d")).await;
    assert_eq!(uids(&engine.reader()), before);
    assert_eq!(problems(&engine.reader(), "component:default/a"), [""; 0]);

    folder.remove("behind/d/q.yaml");
    fs::remove_file(folder.path("c/d")).unwrap();
    symlink(folder.path("behind/d"), folder.path("c/d")).unwrap();
    engine.healthy("component:default/p").await;
    engine.gone("component:default/q").await;
    engine.stop().await;
}

async fn a_pattern_with_a_missing_folder_says_so_from_the_start(database: EngineDatabase) {
    let folder = Folder::with(&[]);
    let pattern = folder.path("later/*.yaml");
    let engine = RunningEngine::start(&database, &EngineSetup::files(&[&pattern])).await;
    let root = "location:default/configured-0";
    engine.problem(root, &format!("file {pattern} does not exist")).await;
    folder.write("later/a.yaml", &component("a"));
    engine.healthy("component:default/a").await;
    engine.healthy(root).await;
    engine.stop().await;
}

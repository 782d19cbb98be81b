//! Symbolic links under patterns, as mounted ConfigMaps and releases have them.

use std::{fs, os::unix::fs::symlink};

use callboard_tests::engine::{EngineDatabase, EngineSetup, RunningEngine, uids};

use super::fixture::{Folder, component, on_each_database, titled};

on_each_database!(
    files_and_folders_behind_links_are_read,
    a_mounted_config_map_that_turns_is_read_again,
);

async fn files_and_folders_behind_links_are_read(database: EngineDatabase) {
    let away = Folder::with(&[
        ("one.yaml", &component("one")),
        ("folder/deep/two.yaml", &component("two")),
    ]);
    let folder = Folder::with(&[("g/three.yaml", &component("three"))]);
    symlink(away.path("one.yaml"), folder.path("g/s1.yaml")).unwrap();
    symlink(away.path("folder"), folder.path("g/linked")).unwrap();
    symlink(folder.path("g"), folder.path("g/circle")).unwrap();
    let setup = EngineSetup::files(&[&folder.path("g/**/*.yaml")]).cleaning_up();
    let engine = RunningEngine::start(&database, &setup).await;
    for name in ["one", "two", "three"] {
        engine.healthy(&format!("component:default/{name}")).await;
    }
    engine.healthy("location:default/configured-0").await;
    away.save("one.yaml", &titled("one", "new"));
    let is_new = |entity: &serde_json::Value| entity["metadata"]["title"] == "new";
    engine.entity_with("component:default/one", "new title", is_new).await;
    away.remove("folder/deep/two.yaml");
    engine.gone("component:default/two").await;
    engine.stop().await;
}

async fn a_mounted_config_map_that_turns_is_read_again(database: EngineDatabase) {
    let mount = Folder::with(&[
        ("..v1/a.yaml", &titled("a", "first")),
        ("..v2/a.yaml", &titled("a", "second")),
    ]);
    symlink("..v1", mount.path("..data")).unwrap();
    symlink("..data/a.yaml", mount.path("a.yaml")).unwrap();
    let setup = EngineSetup::files(&[&mount.path("*.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/a").await;
    let before = uids(&engine.reader());
    symlink("..v2", mount.path("..data_tmp")).unwrap();
    fs::rename(mount.path("..data_tmp"), mount.path("..data")).unwrap();
    let is_second = |entity: &serde_json::Value| entity["metadata"]["title"] == "second";
    engine.entity_with("component:default/a", "second title", is_second).await;
    assert_eq!(uids(&engine.reader()), before);
    engine.stop().await;
}

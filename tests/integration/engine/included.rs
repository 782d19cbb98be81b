//! What descriptors on the disk of the server include with `$text`, `$json` and `$yaml`.

use std::os::unix::fs::symlink;

use callboard_tests::engine::{EngineDatabase, EngineSetup, RunningEngine};
use serde_json::Value;

use super::fixture::{Folder, component, location, on_each_database};

on_each_database!(
    files_below_the_root_are_included_and_watched,
    nothing_outside_of_the_root_is_included,
);

const SECRET: &str = "outside-secret-7d1e";

/// A descriptor of an API whose definition is in another file.
fn api(name: &str, target: &str) -> String {
    component(name).replace("Component", "API") + &format!("  definition:\n    $text: {target}\n")
}

fn definition(entity: &Value) -> &str {
    entity["spec"]["definition"].as_str().unwrap_or_default()
}

async fn files_below_the_root_are_included_and_watched(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &["./apis/*.yaml"])),
        ("apis/beside.yaml", &api("beside", "./defs/one.txt")),
        ("apis/above.yaml", &api("above", "../shared/two.txt")),
        ("apis/root.yaml", &api("root", "/shared/two.txt")),
        ("apis/defs/one.txt", "one"),
        ("shared/two.txt", "two"),
    ]);
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    for (name, text) in [("beside", "one"), ("above", "two"), ("root", "two")] {
        let api = engine.healthy(&format!("api:default/{name}")).await;
        assert_eq!(definition(&api), text);
    }
    folder.save("shared/two.txt", "changed");
    for name in ["above", "root"] {
        let is_new = |api: &Value| definition(api) == "changed";
        engine.entity_with(&format!("api:default/{name}"), "the new text", is_new).await;
    }
    folder.remove("apis/defs/one.txt");
    let missing = engine.problem("api:default/beside", "could not read location").await;
    assert!(missing.contains("./defs/one.txt, NotFoundError"), "{missing}");
    let kept = engine.entity("api:default/beside").await;
    assert_eq!(definition(&kept), "one");
    engine.stop().await;
}

async fn nothing_outside_of_the_root_is_included(database: EngineDatabase) {
    let away = Folder::with(&[("secret.txt", SECRET), ("own/inside.txt", "inside")]);
    away.write("own/away.yaml", &api("away", "./inside.txt"));
    away.write("own/up.yaml", &api("up", "../secret.txt"));
    let folder = Folder::with(&[
        ("root/all.yaml", &location("all", &["./*/*.yaml", &away.path("own/*.yaml")])),
        ("root/a/dots.yaml", &api("dots", "../../secret.txt")),
        ("root/a/many.yaml", &api("many", "../../../../../../../../etc/passwd")),
        ("root/a/absolute.yaml", &api("absolute", &away.path("secret.txt"))),
        ("root/a/link.yaml", &api("link", "./link.txt")),
        ("root/a/folder.yaml", &api("folder", "./linked/secret.txt")),
        ("root/a/pattern.yaml", &api("pattern", "./*.txt")),
        ("root/a/address.yaml", &api("address", &format!("file://{}", away.path("secret.txt")))),
        ("secret.txt", SECRET),
    ]);
    symlink(away.path("secret.txt"), folder.path("root/a/link.txt")).unwrap();
    symlink(away.path(""), folder.path("root/a/linked")).unwrap();
    let setup = EngineSetup::files(&[&folder.path("root/all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    for name in ["dots", "many", "absolute", "link", "folder", "pattern", "address", "up"] {
        let why = engine.problem(&format!("api:default/{name}"), "Placeholder $text").await;
        assert!(!why.contains(SECRET), "{why}");
    }
    let own = engine.healthy("api:default/away").await;
    assert_eq!(definition(&own), "inside", "its own folder is open to a descriptor");
    let served = format!("{:?}", callboard_tests::engine::final_entities(&engine.reader()));
    assert!(!served.contains(SECRET));
    engine.stop().await;
}

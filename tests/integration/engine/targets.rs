//! Targets that cannot be read: each ends in an error that a person can act on, and everything else
//! is served meanwhile.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
    time::Duration,
};

use callboard_tests::engine::{
    EngineDatabase, EngineSetup, RunningEngine, ScriptedProvider, entity, problems, uids,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use super::fixture::{Folder, component, location, on_each_database, skip, titled};

on_each_database!(
    locations_that_name_each_other_end,
    a_location_that_names_itself_is_served_without_itself,
    four_levels_of_locations_are_followed,
    each_bad_file_is_named_on_its_location_and_the_rest_is_served,
    an_unreadable_file_is_named_and_its_entities_stay,
    each_bad_url_is_named_on_its_location_and_the_rest_is_served,
    a_url_that_never_answers_holds_nothing_else_up,
    a_cycle_that_lost_its_root_is_deleted,
);

const ALL: &str = "location:default/all";

async fn locations_that_name_each_other_end(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("a.yaml", &location("a", &["./b.yaml", "./x.yaml"])),
        ("b.yaml", &location("b", &["./a.yaml", "./y.yaml"])),
        ("x.yaml", &component("x")),
        ("y.yaml", &component("y")),
    ]);
    let probe = ScriptedProvider::new("probe");
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]).with(&probe);
    let engine = RunningEngine::start(&database, &setup).await;
    for one in
        ["location:default/a", "location:default/b", "component:default/x", "component:default/y"]
    {
        engine.healthy(one).await;
    }
    probe.settle().await;
    let revision = engine.reader().revision();
    let processed = engine.engine().status().borrow().processed_total;
    probe.settle().await;
    assert_eq!(engine.reader().revision(), revision, "it does not go round for ever");
    assert_eq!(engine.engine().status().borrow().processed_total, processed);
    folder.save("y.yaml", &titled("y", "new"));
    engine
        .entity_with("component:default/y", "new title", |y| y["metadata"]["title"] == "new")
        .await;
    engine.stop().await;
}

async fn a_location_that_names_itself_is_served_without_itself(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("a.yaml", &location("a", &["./a.yaml", "./x.yaml"])),
        ("x.yaml", &component("x")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("a.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/x").await;
    engine.healthy("location:default/a").await;
    let a = callboard_tests::engine::canonical("location:default/a");
    let parents = engine.reader().entity(&a).unwrap();
    let parents: Vec<_> = parents.parents.iter().map(ToString::to_string).collect();
    assert_eq!(parents, ["location:default/configured-0"]);
    engine.stop().await;
}

async fn four_levels_of_locations_are_followed(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("one.yaml", &location("one", &["./down/two.yaml"])),
        ("down/two.yaml", &location("two", &["../side/three.yaml"])),
        ("side/three.yaml", &location("three", &["./*/four.yaml"])),
        ("side/deep/four.yaml", &location("four", &["./../../leaf.yaml"])),
        ("leaf.yaml", &component("leaf")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("one.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/leaf").await;
    let leaf = callboard_tests::engine::canonical("component:default/leaf");
    assert_eq!(engine.reader().ancestry(&leaf).unwrap().len(), 6);
    engine.stop().await;
}

async fn each_bad_file_is_named_on_its_location_and_the_rest_is_served(database: EngineDatabase) {
    let names = [
        "./missing.yaml",
        "./folder",
        "./pipe.yaml",
        "./huge.yaml",
        "./latin.yaml",
        "./text.yaml",
        "./circle.yaml",
        "./missing/*.yaml",
        "./folder/",
        "./[.yaml",
        "./empty.yaml",
    ];
    let mut targets = names.to_vec();
    targets.push("./good.yaml");
    let folder = Folder::with(&[
        ("all.yaml", &location("all", &targets)),
        ("folder/inside.yaml", &component("inside")),
        ("text.yaml", "just a sentence\n"),
        ("empty.yaml", "---\n---\n"),
        ("good.yaml", &component("good")),
    ]);
    fs::write(folder.path("latin.yaml"), b"kind: Component\nmetadata: { name: caf\xe9 }\n")
        .unwrap();
    assert!(Command::new("mkfifo").arg(folder.path("pipe.yaml")).status().unwrap().success());
    let huge = fs::File::create(folder.path("huge.yaml")).unwrap();
    huge.set_len(60 << 20).unwrap();
    symlink(folder.path("circle.yaml"), folder.path("circle.yaml")).unwrap();

    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/good").await;
    let all = problems(&engine.reader(), ALL);
    for (name, reason) in [
        ("missing.yaml", "does not exist"),
        ("folder", "not a regular file"),
        ("pipe.yaml", "not a regular file"),
        ("huge.yaml", "has 62914560 bytes, the limit is 10485760"),
        ("latin.yaml", "UTF-8"),
        ("text.yaml", "Expected object at root, got string"),
        ("circle.yaml", "could not be read"),
        ("missing/*.yaml", "does not exist"),
        ("all.yaml", "ends with a path separator"),
        ("[.yaml", ""),
    ] {
        let path = folder.path(name);
        let named = all.iter().any(|message| message.contains(&path) && message.contains(reason));
        assert!(named, "{path} with {reason:?} is not in {all:#?}");
    }
    assert!(!all.iter().any(|message| message.contains("empty.yaml")), "{all:#?}");
    assert_eq!(uids(&engine.reader()).len(), 3, "{:?}", uids(&engine.reader()));

    fs::remove_file(folder.path("pipe.yaml")).unwrap();
    folder.write("pipe.yaml", &component("from-pipe"));
    engine.healthy("component:default/from-pipe").await;
    engine.stop().await;
}

async fn an_unreadable_file_is_named_and_its_entities_stay(database: EngineDatabase) {
    let folder =
        Folder::with(&[("all.yaml", &location("all", &["./a.yaml"])), ("a.yaml", &component("a"))]);
    let setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/a").await;
    engine.stop().await;
    let secret = folder.path("a.yaml");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&secret).is_ok() {
        return skip("engine::targets::an_unreadable_file_is_named", "root reads every file");
    }
    let engine = RunningEngine::start(&database, &setup).await;
    engine.problem(ALL, &secret).await;
    engine.problem("component:default/a", "ermission denied").await;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    engine.healthy("component:default/a").await;
    engine.stop().await;
}

/// A server that answers by path: a descriptor, a status, or nothing at all.
async fn server(tasks: &mut JoinSet<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    tasks.spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let count = socket.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..count]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = match &*path {
                "/never.yaml" => {
                    silent.push(socket);
                    continue;
                }
                "/good.yaml" => ("200 OK", component("from-web")),
                "/broken.yaml" => ("500 Internal Server Error", String::new()),
                "/long.yaml" => ("200 OK", "x".repeat(200_000)),
                _ => ("404 Not Found", String::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _closed = socket.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    host
}

async fn each_bad_url_is_named_on_its_location_and_the_rest_is_served(database: EngineDatabase) {
    let mut tasks = JoinSet::new();
    let host = server(&mut tasks).await;
    let url = |path: &str| format!("http://{host}/{path}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let targets = [
        url("good.yaml"),
        url("missing.yaml"),
        url("broken.yaml"),
        url("long.yaml"),
        url("never.yaml"),
        format!("http://{closed}/refused.yaml"),
        "https://not-allowed.example/x.yaml".to_owned(),
        "ftp://127.0.0.1/x.yaml".to_owned(),
        "no address".to_owned(),
    ];
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let all = location("all", &targets).replace("spec:\n", "spec:\n  type: url\n");
    let folder = Folder::with(&[("all.yaml", &all)]);
    let mut setup = EngineSetup::files(&[&folder.path("all.yaml")]);
    setup.allow = vec![host.clone(), closed.clone()];
    setup.limit_bytes = 100_000;
    setup.read_timeout = Duration::from_millis(500);
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/from-web").await;
    let all = problems(&engine.reader(), ALL);
    for (target, reason) in [
        (url("missing.yaml"), "404"),
        (url("broken.yaml"), "500"),
        (url("long.yaml"), "the limit is 100000"),
        (url("never.yaml"), "could not be read"),
        (format!("http://{closed}/refused.yaml"), "could not be read"),
        ("https://not-allowed.example/x.yaml".to_owned(), "backend.reading.allow"),
        ("ftp://127.0.0.1/x.yaml".to_owned(), "Only http and https"),
        ("no address".to_owned(), "not an absolute URL"),
    ] {
        let named = all.iter().any(|message| message.contains(&target) && message.contains(reason));
        assert!(named, "{target} with {reason:?} is not in {all:#?}");
    }
    assert_eq!(all.len(), 8, "{all:#?}");
    engine.stop().await;
}

async fn a_url_that_never_answers_holds_nothing_else_up(database: EngineDatabase) {
    let mut tasks = JoinSet::new();
    let host = server(&mut tasks).await;
    let folder = Folder::with(&[("a.yaml", &component("a"))]);
    let provider = ScriptedProvider::new("p");
    let mut setup = EngineSetup::default().with(&provider);
    let never = format!("http://{host}/never.yaml");
    let good = format!("http://{host}/good.yaml");
    setup.locations.push(("url".to_owned(), never.clone()));
    setup.locations.push(("file".to_owned(), folder.path("a.yaml")));
    setup.locations.push(("url".to_owned(), good));
    setup.allow = vec![host];
    // Longer than this test may take.
    setup.read_timeout = callboard_tests::engine::DEADLINE * 10;
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/a").await;
    engine.healthy("component:default/from-web").await;
    folder.save("a.yaml", &titled("a", "saved"));
    engine
        .entity_with("component:default/a", "title saved", |a| a["metadata"]["title"] == "saved")
        .await;
    provider.settle().await;
    assert!(entity(&engine.reader(), "location:default/configured-0").is_none());
    engine.stop().await;
}

async fn a_cycle_that_lost_its_root_is_deleted(database: EngineDatabase) {
    let folder = Folder::with(&[
        ("roots/a.yaml", &location("a", &["../b.yaml"])),
        ("b.yaml", &location("b", &["./roots/a.yaml", "./y.yaml"])),
        ("y.yaml", &component("y")),
        ("roots/other.yaml", &component("other")),
    ]);
    let setup = EngineSetup::files(&[&folder.path("roots/*.yaml")]).cleaning_up();
    let engine = RunningEngine::start(&database, &setup).await;
    engine.healthy("component:default/y").await;
    folder.remove("roots/a.yaml");
    for gone in ["location:default/a", "location:default/b", "component:default/y"] {
        engine.gone(gone).await;
    }
    engine.healthy("component:default/other").await;
    engine.stop().await;
}

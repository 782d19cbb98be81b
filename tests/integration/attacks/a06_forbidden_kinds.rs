//! A06: a location that somebody registered and that emits what `catalog.rules` do not allow, at
//! every depth. CVE-2026-106496.

use callboard_catalog::processing::{AllowedEntity, CatalogRule, CatalogRules, RuleLocation};
use callboard_tests::{
    engine::{EngineSetup, RunningEngine, entity, failed, final_entities, problems, uids},
    web_server::WebServer,
};

/// A descriptor of any kind, with `spec` as one line of YAML.
fn descriptor(kind: &str, name: &str, spec: &str) -> String {
    let version = match kind {
        "Template" => "scaffolder.backstage.io/v1beta3",
        _ => "backstage.io/v1alpha1",
    };
    format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\nspec: {spec}\n")
}

fn component(name: &str) -> String {
    descriptor("Component", name, "{type: service, lifecycle: production, owner: crew}")
}

fn user(name: &str) -> String {
    descriptor("User", name, "{memberOf: [group:default/admins]}")
}

/// A server whose page `/0.yaml` names `/1.yaml` and so on, each with these documents besides.
async fn nested(depth: usize, beside: impl Fn(usize) -> Vec<String>) -> WebServer {
    let server = WebServer::start().await;
    for level in 0..=depth {
        let mut all = beside(level);
        all.push(component(&format!("good-{level}")));
        if level < depth {
            let spec = format!("{{type: url, target: ./{}.yaml}}", level + 1);
            all.push(descriptor("Location", &format!("level-{}", level + 1), &spec));
        }
        server.page(&format!("/{level}.yaml"), &all.join("---\n"));
    }
    server
}

/// Registers the server's first page under these rules, and waits for the deepest good entity.
async fn registered(server: &WebServer, depth: usize, rules: CatalogRules) -> RunningEngine {
    let mut setup = EngineSetup { rules, ..EngineSetup::default() };
    setup.locations.push(("url".to_owned(), server.url("/0.yaml")));
    setup.allow.push(server.host().to_owned());
    let engine = RunningEngine::alone(&setup).await;
    engine.entity(&format!("component:default/good-{depth}")).await;
    engine
}

/// The Location that reads the page of a level.
fn location(level: usize) -> String {
    if level == 0 {
        "location:default/configured-0".to_owned()
    } else {
        format!("location:default/level-{level}")
    }
}

/// Asserts that these refs are nowhere, and that the Location of each level says why.
async fn absent(engine: &RunningEngine, level: usize, entity_ref: &str) {
    let why = engine.problem(&location(level), &format!("Entity {entity_ref} at ")).await;
    assert!(
        why.starts_with("NotAllowedError: ") && why.contains("not of an allowed kind"),
        "{why}"
    );
    let reader = engine.reader();
    assert!(entity(&reader, entity_ref).is_none(), "{entity_ref} is served");
    assert!(failed(&reader, entity_ref).is_none(), "{entity_ref} is kept");
}

const DEPTH: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_refused_at_every_hop() {
    let server = nested(DEPTH, |level| vec![user(&format!("eve-{level}"))]).await;
    let engine = registered(&server, DEPTH, CatalogRules::default()).await;
    for level in 0..=DEPTH {
        absent(&engine, level, &format!("user:default/eve-{level}")).await;
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_refused_at_every_hop() {
    let group =
        |level| descriptor("Group", &format!("admins-{level}"), "{type: team, children: []}");
    let server = nested(DEPTH, |level| vec![group(level)]).await;
    let engine = registered(&server, DEPTH, CatalogRules::default()).await;
    for level in 0..=DEPTH {
        absent(&engine, level, &format!("group:default/admins-{level}")).await;
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_are_refused_at_every_hop() {
    let spec = "{type: service, steps: [{action: 'debug:log'}]}";
    let server =
        nested(DEPTH, |level| vec![descriptor("Template", &format!("trap-{level}"), spec)]).await;
    let engine = registered(&server, DEPTH, CatalogRules::default()).await;
    for level in 0..=DEPTH {
        absent(&engine, level, &format!("template:default/trap-{level}")).await;
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_case_or_namespace_is_no_other_kind() {
    let strange = |_| {
        let cased = descriptor("user", "small", "{memberOf: []}");
        let spaced = user("spaced").replace("metadata:\n", "metadata:\n  namespace: other\n");
        vec![cased, descriptor("USER", "large", "{memberOf: []}"), spaced]
    };
    let server = nested(1, strange).await;
    let engine = registered(&server, 1, CatalogRules::default()).await;
    for entity_ref in ["user:default/small", "user:default/large", "user:other/spaced"] {
        absent(&engine, 1, entity_ref).await;
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_the_server_are_refused_at_every_hop() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.yaml");
    std::fs::write(&secret, component("secret")).unwrap();
    let spec = format!("{{type: file, target: {}}}", secret.display());
    let list = format!("{{type: file, targets: [{}]}}", secret.display());
    let beside = |level: usize| {
        vec![
            descriptor("Location", &format!("file-{level}"), &spec),
            descriptor("Location", &format!("files-{level}"), &list),
        ]
    };
    let server = nested(DEPTH, beside).await;
    let engine = registered(&server, DEPTH, CatalogRules::allow_all()).await;
    for level in 0..=DEPTH {
        for name in ["file", "files"] {
            let entity_ref = format!("location:default/{name}-{level}");
            let why = engine.problem(&entity_ref, "must be of an allowed type").await;
            assert!(why.contains("[\"url\"]"), "{why}");
            assert!(failed(&engine.reader(), &entity_ref).is_some(), "{entity_ref}");
        }
    }
    assert!(entity(&engine.reader(), "component:default/secret").is_none());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_hide_behind_no_other_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.yaml");
    std::fs::write(&secret, component("secret")).unwrap();
    let path = secret.display();
    let specs = [
        format!("{{type: url, target: 'file://{path}'}}"),
        format!("{{type: url, target: 'file:{path}'}}"),
        format!("{{type: url, target: '{path}'}}"),
        format!("{{type: File, target: {path}}}"),
        format!("{{type: ' file', target: {path}}}"),
        format!("{{target: 'file://{path}'}}"),
        format!("{{type: url, targets: ['./../../../..{path}', 'FILE://{path}']}}"),
    ];
    let all = |_| {
        let each = specs.iter().enumerate();
        each.map(|(at, spec)| descriptor("Location", &format!("trap-{at}"), spec)).collect()
    };
    let server = nested(0, all).await;
    let engine = registered(&server, 0, CatalogRules::allow_all()).await;
    for at in 0..specs.len() {
        engine.problem(&format!("location:default/trap-{at}"), "Error").await;
    }
    assert!(entity(&engine.reader(), "component:default/secret").is_none());
    assert!(!server.asked().iter().any(|path| path.contains("..")), "{:?}", server.asked());
    engine.stop().await;
}

/// Everything is allowed from one file, as an operator may do for the people of the company.
fn one_trusted_file(file: &str) -> CatalogRules {
    let kinds = ["User", "Group", "Template"];
    let trusted = CatalogRule {
        allow: kinds.map(|kind| AllowedEntity::Kind(kind.to_owned())).to_vec(),
        locations: Some(vec![RuleLocation {
            kind: "file".to_owned(),
            exact: Some(file.to_owned()),
            pattern: None,
        }]),
    };
    CatalogRules::new(None, vec![trusted]).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_claims_to_come_from_a_trusted_file() {
    let trusted = "/srv/people.yaml";
    let claims = format!(
        "metadata:\n  annotations:\n    backstage.io/managed-by-location: file:{trusted}\n    \
         backstage.io/managed-by-origin-location: file:{trusted}\n"
    );
    let beside = |level: usize| {
        let location = descriptor("Location", "claim", "{type: url, target: ./eve.yaml}");
        let mut all = vec![user(&format!("eve-{level}")).replace("metadata:\n", &claims)];
        if level == 0 {
            all.push(location.replace("metadata:\n", &claims));
        }
        all
    };
    let server = nested(DEPTH, beside).await;
    server.page("/eve.yaml", &user("eve"));
    let engine = registered(&server, DEPTH, one_trusted_file(trusted)).await;
    for level in 0..=DEPTH {
        absent(&engine, level, &format!("user:default/eve-{level}")).await;
    }
    engine.problem("location:default/claim", "Entity user:default/eve at").await;
    let origin = format!("url:{}", server.url("/0.yaml"));
    let good = entity(&engine.reader(), "component:default/good-3").unwrap();
    let annotations = &good["metadata"]["annotations"];
    assert_eq!(annotations["backstage.io/managed-by-origin-location"], origin.as_str());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_of_one_location_is_for_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let people = folder.path().join("people.yaml");
    std::fs::write(&people, user("ann")).unwrap();
    let people = people.to_str().unwrap();
    let server = nested(1, |level| vec![user(&format!("eve-{level}"))]).await;
    let mut setup = EngineSetup { rules: one_trusted_file(people), ..EngineSetup::default() };
    setup.locations.push(("url".to_owned(), server.url("/0.yaml")));
    setup.locations.push(("file".to_owned(), people.to_owned()));
    setup.allow.push(server.host().to_owned());
    let engine = RunningEngine::alone(&setup).await;
    engine.entity("user:default/ann").await;
    engine.entity("component:default/good-1").await;
    absent(&engine, 0, "user:default/eve-0").await;
    absent(&engine, 1, "user:default/eve-1").await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entity_that_becomes_a_forbidden_one_goes() {
    let server = nested(0, |_| vec![component("double")]).await;
    let mut setup = EngineSetup { rules: CatalogRules::default(), ..EngineSetup::default() };
    setup.locations.push(("url".to_owned(), server.url("/0.yaml")));
    setup.allow.push(server.host().to_owned());
    setup.options.processing_interval = Some(std::time::Duration::from_millis(50));
    let engine = RunningEngine::alone(&setup.cleaning_up()).await;
    engine.entity("component:default/double").await;
    server.page("/0.yaml", &[user("double"), component("good-0")].join("---\n"));
    engine.gone("component:default/double").await;
    absent(&engine, 0, "user:default/double").await;
    let served: Vec<String> = uids(&engine.reader()).into_keys().collect();
    assert_eq!(served, ["component:default/good-0", "location:default/configured-0"]);
    assert_eq!(problems(&engine.reader(), &location(0)).len(), 1);
    assert_eq!(final_entities(&engine.reader()).len(), 2);
    engine.stop().await;
}

//! A05: a placeholder that leads out of its repository, branch or folder, and is read with the
//! credentials of the server. CVE-2026-106498, CVE-2026-106493, CVE-2026-29185.
//!
//! First the pure step, for the spellings of every host; then the whole engine against a real
//! server, which must never be asked for what stands outside.

use std::sync::Arc;

use callboard_catalog::processing::{
    ProcessingOptions, ProcessingOrchestrator, Reads, ScmHosts, ScmKind,
};
use callboard_model::{Entity, KindRegistry};
use callboard_plugin_scm::{Integration, IntegrationKind};
use callboard_tests::{
    engine::{EngineSetup, RunningEngine, entity, failed, final_entities, problems},
    web_server::WebServer,
};
use serde_json::json;

/// What stands outside.
const SECRET: &str = "outside-secret-51c0";

const REFUSED: &str = "Placeholder may only reference files from the same repository";

/// Asserts that `target` in a descriptor at `base` is refused before anything is read.
fn refused(base: &str, target: &str) {
    for key in ["$text", "$json", "$yaml"] {
        let (reads, errors) = processed(base, key, target);
        assert_eq!(reads, 0, "{key}: {target} at {base} would be read");
        assert_eq!(errors.len(), 1, "{key}: {target} at {base}: {errors:?}");
    }
}

fn processed(base: &str, key: &str, target: &str) -> (usize, Vec<String>) {
    let hosts = [
        ("gitea.example:3000".to_owned(), ScmKind::Gitea),
        ("gitlab.acme.example".to_owned(), ScmKind::Gitlab),
    ];
    let kinds = Arc::new(KindRegistry::new(&[], Vec::new()).unwrap());
    let orchestrator = ProcessingOrchestrator::new(ProcessingOptions {
        hosts: Arc::new(ScmHosts::new(hosts)),
        ..ProcessingOptions::new(kinds)
    });
    let location = format!("url:{base}");
    let api: Entity = serde_json::from_value(json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "API",
        "metadata": { "name": "a", "annotations": {
            "backstage.io/managed-by-location": location,
            "backstage.io/managed-by-origin-location": location,
        }},
        "spec": {
            "type": "openapi", "lifecycle": "production", "owner": "crew",
            "definition": { key: target },
        },
    }))
    .unwrap();
    let reads = orchestrator.reads(&api).len();
    let result = orchestrator.process(&api, &Reads::new());
    assert!(result.completed.is_none(), "{target} at {base} was accepted");
    (reads, result.errors.into_iter().map(|error| error.message).collect())
}

const GITHUB: &str = "https://github.com/acme/shop/blob/main/services/a/catalog-info.yaml";
const GITLAB: &str = "https://gitlab.acme.example/acme/shop/-/blob/main/a/catalog-info.yaml";
const GITEA: &str = "http://gitea.example:3000/acme/shop/src/branch/main/a/catalog-info.yaml";
const PLAIN: &str = "https://files.example/teams/a/catalog-info.yaml";

#[test]
fn dots_lead_to_no_other_repository() {
    refused(GITHUB, "../../../../../other/blob/main/secret.yaml");
    refused(GITHUB, "../../../../../../evil/repo/blob/main/secret.yaml");
    refused(GITLAB, "../../../../../other/-/blob/main/secret.yaml");
    refused(GITEA, "../../../../../other/src/branch/main/secret.yaml");
    refused(PLAIN, "../b/secret.yaml");
    refused(PLAIN, "../../secret.yaml");
}

#[test]
fn an_absolute_address_leads_to_no_other_repository() {
    refused(GITHUB, "https://github.com/acme/other/blob/main/secret.yaml");
    refused(GITLAB, "https://gitlab.acme.example/acme/other/-/blob/main/secret.yaml");
    refused(GITEA, "http://gitea.example:3000/acme/other/src/branch/main/secret.yaml");
    refused(GITEA, "http://gitea.example:3000/acme/other/raw/branch/main/secret.yaml");
    // A descriptor of one host reads nothing of another that we have credentials for.
    refused(PLAIN, "https://github.com/acme/shop/blob/main/secret.yaml");
    refused(GITHUB, "https://gitlab.acme.example/acme/shop/-/blob/main/secret.yaml");
    refused(GITEA, GITLAB);
}

#[test]
fn encoded_dots_lead_nowhere() {
    for base in [GITHUB, GITLAB, GITEA, PLAIN] {
        for target in [
            "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.yaml",
            "./%2E%2E/%2E%2E/%2e%2e/%2e./.%2e/secret.yaml",
            "./%252e%252e/%252e%252e/secret.yaml",
            "./%25252e%25252e/secret.yaml",
        ] {
            refused(base, target);
        }
    }
}

#[test]
fn encoded_slashes_lead_nowhere() {
    for base in [GITHUB, GITLAB, GITEA, PLAIN] {
        for target in ["./..%2f..%2fsecret.yaml", "./%2e%2e%2Fsecret.yaml", "./%252e%252e%252fx"] {
            refused(base, target);
        }
    }
}

#[test]
fn backslashes_lead_nowhere() {
    for base in [GITHUB, GITLAB, GITEA, PLAIN] {
        for target in [
            "..\\..\\..\\..\\..\\other\\secret.yaml",
            "./..%5c..%5csecret.yaml",
            "./a%5C..%5Csecret.yaml",
        ] {
            refused(base, target);
        }
    }
}

#[test]
fn another_branch_tag_or_commit_is_outside() {
    refused(GITHUB, "https://github.com/acme/shop/blob/other/services/a/secret.yaml");
    refused(GITHUB, "https://github.com/acme/shop/tree/v1.0.0/secret.yaml");
    refused(
        GITHUB,
        "https://github.com/acme/shop/blob/0123456789abcdef0123456789abcdef01234567/secret.yaml",
    );
    refused(GITLAB, "https://gitlab.acme.example/acme/shop/-/blob/other/secret.yaml");
    refused(GITEA, "http://gitea.example:3000/acme/shop/src/branch/other/secret.yaml");
    refused(GITEA, "http://gitea.example:3000/acme/shop/src/tag/main/secret.yaml");
}

#[test]
fn other_names_of_the_same_host_are_outside() {
    for target in [
        "https://raw.githubusercontent.com/acme/other/main/secret.yaml",
        "https://api.github.com/repos/acme/other/contents/secret.yaml",
        "https://codeload.github.com/acme/other/zip/main",
        "https://gist.github.com/acme/0123",
        "https://github.com:8443/acme/shop/blob/main/secret.yaml",
        "http://github.com/acme/shop/blob/main/secret.yaml",
        "https://GITHUB.com/acme/other/blob/main/secret.yaml",
        "https://user:word@github.com/acme/shop/blob/main/secret.yaml",
    ] {
        refused(GITHUB, target);
    }
}

#[test]
fn a_query_or_fragment_opens_nothing() {
    refused(GITHUB, "https://github.com/acme/shop/blob/main/a.yaml?ref=other");
    refused(GITHUB, "https://github.com/acme/shop/blob/main/a.yaml?path=/../../secret");
    refused(GITLAB, "https://gitlab.acme.example/acme/shop/-/raw/main/a.yaml?private_token=x");
    let azure = "https://dev.azure.com/acme/shop/_git/repo?path=/a/catalog-info.yaml";
    refused(azure, "https://dev.azure.com/acme/shop/_git/other?path=/secret.yaml");
    refused(azure, "https://dev.azure.com/acme/shop/_git/repo?path=/a.yaml&version=GBother");
    refused(azure, "https://dev.azure.com/acme/shop/_git/repo?path=/a.yaml&path=/b.yaml");
}

#[test]
fn only_the_web_is_read() {
    for base in [GITHUB, GITLAB, GITEA, PLAIN] {
        for target in
            ["file:///etc/passwd", "data:text/plain,x", "ftp://files.example/x", "gopher://x/"]
        {
            refused(base, target);
        }
    }
}

/// A catalog of one host of repositories whose token the server has, and of one plain host.
async fn world(targets: &[&str]) -> (WebServer, EngineSetup, String) {
    let server = WebServer::start().await;
    let mut integration = Integration::new(IntegrationKind::Gitea, server.host()).unwrap();
    integration.base_url = url::Url::parse(&server.url("")).unwrap();
    let api = |(at, target): (usize, &&str)| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: api-{at}\nspec:\n  \
             type: openapi\n  lifecycle: production\n  owner: crew\n  definition:\n    $text: {}\n",
            json!(target)
        )
    };
    let all: Vec<String> = targets.iter().enumerate().map(api).collect();
    server.page("/acme/shop/raw/branch/main/a/catalog-info.yaml", &all.join("---\n"));
    let mut setup = EngineSetup { integrations: vec![integration], ..EngineSetup::default() };
    let location = server.url("/acme/shop/src/branch/main/a/catalog-info.yaml");
    setup.locations.push(("url".to_owned(), location.clone()));
    (server, setup, location)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_never_asked_for_what_stands_outside() {
    let other = "../../../../../other/src/branch/main/secret.yaml";
    let targets = [
        "./openapi.yaml",
        other,
        "./%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/other/raw/branch/main/secret.yaml",
        "./..%2f..%2f..%2fother%2fraw%2fbranch%2fmain%2fsecret.yaml",
        "..\\..\\..\\..\\..\\other\\raw\\branch\\main\\secret.yaml",
        "/../../other/raw/branch/main/secret.yaml",
        "../../other-branch/secret.yaml",
        "../../../tag/main/secret.yaml",
        "file:///etc/passwd",
    ];
    let (server, setup, _) = world(&targets).await;
    server.page("/acme/shop/raw/branch/main/a/openapi.yaml", "openapi: 3.1.0");
    for path in [
        "/acme/other/raw/branch/main/secret.yaml",
        "/acme/other/src/branch/main/secret.yaml",
        "/acme/shop/raw/branch/other-branch/secret.yaml",
    ] {
        server.page(path, SECRET);
    }
    let engine = RunningEngine::alone(&setup).await;
    let good = engine.healthy("api:default/api-0").await;
    assert_eq!(good["spec"]["definition"], "openapi: 3.1.0");
    for (at, target) in targets.iter().enumerate().skip(1) {
        let entity_ref = format!("api:default/api-{at}");
        engine.problem(&entity_ref, "Placeholder $text").await;
        let reader = engine.reader();
        assert!(failed(&reader, &entity_ref).is_some() && entity(&reader, &entity_ref).is_none());
        let why = problems(&reader, &entity_ref);
        assert!(why[0].contains(REFUSED), "{target}: {why:?}");
    }
    let all = serde_json::to_string(&final_entities(&engine.reader())).unwrap();
    assert!(!all.contains(SECRET) && !all.contains("root:"), "{all}");
    let asked = server.asked();
    assert!(
        asked.iter().all(|path| path.starts_with("/acme/shop/raw/branch/main/a/")),
        "{asked:?}"
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_included_file_cannot_include_further() {
    // What a placeholder brings in is text: a placeholder in it stays one.
    let (server, setup, _) = world(&[]).await;
    let api = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: api\nspec:\n  type: x\n  \
               lifecycle: production\n  owner: crew\n  definition: x\n  more:\n    $yaml: ./more.yaml\n";
    server.page("/acme/shop/raw/branch/main/a/catalog-info.yaml", api);
    let secret = server.url("/acme/other/src/branch/main/secret.yaml");
    server.page("/acme/shop/raw/branch/main/a/more.yaml", &format!("deep:\n  $text: {secret}\n"));
    server.page("/acme/other/raw/branch/main/secret.yaml", SECRET);
    let engine = RunningEngine::alone(&setup).await;
    let api = engine.entity("api:default/api").await;
    assert_eq!(api["spec"]["more"], json!({"deep": {"$text": secret}}));
    assert!(!server.asked().iter().any(|path| path.contains("other")), "{:?}", server.asked());
    engine.stop().await;
}

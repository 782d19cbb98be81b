//! A09: links and annotations that would run a script in the browser of who follows them.
//! CVE-2023-25571, CVE-2021-43776.
//!
//! A descriptor with each spelling goes through the whole engine; what is served, as JSON and by
//! GraphQL, must hold none of them, and the owner is told.

use std::sync::Arc;

use callboard_auth::{AuthorizedEntitiesCatalog, Caller, StaticPolicy};
use callboard_catalog::entities_catalog::EntitiesCatalog;
use callboard_graphql::{GraphqlService, SchemaPorts};
use callboard_model::{SystemClock, annotation::REJECTED_URL};
use callboard_tests::engine::{EngineSetup, RunningEngine, problems};
use callboard_topology::AuthorizedTopology;
use serde_json::{Value, json};

/// A Component with this `metadata`, as it is served and as GraphQL answers for it.
struct Served {
    rest: Value,
    graphql: Value,
    warnings: Vec<String>,
}

const REF: &str = "component:default/trap";

async fn served(metadata: Value) -> Served {
    let mut all = json!({ "name": "trap" });
    let fields = metadata.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(fields);
    let entity = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": all,
        "spec": { "type": "service", "lifecycle": "production", "owner": "crew" },
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trap.yaml");
    std::fs::write(&file, entity.to_string()).unwrap();
    let setup = EngineSetup::files(&[file.to_str().unwrap()]);
    let engine = RunningEngine::alone(&setup).await;
    let rest = engine.entity(REF).await;
    let warnings = problems(&engine.reader(), REF);
    let catalog: Arc<dyn EntitiesCatalog> = engine.engine().catalog();
    let catalog = AuthorizedEntitiesCatalog::new(catalog, Arc::new(StaticPolicy));
    let topology = AuthorizedTopology::new(Arc::default(), catalog.clone(), Arc::new(StaticPolicy));
    let graphql = GraphqlService::new(SchemaPorts {
        catalog,
        topology,
        changes: Arc::new(engine.engine().notices()),
        clock: Arc::new(SystemClock),
    });
    let query = json!({ "query": format!(
        "{{ entity(ref: \"{REF}\") {{ links {{ url }} viewUrl editUrl sourceUrl raw }} }}"
    )});
    let answer = graphql.execute_public(query.to_string().into(), &Caller::guest()).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
    engine.stop().await;
    Served { rest, graphql: answer["data"]["entity"].clone(), warnings }
}

/// Asserts that links of these URLs are dropped, each with a warning, beside a good one that stays.
async fn dropped_links(urls: &[&str]) {
    let links = urls.iter().map(|url| json!({ "url": url, "title": "Click me" }));
    let mut links: Vec<Value> = links.collect();
    links.push(json!({ "url": "https://good.example/", "title": "Good" }));
    let served = served(json!({ "links": links })).await;
    let good = json!([{ "url": "https://good.example/", "title": "Good" }]);
    assert_eq!(served.rest["metadata"]["links"], good);
    assert_eq!(served.graphql["links"], json!([{ "url": "https://good.example/" }]));
    assert_eq!(served.graphql["raw"]["metadata"]["links"], good);
    for (at, url) in urls.iter().enumerate() {
        let named = format!("metadata.links.{at} was dropped");
        assert!(served.warnings.iter().any(|warning| warning.contains(&named)), "{url}");
    }
    let levels = served.rest["status"]["items"].as_array().unwrap();
    assert!(levels.iter().all(|item| item["level"] == "warning"), "{levels:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_with_javascript_are_dropped() {
    dropped_links(&["javascript:alert(1)", "javascript://good.example/%0aalert(1)"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_with_data_are_dropped() {
    let base64 = "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==";
    dropped_links(&["data:text/html,<script>alert(1)</script>", base64, "DATA:image/svg+xml,x"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_with_other_scripts_are_dropped() {
    dropped_links(&["vbscript:msgbox(1)", "livescript:x", "mocha:x"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_reach_into_the_browser_or_the_disk_are_dropped() {
    dropped_links(&[
        "blob:https://good.example/1",
        "filesystem:https://good.example/x",
        "view-source:https://good.example/",
        "file:///etc/passwd",
        "about:blank",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_of_any_case_hide_nothing() {
    dropped_links(&[
        "JaVaScRiPt:alert(1)",
        "JAVASCRIPT:alert(1)",
        "VbScript:x",
        "dAtA:text/html,x",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_browsers_ignore_hides_nothing() {
    dropped_links(&[
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "java\r\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "   javascript:alert(1)",
        "j\na\tv\na\rscript\t:alert(1)",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_scheme_to_a_browser_is_refused_or_harmless() {
    for url in [
        "java%73cript:alert(1)",
        "\u{ff4a}avascript:alert(1)",
        "java\u{0}script:alert(1)",
        "//evil",
    ] {
        let links = json!({ "links": [{ "url": url }] });
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
            "metadata": { "name": "trap", "links": links["links"] },
            "spec": { "type": "service", "lifecycle": "production", "owner": "crew" },
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trap.yaml");
        std::fs::write(&file, entity.to_string()).unwrap();
        let setup = EngineSetup::files(&[file.to_str().unwrap()]);
        let engine = RunningEngine::alone(&setup).await;
        let why = engine.problem(REF, "links.0.url").await;
        assert!(why.contains("is not valid"), "{url:?}: {why}");
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn view_and_edit_urls_with_scripts_are_replaced_as_upstream_does() {
    for url in [
        "javascript:alert(1)",
        "JAVA\tSCRIPT:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "\u{1}javascript:x",
    ] {
        let annotations = json!({ "annotations": {
            "backstage.io/view-url": url, "backstage.io/edit-url": url, "acme.example/kept": "x",
        }});
        let served = served(annotations).await;
        let kept = &served.rest["metadata"]["annotations"];
        assert_eq!(kept["backstage.io/view-url"], REJECTED_URL, "{url:?}");
        assert_eq!(kept["backstage.io/edit-url"], REJECTED_URL, "{url:?}");
        assert_eq!(kept["acme.example/kept"], "x");
        assert_eq!(served.graphql["viewUrl"], REJECTED_URL);
        assert_eq!(served.warnings.len(), 2, "{url:?}: {:?}", served.warnings);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_annotations_with_scripts_are_dropped() {
    let annotations = json!({ "annotations": {
        "backstage.io/source-location": "url:javascript:alert(1)",
        "grafana/dashboard-url": "java\nscript:alert(1)",
        "grafana/tag-url": "data:text/html,x",
        "acme.example/whatever": "vbscript:x",
        "acme.example/team": "data:platform",
        "backstage.io/techdocs-ref": "dir:.",
    }});
    let served = served(annotations).await;
    let kept = served.rest["metadata"]["annotations"].as_object().unwrap();
    for gone in [
        "backstage.io/source-location",
        "grafana/dashboard-url",
        "grafana/tag-url",
        "acme.example/whatever",
    ] {
        assert!(!kept.contains_key(gone), "{gone}");
        assert!(served.warnings.iter().any(|warning| warning.contains(gone)), "{gone}");
    }
    assert_eq!(kept["acme.example/team"], "data:platform");
    assert_eq!(kept["backstage.io/techdocs-ref"], "dir:.");
    assert_eq!(served.graphql["sourceUrl"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_in_text_is_text() {
    let script = "<script>alert(1)</script>";
    let served = served(json!({
        "title": script, "description": "javascript:alert(1)",
        "links": [{ "url": "https://good.example/", "title": script, "icon": "javascript:x" }],
    }))
    .await;
    assert_eq!(served.rest["metadata"]["title"], script);
    assert_eq!(served.warnings, [""; 0]);
    assert_eq!(served.graphql["links"][0]["url"], "https://good.example/");
}

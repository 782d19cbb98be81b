//! Whatever makes a kind be read anew: no burst of deletes, and in the end what the server has.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use callboard_plugin::{ObservationState, RuntimeSnapshot, WorkloadKind};
use callboard_tests::{
    fault_proxy::{Fault, FaultProxy, response},
    kubernetes::{Admin, KubernetesServers},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    objects::{deploy, deployments, namespace},
    watched::{Watched, by_kubeconfig, in_words, through, workload},
};

/// Deployments with their images and ready pods, as the server has them.
async fn on_server(admin: &Admin) -> BTreeSet<String> {
    let list = admin.get("/apis/apps/v1/deployments").await.unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    let told = |one: &Value| {
        let image = one.pointer("/spec/template/spec/containers/0/image").unwrap();
        format!(
            "{} {} {} {}",
            one["metadata"]["namespace"].as_str().unwrap(),
            one["metadata"]["name"].as_str().unwrap(),
            one["spec"]["replicas"],
            image.as_str().unwrap(),
        )
    };
    list["items"].as_array().unwrap().iter().map(told).collect()
}

/// The same, as the index has them.
fn in_index(snapshot: &RuntimeSnapshot) -> BTreeSet<String> {
    let deployments = snapshot.workloads.values();
    let deployments = deployments.filter(|one| one.key.kind == WorkloadKind::Deployment);
    let told = deployments.map(|one| {
        let newest = one.images.iter().max_by_key(|image| image.tag.clone()).unwrap();
        format!(
            "{} {} {} {}:{}",
            one.key.namespace,
            one.key.name,
            // What was not read yet is not zero.
            one.replicas.desired.map_or_else(|| "?".to_owned(), |desired| desired.to_string()),
            newest.name,
            newest.tag.as_deref().unwrap(),
        )
    });
    told.collect()
}

/// Counts the workloads of every snapshot; the fewest are what matters.
struct Fewest {
    seen: Arc<AtomicUsize>,
    _counting: JoinSet<()>,
}

impl Fewest {
    fn of(watched: &Watched) -> Self {
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let fewest = Arc::clone(&seen);
        let source = watched.source();
        let mut counting = JoinSet::new();
        counting.spawn(async move {
            let mut changes = source.changes();
            loop {
                fewest.fetch_min(source.snapshot().workloads.len(), Ordering::Relaxed);
                if changes.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { seen, _counting: counting }
    }

    fn get(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_an_older_state_is_read_anew() {
    let test = "a_server_with_an_older_state_is_read_anew";
    let Some(mut servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    for name in ["ledger", "fx", "cards"] {
        deploy(&admin, "bank", name, 2).await;
    }
    let backup = tempfile::tempdir().unwrap();
    servers.kill("c").unwrap();
    servers.back_up(backup.path()).await.unwrap();
    servers.restart("c").await.unwrap();
    // What comes after the backup will be gone, and what changed will be as it was.
    namespace(&admin, "later").await;
    deploy(&admin, "later", "loans", 1).await;
    let change = json!({ "spec": { "replicas": 7 } });
    admin.patch(&format!("{}/ledger", deployments("bank")), &change).await.unwrap();

    let watched = Watched::start(by_kubeconfig(&servers, "c", "admin"));
    let snapshot = watched.until_live().await;
    assert_eq!(snapshot.workloads.len(), 4);
    let fewest = Fewest::of(&watched);
    servers.kill("c").unwrap();
    servers.restore(backup.path()).await.unwrap();
    servers.restart("c").await.unwrap();
    let server = on_server(&admin).await;
    watched.until("the older state", |snapshot| in_index(snapshot) == server).await;
    let snapshot = watched.until_live().await;
    assert_eq!(snapshot.workloads.len(), 3, "{}", in_words(&snapshot));
    assert!(fewest.get() >= 3, "no more than what is gone is ever missing");

    // The watch is a real one again.
    let change = json!({ "spec": { "replicas": 5 } });
    admin.patch(&format!("{}/fx", deployments("bank")), &change).await.unwrap();
    watched
        .until("a change after it", |snapshot| {
            let fx = workload(snapshot, "bank", WorkloadKind::Deployment, "fx").unwrap();
            fx.replicas.desired == Some(5)
        })
        .await;
}

/// The proxy answers the watches here: a real server says 410 only after it has compacted its
/// history, at times of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_gone_is_read_anew_without_a_gap() {
    let test = "a_version_that_is_gone_is_read_anew_without_a_gap";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    for name in ["ledger", "fx", "cards"] {
        deploy(&admin, "bank", name, 2).await;
    }
    let proxy = FaultProxy::start(&servers, "c").await.unwrap();
    let watched = Watched::start(through(&proxy, &servers, "c"));
    watched.until_live().await;
    let fewest = Fewest::of(&watched);
    let gone = json!({ "type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired",
        "message": "too old resource version: 1 (4138)", "code": 410,
    } });
    let was_told = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&was_told);
    proxy.set(Fault::Answers(Arc::new(move |path| {
        let is_watch = path.starts_with("/apis/apps/v1/deployments") && path.contains("watch=");
        let is_first = is_watch && !told.swap(true, Ordering::Relaxed);
        is_first.then(|| {
            let line = format!("{gone}\n");
            response(200, &[("content-type", "application/json")], line.as_bytes())
        })
    })));
    let change = json!({ "spec": { "replicas": 9 } });
    admin.patch(&format!("{}/ledger", deployments("bank")), &change).await.unwrap();
    deploy(&admin, "bank", "loans", 1).await;
    let server = on_server(&admin).await;
    watched.until("what the server has", |snapshot| in_index(snapshot) == server).await;
    assert!(was_told.load(Ordering::Relaxed));
    assert!(fewest.get() >= 3);
    watched.until_state(ObservationState::Live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_many_pages_are_whole() {
    let test = "lists_of_many_pages_are_whole";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    let path = "/api/v1/namespaces/bank/services";
    let names: Vec<String> = (0..1203).map(|number| format!("service-{number}")).collect();
    for some in names.chunks(50) {
        let created = some.iter().map(|name| {
            let admin = admin.clone();
            async move {
                let service = json!({
                    "metadata": { "name": name },
                    "spec": { "clusterIP": "None", "ports": [{ "port": 80 }] },
                });
                admin.create(path, &service).await.unwrap();
            }
        });
        futures_util::future::join_all(created).await;
    }
    let watched = Watched::start(by_kubeconfig(&servers, "c", "admin"));
    let snapshot = watched.until_live().await;
    let found: BTreeSet<&str> = snapshot
        .services
        .keys()
        .filter(|key| &*key.namespace == "bank")
        .map(|key| &*key.name)
        .collect();
    assert_eq!(found, names.iter().map(String::as_str).collect());
}

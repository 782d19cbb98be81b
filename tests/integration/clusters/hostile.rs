//! A cluster that does its worst costs a bounded amount and is told apart.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use callboard_plugin::{ObservationState, WorkloadKind};
use callboard_plugin_kubernetes::Budget;
use callboard_tests::{
    fault_proxy::{Fault, FaultProxy, response},
    kubernetes::KubernetesServers,
};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    objects::{deploy, namespace},
    watched::{Watched, reason_of, state_of, through, workload},
};

/// A page of pods with new names each time, and always another one after it.
fn endless_pods() -> Fault {
    let next = AtomicUsize::new(0);
    Fault::Answers(Arc::new(move |path| {
        if !path.starts_with("/api/v1/pods") {
            return None;
        }
        let first = next.fetch_add(500, Ordering::Relaxed);
        let pod = |number: usize| {
            json!({
                "metadata": { "name": format!("pod-{number}"), "namespace": "bank" },
                "spec": { "containers": [{ "name": "app", "image": format!("x:{number}") }] },
            })
        };
        let page = json!({
            "kind": "PodList", "apiVersion": "v1",
            "metadata": { "resourceVersion": "1", "continue": "more" },
            "items": (first..first + 500).map(pod).collect::<Vec<_>>(),
        });
        Some(response(200, &[("content-type", "application/json")], page.to_string().as_bytes()))
    }))
}

/// A gigabyte of spaces.
fn gzip_bomb() -> Fault {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        packed.write_all(&spaces).unwrap();
    }
    let body = packed.finish().unwrap();
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    Fault::always(response(200, &headers, &body))
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_end_what_would_not_end() {
    let test = "budgets_end_what_would_not_end";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 2).await;
    let proxy = FaultProxy::start(&servers, "c").await.unwrap();
    let mut config = through(&proxy, &servers, "c");
    config.budget = Budget { objects: 20_000, ..Budget::default() };
    let watched = Watched::start(config.clone());
    watched.until_live().await;

    proxy.set(endless_pods());
    let snapshot = watched
        .until("the limit", |snapshot| reason_of(snapshot, "Pod").starts_with("LIMIT"))
        .await;
    assert_eq!(state_of(&snapshot, "Pod"), ObservationState::Stale);
    assert_eq!(snapshot.observation.state, ObservationState::Stale);
    let ledger = workload(&snapshot, "bank", WorkloadKind::Deployment, "ledger").unwrap();
    assert_eq!(ledger.replicas.ready, Some(2), "the last good data are kept");
    assert_eq!(snapshot.workloads.len(), 1, "nothing of the endless list is shown");

    // Who never read anything else has nothing to show, and says why.
    let fresh = Watched::start(config);
    let snapshot =
        fresh.until("the limit", |snapshot| reason_of(snapshot, "Pod").starts_with("LIMIT")).await;
    assert_eq!(state_of(&snapshot, "Pod"), ObservationState::Unreachable);
    assert_eq!(snapshot.resource("Pod").unwrap().count, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb_is_not_unpacked() {
    let test = "a_gzip_bomb_is_not_unpacked";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let proxy = FaultProxy::start(&servers, "c").await.unwrap();
    let watched = Watched::start(through(&proxy, &servers, "c"));
    watched.until_live().await;
    proxy.set(gzip_bomb());
    watched
        .until("the limit", |snapshot| {
            let observation = &snapshot.observation;
            let told = observation.reason.as_deref().unwrap_or_default();
            observation.state == ObservationState::Stale && told.starts_with("LIMIT")
        })
        .await;
    proxy.set(Fault::None);
    watched.until_live().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_do_not_follow_a_redirect() {
    let test = "credentials_do_not_follow_a_redirect";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("http://{}/readyz", trap.local_addr().unwrap());
    let proxy = FaultProxy::start(&servers, "c").await.unwrap();
    proxy.set(Fault::always(response(307, &[("location", &location)], b"")));
    let watched = Watched::start(through(&proxy, &servers, "c"));
    watched
        .until("the redirect", |snapshot| {
            let observation = &snapshot.observation;
            let told = observation.reason.as_deref().unwrap_or_default();
            observation.state == ObservationState::Unreachable && told.contains("redirect")
        })
        .await;
    proxy.set(Fault::None);
    watched.until_live().await;
    let nobody = tokio::time::timeout(std::time::Duration::ZERO, trap.accept()).await;
    assert!(nobody.is_err(), "nobody came to where the redirect led");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_another_kind_are_not_taken() {
    let test = "answers_of_another_kind_are_not_taken";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 2).await;
    let proxy = FaultProxy::start(&servers, "c").await.unwrap();
    let watched = Watched::start(through(&proxy, &servers, "c"));
    watched.until_live().await;
    let other = json!({
        "kind": "SecretList", "apiVersion": "v1", "metadata": { "resourceVersion": "9" },
        "items": [],
    });
    let other =
        response(200, &[("content-type", "application/json")], other.to_string().as_bytes());
    let is_pods = |path: &str| path.starts_with("/api/v1/pods");
    proxy.set(Fault::Answers(Arc::new(move |path| is_pods(path).then(|| other.clone()))));
    let snapshot = watched
        .until("garbage", |snapshot| state_of(snapshot, "Pod") == ObservationState::Stale)
        .await;
    assert!(!snapshot.workloads.is_empty());
    watched
        .until("the kind is named", |snapshot| reason_of(snapshot, "Pod").contains("SecretList"))
        .await;
}

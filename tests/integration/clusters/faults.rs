//! One cluster breaks in every way there is; the others do not notice, and it comes back.
#![expect(clippy::print_stdout, reason = "how long it took is told to those who look")]

use std::time::Instant;

use callboard_plugin::{ObservationState, RuntimeSnapshot, WorkloadKind};
use callboard_tests::{
    fault_proxy::{Fault, FaultProxy},
    kubernetes::KubernetesServers,
};

use super::{
    objects::{deploy, namespace},
    watched::{Watched, through, workload},
};

/// A fault with the state that it means and a word of its reason.
struct Expected {
    name: &'static str,
    fault: Fault,
    state: ObservationState,
    reason: &'static str,
}

fn faults() -> Vec<Expected> {
    use ObservationState::{Forbidden, Stale, Unreachable};
    let status = |code: u16, message: &str| {
        let body = format!(
            r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{message}","code":{code}}}"#
        );
        Fault::status(code, "application/json", &body)
    };
    let expected = |name, fault, state, reason| Expected { name, fault, state, reason };
    vec![
        expected("hung", Fault::Hang, Unreachable, "within 3 s"),
        expected("cut", Fault::Cut, Unreachable, "connection"),
        expected("slow", Fault::Trickle, Unreachable, "within 3 s"),
        expected("garbage", Fault::Garbage(b"SSH-2.0-x\r\n".to_vec()), Unreachable, "TLS"),
        expected("another host", Fault::WrongCertificate, Unreachable, "certificate"),
        expected("html", Fault::status(200, "text/html", "<html>"), Stale, "understood"),
        expected("no http", Fault::always(b"nonsense\r\n\r\n".to_vec()), Stale, "understood"),
        expected("401", status(401, "Unauthorized"), Stale, "401"),
        expected("403", status(403, "pods is forbidden"), Forbidden, "is forbidden"),
        expected("503", status(503, "etcd is gone"), Stale, "503: etcd is gone"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_cluster_is_labelled_kept_and_comes_back_alone() {
    let test = "a_broken_cluster_is_labelled_kept_and_comes_back_alone";
    let Some(servers) = KubernetesServers::start(test, &["broken", "sound"]).await else { return };
    for cluster in ["broken", "sound"] {
        let admin = servers.admin(cluster).await.unwrap();
        namespace(&admin, "bank").await;
        deploy(&admin, "bank", "ledger", 2).await;
    }
    let proxy = FaultProxy::start(&servers, "broken").await.unwrap();
    let other = FaultProxy::start(&servers, "sound").await.unwrap();
    let broken = Watched::start(through(&proxy, &servers, "broken"));
    let sound = Watched::start(through(&other, &servers, "sound"));
    broken.until_live().await;
    let before = sound.until_live().await;
    for Expected { name, fault, state, reason } in faults() {
        let begun = Instant::now();
        proxy.set(fault);
        // A kind whose connection was cut on the way may say so first.
        let snapshot = broken
            .until(name, |snapshot| {
                let observation = &snapshot.observation;
                let told = observation.reason.as_deref().unwrap_or_default();
                observation.state == state && told.contains(reason)
            })
            .await;
        let labelled = begun.elapsed();
        let told = snapshot.observation.reason.clone().unwrap_or_default();
        assert_nothing_is_gone(name, &snapshot);
        let begun = Instant::now();
        proxy.set(Fault::None);
        let snapshot = broken.until_live().await;
        assert_nothing_is_gone(name, &snapshot);
        println!("{name}: {told:?} after {labelled:?}, back after {:?}", begun.elapsed());
    }
    let after = sound.snapshot();
    assert_eq!(after.revision, before.revision);
    assert_eq!(after.observation.since, before.observation.since);
}

fn assert_nothing_is_gone(fault: &str, snapshot: &RuntimeSnapshot) {
    let ledger = workload(snapshot, "bank", WorkloadKind::Deployment, "ledger");
    let replicas = &ledger.unwrap_or_else(|| panic!("{fault}: the workload is gone")).replicas;
    assert_eq!((replicas.desired, replicas.ready), (Some(2), Some(2)), "{fault}");
    assert_eq!(snapshot.workloads.len(), 1, "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_comes_back() {
    let test = "a_server_that_is_killed_comes_back";
    let Some(mut servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 2).await;
    let watched = Watched::start(super::watched::by_kubeconfig(&servers, "c", "admin"));
    watched.until_live().await;
    let begun = Instant::now();
    servers.kill("c").unwrap();
    let snapshot = watched.until_state(ObservationState::Unreachable).await;
    println!("killed: {:?} after {:?}", snapshot.observation.reason, begun.elapsed());
    assert_nothing_is_gone("killed", &snapshot);
    assert!(snapshot.observation.observed_at.is_some());
    servers.restart("c").await.unwrap();
    let begun = Instant::now();
    let snapshot = watched.until_live().await;
    println!("back after {:?}", begun.elapsed());
    assert_nothing_is_gone("restarted", &snapshot);
}

//! A recorded cluster serves the same answers, true as of its recording.

use std::{fs, path::Path};

use callboard_model::SystemClock;
use callboard_plugin::{ObservationState, RuntimeSnapshot, Workload};
use callboard_plugin_kubernetes::{ClusterConfig, Connection, check_access, record_snapshot};
use callboard_tests::kubernetes::KubernetesServers;

use super::{
    objects::{deploy, namespace, node},
    watched::{Watched, by_kubeconfig, in_words, reason_of, state_of},
};

fn from_folder(folder: &Path) -> ClusterConfig {
    ClusterConfig::new("c", Connection::Snapshot(folder.to_owned()))
}

fn workloads(snapshot: &RuntimeSnapshot) -> Vec<&Workload> {
    snapshot.workloads.values().map(|workload| &**workload).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_serves_what_the_server_served() {
    let test = "a_recording_serves_what_the_server_served";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 3).await;
    deploy(&admin, "bank", "fx", 0).await;
    admin.create("/api/v1/nodes", &node("n1")).await.unwrap();
    let config = by_kubeconfig(&servers, "c", "admin");
    let live = Watched::start(config.clone()).until_live().await;

    let folder = tempfile::tempdir().unwrap();
    let kinds = record_snapshot(&config, folder.path(), &SystemClock).await.unwrap();
    let objects = |kind: &str| kinds.iter().find(|one| one.kind == kind).unwrap().objects;
    assert_eq!((objects("Pod"), objects("Deployment"), objects("Node")), (3, 2, 1));
    for entry in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("hunter2"), "no value of the environment is on the disk");
        assert!(!text.contains("managedFields"));
    }

    let recorded = Watched::start(from_folder(folder.path()));
    let snapshot = recorded.until_state(ObservationState::Recorded).await;
    assert_eq!(workloads(&snapshot), workloads(&live), "{}", in_words(&snapshot));
    assert_eq!(snapshot.services, live.services);
    assert_eq!(snapshot.namespaces, live.namespaces);
    assert_eq!((snapshot.nodes, &snapshot.place), (live.nodes, &live.place));
    assert_eq!(snapshot.version, live.version);
    assert_eq!(state_of(&snapshot, "Link"), ObservationState::Absent);
    assert!(snapshot.observation.observed_at.unwrap() >= live.observation.since);
    assert!(check_access(&from_folder(folder.path()), &SystemClock).await.is_complete());

    let pods = folder.path().join("pods.json");
    let text = fs::read(&pods).unwrap();
    fs::write(&pods, &text[..text.len() / 2]).unwrap();
    fs::remove_file(folder.path().join("services.json")).unwrap();
    let torn = Watched::start(from_folder(folder.path()));
    let snapshot = torn.until_state(ObservationState::Stale).await;
    assert!(reason_of(&snapshot, "Pod").contains("pods.json"));
    assert!(reason_of(&snapshot, "Service").contains("services.json"));
    assert_eq!(state_of(&snapshot, "Deployment"), ObservationState::Recorded);
    assert_eq!(snapshot.workloads.len(), 2, "the rest is served");
    assert!(snapshot.workloads.values().all(|one| one.replicas.restarts.is_none()));

    fs::remove_file(folder.path().join("snapshot.json")).unwrap();
    let none = Watched::start(from_folder(folder.path()));
    let snapshot = none.until_state(ObservationState::Unreachable).await;
    assert!(snapshot.observation.reason.as_deref().unwrap().contains("snapshot.json"));
}

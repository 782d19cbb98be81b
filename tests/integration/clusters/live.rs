//! What a healthy cluster shows, and how it follows.

use callboard_plugin::{Cloud, Health, LinkMode, ObservationState, WorkloadKind};
use callboard_tests::kubernetes::KubernetesServers;
use serde_json::json;

use super::{
    objects::{self, deploy, deployments, digest, link, link_definition, namespace, node},
    watched::{Watched, by_kubeconfig, reason_of, state_of, workload},
};

const DEPLOYMENT: WorkloadKind = WorkloadKind::Deployment;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_read_and_followed() {
    let Some(servers) = KubernetesServers::start("a_cluster_is_read_and_followed", &["aws"]).await
    else {
        return;
    };
    let admin = servers.admin("aws").await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 3).await;
    admin.create("/api/v1/nodes", &node("n1")).await.unwrap();

    let watched = Watched::start(by_kubeconfig(&servers, "aws", "admin"));
    let snapshot = watched.until_live().await;
    assert!(snapshot.version.as_deref().unwrap().starts_with("v1."));
    assert_eq!(snapshot.place.cloud, Some(Cloud::Aws));
    assert_eq!(snapshot.place.region.as_deref(), Some("eu-west-1"));
    assert_eq!((snapshot.nodes.total, snapshot.nodes.ready), (Some(1), Some(1)));
    assert_eq!(state_of(&snapshot, "Link"), ObservationState::Absent);
    assert_eq!(snapshot.resource("Pod").unwrap().count, Some(3));
    assert!(snapshot.namespaces.get("bank").unwrap().contains_key("squad"));
    let ledger = workload(&snapshot, "bank", DEPLOYMENT, "ledger").unwrap();
    assert_eq!((ledger.replicas.desired, ledger.replicas.ready), (Some(3), Some(3)));
    assert_eq!(ledger.replicas.restarts, Some(3));
    assert_eq!(ledger.health, Health::Healthy);
    assert_eq!(ledger.mesh.is_meshed(), Some(true));
    assert_eq!(&*ledger.services, ["ledger".into()]);
    assert_eq!(ledger.images.len(), 1);
    assert_eq!(ledger.images[0].tag.as_deref(), Some("1.0"));
    assert_eq!(ledger.images[0].digest.as_deref(), Some(&*digest("1.0")));
    // The ReplicaSet and its pods are the Deployment's.
    assert_eq!(snapshot.workloads.len(), 1);

    let path = format!("{}/ledger", deployments("bank"));
    let image = json!({ "spec": { "template": { "spec": { "containers": [
        { "name": "app", "image": "registry.example/ledger:2.0" },
    ] } } } });
    admin.patch(&path, &image).await.unwrap();
    watched
        .until("the new image", |snapshot| {
            let ledger = workload(snapshot, "bank", DEPLOYMENT, "ledger").unwrap();
            ledger.images.iter().any(|image| image.tag.as_deref() == Some("2.0"))
        })
        .await;

    let pod = format!("{}/ledger-7c9d-0", objects::pods("bank"));
    let waits = json!({ "status": {
        "conditions": [{ "type": "Ready", "status": "False" }],
        "containerStatuses": [{
            "name": "app", "image": "x", "imageID": "", "ready": false, "restartCount": 7,
            "state": { "waiting": { "reason": "CrashLoopBackOff" } },
        }],
    } });
    admin.patch(&format!("{pod}/status"), &waits).await.unwrap();
    watched
        .until("one pod less", |snapshot| {
            let ledger = workload(snapshot, "bank", DEPLOYMENT, "ledger").unwrap();
            ledger.replicas.ready == Some(2)
                && ledger.replicas.waiting.iter().any(|one| &*one.reason == "CrashLoopBackOff")
                && ledger.health == Health::Degraded
        })
        .await;

    let warning = json!({
        "metadata": { "name": "w1" }, "type": "Warning", "reason": "BackOff",
        "message": "Back-off restarting failed container", "count": 4,
        "involvedObject": { "kind": "Pod", "namespace": "bank", "name": "ledger-7c9d-0" },
        "lastTimestamp": "2026-11-20T10:00:00Z",
    });
    admin.create("/api/v1/namespaces/bank/events", &warning).await.unwrap();
    watched
        .until("the warning", |snapshot| {
            let ledger = workload(snapshot, "bank", DEPLOYMENT, "ledger").unwrap();
            ledger.warnings.iter().any(|one| &*one.reason == "BackOff" && one.count == 4)
        })
        .await;

    admin.delete(&path).await.unwrap();
    for number in 0..3 {
        let pod = format!("{}/ledger-7c9d-{number}", objects::pods("bank"));
        admin.delete(&pod).await.unwrap();
    }
    watched.until("the end of it", |snapshot| snapshot.workloads.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_read_in_the_newest_version_once_they_are_served() {
    let test = "links_are_read_in_the_newest_version_once_they_are_served";
    let Some(servers) = KubernetesServers::start(test, &["aws"]).await else { return };
    let admin = servers.admin("aws").await.unwrap();
    let watched = Watched::start(by_kubeconfig(&servers, "aws", "cert"));
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let binding = json!({
        "metadata": { "name": "callboard" },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin",
        },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "callboard-readers",
        }],
    });
    watched.until_state(ObservationState::Forbidden).await;
    admin.create(role, &binding).await.unwrap();
    let snapshot = watched.until_live().await;
    assert!(reason_of(&snapshot, "Link").contains("links.multicluster.linkerd.io"));

    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    admin.create(definitions, &link_definition()).await.unwrap();
    let links = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/default/links";
    watched
        .until("links are served", |snapshot| state_of(snapshot, "Link") == ObservationState::Live)
        .await;
    admin.create(links, &link("azure-prod")).await.unwrap();
    let snapshot = watched
        .until("the link", |snapshot| snapshot.links.iter().any(|link| !link.errors.is_empty()))
        .await;
    let api_version = &snapshot.resource("Link").unwrap().api_version;
    assert_eq!(&**api_version, "multicluster.linkerd.io/v1alpha3");
    let link = &snapshot.links[0];
    assert_eq!((&*link.target_cluster, link.mode), ("azure-prod", LinkMode::Gateway));
    assert_eq!(link.mirrored_services, Some(0));
    assert_eq!(&*link.errors[0], "bank/ledger: Error: the port is taken");
}

//! The index over objects as API servers write them.

use std::sync::Arc;

use callboard_plugin::{Cloud, Health, Workload, WorkloadKey, WorkloadKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::RuntimeIndex;
use crate::{
    intern::Interner,
    kinds::{Kind, TABLE},
    object::{Name, Object},
};

/// An object of the table, from its JSON.
fn object(kind: Kind, json: &Value) -> Object {
    let row = &TABLE[kind as usize];
    (row.object)(&json.to_string(), &mut Interner::default()).unwrap().unwrap()
}

fn owned_by(kind: &str, name: &str) -> Value {
    json!([{ "kind": kind, "name": name, "controller": true, "apiVersion": "x", "uid": "u" }])
}

fn deployment(name: &str, replicas: u32) -> Object {
    let template = json!({
        "metadata": { "labels": { "app": name } },
        "spec": { "containers": [{ "name": "app", "image": format!("r/{name}:1") }] },
    });
    object(
        Kind::Deployment,
        &json!({
            "metadata": { "name": name, "namespace": "bank", "labels": { "squad": "s" } },
            "spec": { "replicas": replicas, "template": template },
        }),
    )
}

fn replica_set(name: &str, deployment: &str) -> Object {
    object(
        Kind::ReplicaSet,
        &json!({ "metadata": {
            "name": name, "namespace": "bank",
            "ownerReferences": owned_by("Deployment", deployment),
        } }),
    )
}

/// A pod of the ReplicaSet `<app>-h1`.
fn pod(app: &str, number: u32, is_ready: bool) -> Object {
    let status = if is_ready { "True" } else { "False" };
    object(
        Kind::Pod,
        &json!({
            "metadata": {
                "name": format!("{app}-h1-{number}"), "namespace": "bank",
                "labels": { "app": app, "pod-template-hash": "h1" },
                "ownerReferences": owned_by("ReplicaSet", &format!("{app}-h1")),
            },
            "spec": { "containers": [{ "name": "app", "image": format!("r/{app}:1") }] },
            "status": {
                "phase": "Running",
                "conditions": [{ "type": "Ready", "status": status }],
                "containerStatuses": [{
                    "name": "app", "restartCount": 2, "imageID": "r/x@sha256:ab",
                    "state": if is_ready { json!({}) } else {
                        json!({ "waiting": { "reason": "CrashLoopBackOff" } })
                    },
                }],
            },
        }),
    )
}

fn service(name: &str, app: &str) -> Object {
    object(
        Kind::Service,
        &json!({
            "metadata": { "name": name, "namespace": "bank" },
            "spec": { "selector": { "app": app } },
        }),
    )
}

fn name(name: &str) -> Name {
    Name { namespace: "bank".into(), name: name.into() }
}

fn find(index: &RuntimeIndex, kind: WorkloadKind, name: &str) -> Option<Arc<Workload>> {
    let key = WorkloadKey { namespace: "bank".into(), kind, name: name.into() };
    index.view().workloads.get(&key).cloned()
}

fn ledger(index: &mut RuntimeIndex) -> Arc<Workload> {
    index.refresh();
    find(index, WorkloadKind::Deployment, "ledger").expect("the workload")
}

/// Two pods of a Deployment, both ready.
fn ledger_of_two() -> RuntimeIndex {
    let mut index = RuntimeIndex::default();
    index.reset(Kind::Deployment, vec![deployment("ledger", 2)]);
    index.reset(Kind::ReplicaSet, vec![replica_set("ledger-h1", "ledger")]);
    index.reset(Kind::Pod, vec![pod("ledger", 1, true), pod("ledger", 2, true)]);
    index.reset(Kind::Service, vec![service("ledger", "ledger"), service("other", "other")]);
    index
}

#[test]
fn pods_are_summed_up_on_their_deployment() {
    let mut index = ledger_of_two();
    let workload = ledger(&mut index);
    assert_eq!((workload.replicas.desired, workload.replicas.ready), (Some(2), Some(2)));
    assert_eq!(workload.replicas.restarts, Some(4));
    assert_eq!(workload.health, Health::Healthy);
    assert_eq!(&*workload.services, ["ledger".into()]);
    assert_eq!(workload.images.len(), 1);
    assert_eq!(workload.images[0].digest.as_deref(), Some("sha256:ab"));
    assert_eq!(index.view().workloads.len(), 1);
}

#[test]
fn a_pod_that_fails_degrades_its_workload() {
    let mut index = ledger_of_two();
    index.apply(pod("ledger", 2, false));
    let workload = ledger(&mut index);
    assert_eq!(workload.replicas.ready, Some(1));
    assert_eq!(workload.health, Health::Degraded);
    assert_eq!(&*workload.replicas.waiting[0].reason, "CrashLoopBackOff");
    index.apply(pod("ledger", 1, false));
    assert_eq!(ledger(&mut index).health, Health::Failing);
}

#[test]
fn what_was_never_read_is_unknown_and_not_zero() {
    let mut index = RuntimeIndex::default();
    index.reset(Kind::Deployment, vec![deployment("ledger", 2)]);
    let workload = ledger(&mut index);
    assert_eq!((workload.replicas.ready, workload.replicas.restarts), (None, None));
    assert_eq!((workload.mesh.pods, workload.health), (None, Health::Unknown));
    assert_eq!(index.view().nodes.total, None);
    index.reset(Kind::Pod, Vec::new());
    let workload = ledger(&mut index);
    assert_eq!((workload.replicas.ready, workload.health), (Some(0), Health::Failing));
}

#[test]
fn pods_find_their_deployment_without_replica_sets() {
    let mut index = RuntimeIndex::default();
    index.reset(Kind::Pod, vec![pod("ledger", 1, true)]);
    let workload = ledger(&mut index);
    assert_eq!((workload.replicas.desired, workload.replicas.ready), (None, Some(1)));
    assert_eq!(workload.pod_labels.get("app").map(|app| &**app), Some("ledger"));
    index.reset(Kind::ReplicaSet, vec![replica_set("ledger-h1", "renamed")]);
    index.refresh();
    assert!(find(&index, WorkloadKind::Deployment, "ledger").is_none());
    assert!(find(&index, WorkloadKind::Deployment, "renamed").is_some());
}

#[test]
fn jobs_count_for_their_cron_job() {
    let mut index = RuntimeIndex::default();
    let cron_job = json!({
        "metadata": { "name": "report", "namespace": "bank" },
        "spec": { "jobTemplate": { "spec": { "template": {} } } },
    });
    let job = |name: &str, created: &str, failed: bool| {
        let status = if failed { "Failed" } else { "Complete" };
        object(
            Kind::Job,
            &json!({
                "metadata": {
                    "name": name, "namespace": "bank", "creationTimestamp": created,
                    "ownerReferences": owned_by("CronJob", "report"),
                },
                "spec": { "template": {} },
                "status": { "conditions": [{ "type": status, "status": "True" }] },
            }),
        )
    };
    index.reset(Kind::CronJob, vec![object(Kind::CronJob, &cron_job)]);
    index.reset(Kind::Pod, Vec::new());
    index.reset(Kind::Job, vec![job("report-1", "2026-11-01T00:00:00Z", true)]);
    index.refresh();
    let report = find(&index, WorkloadKind::CronJob, "report").unwrap();
    assert_eq!((report.replicas.desired, report.health), (Some(1), Health::Failing));
    index.apply(job("report-2", "2026-11-02T00:00:00Z", false));
    index.refresh();
    let report = find(&index, WorkloadKind::CronJob, "report").unwrap();
    assert_eq!(report.health, Health::Stopped, "the newest job counts");
    assert_eq!(index.view().workloads.len(), 1);
}

#[test]
fn pods_that_nothing_known_owns_are_their_own_workload() {
    let mut index = RuntimeIndex::default();
    let bare = |phase: &str| {
        object(
            Kind::Pod,
            &json!({
                "metadata": {
                    "name": "debug", "namespace": "bank",
                    "ownerReferences": owned_by("Node", "n1"),
                },
                "status": { "phase": phase },
            }),
        )
    };
    index.reset(Kind::Pod, vec![bare("Running")]);
    index.refresh();
    assert_eq!(find(&index, WorkloadKind::Pod, "debug").unwrap().health, Health::Failing);
    index.apply(bare("Succeeded"));
    index.refresh();
    assert_eq!(find(&index, WorkloadKind::Pod, "debug").unwrap().health, Health::Stopped);
    index.delete(Kind::Pod, &name("debug"));
    index.refresh();
    assert!(index.view().workloads.is_empty());
}

#[test]
fn an_autoscaler_and_warnings_come_to_their_workload() {
    let mut index = ledger_of_two();
    let autoscaler = json!({
        "metadata": { "name": "ledger", "namespace": "bank" },
        "spec": {
            "scaleTargetRef": { "kind": "Deployment", "name": "ledger" }, "maxReplicas": 9,
        },
    });
    let kind = Kind::HorizontalPodAutoscaler;
    index.reset(kind, vec![object(kind, &autoscaler)]);
    let warning = |number: u32, about: &str| {
        object(
            Kind::Event,
            &json!({
                "metadata": { "name": format!("w{number}"), "namespace": "bank" },
                "type": "Warning", "reason": format!("R{number}"), "message": "m",
                "lastTimestamp": format!("2026-11-20T10:00:0{number}Z"),
                "involvedObject": { "kind": about, "namespace": "bank", "name": match about {
                    "Pod" => "ledger-h1-1", "ReplicaSet" => "ledger-h1", _ => "ledger",
                } },
            }),
        )
    };
    let about = ["Pod", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler"];
    for (number, about) in about.into_iter().enumerate() {
        index.apply(warning(u32::try_from(number).unwrap(), about));
    }
    let workload = ledger(&mut index);
    let autoscaler = workload.autoscaler.as_ref().unwrap();
    assert_eq!((autoscaler.min_replicas, autoscaler.max_replicas), (1, 9));
    let reasons: Vec<&str> = workload.warnings.iter().map(|one| &*one.reason).collect();
    assert_eq!(reasons, ["R3", "R2", "R1", "R0"]);
    index.delete(Kind::Event, &name("w3"));
    assert_eq!(ledger(&mut index).warnings.len(), 3);
    index.delete(kind, &name("ledger"));
    assert!(ledger(&mut index).autoscaler.is_none());
}

#[test]
fn a_list_that_is_the_same_changes_nothing() {
    let mut index = ledger_of_two();
    assert!(index.refresh());
    let before = index.size(Kind::Pod);
    index.reset(Kind::Pod, vec![pod("ledger", 1, true), pod("ledger", 2, true)]);
    index.reset(Kind::Deployment, vec![deployment("ledger", 2)]);
    index.reset(Kind::Service, vec![service("ledger", "ledger"), service("other", "other")]);
    assert!(!index.refresh());
    assert_eq!(index.size(Kind::Pod), before);
}

#[test]
fn sizes_follow_the_objects() {
    let mut index = ledger_of_two();
    assert_eq!(index.size(Kind::Pod).objects, 2);
    index.reset(Kind::Pod, vec![pod("ledger", 1, true)]);
    assert_eq!(index.size(Kind::Pod).objects, 1);
    index.forget(Kind::Pod);
    assert_eq!((index.size(Kind::Pod).objects, index.size(Kind::Pod).bytes), (0, 0));
    assert!(!index.is_complete(Kind::Pod));
}

#[test]
fn nodes_tell_the_place() {
    let node = |name: &str, provider: &str, ready: &str| {
        object(
            Kind::Node,
            &json!({
                "metadata": {
                    "name": name, "labels": { "topology.kubernetes.io/region": "westeurope" },
                },
                "spec": { "providerID": provider },
                "status": { "conditions": [{ "type": "Ready", "status": ready }] },
            }),
        )
    };
    let mut index = RuntimeIndex::default();
    index.reset(
        Kind::Node,
        vec![
            node("a", "azure:///x", "True"),
            node("b", "azure:///y", "Unknown"),
            node("c", "gce://z", "True"),
        ],
    );
    index.refresh();
    let view = index.view();
    assert_eq!((view.nodes.total, view.nodes.ready), (Some(3), Some(2)));
    assert_eq!(view.place.cloud, Some(Cloud::Azure));
    assert_eq!(view.place.region.as_deref(), Some("westeurope"));
}

/// One change of a small world.
#[derive(Debug, Clone)]
enum Step {
    Apply(Object),
    Delete(Kind, Name),
}

fn step() -> impl Strategy<Value = Step> {
    let app = prop_oneof![Just("ledger"), Just("fx")];
    (app, 0..9_u8, 1..4_u32, any::<bool>()).prop_map(|(app, which, number, flag)| match which {
        0 => Step::Apply(deployment(app, number)),
        1 => Step::Delete(Kind::Deployment, name(app)),
        2 => Step::Apply(replica_set(&format!("{app}-h1"), if flag { app } else { "moved" })),
        3 => Step::Delete(Kind::ReplicaSet, name(&format!("{app}-h1"))),
        4 | 5 => Step::Apply(pod(app, number, flag)),
        6 => Step::Delete(Kind::Pod, name(&format!("{app}-h1-{number}"))),
        7 => Step::Apply(service(&format!("s{number}"), app)),
        _ => Step::Delete(Kind::Service, name(&format!("s{number}"))),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever came in whatever order: the index shows what it shows of the final objects
    /// alone.
    #[test]
    fn any_way_to_the_same_objects_shows_the_same(steps in proptest::collection::vec(step(), 0..40)) {
        let kinds = [Kind::Deployment, Kind::ReplicaSet, Kind::Pod, Kind::Service];
        let mut followed = RuntimeIndex::default();
        for kind in kinds {
            followed.reset(kind, Vec::new());
        }
        let mut last: Vec<(Kind, Name, Object)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Apply(object) => {
                    last.retain(|(kind, name, _)| (*kind, name) != (object.kind(), &object.name()));
                    last.push((object.kind(), object.name(), object.clone()));
                    followed.apply(object);
                }
                Step::Delete(kind, name) => {
                    last.retain(|(one, other, _)| (one, other) != (&kind, &name));
                    followed.delete(kind, &name);
                }
            }
            if number % 3 == 0 {
                followed.refresh();
            }
        }
        followed.refresh();
        let mut fresh = RuntimeIndex::default();
        for kind in kinds {
            let objects = last.iter().filter(|(one, ..)| *one == kind);
            fresh.reset(kind, objects.map(|(.., object)| object.clone()).collect());
        }
        fresh.refresh();
        prop_assert_eq!(&followed.view().workloads, &fresh.view().workloads);
        prop_assert_eq!(&followed.view().services, &fresh.view().services);
        for kind in kinds {
            prop_assert_eq!(followed.size(kind), fresh.size(kind));
        }
    }
}

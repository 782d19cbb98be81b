//! What makes pods, and how far it got.

use super::Site;
use super::metadata::{Identity, age, entry, letters, map};
use super::pods::job_name;
use super::template;
use crate::estate::random::Random;
use crate::estate::truth::WorkloadTruth;
use serde_json::{Value, json};

/// Deployments.
pub(super) fn deployments(site: &Site<'_>) -> Vec<Value> {
    site.of_kind("Deployment").map(|workload| deployment(site, workload)).collect()
}

fn identity<'a>(site: &Site<'_>, workload: &'a WorkloadTruth) -> Identity<'a> {
    let made = age(&format!("{}/{}", site.cluster.name, workload.key()), 40, 900);
    Identity {
        kind: &workload.kind,
        namespace: &workload.namespace,
        name: &workload.name,
        labels: template::labels(site, workload).own,
        annotations: vec![entry("vinterhavn.example/released-by", "release-coordinator")],
        age: made,
        ..Identity::default()
    }
}

fn deployment(site: &Site<'_>, workload: &WorkloadTruth) -> Value {
    let mut identity = identity(site, workload);
    let revision = revision(workload);
    identity.annotations.push(entry("deployment.kubernetes.io/revision", revision.to_string()));
    if Random::of(&format!("kubectl/{}", workload.name)).happens(3) {
        // Somebody used kubectl apply.
        let applied = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": workload.name, "namespace": workload.namespace },
            "spec": { "template": template::template(site, workload) } });
        let key = "kubectl.kubernetes.io/last-applied-configuration";
        identity.annotations.push(entry(key, format!("{applied}\n")));
    }
    let (wanted, ready) = counts(workload);
    let selector = template::labels(site, workload).selector;
    json!({
        "metadata": identity.metadata(site),
        "spec": {
            "progressDeadlineSeconds": 600,
            "replicas": wanted,
            "revisionHistoryLimit": 2,
            "selector": { "matchLabels": map(&selector) },
            "strategy": { "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" }, "type": "RollingUpdate" },
            "template": template::template(site, workload),
        },
        "status": deployment_status(site, workload, wanted, ready),
    })
}

fn deployment_status(site: &Site<'_>, workload: &WorkloadTruth, wanted: u64, ready: u64) -> Value {
    let since = age(&format!("ready/{}/{}", site.cluster.name, workload.key()), 0, 20);
    let available = ready == wanted;
    let condition = |kind: &str, holds: bool, reason: &str, message: String| {
        json!({
            "lastTransitionTime": site.before(since),
            "lastUpdateTime": site.before(since),
            "message": message,
            "reason": reason,
            "status": if holds { "True" } else { "False" },
            "type": kind,
        })
    };
    let (reason, word) = if available {
        ("MinimumReplicasAvailable", "has")
    } else {
        ("MinimumReplicasUnavailable", "does not have")
    };
    let set = format!("{}-{}", workload.name, template::hash(workload));
    let mut status = json!({
        "conditions": [
            condition("Available", available, reason, format!("Deployment {word} minimum availability.")),
            condition(
                "Progressing",
                true,
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{set}\" has successfully progressed."),
            ),
        ],
        "observedGeneration": revision(workload),
    });
    let counts = [
        ("availableReplicas", ready),
        ("readyReplicas", ready),
        ("replicas", wanted),
        ("unavailableReplicas", wanted.saturating_sub(ready)),
        ("updatedReplicas", wanted),
    ];
    if let Some(fields) = status.as_object_mut() {
        // Kubernetes leaves zeros out.
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            fields.insert(name.to_owned(), count.into());
        }
    }
    status
}

fn revision(workload: &WorkloadTruth) -> u64 {
    3 + Random::of(&format!("revision/{}/{}", workload.cluster, workload.name)).below(60)
}

fn counts(workload: &WorkloadTruth) -> (u64, u64) {
    (workload.replicas.unwrap_or(0), workload.ready.unwrap_or(0))
}

/// The present ReplicaSet of every Deployment, and of some the one before.
pub(super) fn replica_sets(site: &Site<'_>) -> Vec<Value> {
    let mut sets = Vec::new();
    for workload in site.of_kind("Deployment") {
        let (wanted, ready) = counts(workload);
        sets.push(replica_set(site, workload, &template::hash(workload), wanted, ready));
        let has_history =
            Random::of(&format!("history/{}/{}", workload.cluster, workload.name)).happens(15);
        if has_history {
            let before = letters(&format!("before/{}/{}", workload.cluster, workload.key()), 10);
            sets.push(replica_set(site, workload, &before, 0, 0));
        }
    }
    sets
}

fn replica_set(
    site: &Site<'_>,
    workload: &WorkloadTruth,
    hash: &str,
    wanted: u64,
    ready: u64,
) -> Value {
    let name = format!("{}-{hash}", workload.name);
    let labels = template::labels(site, workload);
    let hashed = |labels: Vec<(String, String)>| {
        let mut labels = labels;
        labels.push(entry("pod-template-hash", hash));
        labels
    };
    let identity = Identity {
        kind: "ReplicaSet",
        namespace: &workload.namespace,
        name: &name,
        labels: hashed(labels.pods),
        annotations: vec![entry("deployment.kubernetes.io/desired-replicas", wanted.to_string())],
        owner: Some(["apps/v1", "Deployment", &workload.name]),
        age: age(&format!("{}/{name}", site.cluster.name), 0, 40) + 900,
    };
    let mut template = template::template(site, workload);
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.insert("pod-template-hash".to_owned(), hash.into());
    }
    let mut status = json!({ "observedGeneration": 1, "replicas": wanted });
    if let (true, Some(fields)) = (ready > 0, status.as_object_mut()) {
        for name in ["availableReplicas", "fullyLabeledReplicas", "readyReplicas"] {
            fields.insert(name.to_owned(), ready.into());
        }
    }
    json!({
        "metadata": identity.metadata(site),
        "spec": {
            "replicas": wanted,
            "selector": { "matchLabels": map(&hashed(labels.selector)) },
            "template": template,
        },
        "status": status,
    })
}

/// `StatefulSet`s.
pub(super) fn stateful_sets(site: &Site<'_>) -> Vec<Value> {
    let stateful_set = |workload: &WorkloadTruth| {
        let (wanted, ready) = counts(workload);
        let revision = format!("{}-{}", workload.name, template::hash(workload));
        json!({
            "metadata": identity(site, workload).metadata(site),
            "spec": {
                "podManagementPolicy": "OrderedReady",
                "replicas": wanted,
                "revisionHistoryLimit": 2,
                "selector": { "matchLabels": map(&template::labels(site, workload).selector) },
                "serviceName": workload.service.as_deref().unwrap_or(&workload.name),
                "template": template::template(site, workload),
                "updateStrategy": { "rollingUpdate": { "partition": 0 }, "type": "RollingUpdate" },
            },
            "status": {
                "availableReplicas": ready,
                "collisionCount": 0,
                "currentReplicas": wanted,
                "currentRevision": revision,
                "observedGeneration": 2,
                "readyReplicas": ready,
                "replicas": wanted,
                "updateRevision": revision,
                "updatedReplicas": wanted,
            },
        })
    };
    site.of_kind("StatefulSet").map(stateful_set).collect()
}

/// `DaemonSet`s.
pub(super) fn daemon_sets(site: &Site<'_>) -> Vec<Value> {
    let daemon_set = |workload: &WorkloadTruth| {
        let (wanted, ready) = counts(workload);
        json!({
            "metadata": identity(site, workload).metadata(site),
            "spec": {
                "revisionHistoryLimit": 2,
                "selector": { "matchLabels": map(&template::labels(site, workload).selector) },
                "template": template::template(site, workload),
                "updateStrategy": { "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 }, "type": "RollingUpdate" },
            },
            "status": {
                "currentNumberScheduled": wanted,
                "desiredNumberScheduled": wanted,
                "numberAvailable": ready,
                "numberMisscheduled": 0,
                "numberReady": ready,
                "observedGeneration": 4,
                "updatedNumberScheduled": wanted,
            },
        })
    };
    site.of_kind("DaemonSet").map(daemon_set).collect()
}

/// `CronJob`s.
pub(super) fn cron_jobs(site: &Site<'_>) -> Vec<Value> {
    let cron_job = |workload: &WorkloadTruth| {
        let mut random = Random::of(&format!("schedule/{}", workload.name));
        let schedule = format!("{} {} * * *", random.below(60), random.below(6));
        json!({
            "metadata": identity(site, workload).metadata(site),
            "spec": {
                "concurrencyPolicy": "Forbid",
                "failedJobsHistoryLimit": 1,
                "jobTemplate": { "metadata": {}, "spec": { "template": template::template(site, workload) } },
                "schedule": schedule,
                "successfulJobsHistoryLimit": 1,
                "suspend": false,
                "timeZone": "Europe/Copenhagen",
            },
            "status": {
                "lastScheduleTime": site.before(run_age(workload)),
                "lastSuccessfulTime": site.before(run_age(workload).saturating_sub(240)),
            },
        })
    };
    site.of_kind("CronJob").map(cron_job).collect()
}

/// How long ago the last run began.
fn run_age(workload: &WorkloadTruth) -> u64 {
    10_800 + Random::of(&format!("run/{}", workload.name)).below(18_000)
}

/// The last run of every `CronJob`, and Jobs of their own.
pub(super) fn jobs(site: &Site<'_>) -> Vec<Value> {
    let job = |workload: &WorkloadTruth| {
        let name = job_name(workload);
        let mut labels = template::labels(site, workload).pods;
        labels.push(entry("batch.kubernetes.io/job-name", name.clone()));
        let owner = (workload.kind == "CronJob").then_some(["batch/v1", "CronJob", &workload.name]);
        let begun = run_age(workload);
        let identity = Identity {
            kind: "Job",
            namespace: &workload.namespace,
            name: &name,
            labels,
            owner,
            age: begun,
            ..Identity::default()
        };
        json!({
            "metadata": identity.metadata(site),
            "spec": {
                "backoffLimit": 6,
                "completionMode": "NonIndexed",
                "completions": 1,
                "parallelism": 1,
                "podReplacementPolicy": "TerminatingOrFailed",
                "selector": { "matchLabels": { "batch.kubernetes.io/job-name": name } },
                "suspend": false,
                "template": template::template(site, workload),
            },
            "status": {
                "completionTime": site.before(begun.saturating_sub(240)),
                "conditions": [{
                    "lastProbeTime": site.before(begun.saturating_sub(240)),
                    "lastTransitionTime": site.before(begun.saturating_sub(240)),
                    "message": "Reached expected number of succeeded pods",
                    "reason": "CompletionsReached",
                    "status": "True",
                    "type": "Complete",
                }],
                "ready": 0,
                "startTime": site.before(begun),
                "succeeded": 1,
                "terminating": 0,
                "uncountedTerminatedPods": {},
            },
        })
    };
    site.of_kind("CronJob").chain(site.of_kind("Job")).map(job).collect()
}

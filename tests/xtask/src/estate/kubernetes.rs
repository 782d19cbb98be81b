//! The recorded clusters: everything that Callboard reads of an API server, as `kubectl get -o
//! json` writes it.
//!
//! Made of the ground truth alone. What it leaves open (addresses, ids, ages) is drawn from the
//! stream of the thing's own name.

mod autoscalers;
mod controllers;
mod events;
mod links;
mod machines;
mod metadata;
mod pods;
mod services;
mod template;

use super::truth::{ClusterTruth, ComponentTruth, Truth, WorkloadTruth};
use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A resource of the API.
#[derive(Debug)]
struct Resource {
    plural: &'static str,
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    /// All of a cluster's.
    list: fn(&Site<'_>) -> Vec<Value>,
}

/// Whatever is recorded.
const RESOURCES: [Resource; 13] = [
    resource("nodes", "", "v1", "Node", machines::nodes),
    resource("namespaces", "", "v1", "Namespace", machines::namespaces),
    resource("deployments", "apps", "v1", "Deployment", controllers::deployments),
    resource("replicasets", "apps", "v1", "ReplicaSet", controllers::replica_sets),
    resource("statefulsets", "apps", "v1", "StatefulSet", controllers::stateful_sets),
    resource("daemonsets", "apps", "v1", "DaemonSet", controllers::daemon_sets),
    resource("cronjobs", "batch", "v1", "CronJob", controllers::cron_jobs),
    resource("jobs", "batch", "v1", "Job", controllers::jobs),
    resource("pods", "", "v1", "Pod", pods::pods),
    resource("services", "", "v1", "Service", services::services),
    resource(
        "horizontalpodautoscalers",
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        autoscalers::autoscalers,
    ),
    resource("events", "", "v1", "Event", events::events),
    resource("links", "multicluster.linkerd.io", "v1alpha3", "Link", links::links),
];

const fn resource(
    plural: &'static str,
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    list: fn(&Site<'_>) -> Vec<Value>,
) -> Resource {
    Resource { plural, group, version, kind, list }
}

impl Resource {
    /// `<plural>.<group>`, as kubectl names it.
    fn name(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }
}

/// One cluster and what of the truth concerns it.
struct Site<'a> {
    truth: &'a Truth,
    cluster: &'a ClusterTruth,
    components: BTreeMap<&'a str, &'a ComponentTruth>,
    now: DateTime<Utc>,
}

impl<'a> Site<'a> {
    /// Its workloads, known and unknown.
    fn workloads(&self) -> impl Iterator<Item = &'a WorkloadTruth> {
        self.truth.workloads(&self.cluster.name)
    }

    /// Its workloads of one kind.
    fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &'a WorkloadTruth> {
        self.workloads().filter(move |workload| workload.kind == kind)
    }

    /// The component of a workload.
    fn component(&self, workload: &WorkloadTruth) -> Option<&'a ComponentTruth> {
        self.components.get(workload.component.as_deref()?).copied()
    }

    /// A moment before the recording.
    fn before(&self, seconds: u64) -> String {
        let seconds = i64::try_from(seconds).unwrap_or(0);
        let moment = self.now - Duration::seconds(seconds);
        moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// The files of every cluster's `kubernetes` folder, by their path below `examples/clusters/`.
///
/// # Errors
///
/// If the moment of the recording is not in RFC 3339.
pub(crate) fn files(truth: &Truth) -> anyhow::Result<BTreeMap<String, Value>> {
    let now = DateTime::parse_from_rfc3339(&truth.recorded_at).context("recordedAt")?;
    let components: BTreeMap<&str, &ComponentTruth> =
        truth.components.iter().map(|one| (one.name.as_str(), one)).collect();
    let mut files = BTreeMap::new();
    for cluster in &truth.clusters {
        let components = components.clone();
        let site = Site { truth, cluster, components, now: now.to_utc() };
        let folder = format!("{}/kubernetes", cluster.name);
        for (name, file) in folder_of(&site) {
            files.insert(format!("{folder}/{name}"), file);
        }
    }
    Ok(files)
}

fn folder_of(site: &Site<'_>) -> Vec<(String, Value)> {
    let mut files = vec![("version.json".to_owned(), machines::version(site.cluster))];
    let mut states = Vec::new();
    for resource in &RESOURCES {
        let (state, reason) = state(site.cluster, resource);
        if state == "LIVE" {
            files.push((format!("{}.json", resource.name()), list(site, resource)));
        }
        states.push(json!({
            "resource": resource.plural,
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
            "state": state,
            "reason": reason,
        }));
    }
    let snapshot = json!({
        "cluster": site.cluster.name,
        "recordedAt": site.truth.recorded_at,
        "resources": states,
    });
    files.push(("snapshot.json".to_owned(), snapshot));
    files
}

/// How a resource was when it was recorded, and why.
fn state(cluster: &ClusterTruth, resource: &Resource) -> (&'static str, Option<String>) {
    let name = resource.name();
    if cluster.forbidden.contains(&name) {
        let reason = format!(
            "{name} is forbidden: User \"callboard\" cannot list resource \"{}\" in API group \
             \"{}\" at the cluster scope",
            resource.plural, resource.group
        );
        return ("FORBIDDEN", Some(reason));
    }
    if cluster.absent.contains(&name) {
        return ("ABSENT", Some(format!("the API server does not serve {}", resource.group)));
    }
    ("LIVE", None)
}

/// The list as kubectl prints it: every item says what it is.
fn list(site: &Site<'_>, resource: &Resource) -> Value {
    let items = (resource.list)(site).into_iter().map(|object| {
        let mut item = serde_json::Map::new();
        item.insert("apiVersion".to_owned(), resource.api_version().into());
        item.insert("kind".to_owned(), resource.kind.into());
        if let Value::Object(fields) = object {
            item.extend(fields);
        }
        Value::Object(item)
    });
    json!({
        "apiVersion": "v1",
        "items": items.collect::<Vec<_>>(),
        "kind": "List",
        "metadata": { "resourceVersion": "" },
    })
}

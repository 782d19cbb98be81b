//! Pods, with what their containers say.

use super::Site;
use super::machines::{node_address, node_name};
use super::metadata::{Identity, entry, letters};
use super::template;
use crate::estate::random::Random;
use crate::estate::truth::WorkloadTruth;
use crate::estate::vocabulary::TroubleKind;
use serde_json::{Map, Value, json};

/// How a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Ready,
    Unready,
    CrashLoop,
    NoImage,
    Done,
}

/// One pod of a workload.
#[derive(Debug)]
pub(super) struct PodPlan<'a> {
    workload: &'a WorkloadTruth,
    pub(super) name: String,
    generation: Vec<(String, String)>,
    owner: Option<[String; 3]>,
    life: Life,
    is_meshed: bool,
    place: u64,
}

/// All pods.
pub(super) fn pods(site: &Site<'_>) -> Vec<Value> {
    let plans = plans(site);
    plans.iter().map(|plan| plan.pod(site)).collect()
}

/// The pods that there are, in the order of their workloads.
pub(super) fn plans<'a>(site: &Site<'a>) -> Vec<PodPlan<'a>> {
    let mut plans = Vec::new();
    for workload in site.workloads() {
        let count = if workload.is_job() { 1 } else { workload.replicas.unwrap_or(0) };
        for index in 0..count {
            let place = plans.len() as u64;
            plans.push(plan(site, workload, index, place));
        }
    }
    plans
}

fn plan<'a>(site: &Site<'a>, workload: &'a WorkloadTruth, index: u64, place: u64) -> PodPlan<'a> {
    let key = format!("{}/{}/{index}", site.cluster.name, workload.key());
    let tail = letters(&key, 5);
    let name = &workload.name;
    let owner = |api: &str, kind: &str, name: &str| Some([api, kind, name].map(str::to_owned));
    let (name, generation, owner) = match workload.kind.as_str() {
        "Deployment" => {
            let hash = template::hash(workload);
            let set = format!("{name}-{hash}");
            let labels = vec![entry("pod-template-hash", hash)];
            (format!("{set}-{tail}"), labels, owner("apps/v1", "ReplicaSet", &set))
        }
        "StatefulSet" => {
            let pod = format!("{name}-{index}");
            let revision = format!("{name}-{}", template::hash(workload));
            let labels = vec![
                entry("apps.kubernetes.io/pod-index", index.to_string()),
                entry("controller-revision-hash", revision),
                entry("statefulset.kubernetes.io/pod-name", pod.clone()),
            ];
            (pod, labels, owner("apps/v1", "StatefulSet", name))
        }
        "DaemonSet" => {
            let labels = vec![
                entry("controller-revision-hash", template::hash(workload)),
                entry("pod-template-generation", "4"),
            ];
            (format!("{name}-{tail}"), labels, owner("apps/v1", "DaemonSet", name))
        }
        "CronJob" | "Job" => {
            let job = job_name(workload);
            let labels = vec![
                entry("batch.kubernetes.io/job-name", job.clone()),
                entry("job-name", job.clone()),
            ];
            (format!("{job}-{tail}"), labels, owner("batch/v1", "Job", &job))
        }
        _ => (name.clone(), Vec::new(), None),
    };
    let ready = workload.ready.unwrap_or(0);
    let life = match workload.trouble {
        _ if workload.is_job() => Life::Done,
        Some(TroubleKind::CrashLoopBackOff) if index >= ready => Life::CrashLoop,
        Some(TroubleKind::ImagePullBackOff) if index >= ready => Life::NoImage,
        _ if index >= ready => Life::Unready,
        _ => Life::Ready,
    };
    let is_meshed = workload.proxy.is_some() && workload.meshed.is_none_or(|meshed| index < meshed);
    PodPlan { workload, name, generation, owner, life, is_meshed, place }
}

/// The Job of a `CronJob`'s last run, or the Job itself.
pub(super) fn job_name(workload: &WorkloadTruth) -> String {
    match workload.kind.as_str() {
        "CronJob" => {
            let mut random = Random::of(&format!("run/{}/{}", workload.cluster, workload.name));
            // The minute for which it was due, as Kubernetes counts them.
            format!("{}-{}", workload.name, 29_932_000 + random.below(1_400))
        }
        _ => workload.name.clone(),
    }
}

impl PodPlan<'_> {
    /// The workload that it belongs to.
    pub(super) fn workload(&self) -> &WorkloadTruth {
        self.workload
    }

    /// Why it is not ready; `None` if it is, or is done.
    pub(super) fn trouble(&self) -> Option<TroubleKind> {
        match self.life {
            Life::Ready | Life::Done => None,
            Life::Unready => Some(TroubleKind::Unready),
            Life::CrashLoop => Some(TroubleKind::CrashLoopBackOff),
            Life::NoImage => Some(TroubleKind::ImagePullBackOff),
        }
    }

    fn age(&self) -> u64 {
        super::metadata::age(&format!("{}/{}", self.workload.cluster, self.name), 0, 21) + 900
    }

    fn pod(&self, site: &Site<'_>) -> Value {
        let workload = self.workload;
        let mut labels = template::labels(site, workload).pods;
        labels.extend(self.generation.iter().cloned());
        let mut annotations = Vec::new();
        let version = workload.proxy.as_deref().filter(|_| self.is_meshed);
        if let Some(version) = version {
            labels.extend(template::mesh_labels(workload));
            annotations.extend(template::mesh_annotations(version));
        }
        let owner = self.owner.as_ref();
        let identity = Identity {
            kind: "Pod",
            namespace: &workload.namespace,
            name: &self.name,
            labels,
            annotations,
            owner: owner.map(|owner| owner.each_ref().map(String::as_str)),
            age: self.age(),
        };
        json!({
            "metadata": identity.metadata(site),
            "spec": self.spec(site, version),
            "status": self.status(site, version),
        })
    }

    fn node(&self, site: &Site<'_>) -> u64 {
        self.place.checked_rem(site.cluster.nodes).unwrap_or(0)
    }

    fn spec(&self, site: &Site<'_>, version: Option<&str>) -> Value {
        let workload = self.workload;
        let mut containers = vec![template::container(site, workload)];
        let mut init = Vec::new();
        if let Some(version) = version {
            init.push(template::init());
            let native = template::has_native_sidecar(version);
            if native { &mut init } else { &mut containers }.push(template::proxy(version));
        }
        let mut spec = json!({
            "containers": containers,
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": true,
            "nodeName": node_name(site.cluster, self.node(site)),
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": if workload.is_job() { "OnFailure" } else { "Always" },
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "serviceAccountName": template::container_name(workload),
            "terminationGracePeriodSeconds": 30,
            "tolerations": [toleration("not-ready"), toleration("unreachable")],
        });
        if let (false, Some(fields)) = (init.is_empty(), spec.as_object_mut()) {
            fields.insert("initContainers".to_owned(), init.into());
        }
        spec
    }

    fn status(&self, site: &Site<'_>, version: Option<&str>) -> Value {
        let started = self.age().saturating_sub(20);
        let mut containers = vec![self.own_status(site, started)];
        let mut init = Vec::new();
        if let Some(version) = version {
            let image = format!("cr.l5d.io/linkerd/proxy:{version}");
            let state =
                if self.life == Life::Done { ended(site, started) } else { runs(site, started) };
            let ready = self.life != Life::Done;
            let proxy = status_of("linkerd-proxy", &image, &state, ready, &image_id(&image));
            init.push(status_of(
                "linkerd-init",
                "cr.l5d.io/linkerd/proxy-init:v2.4.3",
                &ended(site, started),
                true,
                &image_id("cr.l5d.io/linkerd/proxy-init:v2.4.3"),
            ));
            let native = template::has_native_sidecar(version);
            if native { &mut init } else { &mut containers }.push(proxy);
        }
        let node = self.node(site);
        let phase = match self.life {
            Life::Done => "Succeeded",
            Life::NoImage => "Pending",
            _ => "Running",
        };
        let address = format!(
            "{}.{}.{}",
            site.cluster.network,
            100 + node,
            5 + self.place.checked_div(site.cluster.nodes).unwrap_or(0)
        );
        let mut status = json!({
            "conditions": self.conditions(site),
            "containerStatuses": containers,
            "hostIP": node_address(site.cluster, node),
            "hostIPs": [{ "ip": node_address(site.cluster, node) }],
            "phase": phase,
            "podIP": address,
            "podIPs": [{ "ip": address }],
            "qosClass": "Burstable",
            "startTime": site.before(self.age()),
        });
        if let (false, Some(fields)) = (init.is_empty(), status.as_object_mut()) {
            fields.insert("initContainerStatuses".to_owned(), init.into());
        }
        status
    }

    fn conditions(&self, site: &Site<'_>) -> Vec<Value> {
        let is_ready = self.life == Life::Ready;
        let kinds = [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
        ];
        let condition = |kind: &str| {
            let holds = is_ready || !matches!(kind, "Ready" | "ContainersReady");
            let mut fields = Map::new();
            fields.insert("lastTransitionTime".to_owned(), site.before(self.age() - 25).into());
            if !holds {
                let reason =
                    if self.life == Life::Done { "PodCompleted" } else { "ContainersNotReady" };
                fields.insert("reason".to_owned(), reason.into());
            }
            fields.insert("status".to_owned(), if holds { "True" } else { "False" }.into());
            fields.insert("type".to_owned(), kind.into());
            Value::Object(fields)
        };
        kinds.into_iter().map(condition).collect()
    }

    fn own_status(&self, site: &Site<'_>, started: u64) -> Value {
        let workload = self.workload;
        let image = format!("{}:{}", workload.image, workload.tag);
        let name = template::container_name(workload);
        let digest = workload.digest.as_ref();
        let id = digest
            .map_or_else(|| image_id(&image), |digest| format!("{}@{digest}", workload.image));
        let mut random = Random::of(&format!("restarts/{}/{}", workload.cluster, self.name));
        let mut status = match self.life {
            Life::Ready => status_of(name, &image, &runs(site, started), true, &id),
            Life::Unready => status_of(name, &image, &runs(site, started), false, &id),
            Life::Done => status_of(name, &image, &ended(site, started), false, &id),
            Life::NoImage => {
                let message = format!("Back-off pulling image \"{image}\"");
                let state =
                    json!({ "waiting": { "message": message, "reason": "ImagePullBackOff" } });
                status_of(name, &image, &state, false, "")
            }
            Life::CrashLoop => {
                let message = format!(
                    "back-off 5m0s restarting failed container={name} pod={}_{}",
                    self.name, workload.namespace
                );
                let state =
                    json!({ "waiting": { "message": message, "reason": "CrashLoopBackOff" } });
                status_of(name, &image, &state, false, &id)
            }
        };
        let restarts = match self.life {
            Life::CrashLoop => 40 + random.below(200),
            Life::Ready if random.happens(6) => 1 + random.below(3),
            _ => 0,
        };
        if let Some(fields) = status.as_object_mut() {
            fields.insert("restartCount".to_owned(), restarts.into());
            if restarts > 0 {
                let last = json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled",
                    "startedAt": site.before(4_000), "finishedAt": site.before(1_300) } });
                fields.insert("lastState".to_owned(), last);
            }
        }
        status
    }
}

fn toleration(condition: &str) -> Value {
    json!({ "effect": "NoExecute", "key": format!("node.kubernetes.io/{condition}"),
        "operator": "Exists", "tolerationSeconds": 300 })
}

fn runs(site: &Site<'_>, started: u64) -> Value {
    json!({ "running": { "startedAt": site.before(started) } })
}

fn ended(site: &Site<'_>, started: u64) -> Value {
    json!({ "terminated": { "exitCode": 0, "reason": "Completed",
        "startedAt": site.before(started), "finishedAt": site.before(started.saturating_sub(9)) } })
}

/// An image of which the truth does not name the digest.
fn image_id(image: &str) -> String {
    let digits = Random::of(&format!("digest/{image}")).digest();
    let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
    format!("{repository}@sha256:{digits}")
}

fn status_of(name: &str, image: &str, state: &Value, ready: bool, id: &str) -> Value {
    let started = state.get("running").is_some();
    json!({
        "image": image,
        "imageID": id,
        "lastState": {},
        "name": name,
        "ready": ready,
        "restartCount": 0,
        "started": started,
        "state": state,
    })
}

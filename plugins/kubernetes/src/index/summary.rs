//! A workload with its pods summed up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use callboard_plugin::{
    Health, LabelMap, MeshMembership, Replicas, WaitingPods, WarningEvent, Workload, WorkloadKey,
    WorkloadKind,
};

use super::RuntimeIndex;
use crate::{
    image::merged,
    kinds::Kind,
    object::{About, Controller, Name, OwnWorkload, Pod, PodLife, ReplicaSet},
};

/// How many warnings are shown of one workload.
const FEW_WARNINGS: usize = 5;

/// Reasons to wait that every pod has on its way up.
const PASSING_REASONS: &[&str] = &["ContainerCreating", "PodInitializing"];

/// What a workload is made of.
struct Parts<'a> {
    own: Option<&'a OwnWorkload>,
    set: Option<&'a ReplicaSet>,
    /// Of a CronJob.
    jobs: Vec<&'a OwnWorkload>,
    pods: Vec<&'a Pod>,
}

impl Parts<'_> {
    /// Pods that count: of workloads that make new ones, those that are neither over nor on
    /// their way out.
    fn present(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().copied().filter(|pod| pod.life == PodLife::Active)
    }
}

impl RuntimeIndex {
    /// The workload as the objects tell it now; `None` = there is none of it.
    pub(super) fn summary(&self, key: &WorkloadKey) -> Option<Workload> {
        let parts = self.parts(key);
        let is_there = parts.own.is_some()
            || parts.set.is_some()
            || !parts.jobs.is_empty()
            || parts.present().next().is_some()
            || (key.kind == WorkloadKind::Pod && !parts.pods.is_empty());
        if !is_there {
            return None;
        }
        let replicas = self.replicas(key, &parts);
        let pod_labels = pod_labels(&parts);
        let template = parts.own.into_iter().flat_map(|own| own.images.iter());
        let running = parts
            .pods
            .iter()
            .filter(|pod| pod.life == PodLife::Active || key.kind == WorkloadKind::Pod);
        let running = running.flat_map(|pod| pod.images.iter());
        Some(Workload {
            key: key.clone(),
            labels: own_labels(&parts),
            annotations: own_annotations(&parts),
            images: merged(template.chain(running)).into(),
            autoscaler: self.autoscaler(key),
            services: self.services_of(&key.namespace, &pod_labels).into(),
            warnings: self.warnings_of(key, &parts).into(),
            mesh: self.mesh(&parts),
            health: health(&replicas),
            pod_labels,
            replicas,
        })
    }

    fn parts(&self, key: &WorkloadKey) -> Parts<'_> {
        let name = Name::of(key);
        if key.kind == WorkloadKind::Pod {
            let pod = self.pods.get(&name).filter(|pod| pod.controller.is_none());
            let pods = pod.into_iter().collect();
            return Parts { own: None, set: None, jobs: Vec::new(), pods };
        }
        let children = || self.bonds.children(key);
        let job = |child: &Controller| self.own.get(&child.name.workload(WorkloadKind::Job));
        let is_cron_job = key.kind == WorkloadKind::CronJob;
        let set = self
            .replica_sets
            .get(&name)
            .filter(|set| key.kind == WorkloadKind::ReplicaSet && set.deployment.is_none());
        let own = self.own.get(key).filter(|own| own.cron_job.is_none());
        let jobs = children().filter(|_| is_cron_job).filter_map(job).collect();
        let pods = children().flat_map(|child| self.pods_of_child(child)).collect();
        Parts { own, set, jobs, pods }
    }

    fn pods_of_child<'a>(&'a self, child: &'a Controller) -> Vec<&'a Pod> {
        self.pods_of(child).collect()
    }

    fn replicas(&self, key: &WorkloadKey, parts: &Parts<'_>) -> Replicas {
        let pods_known = self.is_complete(Kind::Pod);
        let counted = pods_known.then(|| {
            let ready = parts.present().filter(|pod| pod.is_ready).count();
            u32::try_from(ready).unwrap_or(u32::MAX)
        });
        let (desired, reported) = self.asked_and_reported(key, parts);
        // Either may lag behind the other: the more careful of the two is told.
        let ready = match (counted, reported) {
            (Some(counted), Some(reported)) => Some(counted.min(reported)),
            (counted, reported) => counted.or(reported),
        };
        let restarts = parts.present().fold(0, |sum: u32, pod| sum.saturating_add(pod.restarts));
        Replicas {
            desired,
            ready,
            restarts: pods_known.then_some(restarts),
            waiting: waiting(parts).into(),
        }
    }

    /// How many pods are asked for, and how many the controller says are ready.
    fn asked_and_reported(
        &self,
        key: &WorkloadKey,
        parts: &Parts<'_>,
    ) -> (Option<u32>, Option<u32>) {
        match key.kind {
            WorkloadKind::CronJob => {
                let newest = parts.jobs.iter().max_by_key(|job| job.created_at);
                let none = self.is_complete(Kind::Job).then_some(0);
                newest.map_or((none, None), |job| (job.desired, job.reported_ready))
            }
            WorkloadKind::Pod => {
                let is_over = parts.pods.iter().any(|pod| pod.life == PodLife::Succeeded);
                (Some(u32::from(!is_over)), None)
            }
            _ => parts.own.map_or((None, None), |own| (own.desired, own.reported_ready)),
        }
    }

    fn mesh(&self, parts: &Parts<'_>) -> MeshMembership {
        if !self.is_complete(Kind::Pod) {
            return MeshMembership::default();
        }
        let count = |pods: usize| Some(u32::try_from(pods).unwrap_or(u32::MAX));
        let versions: BTreeSet<&Arc<str>> =
            parts.present().filter_map(|pod| pod.proxy_version.as_ref()).collect();
        MeshMembership {
            meshed_pods: count(parts.present().filter(|pod| pod.is_meshed).count()),
            pods: count(parts.present().count()),
            proxy_versions: versions.into_iter().cloned().collect(),
        }
    }

    fn autoscaler(&self, key: &WorkloadKey) -> Option<Arc<callboard_plugin::Autoscaler>> {
        let name = self.scaled.get(key)?.first()?;
        self.autoscalers.get(name).map(|scaled| Arc::clone(&scaled.autoscaler))
    }

    /// The newest warnings about the workload, its controllers, its pods and its autoscaler.
    fn warnings_of(&self, key: &WorkloadKey, parts: &Parts<'_>) -> Vec<WarningEvent> {
        if self.warnings.is_empty() {
            return Vec::new();
        }
        let about = |kind: &str, name: &Name| About { kind: kind.into(), name: name.clone() };
        let own = Name::of(key);
        let mut things: BTreeSet<About> = BTreeSet::from([about(key.kind.name(), &own)]);
        things.extend(self.bonds.children(key).map(|child| about(child.kind.name(), &child.name)));
        things.extend(parts.pods.iter().map(|pod| about("Pod", &pod.name)));
        let scaled = self.scaled.get(key).into_iter().flatten();
        things.extend(scaled.map(|name| about("HorizontalPodAutoscaler", name)));
        let mut warnings: Vec<WarningEvent> =
            things.iter().flat_map(|thing| self.warnings.about(thing)).cloned().collect();
        warnings.sort_by(|one, other| {
            (other.last_seen, &one.object, &one.reason).cmp(&(
                one.last_seen,
                &other.object,
                &other.reason,
            ))
        });
        warnings.truncate(FEW_WARNINGS);
        warnings
    }
}

fn own_labels(parts: &Parts<'_>) -> Arc<LabelMap> {
    let own = parts.own.map(|own| &own.labels).or(parts.set.map(|set| &set.labels));
    own.cloned().unwrap_or_else(|| pod_labels(parts))
}

fn own_annotations(parts: &Parts<'_>) -> Arc<LabelMap> {
    let own = parts.own.map(|own| &own.annotations).or(parts.set.map(|set| &set.annotations));
    own.cloned().unwrap_or_default()
}

/// The template's, or, where that could not be read, those of a pod.
fn pod_labels(parts: &Parts<'_>) -> Arc<LabelMap> {
    let newest_job = parts.jobs.iter().max_by_key(|job| job.created_at);
    let template = parts.own.or(newest_job.copied()).map(|own| &own.pod_labels);
    let of_pod = || parts.pods.first().map(|pod| &pod.labels);
    template.or_else(of_pod).cloned().unwrap_or_default()
}

/// Reasons to wait with how many pods have them, most first.
fn waiting(parts: &Parts<'_>) -> Vec<WaitingPods> {
    let mut counts: BTreeMap<&Arc<str>, u32> = BTreeMap::new();
    for reason in parts.present().flat_map(|pod| pod.waiting.iter()) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut waiting: Vec<WaitingPods> = counts
        .into_iter()
        .map(|(reason, pods)| WaitingPods { reason: Arc::clone(reason), pods })
        .collect();
    waiting.sort_by_key(|one| std::cmp::Reverse(one.pods));
    waiting
}

fn health(replicas: &Replicas) -> Health {
    let waits = replicas.waiting.iter().any(|one| !PASSING_REASONS.contains(&&*one.reason));
    match (replicas.desired, replicas.ready) {
        (Some(0), _) => Health::Stopped,
        (Some(_), Some(0)) => Health::Failing,
        (Some(desired), Some(ready)) if ready < desired || waits => Health::Degraded,
        (Some(_), Some(_)) => Health::Healthy,
        (None, _) if waits => Health::Degraded,
        _ => Health::Unknown,
    }
}

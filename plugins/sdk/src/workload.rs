//! Workloads: what runs in a cluster, with its pods summed up.

use std::{collections::BTreeMap, fmt, sync::Arc, time::SystemTime};

/// Labels or annotations, ordered by key.
pub type LabelMap = BTreeMap<Arc<str>, Arc<str>>;

/// What sort of object owns the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `batch/v1` CronJob.
    CronJob,
    /// `batch/v1` Job that no CronJob owns.
    Job,
    /// `apps/v1` ReplicaSet that no Deployment owns.
    ReplicaSet,
    /// A Pod that nothing known owns.
    Pod,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::CronJob,
        Self::Job,
        Self::ReplicaSet,
        Self::Pod,
    ];

    /// Kubernetes' name, such as `StatefulSet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Job => "Job",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A workload within its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The kind.
    pub kind: WorkloadKind,
    /// The name.
    pub name: Arc<str>,
}

impl fmt::Display for WorkloadKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

/// How many pods there are and should be. `None` = the objects that tell could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replicas {
    /// How many the workload asks for.
    pub desired: Option<u32>,
    /// How many are ready.
    pub ready: Option<u32>,
    /// Restarts of the containers of the present pods, together.
    pub restarts: Option<u32>,
    /// Why containers of the present pods wait, such as `CrashLoopBackOff`, with how many pods;
    /// most first, then by reason.
    pub waiting: Arc<[WaitingPods]>,
}

/// Pods of which a container waits for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPods {
    /// Kubernetes' reason, such as `ImagePullBackOff`.
    pub reason: Arc<str>,
    /// How many pods.
    pub pods: u32,
}

/// An image of a container, as the pods run it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Image {
    /// The container.
    pub container: Arc<str>,
    /// Registry and repository, such as `ghcr.io/bank/payments-api`.
    pub name: Arc<str>,
    /// The tag, where the image has one.
    pub tag: Option<Arc<str>>,
    /// The digest that runs (`sha256:…`), where a pod or the image tells.
    pub digest: Option<Arc<str>>,
}

/// A HorizontalPodAutoscaler's bounds and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its name.
    pub name: Arc<str>,
    /// The fewest replicas.
    pub min_replicas: u32,
    /// The most replicas.
    pub max_replicas: u32,
    /// How many it sees.
    pub current_replicas: Option<u32>,
    /// How many it wants.
    pub desired_replicas: Option<u32>,
}

/// A warning that Kubernetes reported on a workload or on one of its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningEvent {
    /// The reason, such as `BackOff`.
    pub reason: Arc<str>,
    /// What happened, as the cluster words it.
    pub message: Arc<str>,
    /// The object, as `Pod/payments-api-7c9d-x1`.
    pub object: Arc<str>,
    /// How often.
    pub count: u32,
    /// When last.
    pub last_seen: Option<SystemTime>,
}

/// How a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// As many ready as asked for.
    Healthy,
    /// Fewer ready than asked for, or containers wait.
    Degraded,
    /// None is ready although some are asked for.
    Failing,
    /// None is asked for.
    Stopped,
    /// What would tell could not be read.
    Unknown,
}

/// Whether the pods of a workload are in the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeshMembership {
    /// Pods with a proxy; `None` = pods could not be read.
    pub meshed_pods: Option<u32>,
    /// All pods; `None` = pods could not be read.
    pub pods: Option<u32>,
    /// The versions of their proxies, ordered.
    pub proxy_versions: Arc<[Arc<str>]>,
}

impl MeshMembership {
    /// Whether every pod is meshed; `None` if that is not known or there is no pod.
    pub fn is_meshed(&self) -> Option<bool> {
        let (meshed, pods) = (self.meshed_pods?, self.pods?);
        (pods > 0).then_some(meshed == pods)
    }
}

/// A workload with its pods summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Where it is and what it is called.
    pub key: WorkloadKey,
    /// Its labels.
    pub labels: Arc<LabelMap>,
    /// Its annotations, without what only machines read.
    pub annotations: Arc<LabelMap>,
    /// The labels of its pods.
    pub pod_labels: Arc<LabelMap>,
    /// Its pods, counted.
    pub replicas: Replicas,
    /// The images of its containers: one for each container, tag and digest that runs; without
    /// the mesh's proxy.
    pub images: Arc<[Image]>,
    /// Its autoscaler.
    pub autoscaler: Option<Arc<Autoscaler>>,
    /// The Services of its namespace that select its pods, by name, ordered.
    pub services: Arc<[Arc<str>]>,
    /// Its last warnings, newest first, a few.
    pub warnings: Arc<[WarningEvent]>,
    /// Whether it is in the mesh.
    pub mesh: MeshMembership,
    /// How it is.
    pub health: Health,
}

//! What is kept of each object: plain data, as lean as what is shown allows.

use std::{sync::Arc, time::SystemTime};

use callboard_plugin::{
    Autoscaler, Cloud, Image, LabelMap, MeshLink, Service, WarningEvent, WorkloadKey, WorkloadKind,
};

use crate::kinds::Kind;

/// What an object weighs beside its name and what it shares.
const OWN_WEIGHT: usize = 400;

/// An object's namespace (empty where it has none) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Name {
    /// Of a name in a namespace.
    pub(crate) fn new(namespace: &Arc<str>, name: &Arc<str>) -> Self {
        Self { namespace: Arc::clone(namespace), name: Arc::clone(name) }
    }

    /// Of an object that is in no namespace.
    pub(crate) fn cluster_scoped(name: &Arc<str>) -> Self {
        Self { namespace: "".into(), name: Arc::clone(name) }
    }

    /// Of a workload.
    pub(crate) fn of(key: &WorkloadKey) -> Self {
        Self::new(&key.namespace, &key.name)
    }

    /// The workload of this name.
    pub(crate) fn workload(&self, kind: WorkloadKind) -> WorkloadKey {
        WorkloadKey { namespace: Arc::clone(&self.namespace), kind, name: Arc::clone(&self.name) }
    }
}

/// One object of a watched kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    Node(Node),
    Namespace(Namespace),
    Workload(OwnWorkload),
    ReplicaSet(ReplicaSet),
    Pod(Pod),
    Service(Service),
    Autoscaler(ScaledWorkload),
    Event(Event),
    Link(MeshLink),
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: Arc<str>,
    pub(crate) is_ready: bool,
    pub(crate) cloud: Option<Cloud>,
    pub(crate) region: Option<Arc<str>>,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Namespace {
    pub(crate) name: Arc<str>,
    pub(crate) labels: Arc<LabelMap>,
}

/// What a Deployment, StatefulSet, DaemonSet, CronJob or Job says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnWorkload {
    pub(crate) key: WorkloadKey,
    pub(crate) labels: Arc<LabelMap>,
    pub(crate) annotations: Arc<LabelMap>,
    /// The labels of its pod template.
    pub(crate) pod_labels: Arc<LabelMap>,
    /// The images of its pod template.
    pub(crate) images: Arc<[Image]>,
    /// How many pods it asks for; `None` = its children tell (CronJob).
    pub(crate) desired: Option<u32>,
    /// How many its controller counted as ready; `None` = the controller has not spoken.
    pub(crate) reported_ready: Option<u32>,
    /// The CronJob of a Job.
    pub(crate) cron_job: Option<Arc<str>>,
    /// When it was made.
    pub(crate) created_at: Option<SystemTime>,
}

/// A ReplicaSet's metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplicaSet {
    pub(crate) name: Name,
    pub(crate) deployment: Option<Arc<str>>,
    /// Empty where a Deployment owns it: nobody asks.
    pub(crate) labels: Arc<LabelMap>,
    pub(crate) annotations: Arc<LabelMap>,
}

/// What made a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Controller {
    /// ReplicaSet, StatefulSet, DaemonSet or Job.
    pub(crate) kind: WorkloadKind,
    pub(crate) name: Name,
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pod {
    pub(crate) name: Name,
    pub(crate) controller: Option<Controller>,
    /// The Deployment that the ReplicaSet's name tells of, in case ReplicaSets cannot be read.
    pub(crate) deployment: Option<Arc<str>>,
    /// Without those that differ from pod to pod.
    pub(crate) labels: Arc<LabelMap>,
    /// What runs in its containers, without the mesh's proxy.
    pub(crate) images: Arc<[Image]>,
    /// Why its containers wait, each reason once.
    pub(crate) waiting: Arc<[Arc<str>]>,
    pub(crate) restarts: u32,
    pub(crate) life: PodLife,
    pub(crate) is_ready: bool,
    pub(crate) is_meshed: bool,
    pub(crate) proxy_version: Option<Arc<str>>,
}

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PodLife {
    /// It runs or is about to.
    Active,
    /// It is being deleted.
    Ending,
    /// All its containers ended well.
    Succeeded,
    /// A container ended badly, and none is restarted.
    Failed,
}

/// An autoscaler and what it scales.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScaledWorkload {
    pub(crate) name: Name,
    /// `None` = a kind that we don't know.
    pub(crate) target: Option<WorkloadKey>,
    pub(crate) autoscaler: Arc<Autoscaler>,
}

/// A warning and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: Name,
    pub(crate) about: About,
    pub(crate) warning: WarningEvent,
}

/// An object that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct About {
    pub(crate) kind: Arc<str>,
    pub(crate) name: Name,
}

impl Object {
    /// The kind that it was read as.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Node(_) => Kind::Node,
            Self::Namespace(_) => Kind::Namespace,
            Self::Workload(workload) => Kind::of_workload(workload.key.kind),
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::Pod(_) => Kind::Pod,
            Self::Service(_) => Kind::Service,
            Self::Autoscaler(_) => Kind::HorizontalPodAutoscaler,
            Self::Event(_) => Kind::Event,
            Self::Link(_) => Kind::Link,
        }
    }

    /// Its namespace and name.
    pub(crate) fn name(&self) -> Name {
        match self {
            Self::Node(node) => Name::cluster_scoped(&node.name),
            Self::Namespace(namespace) => Name::cluster_scoped(&namespace.name),
            Self::Workload(workload) => Name::of(&workload.key),
            Self::ReplicaSet(set) => set.name.clone(),
            Self::Pod(pod) => pod.name.clone(),
            Self::Service(service) => Name::new(&service.key.namespace, &service.key.name),
            Self::Autoscaler(scaled) => scaled.name.clone(),
            Self::Event(event) => event.name.clone(),
            Self::Link(link) => Name::new(&link.namespace, &link.name),
        }
    }

    /// What it weighs in memory by itself, in bytes, about: without what it shares with others
    /// through an interner.
    pub(crate) fn weight(&self) -> usize {
        let name = self.name();
        let own = OWN_WEIGHT + name.name.len();
        match self {
            Self::Link(link) => {
                own + link.errors.iter().map(|error| error.len() + 16).sum::<usize>()
            }
            Self::Event(event) => own + event.warning.object.len() + event.about.name.name.len(),
            _ => own,
        }
    }
}

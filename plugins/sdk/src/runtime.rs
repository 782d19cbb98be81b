//! What runs in one cluster, as plain data, and the port that gives it.

use std::{fmt, sync::Arc};

use imbl::OrdMap;
use tokio::sync::watch;

use crate::{
    cluster::{ClusterName, ClusterPlace},
    observation::Observation,
    workload::{LabelMap, Workload, WorkloadKey},
};

/// One watched kind of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceState {
    /// The kind, such as `Deployment`.
    pub kind: Arc<str>,
    /// The API group and version that is read, such as `apps/v1`.
    pub api_version: Arc<str>,
    /// How many objects there are; `None` = never read.
    pub count: Option<u64>,
    /// How old that is and whether it advances.
    pub observation: Observation,
}

/// A right that the cluster does not grant us.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MissingGrant {
    /// The API group; empty for the core.
    pub group: Arc<str>,
    /// The resource, such as `pods`.
    pub resource: Arc<str>,
    /// The verb, such as `list`.
    pub verb: Arc<str>,
}

/// The nodes of a cluster, counted. `None` = nodes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeSummary {
    /// How many there are.
    pub total: Option<u32>,
    /// How many are ready.
    pub ready: Option<u32>,
}

/// A Service within its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// What a mirror Service stands for: a Service of another cluster.
/// Source: `mirror.linkerd.io/*` and `multicluster.linkerd.io/*` labels and annotations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MirroredService {
    /// The other cluster as the Link calls it.
    pub target_cluster: Arc<str>,
    /// The Service there.
    pub target: ServiceKey,
    /// How it is reached.
    pub mode: LinkMode,
}

/// How calls to another cluster get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkMode {
    /// Through the other cluster's gateway.
    Gateway,
    /// From pod to pod over a flat network (remote discovery, federated Services).
    Flat,
}

/// A Service, as far as calls need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Where it is and what it is called.
    pub key: ServiceKey,
    /// Its labels.
    pub labels: Arc<LabelMap>,
    /// What it selects; empty = nothing of its own.
    pub selector: Arc<LabelMap>,
    /// What it mirrors: one Service for a mirror, several for a federated Service; empty
    /// otherwise.
    pub mirrors: Arc<[MirroredService]>,
}

/// A Linkerd Link to another cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshLink {
    /// The Link's namespace.
    pub namespace: Arc<str>,
    /// The Link's name.
    pub name: Arc<str>,
    /// The cluster that it leads to, as the Link calls it.
    pub target_cluster: Arc<str>,
    /// `GATEWAY` if the Link names a gateway.
    pub mode: LinkMode,
    /// The gateway's address, where there is one.
    pub gateway_address: Option<Arc<str>>,
    /// How many Services are mirrored through it; `None` = Services could not be read.
    pub mirrored_services: Option<u32>,
    /// What the Link's status says went wrong, ordered.
    pub errors: Arc<[Arc<str>]>,
}

/// What runs in one cluster at one moment. Cheap to clone.
///
/// Absence here means absence in the cluster only where the kind's state says `LIVE` or
/// `RECORDED`.
#[derive(Debug, Clone)]
pub struct RuntimeSnapshot {
    /// The cluster.
    pub cluster: ClusterName,
    /// Where it stands: configured, else told by its nodes.
    pub place: ClusterPlace,
    /// Kubernetes' version, such as `v1.36.2`.
    pub version: Option<Arc<str>>,
    /// The API server as a whole: the worst that a person must know.
    pub observation: Observation,
    /// One for each watched kind, in the order of the table of kinds.
    pub resources: Arc<[ResourceState]>,
    /// What the cluster does not grant us, ordered.
    pub missing_grants: Arc<[MissingGrant]>,
    /// Its nodes.
    pub nodes: NodeSummary,
    /// The labels of its namespaces.
    pub namespaces: OrdMap<Arc<str>, Arc<LabelMap>>,
    /// Its workloads.
    pub workloads: OrdMap<WorkloadKey, Arc<Workload>>,
    /// Its Services.
    pub services: OrdMap<ServiceKey, Arc<Service>>,
    /// Its Links, ordered by target, then name.
    pub links: Arc<[MeshLink]>,
    /// Counts the changes since the start of the process.
    pub revision: u64,
}

impl RuntimeSnapshot {
    /// The state of a kind, by Kubernetes' name.
    pub fn resource(&self, kind: &str) -> Option<&ResourceState> {
        self.resources.iter().find(|resource| &*resource.kind == kind)
    }
}

/// Gives what runs in one cluster.
pub trait RuntimeSource: Send + Sync + fmt::Debug {
    /// The newest snapshot. Never waits.
    fn snapshot(&self) -> Arc<RuntimeSnapshot>;

    /// Tells of every new snapshot by its revision; several changes may be told as one.
    fn changes(&self) -> watch::Receiver<u64>;
}

//! Clusters: what they are made of, and how they are shown.

use std::{sync::Arc, time::SystemTime};

use callboard_plugin::{
    ClusterName, ClusterPlace, LinkMode, MeshLink, MeshSnapshot, MeshSource, MetricsWindow,
    MissingGrant, NodeSummary, Observation, ResourceState, RuntimeSnapshot, RuntimeSource,
};

/// One configured cluster and what tells of it.
#[derive(Debug, Clone)]
pub struct ClusterSources {
    /// Its name.
    pub name: ClusterName,
    /// Where the configuration says that it stands; what is left open, its nodes tell.
    pub place: ClusterPlace,
    /// What Links of other clusters call it, besides its name.
    pub mesh_names: Arc<[Arc<str>]>,
    /// What runs there.
    pub runtime: Arc<dyn RuntimeSource>,
    /// Who calls whom there; `None` if no mesh or no metrics are configured.
    pub mesh: Option<Arc<dyn MeshSource>>,
}

/// What sort of source tells of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClusterSourceKind {
    /// The API server.
    Kubernetes,
    /// The Prometheus-compatible API that the mesh is read from.
    Prometheus,
}

/// A source and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSourceState {
    /// What it is.
    pub kind: ClusterSourceKind,
    /// How old its answers are and whether they advance.
    pub observation: Observation,
}

/// The gateway behind a Link, as the service mirror probes it.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkGateway {
    /// Its address, where the Link tells.
    pub address: Option<Arc<str>>,
    /// Whether it answers; `None` = not measured.
    pub is_alive: Option<bool>,
    /// 95 % of the probes came back within this many milliseconds; `None` = not measured.
    pub latency_p95_ms: Option<f64>,
    /// How old that is; `None` = no metrics are configured.
    pub observation: Option<Observation>,
}

/// A Link to another cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterLink {
    /// The Link's name.
    pub name: Arc<str>,
    /// The Link's namespace.
    pub namespace: Arc<str>,
    /// The other cluster, as the Link calls it.
    pub target_name: Arc<str>,
    /// The other cluster; `None` if none of this name is configured.
    pub target: Option<ClusterName>,
    /// How calls get there.
    pub mode: LinkMode,
    /// The gateway; `None` for a flat network.
    pub gateway: Option<LinkGateway>,
    /// How many Services are mirrored through it; `None` = not known, or not for this caller.
    pub mirrored_services: Option<u32>,
    /// What the Link's status says went wrong, ordered.
    pub errors: Arc<[Arc<str>]>,
}

/// A cluster, as a caller may see it.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Where it stands: configured, else told by its nodes.
    pub place: ClusterPlace,
    /// Kubernetes' version, such as `v1.36.2`.
    pub version: Option<Arc<str>>,
    /// The API server as a whole.
    pub observation: Observation,
    /// One for each watched kind. The counts are those of the cluster for a caller who may read
    /// everything; else of the workloads that the caller may read, and `None` for other kinds.
    pub resources: Arc<[ResourceState]>,
    /// What the cluster does not grant us, ordered.
    pub missing_grants: Arc<[MissingGrant]>,
    /// Its nodes.
    pub nodes: NodeSummary,
    /// What tells of it.
    pub sources: Vec<ClusterSourceState>,
    /// Its Links, ordered by target, then name.
    pub links: Vec<ClusterLink>,
    /// Grows with every change of the cluster or of its mesh since the start of the process.
    pub revision: u64,
    /// The newest moment at which anything of it was known to be true.
    pub observed_at: Option<SystemTime>,
}

/// The sources of a cluster, with their states.
pub(crate) fn source_states(
    runtime: &RuntimeSnapshot,
    mesh: Option<&MeshSnapshot>,
) -> Vec<ClusterSourceState> {
    let kubernetes = ClusterSourceState {
        kind: ClusterSourceKind::Kubernetes,
        observation: runtime.observation.clone(),
    };
    let prometheus = mesh.map(|mesh| ClusterSourceState {
        kind: ClusterSourceKind::Prometheus,
        observation: mesh.window(MetricsWindow::M5).observation.clone(),
    });
    std::iter::once(kubernetes).chain(prometheus).collect()
}

/// A Link as it is shown, with what the mesh measures of its gateway.
pub(crate) fn cluster_link(
    link: &MeshLink,
    target: Option<ClusterName>,
    mesh: Option<&MeshSnapshot>,
) -> ClusterLink {
    let probe = mesh.and_then(|mesh| {
        mesh.gateways.iter().find(|probe| probe.target_cluster == link.target_cluster)
    });
    let gateway = (link.mode == LinkMode::Gateway).then(|| LinkGateway {
        address: link.gateway_address.clone(),
        is_alive: probe.and_then(|probe| probe.is_alive),
        latency_p95_ms: probe.and_then(|probe| probe.latency_p95_ms),
        observation: mesh.map(|mesh| mesh.gateway_observation.clone()),
    });
    ClusterLink {
        name: Arc::clone(&link.name),
        namespace: Arc::clone(&link.namespace),
        target_name: Arc::clone(&link.target_cluster),
        target,
        mode: link.mode,
        gateway,
        mirrored_services: link.mirrored_services,
        errors: Arc::clone(&link.errors),
    }
}

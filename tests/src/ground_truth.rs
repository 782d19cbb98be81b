//! Who calls whom, made up and therefore known: what a test feeds the emulator with, and what it
//! compares the answers with.
//!
//! As JSON it is a file that other programs can be fed with.

mod generator;

use callboard_plugin::{ServiceKey, WorkloadKey, WorkloadKind};
use serde::{Deserialize, Serialize};

pub use self::generator::TruthSize;

/// The upper bounds of the buckets of a proxy's latency, in milliseconds, without the last, which
/// is infinite. Source: `linkerd2-proxy`, `response_latency_ms`.
pub const LATENCY_BUCKETS_MS: [u32; 26] = [
    1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1000, 2000, 3000, 4000, 5000,
    10_000, 20_000, 30_000, 40_000, 50_000, 60_000,
];

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroundTruth {
    /// The clusters.
    pub clusters: Vec<TrueCluster>,
    /// The services; each has one workload and one Service in each of its clusters.
    pub services: Vec<TrueService>,
    /// The links; one way each.
    pub links: Vec<TrueLink>,
    /// The calls; no two of the same caller to the same target.
    pub calls: Vec<TrueCall>,
    /// Callers without a proxy, at most one for each workload.
    pub unmeshed_callers: Vec<TrueUnmeshedCaller>,
    /// Dependencies that are seen and not declared. Every other one that is seen is declared.
    pub undeclared: Vec<TrueDependency>,
    /// Dependencies that are declared and never seen.
    pub dead: Vec<TrueDependency>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueCluster {
    /// Its name; links call it the same.
    pub name: String,
    /// `aws`, `azure` or `gcp`.
    pub cloud: String,
    /// `production`, `staging` or `dev`.
    pub environment: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueService {
    /// The name of its Service.
    pub name: String,
    /// The namespace of both.
    pub namespace: String,
    /// Kubernetes' kind of its workload, such as `StatefulSet`.
    pub kind: String,
    /// The name of its workload.
    pub workload: String,
    /// How many pods it has.
    pub pods: u32,
    /// Whether they have proxies.
    pub meshed: bool,
    /// Where it runs.
    pub clusters: Vec<String>,
}

/// How calls get from one cluster to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrueLinkMode {
    /// Through a gateway.
    Gateway,
    /// From pod to pod.
    Flat,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueLink {
    /// Where it is.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// How.
    pub mode: TrueLinkMode,
    /// Whether its gateway answers probes; of no meaning on a flat network.
    pub alive: bool,
    /// The bucket into which most of its probes fall.
    pub latency_bucket: usize,
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TrueTarget {
    /// A service of the same cluster.
    Local {
        /// Its name.
        service: String,
    },
    /// A service of another cluster, through the mirror of the link between them.
    Remote {
        /// The cluster.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// A service of another cluster, through its federated Service.
    Federated {
        /// The cluster.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// Something outside, by name and port or by address.
    External {
        /// `api.partner.example:443` or `203.0.113.9`.
        authority: String,
    },
}

/// How it is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TrueTraffic {
    /// Requests.
    Http {
        /// How many a second.
        requests_per_second: f64,
        /// How many of them succeed, 0–1.
        success_ratio: f64,
        /// The buckets of [`LATENCY_BUCKETS_MS`] into which p50, p95 and p99 fall.
        latency_buckets: [usize; 3],
    },
    /// Bytes.
    Tcp,
}

/// The calls of one workload to one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueCall {
    /// The caller's cluster.
    pub cluster: String,
    /// The caller, by its service; meshed.
    pub client: String,
    /// What it calls.
    pub target: TrueTarget,
    /// How.
    pub traffic: TrueTraffic,
    /// Connections that are open, at least one for each pod of the caller.
    pub connections: u32,
    /// Why there is no mutual TLS; `None` if there is.
    pub insecure: Option<String>,
}

/// Somebody without a proxy who calls a meshed workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueUnmeshedCaller {
    /// The cluster.
    pub cluster: String,
    /// What is called, by its service.
    pub service: String,
    /// How; latencies are not measured.
    pub traffic: TrueTraffic,
    /// Connections that stay open.
    pub connections: u32,
}

/// One service calls another, wherever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrueDependency {
    /// Who calls.
    pub client: String,
    /// What is called.
    pub target: String,
}

impl GroundTruth {
    /// A truth of that size; the same for the same seed.
    pub fn generate(size: &TruthSize, seed: u64) -> Self {
        generator::generate(size, seed)
    }

    /// A service by its name.
    pub fn service(&self, name: &str) -> Option<&TrueService> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The link from one cluster to another.
    pub fn link(&self, from: &str, to: &str) -> Option<&TrueLink> {
        self.links.iter().find(|link| link.from == from && link.to == to)
    }

    /// The calls that leave the workloads of a cluster.
    pub fn calls_of(&self, cluster: &str) -> impl Iterator<Item = &TrueCall> {
        self.calls.iter().filter(move |call| call.cluster == cluster)
    }

    /// Every dependency that is seen, once.
    pub fn observed(&self) -> Vec<TrueDependency> {
        let dependency = |call: &TrueCall| {
            let target = call.target.service()?.to_owned();
            Some(TrueDependency { client: call.client.clone(), target })
        };
        let mut observed: Vec<TrueDependency> = self.calls.iter().filter_map(dependency).collect();
        observed.sort();
        observed.dedup();
        observed
    }

    /// What the descriptors say: everything that is seen but [`GroundTruth::undeclared`], and
    /// [`GroundTruth::dead`].
    pub fn declared(&self) -> Vec<TrueDependency> {
        let mut declared = self.observed();
        declared.retain(|dependency| !self.undeclared.contains(dependency));
        declared.extend(self.dead.iter().cloned());
        declared.sort();
        declared
    }
}

impl TrueTarget {
    /// The service that is called; `None` if that is nobody of ours.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Local { service }
            | Self::Remote { service, .. }
            | Self::Federated { service, .. } => Some(service),
            Self::External { .. } => None,
        }
    }

    /// The other cluster; `None` if it is the caller's or none.
    pub fn other_cluster(&self) -> Option<&str> {
        match self {
            Self::Remote { cluster, .. } | Self::Federated { cluster, .. } => Some(cluster),
            Self::Local { .. } | Self::External { .. } => None,
        }
    }
}

impl TrueService {
    /// Its workload.
    pub fn workload_key(&self) -> WorkloadKey {
        let is_kind = |kind: &WorkloadKind| kind.name() == self.kind;
        WorkloadKey {
            namespace: self.namespace.as_str().into(),
            kind: WorkloadKind::ALL.into_iter().find(is_kind).unwrap_or(WorkloadKind::Pod),
            name: self.workload.as_str().into(),
        }
    }

    /// Its Service.
    pub fn service_key(&self) -> ServiceKey {
        self.service_named(&self.name)
    }

    /// The mirror of its Service in a cluster that is linked to `cluster`.
    pub fn mirror_key(&self, cluster: &str) -> ServiceKey {
        self.service_named(&format!("{}-{cluster}", self.name))
    }

    /// Its federated Service.
    pub fn federated_key(&self) -> ServiceKey {
        self.service_named(&format!("{}-federated", self.name))
    }

    fn service_named(&self, name: &str) -> ServiceKey {
        ServiceKey { namespace: self.namespace.as_str().into(), name: name.into() }
    }

    /// The name of the label that tells a pod's owner, such as `k8s_job`.
    pub fn owner_label(&self) -> String {
        match self.kind.as_str() {
            "Job" => "k8s_job".to_owned(),
            kind => kind.to_ascii_lowercase(),
        }
    }
}

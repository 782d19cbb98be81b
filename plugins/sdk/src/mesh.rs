//! Calls as the mesh of one cluster measures them, and the port that gives them.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use crate::{
    cluster::ClusterName, observation::Observation, runtime::ServiceKey, workload::WorkloadKey,
};

/// What span a rate or a quantile is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricsWindow {
    /// Five minutes.
    M5,
    /// One hour.
    H1,
    /// One day.
    H24,
}

impl MetricsWindow {
    /// Every window, shortest first.
    pub const ALL: [Self; 3] = [Self::M5, Self::H1, Self::H24];

    /// The span in PromQL, such as `5m`.
    pub const fn promql(self) -> &'static str {
        match self {
            Self::M5 => "5m",
            Self::H1 => "1h",
            Self::H24 => "24h",
        }
    }

    /// The span.
    pub const fn span(self) -> Duration {
        match self {
            Self::M5 => Duration::from_mins(5),
            Self::H1 => Duration::from_hours(1),
            Self::H24 => Duration::from_hours(24),
        }
    }

    /// How often it is asked anew.
    pub const fn interval(self) -> Duration {
        match self {
            Self::M5 => Duration::from_secs(30),
            Self::H1 => Duration::from_mins(5),
            Self::H24 => Duration::from_hours(1),
        }
    }

    /// Its place in an array of the windows.
    pub const fn index(self) -> usize {
        match self {
            Self::M5 => 0,
            Self::H1 => 1,
            Self::H24 => 2,
        }
    }
}

/// The golden metrics of calls. `None` = not measured; never zero instead.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GoldenMetrics {
    /// Requests a second.
    pub requests_per_second: Option<f64>,
    /// The share of them that succeeded, 0–1.
    pub success_ratio: Option<f64>,
    /// Half of the answers came within this many milliseconds.
    pub latency_p50_ms: Option<f64>,
    /// 95 % of the answers came within this many milliseconds.
    pub latency_p95_ms: Option<f64>,
    /// 99 % of the answers came within this many milliseconds.
    pub latency_p99_ms: Option<f64>,
    /// TCP connections that are open now.
    pub open_connections: Option<f64>,
    /// The share of requests (of connections where there are no requests) under mutual TLS, 0–1.
    pub secured_ratio: Option<f64>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallClient {
    /// A meshed workload of this cluster, seen from its own side.
    Workload(WorkloadKey),
    /// Something without a proxy, seen from the side of what it calls; the reason is the proxy's,
    /// such as `no_tls_from_remote`.
    Unmeshed {
        /// Why there is no identity.
        reason: Arc<str>,
    },
    /// A meshed client with an identity that no series of its own side shows, such as a gateway
    /// or an ingress: `<service account>.<namespace>.serviceaccount.identity.…`.
    Identity(Arc<str>),
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallTarget {
    /// A workload, in the cluster that the Service tells: this one, or, where `service` is a
    /// mirror on a flat network, the mirrored one.
    Workload {
        /// The workload.
        key: WorkloadKey,
        /// The Service that was called, in the calling cluster, where one was.
        service: Option<ServiceKey>,
    },
    /// A Service of this cluster, of which the mesh names no workload.
    Service(ServiceKey),
    /// A Service of another cluster, behind its gateway.
    RemoteService {
        /// The other cluster as the Link calls it.
        target_cluster: Arc<str>,
        /// The Service there.
        service: ServiceKey,
    },
    /// An address or host name that belongs to no Service.
    Authority(Arc<str>),
}

/// Why calls are not under mutual TLS, with their share.
#[derive(Debug, Clone, PartialEq)]
pub struct InsecureShare {
    /// The proxy's reason, such as `not_provided_by_service_discovery`.
    pub reason: Arc<str>,
    /// The share of requests (of connections where there are none), 0–1.
    pub ratio: f64,
}

/// The calls from one client to one target, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshCall {
    /// Who calls.
    pub client: CallClient,
    /// What is called.
    pub target: CallTarget,
    /// How.
    pub metrics: GoldenMetrics,
    /// Why calls are not secured, largest share first.
    pub insecure: Arc<[InsecureShare]>,
}

/// The calls of one window.
#[derive(Debug, Clone)]
pub struct MeshWindow {
    /// The window.
    pub window: MetricsWindow,
    /// How old they are and whether they advance.
    pub observation: Observation,
    /// The calls, ordered by client, then target.
    pub calls: Arc<[MeshCall]>,
    /// Series beyond the budget, which are not in `calls`; 0 = all are.
    pub dropped_series: usize,
}

/// A gateway to another cluster, as the service mirror probes it.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayProbe {
    /// The other cluster as the Link calls it.
    pub target_cluster: Arc<str>,
    /// Whether it answers; `None` = not measured.
    pub is_alive: Option<bool>,
    /// 95 % of the probes came back within this many milliseconds.
    pub latency_p95_ms: Option<f64>,
}

/// The mesh of one cluster at one moment.
#[derive(Debug, Clone)]
pub struct MeshSnapshot {
    /// The cluster.
    pub cluster: ClusterName,
    /// One for each window, in the order of [`MetricsWindow::ALL`].
    pub windows: [MeshWindow; 3],
    /// The gateways, ordered by target.
    pub gateways: Arc<[GatewayProbe]>,
    /// How old the gateways' state is.
    pub gateway_observation: Observation,
    /// Counts the changes since the start of the process.
    pub revision: u64,
}

impl MeshSnapshot {
    /// The calls of a window.
    pub fn window(&self, window: MetricsWindow) -> &MeshWindow {
        let [m5, h1, h24] = &self.windows;
        match window {
            MetricsWindow::M5 => m5,
            MetricsWindow::H1 => h1,
            MetricsWindow::H24 => h24,
        }
    }
}

/// Gives the calls that the mesh of one cluster measures.
pub trait MeshSource: Send + Sync + fmt::Debug {
    /// The newest snapshot. Never waits.
    fn snapshot(&self) -> Arc<MeshSnapshot>;

    /// Tells of every new snapshot by its revision; several changes may be told as one.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Since when its calls had been watched before they were recorded, if the recording tells;
    /// `None` of a source that is asked live.
    fn observed_since(&self) -> Option<SystemTime> {
        None
    }
}

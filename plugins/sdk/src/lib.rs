//! Ports and shared types of the plugins. No I/O.

pub mod allow_list;
pub mod cluster;
pub mod foreign_text;
pub mod http_client;
pub mod mesh;
pub mod metrics;
pub mod observation;
pub mod runtime;
pub mod workload;

pub use allow_list::{AllowList, AllowedTarget, AllowedTargetError};
pub use cluster::{Cloud, CloudError, ClusterName, ClusterPlace};
pub use foreign_text::foreign_text;
pub use http_client::{BlockReason, HttpClient, HttpError, HttpRequest, HttpResponse, Redirects};
pub use mesh::{
    CallClient, CallTarget, GatewayProbe, GoldenMetrics, InsecureShare, MeshCall, MeshSnapshot,
    MeshSource, MeshWindow, MetricsWindow,
};
pub use metrics::{InstantQuery, InstantVector, LabelMatcher, MetricsError, MetricsSource, Sample};
pub use observation::{Observation, ObservationState};
pub use runtime::{
    LinkMode, MeshLink, MirroredService, MissingGrant, NodeSummary, ResourceState, RuntimeSnapshot,
    RuntimeSource, Service, ServiceKey,
};
pub use workload::{
    Autoscaler, Health, Image, LabelMap, MeshMembership, Replicas, WaitingPods, WarningEvent,
    Workload, WorkloadKey, WorkloadKind,
};

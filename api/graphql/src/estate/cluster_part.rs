//! What a cluster is made of.

use std::sync::Arc;

use async_graphql::{Enum, Object, SimpleObject};
use callboard_plugin as plugin;
use callboard_topology as estate;

use super::{Cluster, Observation};
use crate::{error::FieldError, facet::count, scope::Scope};

/// Whose machines a cluster runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// Any other, or an own data centre.
    Other,
    /// Neither the configuration nor the nodes tell.
    Unknown,
}

impl Cloud {
    /// The cloud of a place.
    pub(crate) fn of(cloud: Option<plugin::Cloud>) -> Self {
        match cloud {
            Some(plugin::Cloud::Aws) => Self::Aws,
            Some(plugin::Cloud::Azure) => Self::Azure,
            Some(plugin::Cloud::Gcp) => Self::Gcp,
            Some(plugin::Cloud::Other) => Self::Other,
            None => Self::Unknown,
        }
    }

    /// The name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Azure => "AZURE",
            Self::Gcp => "GCP",
            Self::Other => "OTHER",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The cloud as places have it; `None` for [`Cloud::Unknown`].
    pub(crate) const fn known(self) -> Option<plugin::Cloud> {
        match self {
            Self::Aws => Some(plugin::Cloud::Aws),
            Self::Azure => Some(plugin::Cloud::Azure),
            Self::Gcp => Some(plugin::Cloud::Gcp),
            Self::Other => Some(plugin::Cloud::Other),
            Self::Unknown => None,
        }
    }
}

/// One watched kind of a cluster.
#[derive(Debug, SimpleObject)]
pub(crate) struct ResourceState {
    /// The kind, such as `Deployment`.
    kind: String,
    /// The API group and version that is read, such as `apps/v1`.
    api_version: String,
    /// How many objects there are; null if that was never read, or is not for you.
    count: Option<i64>,
    /// How old that is and whether it advances.
    observation: Observation,
}

impl ResourceState {
    /// The state as it is answered.
    pub(crate) fn of(state: &plugin::ResourceState) -> Self {
        Self {
            kind: state.kind.as_ref().to_owned(),
            api_version: state.api_version.as_ref().to_owned(),
            count: state.count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            observation: Observation(state.observation.clone()),
        }
    }
}

/// What sort of source tells of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::ClusterSourceKind")]
pub(crate) enum ClusterSourceKind {
    /// The API server.
    Kubernetes,
    /// The Prometheus-compatible API that the mesh is read from.
    Prometheus,
}

/// A source that tells of a cluster.
#[derive(Debug, SimpleObject)]
pub(crate) struct ClusterSource {
    /// What it is.
    kind: ClusterSourceKind,
    /// How old its answers are and whether they advance.
    observation: Observation,
}

impl ClusterSource {
    /// The source as it is answered.
    pub(crate) fn of(source: &estate::ClusterSourceState) -> Self {
        let observation = Observation(source.observation.clone());
        Self { kind: source.kind.into(), observation }
    }
}

/// A right that the cluster does not grant.
#[derive(Debug, SimpleObject)]
pub(crate) struct MissingGrant {
    /// The API group; empty for the core.
    group: String,
    /// The resource, such as `pods`.
    resource: String,
    /// The verb, such as `list`.
    verb: String,
}

impl MissingGrant {
    /// The grant as it is answered.
    pub(crate) fn of(grant: &plugin::MissingGrant) -> Self {
        Self {
            group: grant.group.as_ref().to_owned(),
            resource: grant.resource.as_ref().to_owned(),
            verb: grant.verb.as_ref().to_owned(),
        }
    }
}

/// The nodes of a cluster, counted. Null = they could not be read.
#[derive(Debug, SimpleObject)]
pub(crate) struct NodeSummary {
    /// How many there are.
    total: Option<i32>,
    /// How many of them are ready.
    ready: Option<i32>,
}

impl NodeSummary {
    /// The summary as it is answered.
    pub(crate) fn of(nodes: plugin::NodeSummary) -> Self {
        Self { total: nodes.total.map(number), ready: nodes.ready.map(number) }
    }
}

/// How calls to another cluster get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_plugin::LinkMode")]
pub(crate) enum LinkMode {
    /// Through the other cluster's gateway.
    Gateway,
    /// From pod to pod over a flat network.
    Flat,
}

/// The gateway behind a Link, as the service mirror probes it.
#[derive(Debug, SimpleObject)]
pub(crate) struct LinkGateway {
    /// Its address, where the Link tells.
    address: Option<String>,
    /// Whether it answers; null if that is not measured.
    alive: Option<bool>,
    /// 95 % of the probes came back within this many milliseconds; null if that is not measured.
    latency_p95_ms: Option<f64>,
    /// How old that is; null if no metrics are configured.
    observation: Option<Observation>,
}

/// A Link to another cluster.
#[derive(Debug)]
pub(crate) struct ClusterLink {
    pub(crate) scope: Arc<Scope>,
    pub(crate) link: estate::ClusterLink,
}

/// A Linkerd Link to another cluster.
#[Object]
impl ClusterLink {
    /// The Link's name.
    async fn name(&self) -> &str {
        &self.link.name
    }

    /// The Link's namespace.
    async fn namespace(&self) -> &str {
        &self.link.namespace
    }

    /// The other cluster, as the Link calls it.
    async fn target_name(&self) -> &str {
        &self.link.target_name
    }

    /// The other cluster; null if none of this name is configured.
    async fn target(&self) -> Result<Option<Cluster>, FieldError> {
        let Some(target) = &self.link.target else { return Ok(None) };
        Cluster::find(&self.scope, target.as_str())
    }

    /// How calls get there.
    async fn mode(&self) -> LinkMode {
        self.link.mode.into()
    }

    /// The gateway; null for a flat network.
    async fn gateway(&self) -> Option<LinkGateway> {
        self.link.gateway.as_ref().map(|gateway| LinkGateway {
            address: gateway.address.as_deref().map(str::to_owned),
            alive: gateway.is_alive,
            latency_p95_ms: gateway.latency_p95_ms,
            observation: gateway.observation.clone().map(Observation),
        })
    }

    /// How many Services are mirrored through it; null if that is not known, or not for you.
    async fn mirrored_services(&self) -> Option<i32> {
        self.link.mirrored_services.map(number)
    }

    /// What the Link's status says went wrong, ordered.
    async fn errors(&self) -> Vec<&str> {
        self.link.errors.iter().map(AsRef::as_ref).collect()
    }
}

/// A count as GraphQL's `Int`.
pub(crate) fn number(number: u32) -> i32 {
    count(usize::try_from(number).unwrap_or(usize::MAX))
}

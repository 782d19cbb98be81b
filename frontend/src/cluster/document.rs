//! The page's document, and its variables out of what the URL says.

use graphql_client::GraphQLQuery;

use super::url_state::ClusterUrl;
use crate::{
    calls::LinkMode,
    place::{Cloud, ClusterSourceKind},
    running::Health,
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use cluster::{
    ClusterCluster as ClusterNode, ClusterClusterLinks as LinkNode,
    ClusterClusterWorkloadsNodes as WorkloadNode,
};

/// Rows of a page: as many as the public limits of the API let anybody ask for, too.
const PAGE_SIZE: i64 = 30;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/cluster/cluster.graphql",
    variables_derives = "Debug",
    response_derives = "Debug",
    extern_enums("Cloud", "ClusterSourceKind", "Health", "LinkMode", "ObservationState"),
    skip_serializing_none
)]
pub(super) struct Cluster;

impl ClusterUrl {
    /// What the page asks.
    pub(super) fn variables(&self) -> cluster::Variables {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let filter = cluster::WorkloadFilter {
            cluster: None,
            cloud: None,
            environment: None,
            namespace: text(&self.namespace),
            squad: None,
            kind: None,
            health: self.health,
            text: text(&self.text),
            is_system: None,
        };
        cluster::Variables {
            name: self.name.clone(),
            filter: Some(filter),
            first: Some(PAGE_SIZE),
            after: self.after.clone(),
        }
    }
}

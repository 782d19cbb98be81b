//! The page's documents, and their variables out of what the URL says.

use graphql_client::GraphQLQuery;

use super::url_state::{MeshUrl, Scope, TopologyGrouping};
use crate::{
    calls::{Declared, LinkMode, TlsState, TopologyNodeKind, Window},
    place::{Cloud, ClusterSourceKind},
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use mesh::{MeshTopologyCoverage as CoverageNode, ResponseData};

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/mesh/mesh.graphql",
    variables_derives = "Debug",
    response_derives = "Debug",
    extern_enums(
        "Cloud",
        "ClusterSourceKind",
        "Declared",
        "LinkMode",
        "ObservationState",
        "TlsState",
        "TopologyGrouping",
        "TopologyNodeKind",
        "Window"
    ),
    skip_serializing_none
)]
pub(super) struct Mesh;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/mesh/mesh_size.graphql",
    variables_derives = "Debug",
    response_derives = "Debug",
    extern_enums("Cloud", "Window"),
    skip_serializing_none
)]
pub(super) struct MeshSize;

/// How many nodes there are by each grouping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes([(TopologyGrouping, i64); 6]);

impl Sizes {
    /// As the API counts them.
    pub(super) fn of(data: &mesh_size::ResponseData) -> Self {
        Self([
            (TopologyGrouping::Workload, data.by_workload.total_nodes),
            (TopologyGrouping::Component, data.by_component.total_nodes),
            (TopologyGrouping::System, data.by_system.total_nodes),
            (TopologyGrouping::Squad, data.by_squad.total_nodes),
            (TopologyGrouping::Cluster, data.by_cluster.total_nodes),
            (TopologyGrouping::Cloud, data.by_cloud.total_nodes),
        ])
    }

    /// The number of nodes by a grouping.
    pub(super) fn of_grouping(&self, grouping: TopologyGrouping) -> i64 {
        self.0.iter().find(|(one, _)| *one == grouping).map_or(0, |(_, total)| *total)
    }
}

macro_rules! scope {
    ($module:ident, $url:expr) => {{
        let url = $url;
        match url.scope.clone() {
            Scope::Everything => None,
            Scope::Entity(ref_) => {
                let around = $module::EntityScope { ref_, depth: url.depth };
                Some($module::TopologyScope::Entity(around))
            }
            Scope::System(ref_) => Some($module::TopologyScope::System(ref_)),
            Scope::Squad(ref_) => Some($module::TopologyScope::Squad(ref_)),
            Scope::Cluster(name) => Some($module::TopologyScope::Cluster(name)),
            Scope::Environment(name) => Some($module::TopologyScope::Environment(name)),
            Scope::Cloud(cloud) => Some($module::TopologyScope::Cloud(cloud)),
        }
    }};
}

impl MeshUrl {
    /// What the page asks.
    pub(super) fn variables(&self, grouping: TopologyGrouping) -> mesh::Variables {
        mesh::Variables {
            scope: scope!(mesh, self),
            group_by: Some(grouping),
            window: Some(self.window),
        }
    }

    /// What is asked first: how much there is to show.
    pub(super) fn size_variables(&self) -> mesh_size::Variables {
        mesh_size::Variables { scope: scope!(mesh_size, self), window: Some(self.window) }
    }
}

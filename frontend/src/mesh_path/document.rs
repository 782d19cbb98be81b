//! The page's document.

use graphql_client::GraphQLQuery;

use crate::{
    calls::{Declared, LinkMode, TlsState, TopologyNodeKind},
    place::ClusterSourceKind,
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use mesh_path::{ResponseData, Variables};

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/mesh_path/mesh_path.graphql",
    variables_derives = "Debug",
    response_derives = "Debug",
    extern_enums(
        "ClusterSourceKind",
        "Declared",
        "LinkMode",
        "ObservationState",
        "TlsState",
        "TopologyNodeKind"
    )
)]
pub(super) struct MeshPath;

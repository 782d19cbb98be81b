//! The page's document.

use graphql_client::GraphQLQuery;

use crate::{
    place::{Cloud, ClusterSourceKind},
    scalar::DateTime,
    seen::ObservationState,
};

pub(super) use clusters::{ClustersClusters as ClusterNode, ResponseData, Variables};

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/clusters/clusters.graphql",
    response_derives = "Debug",
    extern_enums("Cloud", "ClusterSourceKind", "ObservationState")
)]
pub(super) struct Clusters;

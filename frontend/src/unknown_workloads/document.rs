//! The page's document, and its variables out of what the URL says.

use graphql_client::GraphQLQuery;

use super::url_state::UnknownUrl;
use crate::{
    place::{Cloud, ClusterSourceKind},
    running::{Health, MissingVerdict},
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use unknown_workloads::{
    ResponseData, UnknownWorkloadsMissingComponentsNodes as MissingNode,
    UnknownWorkloadsUnknownWorkloadsNodes as WorkloadNode,
};

/// Workloads of a page: as many as the public limits of the API let anybody ask for, too.
const PAGE_SIZE: i64 = 30;

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/unknown_workloads/unknown_workloads.graphql",
    variables_derives = "Debug, Clone",
    response_derives = "Debug",
    extern_enums("Cloud", "ClusterSourceKind", "Health", "MissingVerdict", "ObservationState"),
    skip_serializing_none
)]
pub(super) struct UnknownWorkloads;

impl UnknownUrl {
    /// What the page asks: the workloads that are meant, and how many others there are.
    pub(super) fn variables(&self) -> unknown_workloads::Variables {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let filter = |is_system| unknown_workloads::WorkloadFilter {
            cluster: text(&self.cluster),
            cloud: None,
            environment: None,
            namespace: text(&self.namespace),
            squad: text(&self.squad),
            kind: None,
            health: None,
            text: None,
            is_system: Some(is_system),
        };
        unknown_workloads::Variables {
            filter: Some(filter(self.is_system)),
            others: Some(filter(!self.is_system)),
            first: Some(PAGE_SIZE),
            after: self.after.clone(),
            missing_after: self.missing_after.clone(),
        }
    }
}

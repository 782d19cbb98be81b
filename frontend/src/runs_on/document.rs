//! The page's document.

use graphql_client::GraphQLQuery;
use serde::Deserialize;

use crate::{
    place::{Cloud, ClusterSourceKind},
    running::{Health, MissingVerdict},
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use runs_on::{
    ResponseData, RunsOnEntityOn as KindNode, RunsOnEntityOnComponentMissing as MissingNode,
    RunsOnEntityOnComponentPlacements as PlacementNode,
    RunsOnEntityOnComponentVersionsRows as VersionNode, Variables,
};

/// By what a workload was found to belong to an entity, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum PlacementRule {
    LabelSelector,
    KubernetesId,
    NameLabel,
    InstanceLabel,
    PartOfLabel,
    NamespaceAndName,
    #[serde(other)]
    Other,
}

impl PlacementRule {
    /// What was compared, without the prefix of its key.
    pub(super) fn short(self) -> &'static str {
        self.word().rsplit('/').next().unwrap_or_default()
    }

    /// What was compared.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::LabelSelector => "backstage.io/kubernetes-label-selector",
            Self::KubernetesId => "backstage.io/kubernetes-id",
            Self::NameLabel => "app.kubernetes.io/name",
            Self::InstanceLabel => "app.kubernetes.io/instance",
            Self::PartOfLabel => "app.kubernetes.io/part-of",
            Self::NamespaceAndName => "namespace and name",
            Self::Other => "another rule",
        }
    }
}

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/runs_on/runs_on.graphql",
    response_derives = "Debug",
    extern_enums(
        "Cloud",
        "ClusterSourceKind",
        "Health",
        "MissingVerdict",
        "ObservationState",
        "PlacementRule"
    )
)]
pub(super) struct RunsOn;

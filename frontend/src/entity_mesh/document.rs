//! The page's document.

use graphql_client::GraphQLQuery;
use serde::Deserialize;

use crate::{
    calls::{Declared, LinkMode, TlsState, TopologyNodeKind, Window},
    place::ClusterSourceKind,
    scalar::{DateTime, EntityRef},
    seen::ObservationState,
};

pub(super) use entity_mesh::{
    EntityMeshEntityOn as KindNode, EntityMeshEntityOnComponentDependencyDrift as DriftNode,
    EntityMeshImpact as ImpactNode, ResponseData, Variables,
};

/// By which field a dependency is declared, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum DeclaredBy {
    DependsOn,
    ConsumesApis,
    #[serde(other)]
    Other,
}

impl DeclaredBy {
    /// The field's name.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::DependsOn => "dependsOn",
            Self::ConsumesApis => "consumesApis",
            Self::Other => "another field",
        }
    }
}

/// What can be said of a declared dependency that is not seen, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum UnseenVerdict {
    Unseen,
    TooYoung,
    #[serde(other)]
    NotCovered,
}

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/entity_mesh/entity_mesh.graphql",
    variables_derives = "Debug",
    response_derives = "Debug",
    extern_enums(
        "ClusterSourceKind",
        "Declared",
        "DeclaredBy",
        "LinkMode",
        "ObservationState",
        "TlsState",
        "TopologyNodeKind",
        "UnseenVerdict",
        "Window"
    )
)]
pub(super) struct EntityMesh;

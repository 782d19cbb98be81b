//! The page's document.

use graphql_client::GraphQLQuery;

use crate::{
    problem::ProblemLevel,
    scalar::{EntityRef, JSONObject},
};

pub(super) use entity::{
    EntityEntity, EntityEntityOn as KindNode, EntityEntityProblems as ProblemNode,
    EntityEntityRelations as RelationNode, EntityEntityRelationsTargetOn as TargetKind,
    Owned as OwnedNodes, OwnedNodes as OwnedNode, OwnedNodesOn as OwnedKind, Person as PersonNode,
    PersonOn as PersonKind, Variables,
};

#[derive(Debug, GraphQLQuery)]
#[graphql(
    schema_path = "../api/graphql/schema.graphql",
    query_path = "src/entity/entity.graphql",
    response_derives = "Debug",
    extern_enums("ProblemLevel")
)]
pub(super) struct Entity;

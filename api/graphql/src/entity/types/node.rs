//! The interface of everything that has a global id.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value,
    parser::types::Field,
    registry::{MetaType, Registry},
    resolver_utils::resolve_container,
};

use super::interface;
use crate::{
    entity::EntityNode,
    error::FieldError,
    estate::{Cluster, Workload},
    node_id::NodeId,
    scope::Scope,
    topology::TopologyNode,
};

/// The types with a global id that are no entities.
const OTHERS: [&str; 3] = ["Cluster", "TopologyNode", "Workload"];

/// Something with a global id.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// An entity, of whichever type.
    Entity(EntityNode),
    /// A cluster.
    Cluster(Cluster),
    /// A workload.
    Workload(Workload),
    /// An end of calls.
    TopologyNode(TopologyNode),
}

impl Node {
    /// What an id stands for, if there is such a thing for this caller.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn find(scope: &Arc<Scope>, id: &NodeId) -> Result<Option<Self>, FieldError> {
        Ok(match id {
            NodeId::Entity(entity_ref) => scope.entity(entity_ref)?.map(Self::Entity),
            NodeId::Cluster(name) => Cluster::find(scope, name.as_str())?.map(Self::Cluster),
            NodeId::Workload(cluster, key) => {
                Workload::find(scope, cluster, key)?.map(Self::Workload)
            }
            NodeId::TopologyNode(id) => TopologyNode::find(scope, id)?.map(Self::TopologyNode),
        })
    }
}

impl OutputType for Node {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Node")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        interface::<Self>(registry, "Node", "Something with a global id.")
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        match self {
            Self::Entity(node) => resolve_container(ctx, node).await,
            Self::Cluster(cluster) => resolve_container(ctx, cluster).await,
            Self::Workload(workload) => resolve_container(ctx, workload).await,
            Self::TopologyNode(node) => resolve_container(ctx, node).await,
        }
    }
}

/// Adds the types that are no entities.
pub(super) fn complete(registry: &mut Registry) {
    Cluster::create_type_info(registry);
    Workload::create_type_info(registry);
    TopologyNode::create_type_info(registry);
    for name in OTHERS {
        registry.add_implements(name, "Node");
    }
    if let Some(MetaType::Interface { possible_types, .. }) = registry.types.get_mut("Node") {
        possible_types.extend(OTHERS.map(str::to_owned));
    }
}

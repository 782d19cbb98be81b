//! The ends of calls.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use callboard_plugin::MetricsWindow;
use callboard_topology as estate;

use crate::{
    entity::types::{Entity, Owner, System},
    error::FieldError,
    estate::{Cloud, Cluster, Workload},
    node_id,
    scope::Scope,
};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::TopologyNodeKind")]
pub(crate) enum TopologyNodeKind {
    /// A workload.
    Workload,
    /// An entity that runs, of whichever kind.
    Component,
    /// A System.
    System,
    /// A Group, a User, or a name that labels give.
    Squad,
    /// A cluster.
    Cluster,
    /// A cloud.
    Cloud,
    /// Something outside the mesh: a host name, or a caller without an identity of the mesh.
    External,
    /// Something that must be a workload and was not found; `reason` says why.
    Unresolved,
}

/// An end of calls within an answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct TopologyNode {
    scope: Arc<Scope>,
    node: Arc<estate::TopologyNode>,
}

impl TopologyNode {
    /// An end of calls within an answer.
    pub(crate) fn new(scope: &Arc<Scope>, node: &Arc<estate::TopologyNode>) -> Self {
        Self { scope: Arc::clone(scope), node: Arc::clone(node) }
    }

    /// The node of this id, if there is one for this caller.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn find(
        scope: &Arc<Scope>,
        id: &estate::NodeId,
    ) -> Result<Option<Self>, FieldError> {
        let reader = scope.topology()?;
        let grouping = grouping_of(id);
        for window in MetricsWindow::ALL {
            let whole = reader.topology(&estate::TopologyScope::Estate, grouping, window);
            if let Some(node) = whole.node(id) {
                scope.charge_objects(1)?;
                return Ok(Some(Self::new(scope, node)));
            }
        }
        Ok(None)
    }
}

/// In which grouping a node of this id can be.
fn grouping_of(id: &estate::NodeId) -> estate::TopologyGrouping {
    match id.as_str().split_once(':').map(|(kind, _)| kind) {
        Some("component") => estate::TopologyGrouping::Component,
        Some("system") => estate::TopologyGrouping::System,
        Some("squad" | "squad-label") => estate::TopologyGrouping::Squad,
        Some("cluster") => estate::TopologyGrouping::Cluster,
        Some("cloud") => estate::TopologyGrouping::Cloud,
        _ => estate::TopologyGrouping::Workload,
    }
}

/// An end of calls.
#[Object]
impl TopologyNode {
    /// The global id, for `node`; stable between answers. Opaque.
    pub(crate) async fn id(&self) -> ID {
        ID(node_id::of_topology_node(&self.node.id))
    }

    /// What it is.
    async fn kind(&self) -> TopologyNodeKind {
        self.node.kind.into()
    }

    /// What a person calls it.
    async fn label(&self) -> &str {
        &self.node.label
    }

    /// The entity that it is or belongs to: of a workload the one that it is placed at, of a group
    /// the System, the Group or the User.
    async fn entity(&self) -> Result<Option<Entity>, FieldError> {
        let Some(entity_ref) = &self.node.entity else { return Ok(None) };
        Ok(self.scope.entity(entity_ref)?.map(Entity))
    }

    /// The owner of that entity.
    async fn owner(&self) -> Result<Option<Owner>, FieldError> {
        let Some(owner) = &self.node.owner else { return Ok(None) };
        Ok(self.scope.entity(owner)?.map(Owner))
    }

    /// The System of that entity.
    async fn system(&self) -> Result<Option<System>, FieldError> {
        let Some(system) = &self.node.system else { return Ok(None) };
        Ok(self.scope.entity(system)?.map(System))
    }

    /// What the squad is called that answers for it: the owner, else what labels name.
    async fn squad_name(&self) -> Option<&str> {
        self.node.squad.as_ref().map(|squad| &*squad.name)
    }

    /// The cluster that it is in; null for what is in none or in several.
    async fn cluster(&self) -> Result<Option<Cluster>, FieldError> {
        let Some(cluster) = &self.node.cluster else { return Ok(None) };
        Cluster::find(&self.scope, cluster.as_str())
    }

    /// Whose machines its cluster runs on; null where there is no one cluster or cloud.
    async fn cloud(&self) -> Option<Cloud> {
        self.node.place.cloud.map(|cloud| Cloud::of(Some(cloud)))
    }

    /// What its cluster is for, such as `production`; null where there is no one cluster.
    async fn environment(&self) -> Option<&str> {
        self.node.place.environment.as_deref()
    }

    /// The workload; null for everything that is not one.
    async fn workload(&self) -> Result<Option<Workload>, FieldError> {
        let (Some(cluster), Some(key)) = (&self.node.cluster, &self.node.workload) else {
            return Ok(None);
        };
        Workload::find(&self.scope, cluster, key)
    }

    /// Why it is unresolved, or why a caller has no identity.
    async fn reason(&self) -> Option<&str> {
        self.node.reason.as_deref()
    }

    /// Whether its namespace belongs to the cluster itself or to its mesh.
    async fn is_system(&self) -> bool {
        self.node.is_system
    }
}

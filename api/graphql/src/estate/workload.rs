//! Workloads.

use std::sync::Arc;

use async_graphql::{ID, Object};
use callboard_plugin::{ClusterName, WorkloadKey};
use callboard_topology::PlacedWorkload;

use super::{
    Autoscaler, Cluster, Health, Image, Observation, PlacementRule, Replicas, WarningEvent,
};
use crate::{
    entity::{
        Label,
        types::{Entity, Group},
    },
    error::FieldError,
    node_id,
    scope::Scope,
};

/// A workload within an answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    scope: Arc<Scope>,
    placed: Arc<PlacedWorkload>,
}

impl Workload {
    /// A workload within an answer.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when the budget is used up.
    pub(crate) fn new(scope: &Arc<Scope>, placed: Arc<PlacedWorkload>) -> Result<Self, FieldError> {
        scope.charge_objects(1)?;
        Ok(Self { scope: Arc::clone(scope), placed })
    }

    /// The workload of this key, if there is one for this caller.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn find(
        scope: &Arc<Scope>,
        cluster: &ClusterName,
        key: &WorkloadKey,
    ) -> Result<Option<Self>, FieldError> {
        let found = scope.topology()?.workload(cluster, key);
        found.map(|placed| Self::new(scope, placed)).transpose()
    }

    /// What the estate says of it.
    pub(crate) fn placed(&self) -> &Arc<PlacedWorkload> {
        &self.placed
    }

    /// Its cluster.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn cluster_node(&self) -> Result<Cluster, FieldError> {
        let placed = &self.placed;
        Cluster::named(&self.scope, &placed.cluster, &placed.place, &placed.observation)
    }
}

/// What runs in a cluster, with its pods summed up.
#[Object]
impl Workload {
    /// The global id, for `node`. Opaque.
    pub(crate) async fn id(&self) -> ID {
        node_id::of_workload(&self.placed.cluster, &self.placed.workload.key)
    }

    /// The cluster that it runs in.
    async fn cluster(&self) -> Result<Cluster, FieldError> {
        self.cluster_node()
    }

    /// The namespace.
    async fn namespace(&self) -> &str {
        &self.placed.workload.key.namespace
    }

    /// What owns its pods, as Kubernetes names it, such as `Deployment`.
    async fn kind(&self) -> &str {
        self.placed.workload.key.kind.name()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.placed.workload.key.name
    }

    /// Its labels, ordered by key.
    async fn labels(&self) -> Result<Vec<Label>, FieldError> {
        let labels = &self.placed.workload.labels;
        self.scope.charge_bytes(labels.iter().map(|(key, value)| key.len() + value.len()).sum())?;
        let label = |(key, value): (&Arc<str>, &Arc<str>)| Label {
            key: key.as_ref().to_owned(),
            value: value.as_ref().to_owned(),
        };
        Ok(labels.iter().map(label).collect())
    }

    /// The entity that it belongs to, of several the first by ref; null if it is unknown.
    async fn entity(&self) -> Result<Option<Entity>, FieldError> {
        let Some(entity_ref) = &self.placed.entity else { return Ok(None) };
        Ok(self.scope.entity(entity_ref)?.map(Entity))
    }

    /// By what it was found to belong to that entity; null if it is unknown.
    async fn matched_by(&self) -> Option<PlacementRule> {
        self.placed.matched_by.map(Into::into)
    }

    /// The other entities that claim it, ordered by ref.
    async fn also_claimed_by(&self) -> Result<Vec<Entity>, FieldError> {
        let mut claimants = Vec::new();
        for entity_ref in &*self.placed.also_claimed_by {
            claimants.extend(self.scope.entity(entity_ref)?.map(Entity));
        }
        Ok(claimants)
    }

    /// The Group that answers for it: the owner of its entity, else what its labels name.
    async fn squad(&self) -> Result<Option<Group>, FieldError> {
        let entity = self.placed.squad.as_ref().and_then(|squad| squad.entity.as_ref());
        let Some(group) = entity.filter(|entity| entity.kind() == "group") else {
            return Ok(None);
        };
        Ok(self.scope.entity(group)?.map(Group))
    }

    /// What the squad is called, also where there is no Group of that name.
    async fn squad_name(&self) -> Option<&str> {
        self.placed.squad.as_ref().map(|squad| &*squad.name)
    }

    /// Its pods, counted.
    async fn replicas(&self) -> Replicas {
        Replicas::of(&self.placed.workload.replicas)
    }

    /// The images that it runs, without the mesh's proxy.
    async fn images(&self) -> Vec<Image> {
        Image::all(&self.placed.workload.images)
    }

    /// Its autoscaler; null if it has none.
    async fn autoscaler(&self) -> Option<Autoscaler> {
        self.placed.workload.autoscaler.as_deref().map(Autoscaler::of)
    }

    /// The Services of its namespace that select its pods, by name, ordered.
    async fn services(&self) -> Vec<&str> {
        self.placed.workload.services.iter().map(AsRef::as_ref).collect()
    }

    /// Its last warnings, newest first, a few.
    async fn warnings(&self) -> Vec<WarningEvent> {
        self.placed.workload.warnings.iter().map(WarningEvent::of).collect()
    }

    /// How it is.
    async fn health(&self) -> Health {
        self.placed.workload.health.into()
    }

    /// Whether all of its pods are in the mesh; null if that is not known or there is no pod.
    async fn meshed(&self) -> Option<bool> {
        self.placed.workload.mesh.is_meshed()
    }

    /// The versions of its proxies, ordered.
    async fn proxy_versions(&self) -> Vec<&str> {
        self.placed.workload.mesh.proxy_versions.iter().map(AsRef::as_ref).collect()
    }

    /// Whether its namespace belongs to the cluster itself or to its mesh.
    async fn is_system(&self) -> bool {
        self.placed.is_system
    }

    /// `catalog-info.yaml` that would make it known, ready to be committed; null if it belongs to
    /// an entity.
    async fn descriptor(&self) -> Result<Option<String>, FieldError> {
        if self.placed.entity.is_some() {
            return Ok(None);
        }
        let descriptor = self.scope.topology()?.descriptor(&self.placed);
        self.scope.charge_bytes(descriptor.len())?;
        Ok(Some(descriptor))
    }

    /// How old that is: the state of its kind in the cluster.
    async fn observation(&self) -> Observation {
        Observation(self.placed.observation.clone())
    }
}

//! Where an entity runs.

use std::sync::Arc;

use async_graphql::{Enum, Object};
use callboard_plugin::{ObservationState, WorkloadKind};
use callboard_topology as estate;

use super::{Cloud, Cluster, Health, Image, Observation, Replicas, Workload};
use crate::{error::FieldError, scope::Scope};

/// By what a workload was found to belong to an entity; the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::PlacementRule")]
pub(crate) enum PlacementRule {
    /// The entity's annotation `backstage.io/kubernetes-label-selector` matches the labels of the
    /// workload or of its pods.
    LabelSelector,
    /// The label `backstage.io/kubernetes-id` of the workload or of its pods is the entity's
    /// annotation of the same name or, where no entity has that, its name.
    KubernetesId,
    /// The label `app.kubernetes.io/name` is the entity's name.
    NameLabel,
    /// The label `app.kubernetes.io/instance` is the entity's name.
    InstanceLabel,
    /// The label `app.kubernetes.io/part-of` is the entity's name.
    PartOfLabel,
    /// Namespace and name are those of the entity.
    NamespaceAndName,
}

/// Which of the places where an entity runs are meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlaceFilter {
    /// The environment of the cluster, in any case.
    pub(crate) environment: Option<String>,
    /// The cloud.
    pub(crate) cloud: Option<Cloud>,
}

impl PlaceFilter {
    /// Whether a cluster at this place is meant.
    pub(crate) fn matches(&self, place: &callboard_plugin::ClusterPlace) -> bool {
        let is_environment = self.environment.as_ref().is_none_or(|wanted| {
            let found = place.environment.as_deref();
            found.is_some_and(|found| found.to_lowercase() == wanted.to_lowercase())
        });
        is_environment && self.cloud.is_none_or(|cloud| cloud.known() == place.cloud)
    }
}

/// A workload as the place where an entity runs.
#[derive(Debug)]
pub(crate) struct Placement {
    workload: Workload,
    rule: estate::PlacementRule,
}

impl Placement {
    /// The placement of a workload; `None` if it belongs to no entity.
    ///
    /// # Errors
    ///
    /// When the budget of the request is used up.
    pub(crate) fn of(
        scope: &Arc<Scope>,
        placed: &Arc<estate::PlacedWorkload>,
    ) -> Result<Option<Self>, FieldError> {
        let Some(rule) = placed.matched_by else { return Ok(None) };
        Ok(Some(Self { workload: Workload::new(scope, Arc::clone(placed))?, rule }))
    }
}

/// A workload in a cluster as the place where an entity runs.
#[Object]
impl Placement {
    /// The cluster.
    async fn cluster(&self) -> Result<Cluster, FieldError> {
        self.workload.cluster_node()
    }

    /// The workload.
    async fn workload(&self) -> &Workload {
        &self.workload
    }

    /// The images that it runs, without the mesh's proxy.
    async fn images(&self) -> Vec<Image> {
        Image::all(&self.workload.placed().workload.images)
    }

    /// Its pods, counted.
    async fn replicas(&self) -> Replicas {
        Replicas::of(&self.workload.placed().workload.replicas)
    }

    /// How it is.
    async fn health(&self) -> Health {
        self.workload.placed().workload.health.into()
    }

    /// By what the workload was found to belong to the entity.
    async fn matched_by(&self) -> PlacementRule {
        self.rule.into()
    }

    /// How old that is: the state of the workload's kind in the cluster.
    async fn observation(&self) -> Observation {
        Observation(self.workload.placed().observation.clone())
    }
}

/// A cluster that cannot be looked into, or not now.
#[derive(Debug)]
pub(crate) struct BlindCluster {
    scope: Arc<Scope>,
    blind: estate::BlindCluster,
}

impl BlindCluster {
    /// A blind cluster within an answer.
    pub(crate) fn new(scope: &Arc<Scope>, blind: estate::BlindCluster) -> Self {
        Self { scope: Arc::clone(scope), blind }
    }

    /// Those of the clusters of which `is_meant` holds, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// When the time of the request is over.
    pub(crate) fn among(
        scope: &Arc<Scope>,
        is_meant: impl Fn(&estate::Cluster) -> bool,
    ) -> Result<Vec<Self>, FieldError> {
        let clusters = scope.clusters()?.iter().filter(|cluster| is_meant(cluster));
        let blind = clusters.filter_map(|cluster| {
            let observation = blindness(cluster)?.clone();
            let (name, place) = (cluster.name.clone(), cluster.place.clone());
            Some(Self::new(scope, estate::BlindCluster { cluster: name, place, observation }))
        });
        Ok(blind.collect())
    }
}

/// Why not all that runs in a cluster can be seen now; `None` if it can.
fn blindness(cluster: &estate::Cluster) -> Option<&callboard_plugin::Observation> {
    let is_workload = |kind: &str| WorkloadKind::ALL.iter().any(|known| known.name() == kind);
    let of_workloads = cluster.resources.iter().filter(|resource| is_workload(&resource.kind));
    let is_seen = |observation: &callboard_plugin::Observation| {
        observation.state.is_current() || observation.state == ObservationState::Absent
    };
    std::iter::once(&cluster.observation)
        .chain(of_workloads.map(|resource| &resource.observation))
        .find(|observation| !is_seen(observation))
}

/// A cluster that cannot be looked into, or not now, so that what runs there is not known.
#[Object]
impl BlindCluster {
    /// The cluster.
    async fn cluster(&self) -> Result<Cluster, FieldError> {
        let blind = &self.blind;
        Cluster::named(&self.scope, &blind.cluster, &blind.place, &blind.observation)
    }

    /// Why, and since when.
    async fn observation(&self) -> Observation {
        Observation(self.blind.observation.clone())
    }
}

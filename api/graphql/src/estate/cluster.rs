//! Clusters.

use std::sync::Arc;

use async_graphql::{ID, InputObject, Object};
use callboard_plugin::{ClusterName, ClusterPlace, NodeSummary as NodeCounts};
use callboard_topology as estate;

use super::{
    Observation, ObservationState, WorkloadConnection, WorkloadFilter,
    cluster_part::{Cloud, ClusterLink, ClusterSource, MissingGrant, NodeSummary, ResourceState},
};
use crate::{error::FieldError, node_id, page::PageArguments, scope::Scope};

/// Which clusters are meant: everything that is given must hold. Texts are compared without regard
/// to case.
#[derive(Debug, Default, InputObject)]
pub(crate) struct ClusterFilter {
    /// Whose machines it runs on.
    cloud: Option<Cloud>,
    /// The cloud's region.
    region: Option<String>,
    /// What it is for, such as `production`.
    environment: Option<String>,
    /// The state of its API server.
    state: Option<ObservationState>,
    /// Part of its name.
    text: Option<String>,
}

impl ClusterFilter {
    fn matches(&self, cluster: &estate::Cluster) -> bool {
        let place = &cluster.place;
        let name = cluster.name.as_str().to_lowercase();
        self.cloud.is_none_or(|cloud| cloud.known() == place.cloud)
            && is_same(self.region.as_deref(), place.region.as_deref())
            && is_same(self.environment.as_deref(), place.environment.as_deref())
            && self.state.is_none_or(|state| state == cluster.observation.state.into())
            && self.text.as_ref().is_none_or(|text| name.contains(&text.to_lowercase()))
    }
}

fn is_same(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| {
        found.is_some_and(|found| found.to_lowercase() == wanted.to_lowercase())
    })
}

/// A cluster within an answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    scope: Arc<Scope>,
    cluster: Arc<estate::Cluster>,
}

impl Cluster {
    /// A cluster within an answer.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when the budget is used up.
    pub(crate) fn new(
        scope: &Arc<Scope>,
        cluster: &Arc<estate::Cluster>,
    ) -> Result<Self, FieldError> {
        scope.charge_objects(1)?;
        Ok(Self { scope: Arc::clone(scope), cluster: Arc::clone(cluster) })
    }

    /// The cluster of this name, if there is one for this caller.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn find(scope: &Arc<Scope>, name: &str) -> Result<Option<Self>, FieldError> {
        let found = scope.clusters()?.iter().find(|cluster| cluster.name.as_str() == name);
        found.map(|cluster| Self::new(scope, cluster)).transpose()
    }

    /// The cluster of what the caller may read. Whoever may not read clusters as such learns its
    /// name and place alone.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn named(
        scope: &Arc<Scope>,
        name: &ClusterName,
        place: &ClusterPlace,
        observation: &callboard_plugin::Observation,
    ) -> Result<Self, FieldError> {
        if let Some(found) = Self::find(scope, name.as_str())? {
            return Ok(found);
        }
        let bare = estate::Cluster {
            name: name.clone(),
            place: place.clone(),
            version: None,
            observation: observation.clone(),
            resources: Arc::default(),
            missing_grants: Arc::default(),
            nodes: NodeCounts::default(),
            sources: Vec::new(),
            links: Vec::new(),
            revision: 0,
            observed_at: observation.observed_at,
        };
        Self::new(scope, &Arc::new(bare))
    }

    /// The clusters that match, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// When the time or the budget of the request is used up.
    pub(crate) fn list(
        scope: &Arc<Scope>,
        filter: Option<&ClusterFilter>,
    ) -> Result<Vec<Self>, FieldError> {
        let clusters = scope.clusters()?.iter();
        let is_meant =
            |cluster: &&Arc<estate::Cluster>| filter.is_none_or(|filter| filter.matches(cluster));
        clusters.filter(is_meant).map(|cluster| Self::new(scope, cluster)).collect()
    }
}

/// A Kubernetes cluster.
#[Object]
impl Cluster {
    /// The global id, for `node`. Opaque.
    pub(crate) async fn id(&self) -> ID {
        node_id::of_cluster(&self.cluster.name)
    }

    /// The name as the configuration gives it.
    async fn name(&self) -> &str {
        self.cluster.name.as_str()
    }

    /// Whose machines it runs on: configured, else told by its nodes.
    async fn cloud(&self) -> Cloud {
        Cloud::of(self.cluster.place.cloud)
    }

    /// The cloud's region, such as `eu-west-1`; null if nothing tells.
    async fn region(&self) -> Option<&str> {
        self.cluster.place.region.as_deref()
    }

    /// What it is for, such as `production`; null if nothing tells.
    async fn environment(&self) -> Option<&str> {
        self.cluster.place.environment.as_deref()
    }

    /// Kubernetes' version, such as `v1.36.2`; null if it was never read.
    async fn version(&self) -> Option<&str> {
        self.cluster.version.as_deref()
    }

    /// The API server as a whole.
    async fn observation(&self) -> Observation {
        Observation(self.cluster.observation.clone())
    }

    /// One for each watched kind. The counts are those of the cluster for whoever may read
    /// everything, else of the workloads that you may read.
    async fn resources(&self) -> Vec<ResourceState> {
        self.cluster.resources.iter().map(ResourceState::of).collect()
    }

    /// What tells of it.
    async fn sources(&self) -> Vec<ClusterSource> {
        self.cluster.sources.iter().map(ClusterSource::of).collect()
    }

    /// Its Links to other clusters, ordered by target, then name.
    async fn links(&self) -> Vec<ClusterLink> {
        let link = |link: &estate::ClusterLink| ClusterLink {
            scope: Arc::clone(&self.scope),
            link: link.clone(),
        };
        self.cluster.links.iter().map(link).collect()
    }

    /// What it does not grant, ordered: each missing right leaves something out.
    async fn missing_grants(&self) -> Vec<MissingGrant> {
        self.cluster.missing_grants.iter().map(MissingGrant::of).collect()
    }

    /// Its nodes, counted.
    async fn node_summary(&self) -> NodeSummary {
        NodeSummary::of(self.cluster.nodes)
    }

    /// What runs in it, ordered by namespace, kind and name. Where its state is not current, as
    /// of the last good answer.
    async fn workloads(
        &self,
        #[graphql(desc = "Which workloads; all, if this is left out.")] filter: Option<
            WorkloadFilter,
        >,
        #[graphql(desc = "At most this many; 20 by default, 500 at most.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<WorkloadConnection, FieldError> {
        let page = PageArguments::forward(first, after).checked()?;
        let filter = filter.unwrap_or_default().within(&self.cluster.name)?;
        WorkloadConnection::of_cluster(&self.scope, &self.cluster.name, filter, &page)
    }
}

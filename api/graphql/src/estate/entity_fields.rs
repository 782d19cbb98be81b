//! What is seen of an entity, as fields of its types.

use std::sync::Arc;

use async_graphql::Object;
use callboard_topology::PlacementProblem;

use super::{BlindCluster, Cloud, MissingComponent, PlaceFilter, Placement, VersionMatrix};
use crate::{
    entity::{EntityNode, EntityProblem, ProblemLevel},
    error::FieldError,
    topology::{DependencyDrift, TopologyEdges, Traffic, Window, window_or_default},
};

/// Where the problems of [`placement_problems`] come from.
const PROBLEM_TYPE: &str = "callboard.io/placement";

/// The fields of the interface `Placeable`.
pub(crate) struct PlaceableFields<'a>(pub(crate) &'a EntityNode);

/// What can run in a cluster.
#[Object]
impl PlaceableFields<'_> {
    /// Where it runs: one for each cluster and workload, by cluster in the order of the
    /// configuration. Clusters that cannot be looked into are in `blindClusters`.
    async fn placements(
        &self,
        #[graphql(desc = "Only in clusters of this environment.")] environment: Option<String>,
        #[graphql(desc = "Only in clusters of this cloud.")] cloud: Option<Cloud>,
    ) -> Result<Vec<Placement>, FieldError> {
        let filter = PlaceFilter { environment, cloud };
        let scope = self.0.scope();
        let placed = scope.topology()?.placements(self.0.entity_ref()).placements;
        let placed = placed.iter().filter(|placed| filter.matches(&placed.place));
        placed.filter_map(|placed| Placement::of(scope, placed).transpose()).collect()
    }

    /// Clusters where it may run, too, but which cannot be looked into, or not now.
    async fn blind_clusters(
        &self,
        #[graphql(desc = "Only clusters of this environment.")] environment: Option<String>,
        #[graphql(desc = "Only clusters of this cloud.")] cloud: Option<Cloud>,
    ) -> Result<Vec<BlindCluster>, FieldError> {
        let filter = PlaceFilter { environment, cloud };
        let scope = self.0.scope();
        let blind = scope.topology()?.placements(self.0.entity_ref()).blind.into_iter();
        let blind = blind.filter(|blind| filter.matches(&blind.place));
        Ok(blind.map(|blind| BlindCluster::new(scope, blind)).collect())
    }

    /// Which versions of its images run in which clusters.
    async fn versions(&self) -> Result<VersionMatrix, FieldError> {
        let scope = self.0.scope();
        let matrix = scope.topology()?.versions(self.0.entity_ref());
        scope.charge_objects(matrix.rows.iter().map(|row| row.cells.len()).sum())?;
        Ok(VersionMatrix::of(scope, matrix))
    }
}

/// The fields of `Component` that tell what is seen of it.
pub(crate) struct ObservedFields<'a>(pub(crate) &'a EntityNode);

/// A piece of software that runs.
#[Object]
impl ObservedFields<'_> {
    /// Calls to and from it, together; null if it runs nowhere and nobody calls it. Null with an
    /// error if it runs only where calls cannot be seen.
    async fn traffic(
        &self,
        #[graphql(desc = "Over what span; five minutes, if this is left out.")] window: Option<
            Window,
        >,
    ) -> Option<Result<Traffic, FieldError>> {
        Traffic::of(self.0.scope(), self.0.entity_ref(), window_or_default(window)).transpose()
    }

    /// Who calls it, grouped by entity; the busiest first.
    async fn callers(
        &self,
        #[graphql(desc = "Over what span; five minutes, if this is left out.")] window: Option<
            Window,
        >,
    ) -> Result<TopologyEdges, FieldError> {
        let scope = self.0.scope();
        let edges = scope.topology()?.callers(self.0.entity_ref(), window_or_default(window));
        Ok(TopologyEdges { scope: Arc::clone(scope), edges: edges.into() })
    }

    /// What it calls, grouped by entity; the busiest first.
    async fn callees(
        &self,
        #[graphql(desc = "Over what span; five minutes, if this is left out.")] window: Option<
            Window,
        >,
    ) -> Result<TopologyEdges, FieldError> {
        let scope = self.0.scope();
        let edges = scope.topology()?.callees(self.0.entity_ref(), window_or_default(window));
        Ok(TopologyEdges { scope: Arc::clone(scope), edges: edges.into() })
    }

    /// What it declares against what is seen of it.
    async fn dependency_drift(&self) -> Result<DependencyDrift, FieldError> {
        let scope = self.0.scope();
        let drift = scope.topology()?.drift(self.0.entity_ref());
        scope.charge_objects(drift.undeclared.len() + drift.unseen.len())?;
        Ok(DependencyDrift { scope: Arc::clone(scope), drift })
    }

    /// What is known if it says that it runs and was not found; null if it was found, or does not
    /// say so.
    async fn missing(&self) -> Result<Option<MissingComponent>, FieldError> {
        MissingComponent::of(self.0.scope(), self.0.entity_ref())
    }
}

/// What is wrong with the placement of an entity.
///
/// # Errors
///
/// When the time of the request is over.
pub(crate) fn placement_problems(entity: &EntityNode) -> Result<Vec<EntityProblem>, FieldError> {
    let problems = entity.scope().topology()?.placement_problems(entity.entity_ref());
    let problem = |problem: &PlacementProblem| EntityProblem {
        r#type: PROBLEM_TYPE.to_owned(),
        level: ProblemLevel::Warning,
        message: problem.to_string(),
    };
    Ok(problems.iter().map(problem).collect())
}

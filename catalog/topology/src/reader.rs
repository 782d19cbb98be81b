//! Questions to one picture of the estate, answered as one caller may see it.

mod clusters;
mod drift;

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use callboard_catalog::store::Revision;
use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, GoldenMetrics, MetricsWindow, Observation, WorkloadKey};

use crate::{
    cluster::Cluster,
    drift::DependencyDrift,
    estate::EstatePicture,
    placement::{
        BlindCluster, EntityPlacements, MissingComponent, PlacedWorkload, PlacementProblem,
        VersionMatrix, WorkloadFilter, blindness, labelled_system, unknown_descriptor,
        version_matrix,
    },
    topology::{
        Impact, Topology, TopologyEdge, TopologyGrouping, TopologyPath, TopologyScope,
        aggregate::MetricsSum, confined_to, grouped, impact, shortest_paths,
    },
};

/// Calls to and from an entity, together.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// What its callers measure of it.
    pub inbound: GoldenMetrics,
    /// What it measures of what it calls.
    pub outbound: GoldenMetrics,
    /// How old the oldest part is; `None` if nothing is known.
    pub observation: Option<Observation>,
}

/// Answers from one immutable picture, so that all answers of one request agree. What its caller
/// may not read does not exist in any of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TopologyReader {
    picture: Arc<EstatePicture>,
}

impl TopologyReader {
    pub(crate) fn new(picture: Arc<EstatePicture>) -> Self {
        Self { picture }
    }

    /// The picture's revision; grows with every change since the start of the process.
    pub fn revision(&self) -> u64 {
        self.picture.revision()
    }

    /// The revision of the catalog that the picture is joined to.
    pub fn catalog_revision(&self) -> Revision {
        self.picture.catalog_revision()
    }

    /// The newest moment of which any mesh tells; what drift is judged by.
    pub fn as_of(&self) -> Option<SystemTime> {
        self.picture.as_of()
    }

    /// Every cluster, in the order of the configuration; none without the permission
    /// `kubernetes.clusters.read`.
    pub fn clusters(&self) -> Vec<Cluster> {
        clusters::clusters(&self.picture)
    }

    /// A cluster by its name; case counts.
    pub fn cluster(&self, name: &str) -> Option<Cluster> {
        clusters::cluster(&self.picture, name)
    }

    /// The workloads of a cluster that match, by key.
    pub fn workloads(
        &self,
        cluster: &ClusterName,
        filter: &WorkloadFilter,
    ) -> Vec<Arc<PlacedWorkload>> {
        let workloads = self.picture.workloads_of(cluster).into_iter().flat_map(BTreeMap::values);
        workloads.filter(|placed| filter.matches(placed)).map(Arc::clone).collect()
    }

    /// One workload.
    pub fn workload(
        &self,
        cluster: &ClusterName,
        key: &WorkloadKey,
    ) -> Option<Arc<PlacedWorkload>> {
        self.picture.workloads_of(cluster)?.get(key).map(Arc::clone)
    }

    /// Where an entity runs, and where that cannot be seen.
    pub fn placements(&self, entity_ref: &EntityRef) -> EntityPlacements {
        if !self.picture.visibility().reads(self.picture.facts(), entity_ref) {
            return EntityPlacements::default();
        }
        let placements = self.picture.placements(entity_ref);
        let blind = self.blind_clusters(entity_ref, &placements);
        EntityPlacements { placements, blind }
    }

    fn blind_clusters(
        &self,
        entity_ref: &EntityRef,
        placements: &[Arc<PlacedWorkload>],
    ) -> Vec<BlindCluster> {
        if !self.picture.visibility().clusters() {
            return Vec::new();
        }
        let kubernetes = self.picture.facts().get(entity_ref);
        let kubernetes = kubernetes.and_then(|facts| facts.kubernetes.as_ref());
        let only = kubernetes.and_then(|found| found.cluster.as_deref());
        let clusters = self.picture.clusters().filter(|(_, shape, _)| {
            only.is_none_or(|only| only == shape.name.as_str())
                && !placements.iter().any(|placed| placed.cluster == shape.name)
        });
        let blind = clusters.filter_map(|(input, shape, _)| {
            Some(BlindCluster {
                cluster: shape.name.clone(),
                place: shape.place.clone(),
                observation: blindness(&input.runtime)?.clone(),
            })
        });
        blind.collect()
    }

    /// Workloads that belong to no entity, by cluster in the order of the configuration, then by
    /// key; none without the permission `kubernetes.resources.read`.
    pub fn unknown_workloads(&self, filter: &WorkloadFilter) -> Vec<Arc<PlacedWorkload>> {
        let all = self.picture.clusters().flat_map(|(_, _, placed)| placed.workloads.values());
        let unknown = all.filter(|placed| placed.entity.is_none() && filter.matches(placed));
        unknown.map(Arc::clone).collect()
    }

    /// `catalog-info.yaml` that would make an unknown workload known. The text always parses, and
    /// every value in it is what the cluster said.
    pub fn descriptor(&self, placed: &PlacedWorkload) -> String {
        let facts = self.picture.facts();
        let system = labelled_system(facts, &placed.workload)
            .filter(|system| self.picture.visibility().reads(facts, system));
        unknown_descriptor(placed, system)
    }

    /// Components that say that they run and were not found, by ref.
    pub fn missing(&self) -> Arc<[MissingComponent]> {
        Arc::clone(self.picture.missing())
    }

    /// Which versions of an entity's images run in which clusters.
    pub fn versions(&self, entity_ref: &EntityRef) -> VersionMatrix {
        version_matrix(&self.placements(entity_ref).placements)
    }

    /// What is wrong with the placement of an entity.
    pub fn placement_problems(&self, entity_ref: &EntityRef) -> Vec<PlacementProblem> {
        let picture = &self.picture;
        if !picture.visibility().reads(picture.facts(), entity_ref) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        let facts = picture.facts().get(entity_ref);
        if let Some(kubernetes) = facts.and_then(|facts| facts.kubernetes.as_ref()) {
            if let (Some(text), Some(Err(error))) =
                (&kubernetes.selector_text, &kubernetes.selector)
            {
                let (text, error) = (Arc::clone(text), error.clone());
                problems.push(PlacementProblem::Selector { text, error });
            }
            let is_configured = |name: &Arc<str>| {
                picture.clusters().any(|(_, shape, _)| shape.name.as_str() == &**name)
            };
            if let Some(name) = kubernetes.cluster.as_ref().filter(|name| !is_configured(name)) {
                problems.push(PlacementProblem::Cluster { name: Arc::clone(name) });
            }
        }
        let conflicts = picture.placements(entity_ref).into_iter().filter_map(|workload| {
            let all = workload.entity.iter().chain(&*workload.also_claimed_by);
            let with: Arc<[EntityRef]> =
                all.filter(|other| *other != entity_ref).cloned().collect();
            (!with.is_empty()).then_some(PlacementProblem::Conflict { workload, with })
        });
        problems.extend(conflicts);
        problems
    }

    /// Who calls whom within a scope. The whole estate in a grouping is built once for each
    /// picture.
    pub fn topology(
        &self,
        scope: &TopologyScope,
        grouping: TopologyGrouping,
        window: MetricsWindow,
    ) -> Arc<Topology> {
        if *scope == TopologyScope::Estate {
            return self.picture.topology(grouping, window);
        }
        let workloads = self.picture.topology(TopologyGrouping::Workload, window);
        let part = confined_to(&workloads, scope);
        if grouping == TopologyGrouping::Workload {
            return Arc::new(part);
        }
        Arc::new(grouped(&part, grouping, self.picture.facts(), self.picture.visibility()))
    }

    /// Who calls an entity, grouped by entity; the busiest first.
    pub fn callers(&self, entity_ref: &EntityRef, window: MetricsWindow) -> Vec<Arc<TopologyEdge>> {
        self.edges(window, |edge| edge.to.entity.as_ref() == Some(entity_ref))
    }

    /// What an entity calls, grouped by entity; the busiest first.
    pub fn callees(&self, entity_ref: &EntityRef, window: MetricsWindow) -> Vec<Arc<TopologyEdge>> {
        self.edges(window, |edge| edge.from.entity.as_ref() == Some(entity_ref))
    }

    /// Calls to and from an entity, together; calls among its own workloads are in both.
    pub fn traffic(&self, entity_ref: &EntityRef, window: MetricsWindow) -> Traffic {
        let callers = self.callers(entity_ref, window);
        let callees = self.callees(entity_ref, window);
        let oldest = callers.iter().chain(&callees).map(|edge| &edge.observation);
        let oldest = oldest.min_by_key(|found| (found.state.is_current(), found.observed_at));
        Traffic { inbound: sum(&callers), outbound: sum(&callees), observation: oldest.cloned() }
    }

    /// The paths of fewest calls from one entity to another, hop by hop over workloads and across
    /// clusters, in the calls of all windows: at most eight.
    pub fn path(&self, from: &EntityRef, to: &EntityRef) -> Vec<TopologyPath> {
        shortest_paths(&self.picture.all_edges(TopologyGrouping::Workload), from, to)
    }

    /// Who is hit when an entity fails, in the calls of all windows.
    pub fn impact(&self, of: &EntityRef) -> Impact {
        impact(&self.picture.all_edges(TopologyGrouping::Workload), of)
    }

    /// What an entity declares against what is seen of it.
    pub fn drift(&self, entity_ref: &EntityRef) -> DependencyDrift {
        drift::drift_of(&self.picture, entity_ref)
    }

    fn edges(
        &self,
        window: MetricsWindow,
        is_meant: impl Fn(&TopologyEdge) -> bool,
    ) -> Vec<Arc<TopologyEdge>> {
        let topology = self.picture.topology(TopologyGrouping::Component, window);
        let edges = topology.edges.iter().filter(|edge| is_meant(edge));
        let mut edges: Vec<Arc<TopologyEdge>> = edges.map(Arc::clone).collect();
        let rate = |edge: &TopologyEdge| edge.metrics.requests_per_second.unwrap_or(-1.0);
        edges.sort_by(|one, other| {
            rate(other).total_cmp(&rate(one)).then_with(|| one.id.cmp(&other.id))
        });
        edges
    }
}

fn sum(edges: &[Arc<TopologyEdge>]) -> GoldenMetrics {
    let mut sum = MetricsSum::default();
    for edge in edges {
        sum.add(&edge.metrics);
    }
    sum.metrics()
}

#[cfg(test)]
mod tests;

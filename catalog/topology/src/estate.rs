//! The whole estate at one moment, as one caller may see it.

mod caches;
mod placed;
mod state;

use std::{
    collections::BTreeMap,
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use callboard_catalog::store::Revision;
use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, MeshSnapshot, MetricsWindow, RuntimeSnapshot, WorkloadKey};
use tokio::sync::watch;

use self::caches::TopologyCaches;
pub(crate) use self::{
    placed::PlacedCluster,
    state::{CatalogChange, EstateState},
};
use crate::{
    catalog_facts::CatalogFacts,
    dependency_history::DependencyHistory,
    drift::DAY,
    placement::{MissingComponent, PlacedWorkload, missing_components},
    topology::{
        ClusterShape, EstateShapes, Topology, TopologyBuilder, TopologyEdge, TopologyGrouping,
        grouped,
    },
    visibility::Visibility,
};

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EstateOptions {
    /// For how long a declared dependency must not be seen to count as unseen. Default: 14 days.
    pub unseen_after: Duration,
    /// For how long facts of observed calls are kept. Default: 400 days.
    pub retention: Duration,
    /// How long changes are gathered before the picture is made anew. Default: 50 ms.
    pub coalesce: Duration,
}

impl Default for EstateOptions {
    fn default() -> Self {
        Self { unseen_after: 14 * DAY, retention: 400 * DAY, coalesce: Duration::from_millis(50) }
    }
}

/// One cluster of a picture.
#[derive(Debug, Clone)]
pub(crate) struct ClusterInput {
    pub(crate) runtime: Arc<RuntimeSnapshot>,
    pub(crate) mesh: Option<Arc<MeshSnapshot>>,
}

/// Everything that a picture is made of. Immutable and shared between the pictures of all callers.
#[derive(Debug, Clone, Default)]
pub(crate) struct EstateInputs {
    pub(crate) revision: u64,
    pub(crate) clusters: Vec<ClusterInput>,
    pub(crate) shapes: Vec<Arc<ClusterShape>>,
    pub(crate) meshes: Vec<Option<Arc<MeshSnapshot>>>,
    pub(crate) facts: CatalogFacts,
    pub(crate) history: DependencyHistory,
    pub(crate) options: EstateOptions,
    /// Of each window: grows when its topology may be another.
    pub(crate) topology_generations: [u64; 3],
}

/// The whole estate at one moment, as one caller may see it. Immutable; its topologies are built
/// when they are first asked for.
#[derive(Debug)]
pub struct EstatePicture {
    inputs: Arc<EstateInputs>,
    visibility: Visibility,
    clusters: Vec<Arc<PlacedCluster>>,
    by_entity: OnceLock<HashMap<EntityRef, Vec<(usize, WorkloadKey)>>>,
    missing: OnceLock<Arc<[MissingComponent]>>,
    /// Of workloads, without when their edges were seen.
    undated: TopologyCaches,
    topologies: TopologyCaches,
}

impl EstatePicture {
    /// The picture of `inputs` for one who may see what `visibility` lets through. What is the
    /// same in `previous`, a picture for the same caller, is taken over.
    pub(crate) fn new(
        inputs: Arc<EstateInputs>,
        visibility: Visibility,
        previous: Option<&Self>,
    ) -> Self {
        let clusters = inputs.clusters.iter().zip(&inputs.shapes).enumerate();
        let clusters = clusters.map(|(at, (cluster, shape))| {
            let known = previous.and_then(|previous| previous.clusters.get(at));
            let generation = inputs.facts.generation();
            let known = known.filter(|known| known.is_of(&cluster.runtime, shape, generation));
            let make = || PlacedCluster::new(&cluster.runtime, shape, &inputs.facts, &visibility);
            known.map_or_else(|| Arc::new(make()), Arc::clone)
        });
        let clusters = clusters.collect();
        let generations = inputs.topology_generations.map(|generation| (generation, 0));
        let undated = TopologyCaches::new(generations, previous.map(|known| &known.undated));
        let history = inputs.history.generation();
        let generations = inputs.topology_generations.map(|generation| (generation, history));
        let topologies = TopologyCaches::new(generations, previous.map(|known| &known.topologies));
        let (by_entity, missing) = (OnceLock::new(), OnceLock::new());
        Self { inputs, visibility, clusters, by_entity, missing, undated, topologies }
    }

    /// Grows with every change.
    pub fn revision(&self) -> u64 {
        self.inputs.revision
    }

    /// The revision of the catalog that it is joined to.
    pub fn catalog_revision(&self) -> Revision {
        self.inputs.facts.revision()
    }

    /// The facts of the catalog that it is joined to.
    pub(crate) fn facts(&self) -> &CatalogFacts {
        &self.inputs.facts
    }

    pub(crate) fn inputs(&self) -> &Arc<EstateInputs> {
        &self.inputs
    }

    pub(crate) fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    /// The configured clusters with what may be seen of them.
    pub(crate) fn clusters(
        &self,
    ) -> impl Iterator<Item = (&ClusterInput, &Arc<ClusterShape>, &Arc<PlacedCluster>)> {
        let inputs = self.inputs.clusters.iter().zip(&self.inputs.shapes);
        inputs.zip(&self.clusters).map(|((input, shape), placed)| (input, shape, placed))
    }

    /// The visible workloads of a cluster.
    pub(crate) fn workloads_of(
        &self,
        cluster: &ClusterName,
    ) -> Option<&BTreeMap<WorkloadKey, Arc<PlacedWorkload>>> {
        let at = self.inputs.shapes.iter().position(|shape| shape.name == *cluster)?;
        self.clusters.get(at).map(|placed| &placed.workloads)
    }

    /// The visible workloads that an entity claims, by cluster, then by key.
    pub(crate) fn placements(&self, entity_ref: &EntityRef) -> Vec<Arc<PlacedWorkload>> {
        let found = self.by_entity().get(entity_ref).into_iter().flatten();
        found
            .filter_map(|(at, key)| self.clusters.get(*at)?.workloads.get(key).map(Arc::clone))
            .collect()
    }

    pub(crate) fn is_placed(&self, entity_ref: &EntityRef) -> bool {
        self.by_entity().contains_key(entity_ref)
    }

    fn by_entity(&self) -> &HashMap<EntityRef, Vec<(usize, WorkloadKey)>> {
        self.by_entity.get_or_init(|| {
            let mut by_entity: HashMap<EntityRef, Vec<(usize, WorkloadKey)>> = HashMap::new();
            for (at, cluster) in self.clusters.iter().enumerate() {
                for (key, placed) in &cluster.workloads {
                    for entity in placed.entity.iter().chain(&*placed.also_claimed_by) {
                        by_entity.entry(entity.clone()).or_default().push((at, key.clone()));
                    }
                }
            }
            by_entity
        })
    }

    /// Components that say that they run and were not found.
    pub(crate) fn missing(&self) -> &Arc<[MissingComponent]> {
        self.missing.get_or_init(|| {
            let shapes = self.inputs.shapes.iter();
            let sights: Vec<_> =
                shapes.map(|shape| (shape.name.clone(), shape.sight.clone())).collect();
            let facts = &self.inputs.facts;
            let mut missing = missing_components(facts, &sights, |found| self.is_placed(found));
            missing.retain(|found| self.visibility.reads(facts, &found.entity));
            for found in &mut missing {
                found.owner =
                    found.owner.take().filter(|owner| self.visibility.names(facts, owner));
            }
            missing.into()
        })
    }

    /// The topology of a window, whole.
    pub(crate) fn topology(
        &self,
        grouping: TopologyGrouping,
        window: MetricsWindow,
    ) -> Arc<Topology> {
        self.topologies.get_or_build(window, grouping, || {
            if grouping != TopologyGrouping::Workload {
                let workloads = self.topology(TopologyGrouping::Workload, window);
                return grouped(&workloads, grouping, &self.inputs.facts, &self.visibility);
            }
            self.inputs.history.dated(&self.undated(window))
        })
    }

    /// The topology of workloads, without when its edges were seen.
    fn undated(&self, window: MetricsWindow) -> Arc<Topology> {
        self.undated.get_or_build(window, TopologyGrouping::Workload, || {
            let estate = EstateShapes {
                shapes: &self.inputs.shapes,
                meshes: &self.inputs.meshes,
                facts: &self.inputs.facts,
            };
            TopologyBuilder::new(estate, &self.visibility, window).build()
        })
    }

    /// The edges of all windows: each as the shortest window that has it shows it.
    pub(crate) fn all_edges(&self, grouping: TopologyGrouping) -> Arc<[Arc<TopologyEdge>]> {
        self.topologies.get_or_unite(grouping, || {
            let mut edges = BTreeMap::new();
            for window in MetricsWindow::ALL {
                for edge in &*self.topology(grouping, window).edges {
                    let key = (edge.from.id.clone(), edge.to.id.clone());
                    let known = edges.entry(key).or_insert_with(|| Arc::clone(edge));
                    if !known.has_traffic() && edge.has_traffic() {
                        *known = Arc::clone(edge);
                    }
                }
            }
            edges.into_values().collect()
        })
    }

    /// The newest moment of which any mesh tells.
    pub(crate) fn as_of(&self) -> Option<SystemTime> {
        let meshes = self.inputs.meshes.iter().flatten();
        let windows = meshes.flat_map(|mesh| &mesh.windows);
        windows.filter_map(|window| window.observation.observed_at).max()
    }
}

/// The newest picture, for all who read, and its revision for all who wait.
#[derive(Debug)]
pub struct SharedEstate {
    newest: ArcSwap<EstatePicture>,
    revision: watch::Sender<u64>,
}

impl Default for SharedEstate {
    fn default() -> Self {
        let inputs = Arc::new(EstateInputs::default());
        let empty = EstatePicture::new(inputs, Visibility::Everything, None);
        Self { newest: ArcSwap::from_pointee(empty), revision: watch::Sender::new(0) }
    }
}

impl SharedEstate {
    /// The newest picture, of everything: for those who ask on nobody's behalf. What is answered
    /// to a caller goes through [`AuthorizedTopology`](crate::AuthorizedTopology).
    pub fn newest(&self) -> Arc<EstatePicture> {
        self.newest.load_full()
    }

    /// Tells of every new picture by its revision, after readers see it; several may be told as
    /// one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    pub(crate) fn publish(&self, picture: Arc<EstatePicture>) {
        let revision = picture.revision();
        self.newest.store(picture);
        self.revision.send_replace(revision);
    }
}

#[cfg(test)]
mod tests;

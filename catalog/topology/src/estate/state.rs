//! What the loop keeps between two pictures, and the pure step from one to the next.

use std::{sync::Arc, time::SystemTime};

use callboard_catalog::index::CatalogReader;
use callboard_model::EntityRef;
use callboard_plugin::{MeshSnapshot, MeshWindow, MetricsWindow, RuntimeSnapshot};

use super::{ClusterInput, EstateInputs, EstateOptions, EstatePicture};
use crate::{
    catalog_facts::CatalogFacts, cluster::ClusterSources, dependency_facts::DependencyRecord,
    dependency_history::DependencyHistory, topology::ClusterShape, visibility::Visibility,
};

/// What is known of the estate, part by part.
#[derive(Debug)]
pub(crate) struct EstateState {
    options: EstateOptions,
    facts: CatalogFacts,
    history: DependencyHistory,
    /// Whether the store has told of more since the last picture.
    is_restored: bool,
    picture: Arc<EstatePicture>,
}

/// How the catalog changed.
#[derive(Debug, Clone)]
pub(crate) enum CatalogChange {
    /// Not at all.
    Nothing,
    /// These entities did.
    Entities(Vec<EntityRef>),
    /// Anything may have.
    Anything,
}

impl EstateState {
    /// A state that goes on from a picture that was published; revisions grow on.
    pub(crate) fn new(options: EstateOptions, picture: Arc<EstatePicture>) -> Self {
        Self {
            options,
            facts: picture.inputs.facts.clone(),
            history: picture.inputs.history.clone(),
            is_restored: false,
            picture,
        }
    }

    /// Takes over what the store keeps.
    pub(crate) fn restore(&mut self, record: DependencyRecord) {
        self.history.restore(record);
        self.is_restored = true;
    }

    /// Takes over a change of the catalog.
    pub(crate) fn change_catalog(&mut self, reader: &CatalogReader, change: &CatalogChange) {
        match change {
            CatalogChange::Nothing => {}
            CatalogChange::Entities(entity_refs) => self.facts.update(reader, entity_refs),
            CatalogChange::Anything => self.facts.update_all(reader),
        }
    }

    /// The next picture, of what the sources say now; `None` if it would be the same.
    pub(crate) fn next(&mut self, sources: &[ClusterSources]) -> Option<Arc<EstatePicture>> {
        let previous = Arc::clone(&self.picture.inputs);
        let clusters: Vec<ClusterInput> = sources
            .iter()
            .map(|sources| ClusterInput {
                runtime: sources.runtime.snapshot(),
                mesh: sources.mesh.as_ref().map(|mesh| mesh.snapshot()),
            })
            .collect();
        let is_restored = std::mem::take(&mut self.is_restored);
        let (facts, known_facts) = (&self.facts, &previous.facts);
        let is_same = clusters.len() == previous.clusters.len()
            && clusters.iter().zip(&previous.clusters).all(|(one, other)| is_same(one, other))
            && facts.generation() == known_facts.generation()
            && facts.existence_generation() == known_facts.existence_generation()
            && previous.revision > 0
            && !is_restored;
        if is_same {
            return None;
        }
        if let Some(since) = watched_since(sources) {
            self.history.watched_since(since);
        }
        let shapes = self.shapes(sources, &clusters, &previous);
        let meshes: Vec<Option<Arc<MeshSnapshot>>> =
            clusters.iter().map(|cluster| cluster.mesh.clone()).collect();
        let is_shaped_alike = is_all(&shapes, &previous.shapes, Arc::ptr_eq)
            && facts.generation() == known_facts.generation()
            && !is_restored;
        let has_new_calls = MetricsWindow::ALL.map(|window| {
            !is_all(&meshes, &previous.meshes, |one, other| {
                is_same_window(one.as_deref(), other.as_deref(), window)
            })
        });
        let mut generations = previous.topology_generations;
        for (generation, has_new_calls) in generations.iter_mut().zip(has_new_calls) {
            *generation += u64::from(has_new_calls || !is_shaped_alike);
        }
        let inputs = EstateInputs {
            revision: previous.revision + 1,
            clusters,
            shapes,
            meshes,
            facts: self.facts.clone(),
            history: self.history.clone(),
            options: self.options,
            topology_generations: generations,
        };
        let mut picture = self.picture_of(inputs);
        if !is_shaped_alike || has_new_calls.contains(&true) {
            picture = self.with_history(picture);
        }
        self.picture = Arc::new(picture);
        Some(Arc::clone(&self.picture))
    }

    fn picture_of(&self, inputs: EstateInputs) -> EstatePicture {
        EstatePicture::new(Arc::new(inputs), Visibility::Everything, Some(&self.picture))
    }

    /// The same picture, with the calls that it shows in its history.
    fn with_history(&mut self, picture: EstatePicture) -> EstatePicture {
        for window in MetricsWindow::ALL {
            self.history.observe(&picture.undated(window));
        }
        if self.history.generation() == picture.inputs.history.generation() {
            return picture;
        }
        let mut inputs = EstateInputs::clone(&picture.inputs);
        inputs.history = self.history.clone();
        EstatePicture::new(Arc::new(inputs), Visibility::Everything, Some(&picture))
    }

    fn shapes(
        &self,
        sources: &[ClusterSources],
        clusters: &[ClusterInput],
        previous: &EstateInputs,
    ) -> Vec<Arc<ClusterShape>> {
        let is_placed_alike =
            self.facts.placement_generation() == previous.facts.placement_generation();
        let shape = |at: usize, sources: &ClusterSources, runtime: &Arc<RuntimeSnapshot>| {
            let known = previous.shapes.get(at).zip(previous.clusters.get(at));
            if let Some((known, cluster)) = known
                && is_placed_alike
                && Arc::ptr_eq(&cluster.runtime, runtime)
            {
                return Arc::clone(known);
            }
            let known = known.map(|(known, _)| known);
            let shape =
                ClusterShape::of(sources, runtime, &self.facts, known.map(|known| &**known));
            match known {
                Some(known) if **known == shape => Arc::clone(known),
                _ => Arc::new(shape),
            }
        };
        let pairs = sources.iter().zip(clusters).enumerate();
        pairs.map(|(at, (sources, cluster))| shape(at, sources, &cluster.runtime)).collect()
    }
}

/// Since when all meshes had been watched when they were recorded; `None` if one does not tell.
fn watched_since(sources: &[ClusterSources]) -> Option<SystemTime> {
    let meshes = sources.iter().filter_map(|sources| sources.mesh.as_ref());
    let since: Option<Vec<SystemTime>> = meshes.map(|mesh| mesh.observed_since()).collect();
    since?.into_iter().max()
}

fn is_all<T>(one: &[T], other: &[T], is_same: impl Fn(&T, &T) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
}

fn is_same(one: &ClusterInput, other: &ClusterInput) -> bool {
    let is_mesh_same = match (&one.mesh, &other.mesh) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    };
    is_mesh_same && Arc::ptr_eq(&one.runtime, &other.runtime)
}

fn is_same_window(
    one: Option<&MeshSnapshot>,
    other: Option<&MeshSnapshot>,
    window: MetricsWindow,
) -> bool {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) => (one.window(window), other.window(window)),
        (one, other) => return one.is_none() && other.is_none(),
    };
    let is_same = |one: &MeshWindow, other: &MeshWindow| {
        Arc::ptr_eq(&one.calls, &other.calls)
            && one.observation == other.observation
            && one.dropped_series == other.dropped_series
    };
    is_same(one, other)
}

//! Clusters, as a caller may see them.

use std::sync::Arc;

use callboard_plugin::{ResourceState, WorkloadKind};

use crate::{
    cluster::{Cluster, cluster_link, source_states},
    estate::{ClusterInput, EstatePicture, PlacedCluster},
    topology::{ClusterShape, cluster_called},
};

/// Every cluster.
pub(super) fn clusters(picture: &EstatePicture) -> Vec<Cluster> {
    if !picture.visibility().clusters() {
        return Vec::new();
    }
    picture.clusters().map(|(input, shape, placed)| shown(picture, input, shape, placed)).collect()
}

/// The cluster of this name.
pub(super) fn cluster(picture: &EstatePicture, name: &str) -> Option<Cluster> {
    if !picture.visibility().clusters() {
        return None;
    }
    let mut clusters = picture.clusters();
    let (input, shape, placed) = clusters.find(|(_, shape, _)| shape.name.as_str() == name)?;
    Some(shown(picture, input, shape, placed))
}

fn shown(
    picture: &EstatePicture,
    input: &ClusterInput,
    shape: &ClusterShape,
    placed: &PlacedCluster,
) -> Cluster {
    let (runtime, mesh) = (&input.runtime, input.mesh.as_deref());
    let is_everything = picture.visibility().is_everything();
    let shapes = &picture.inputs().shapes;
    let links = shape.links.iter().map(|link| {
        let target = cluster_called(shapes, shape, &link.target_cluster);
        let target = target.and_then(|at| shapes.get(at)).map(|found| found.name.clone());
        let mut link = cluster_link(link, target, mesh);
        link.mirrored_services = link.mirrored_services.filter(|_| is_everything);
        link
    });
    let resources = if is_everything {
        Arc::clone(&runtime.resources)
    } else {
        runtime.resources.iter().map(|resource| confined(resource, placed)).collect()
    };
    let observed = mesh.map(|mesh| mesh.windows.iter().filter_map(|w| w.observation.observed_at));
    let observed = observed.into_iter().flatten().max();
    Cluster {
        name: shape.name.clone(),
        place: shape.place.clone(),
        version: runtime.version.clone(),
        observation: runtime.observation.clone(),
        resources,
        missing_grants: Arc::clone(&runtime.missing_grants),
        nodes: runtime.nodes,
        sources: source_states(runtime, mesh),
        links: links.collect(),
        revision: runtime.revision + mesh.map_or(0, |mesh| mesh.revision),
        observed_at: runtime.observation.observed_at.max(observed),
    }
}

/// A kind's state, with the count of the workloads that the caller may see.
fn confined(resource: &ResourceState, placed: &PlacedCluster) -> ResourceState {
    let is_innocent = matches!(&*resource.kind, "Node" | "Namespace" | "Link");
    let workload_kind = WorkloadKind::ALL.iter().find(|kind| {
        kind.name() == &*resource.kind
            && **kind != WorkloadKind::Pod
            && **kind != WorkloadKind::ReplicaSet
    });
    let count = match workload_kind {
        Some(kind) => resource
            .count
            .map(|_| placed.workloads.keys().filter(|key| key.kind == *kind).map(|_| 1_u64).sum()),
        None => resource.count.filter(|_| is_innocent),
    };
    ResourceState { count, ..resource.clone() }
}

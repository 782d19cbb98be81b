//! Where components run, and which way a call takes between clusters.

use super::model::{Call, Cluster, Component, Declaration, Estate, Placement, Protocol, Route};
use super::random::Random;
use std::collections::BTreeMap;

/// Places `component` on the clusters of `clouds`.
///
/// Every cluster of a cloud runs it, except that a second production cluster of the same cloud
/// takes tier 1 only, and that `only` leaves out what it does not name. Staging and development
/// have fewer replicas.
pub(crate) fn placements(
    component: &Component,
    clouds: &[String],
    only: &[String],
    clusters: &[Cluster],
) -> Vec<Placement> {
    if !component.is_deployable() {
        return Vec::new();
    }
    let mut random = Random::of(&format!("placement/{}", component.name));
    let mut placed: Vec<&Cluster> = Vec::new();
    for cluster in clusters {
        let in_cloud = clouds.iter().any(|cloud| *cloud == cluster.cloud || cloud == "all");
        let is_second = placed
            .iter()
            .any(|other| other.cloud == cluster.cloud && other.environment == cluster.environment);
        let is_wanted = only.is_empty() || only.contains(&cluster.name);
        if in_cloud && is_wanted && (!is_second || component.tier == 1) {
            placed.push(cluster);
        }
    }
    let placement = |cluster: &Cluster| Placement {
        cluster: cluster.name.clone(),
        replicas: replicas(component, cluster, &mut random),
    };
    placed.into_iter().map(placement).collect()
}

fn replicas(component: &Component, cluster: &Cluster, random: &mut Random) -> u64 {
    if component.kind == "job" || cluster.environment != "production" {
        return 1;
    }
    match component.tier {
        1 => 3 + random.below(6),
        2 => 2 + random.below(2),
        _ => 1 + random.below(2),
    }
}

/// The way of every request through the mesh, from each cluster in which the caller runs.
///
/// A call stays in its cluster if the callee runs there, too. Otherwise it goes to a cluster of the
/// same environment (the same cloud first), and from development, where much is missing, to
/// staging. A cluster whose mesh has no links is called by nobody else; what it calls elsewhere
/// goes by a public name. A call to what runs nowhere has no route, nor has one that is only
/// declared.
pub(crate) fn routes(estate: &Estate) -> Vec<Route<'_>> {
    let clusters: BTreeMap<&str, &Cluster> =
        estate.clusters.iter().map(|cluster| (cluster.name.as_str(), cluster)).collect();
    let components: BTreeMap<&str, &Component> =
        estate.components.iter().map(|component| (component.name.as_str(), component)).collect();
    let requests = estate.calls.iter().filter(|call| {
        call.protocol != Some(Protocol::Events) && call.declaration != Declaration::Unused
    });
    requests.flat_map(|call| routes_of(call, &components, &clusters)).collect()
}

fn routes_of<'a>(
    call: &'a Call,
    components: &BTreeMap<&str, &'a Component>,
    clusters: &BTreeMap<&str, &'a Cluster>,
) -> Vec<Route<'a>> {
    let placed = |name: &str| -> Vec<&'a Cluster> {
        let component = components.get(name);
        let placements = component.map_or(&[][..], |component| &component.placements);
        placements.iter().filter_map(|one| clusters.get(one.cluster.as_str()).copied()).collect()
    };
    let targets = placed(&call.to);
    let route = |from: &'a Cluster| {
        let reachable = targets.iter().copied().filter(|to| to.linked || to.name == from.name);
        let to = reachable.min_by_key(|to| distance(from, to))?;
        Some(Route { call: (&call.from, &call.to), from_cluster: &from.name, to_cluster: &to.name })
    };
    placed(&call.from).into_iter().filter_map(route).collect()
}

/// How unwillingly a call goes from one cluster to another; the smallest wins, ties by order.
fn distance(from: &Cluster, to: &Cluster) -> (bool, bool, bool, bool) {
    let same_environment = from.environment == to.environment;
    (
        from.name != to.name,
        !same_environment,
        !same_environment && to.environment != "staging",
        from.cloud != to.cloud,
    )
}

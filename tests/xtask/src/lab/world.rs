//! The ground truth: nine clusters, what runs in them, who calls whom and who says so.
//!
//! Everything is computed from numbers, so that it is the same in every run; nothing is random.

mod catalog;
mod clusters;
mod emulator;

use std::{collections::BTreeSet, fs, path::Path};

use serde::Serialize;

pub(crate) use self::emulator::Emulator;

/// Services, each of which runs in every cluster.
const SERVICES: u32 = 250;

/// Pods of each of them in each cluster: 3,000 in all.
pub(crate) const REPLICAS: u32 = 12;

/// Pairs of services of which one calls the other within three clusters.
const INNER_PAIRS: u32 = 460;

/// Pairs that call each other from cluster to cluster.
const CROSSING_PAIRS: u32 = 120;

/// Pairs that are declared and never call each other.
const DEAD_PAIRS: u32 = 30;

/// Calls without TLS.
const PLAINTEXT: u32 = 40;

/// Calls that the mesh takes for bytes alone: connections, but no requests.
const OPAQUE: u32 = 20;

/// The upper bounds of the buckets of latency, in milliseconds, without the infinite one.
/// Source: Linkerd's proxy.
pub(crate) const BUCKETS_MS: [u32; 25] = [
    1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1_000, 2_000, 3_000, 4_000, 5_000,
    10_000, 20_000, 30_000, 40_000, 50_000,
];

/// How calls get to another cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LinkMode {
    /// Through the other cluster's gateway.
    Gateway,
    /// From pod to pod.
    Flat,
}

impl LinkMode {
    /// The name in GraphQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gateway => "GATEWAY",
            Self::Flat => "FLAT",
        }
    }
}

/// A cluster of the world.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Cluster {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whose machines.
    pub(crate) cloud: &'static str,
    /// The cloud's region.
    pub(crate) region: &'static str,
    /// What it is for.
    pub(crate) environment: &'static str,
}

/// The clusters.
pub(crate) const CLUSTERS: [Cluster; 9] = [
    cluster("aws-dev", "aws", "eu-west-1", "dev"),
    cluster("aws-staging", "aws", "eu-west-1", "staging"),
    cluster("aws-prod", "aws", "eu-north-1", "production"),
    cluster("azure-dev", "azure", "westeurope", "dev"),
    cluster("azure-staging", "azure", "westeurope", "staging"),
    cluster("azure-prod", "azure", "northeurope", "production"),
    cluster("gcp-dev", "gcp", "europe-west1", "dev"),
    cluster("gcp-staging", "gcp", "europe-west1", "staging"),
    cluster("gcp-prod", "gcp", "europe-north1", "production"),
];

const fn cluster(
    name: &'static str,
    cloud: &'static str,
    region: &'static str,
    environment: &'static str,
) -> Cluster {
    Cluster { name, cloud, region, environment }
}

/// One end of a call: a service in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Place {
    /// The cluster.
    pub(crate) cluster: &'static str,
    /// The namespace.
    pub(crate) namespace: &'static str,
    /// The Deployment, which is called as its component.
    pub(crate) name: String,
}

/// Calls from one place to another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Edge {
    /// Who calls.
    pub(crate) from: Place,
    /// Who is called.
    pub(crate) to: Place,
    /// How they get to another cluster; `None` within one.
    pub(crate) mode: Option<LinkMode>,
    /// Why they are not under mutual TLS; `None` = they are.
    pub(crate) insecure: Option<&'static str>,
    /// Requests a second; `None` = bytes alone.
    pub(crate) requests_per_second: Option<f64>,
    /// The share that succeeds.
    pub(crate) success_ratio: f64,
    /// The bucket of [`BUCKETS_MS`] in which the 95th percentile lies.
    pub(crate) p95_bucket: usize,
    /// Open connections.
    pub(crate) connections: u32,
}

/// Calls from somebody outside the mesh, of whom only the called side knows.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnmeshedCall {
    /// Who is called.
    pub(crate) to: Place,
    /// Requests a second.
    pub(crate) requests_per_second: f64,
}

/// One service depends on another; both are names of components.
pub(crate) type Dependency = (String, String);

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct World {
    /// The clusters.
    pub(crate) clusters: [Cluster; 9],
    /// Components and Deployments, by name.
    pub(crate) services: Vec<String>,
    /// Calls between services.
    pub(crate) edges: Vec<Edge>,
    /// Calls from outside the mesh.
    pub(crate) unmeshed: Vec<UnmeshedCall>,
    /// What the catalog declares.
    pub(crate) declared: BTreeSet<Dependency>,
    /// Called, but not declared.
    pub(crate) undeclared: BTreeSet<Dependency>,
    /// Declared, but never called.
    pub(crate) dead: BTreeSet<Dependency>,
}

impl World {
    /// The world.
    pub(crate) fn new() -> Self {
        let (inner, crossing) = (0..INNER_PAIRS, INNER_PAIRS..INNER_PAIRS + CROSSING_PAIRS);
        let dead = crossing.end..crossing.end + DEAD_PAIRS;
        let edges: Vec<Edge> = inner
            .clone()
            .flat_map(|pair| (0..3).map(move |third| inner_edge(pair, third)))
            .chain(crossing.clone().map(crossing_edge))
            .collect();
        let dependencies = |pairs: &mut dyn Iterator<Item = u32>| pairs.map(dependency).collect();
        let undeclared: BTreeSet<Dependency> =
            dependencies(&mut inner.clone().step_by(31).chain(crossing.clone().step_by(12)));
        let dead: BTreeSet<Dependency> = dependencies(&mut dead.clone());
        let seen: BTreeSet<Dependency> = dependencies(&mut inner.chain(crossing));
        let declared = seen.difference(&undeclared).chain(&dead).cloned().collect();
        let unmeshed = (0..9)
            .map(|index| UnmeshedCall { to: place(index, index * 7), requests_per_second: 2.0 })
            .collect();
        Self {
            clusters: CLUSTERS,
            services: (0..SERVICES).map(service).collect(),
            edges,
            unmeshed,
            declared,
            undeclared,
            dead,
        }
    }

    /// Writes it as JSON.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        Ok(fs::write(file, serde_json::to_vec_pretty(self)?)?)
    }
}

/// The name of a service.
fn service(number: u32) -> String {
    format!("service-{number:03}")
}

/// The namespace of a service, in every cluster.
fn namespace(number: u32) -> &'static str {
    match number % 5 {
        0 => "payments",
        1 => "cards",
        2 => "lending",
        3 => "accounts",
        _ => "platform",
    }
}

/// A service in the cluster with that number.
fn place(cluster: u32, number: u32) -> Place {
    let [first, ..] = &CLUSTERS;
    let cluster = CLUSTERS.get((cluster % 9) as usize).unwrap_or(first);
    Place { cluster: cluster.name, namespace: namespace(number), name: service(number) }
}

/// The services of a pair. All pairs differ, and nobody is paired with itself.
fn pair(number: u32) -> (u32, u32) {
    let from = number % SERVICES;
    (from, (from + 1 + number * 37 % (SERVICES - 1)) % SERVICES)
}

fn dependency(number: u32) -> Dependency {
    let (from, to) = pair(number);
    (service(from), service(to))
}

/// The calls of a pair within one of its three clusters, one of each cloud.
fn inner_edge(number: u32, third: u32) -> Edge {
    let (from, to) = pair(number);
    let index = number * 3 + third;
    let cluster = number % 3 + third * 3;
    let is_plaintext = index.is_multiple_of(34) && index / 34 < PLAINTEXT;
    let is_opaque = index % 60 == 17 && index / 60 < OPAQUE;
    Edge {
        insecure: is_plaintext.then_some("not_provided_by_service_discovery"),
        requests_per_second: (!is_opaque).then(|| rate(index)),
        ..calls(index, place(cluster, from), place(cluster, to))
    }
}

/// The calls of a pair from cluster to cluster.
fn crossing_edge(number: u32) -> Edge {
    let (from, to) = pair(number);
    let here = number % 9;
    let there = (here + 1 + number / 9 % 8) % 9;
    let mode = if number.is_multiple_of(2) { LinkMode::Gateway } else { LinkMode::Flat };
    Edge { mode: Some(mode), ..calls(number, place(here, from), place(there, to)) }
}

fn calls(index: u32, from: Place, to: Place) -> Edge {
    Edge {
        from,
        to,
        mode: None,
        insecure: None,
        requests_per_second: Some(rate(index)),
        success_ratio: 1.0 - f64::from(index % 5) * 0.01,
        p95_bucket: 3 + (index % 12) as usize,
        connections: 1 + index % 7,
    }
}

fn rate(index: u32) -> f64 {
    0.5 + f64::from(index % 40) * 0.25
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_as_large_as_it_must_be() {
        let world = World::new();
        assert_eq!((world.clusters.len(), world.services.len()), (9, 250));
        assert_eq!(world.edges.len(), 1_500);
        let of_mode = |mode| world.edges.iter().filter(|edge| edge.mode == Some(mode)).count();
        assert_eq!((of_mode(LinkMode::Gateway), of_mode(LinkMode::Flat)), (60, 60));
        assert_eq!(world.edges.iter().filter(|edge| edge.insecure.is_some()).count(), 40);
        assert_eq!((world.undeclared.len(), world.dead.len()), (25, 30));
    }

    #[test]
    fn every_edge_is_there_once_and_crosses_where_it_says_so() {
        let world = World::new();
        let ends: BTreeSet<(&Place, &Place)> =
            world.edges.iter().map(|edge| (&edge.from, &edge.to)).collect();
        assert_eq!(ends.len(), world.edges.len());
        for edge in &world.edges {
            assert_eq!(edge.from.cluster != edge.to.cluster, edge.mode.is_some(), "{edge:?}");
            assert_ne!(edge.from.name, edge.to.name);
        }
    }

    #[test]
    fn what_is_dead_is_declared_and_what_is_undeclared_is_not() {
        let world = World::new();
        assert!(world.dead.is_subset(&world.declared));
        assert!(world.undeclared.is_disjoint(&world.declared));
        let called: BTreeSet<Dependency> =
            world.edges.iter().map(|edge| (edge.from.name.clone(), edge.to.name.clone())).collect();
        assert!(called.is_disjoint(&world.dead));
        assert!(world.undeclared.is_subset(&called));
    }
}

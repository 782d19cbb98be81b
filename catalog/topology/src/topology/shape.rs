//! What of a cluster decides who is called: workloads with their entities, Services and Links.
//!
//! Counts, images and ages are not part of it, so that a topology is not built anew because a pod
//! became ready.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use callboard_plugin::{
    ClusterName, ClusterPlace, LabelMap, MeshLink, MirroredService, Observation, RuntimeSnapshot,
    ServiceKey, WorkloadKey,
};

use crate::{
    catalog_facts::CatalogFacts,
    cluster::ClusterSources,
    placement::{Claim, Sight, claim},
};

/// A workload, as far as calls need it.
#[derive(Debug, Clone)]
pub(crate) struct WorkloadShape {
    pub(crate) claim: Arc<Claim>,
    /// Whether it passes calls of other clusters on.
    pub(super) is_gateway: bool,
    labels: Arc<LabelMap>,
    pod_labels: Arc<LabelMap>,
    namespace_labels: Option<Arc<LabelMap>>,
}

impl PartialEq for WorkloadShape {
    fn eq(&self, other: &Self) -> bool {
        self.claim == other.claim && self.is_gateway == other.is_gateway
    }
}

/// A Service, as far as calls need it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ServiceShape {
    pub(super) mirrors: Arc<[MirroredService]>,
    pub(super) has_selector: bool,
    /// What it selects, ordered.
    pub(super) workloads: Vec<WorkloadKey>,
}

/// What of a cluster decides who is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClusterShape {
    pub(crate) name: ClusterName,
    pub(crate) place: ClusterPlace,
    pub(crate) mesh_names: Arc<[Arc<str>]>,
    pub(crate) workloads: BTreeMap<WorkloadKey, WorkloadShape>,
    pub(super) services: HashMap<ServiceKey, ServiceShape>,
    /// Whether absence of a Service means that there is none; else why not.
    pub(super) service_sight: Sight,
    pub(crate) links: Arc<[MeshLink]>,
    pub(crate) sight: Sight,
    /// Of which facts the claims are.
    placement_generation: u64,
}

impl ClusterShape {
    /// The shape of a cluster. What of `previous` still holds is shared with it.
    pub(crate) fn of(
        sources: &ClusterSources,
        runtime: &RuntimeSnapshot,
        facts: &CatalogFacts,
        previous: Option<&Self>,
    ) -> Self {
        let generation = facts.placement_generation();
        let reusable = previous.filter(|previous| previous.placement_generation == generation);
        let mut workloads = BTreeMap::new();
        for (key, workload) in &runtime.workloads {
            let namespace_labels = runtime.namespaces.get(&key.namespace);
            let known = reusable.and_then(|previous| previous.workloads.get(key));
            let known = known.filter(|known| {
                is_same(&known.labels, &workload.labels)
                    && is_same(&known.pod_labels, &workload.pod_labels)
                    && known.namespace_labels.as_ref() == namespace_labels
            });
            let claim = known.map_or_else(
                || Arc::new(claim(facts, &sources.name, workload, namespace_labels.map(|l| &**l))),
                |known| Arc::clone(&known.claim),
            );
            let shape = WorkloadShape {
                claim,
                is_gateway: super::transit::is_gateway(workload),
                labels: Arc::clone(&workload.labels),
                pod_labels: Arc::clone(&workload.pod_labels),
                namespace_labels: namespace_labels.cloned(),
            };
            workloads.insert(key.clone(), shape);
        }
        Self {
            name: sources.name.clone(),
            place: sources.place.or(&runtime.place),
            mesh_names: Arc::clone(&sources.mesh_names),
            workloads,
            services: services(runtime),
            service_sight: service_sight(runtime),
            links: Arc::clone(&runtime.links),
            sight: Sight::of(runtime),
            placement_generation: generation,
        }
    }

    /// Whether it is called this.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.as_str() == name || self.mesh_names.iter().any(|other| &**other == name)
    }
}

fn is_same(one: &Arc<LabelMap>, other: &Arc<LabelMap>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

fn services(runtime: &RuntimeSnapshot) -> HashMap<ServiceKey, ServiceShape> {
    let mut services: HashMap<ServiceKey, ServiceShape> =
        HashMap::with_capacity(runtime.services.len());
    for (key, service) in &runtime.services {
        let shape = ServiceShape {
            mirrors: Arc::clone(&service.mirrors),
            has_selector: !service.selector.is_empty(),
            workloads: Vec::new(),
        };
        services.insert(key.clone(), shape);
    }
    for (key, workload) in &runtime.workloads {
        for name in &*workload.services {
            let service =
                ServiceKey { namespace: Arc::clone(&key.namespace), name: Arc::clone(name) };
            services.entry(service).or_default().workloads.push(key.clone());
        }
    }
    services
}

fn service_sight(runtime: &RuntimeSnapshot) -> Sight {
    let blind = |observation: &Observation| {
        let reason = observation.reason.as_deref().unwrap_or("nothing has been read yet");
        Sight::Blind(format!("{}: {reason}", observation.state).into())
    };
    match runtime.resource("Service") {
        Some(state) if state.observation.state.is_current() => Sight::Whole,
        Some(state) => blind(&state.observation),
        None => blind(&runtime.observation),
    }
}

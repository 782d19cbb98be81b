//! The workloads of one cluster, as one caller may see them.

use std::{collections::BTreeMap, sync::Arc};

use callboard_plugin::{Observation, RuntimeSnapshot, Workload, WorkloadKey, WorkloadKind};

use crate::{
    catalog_facts::CatalogFacts,
    placement::{Claim, PlacedWorkload},
    topology::{ClusterShape, visible_squad},
    visibility::{Seen, Visibility},
};

/// The visible workloads of a cluster.
#[derive(Debug)]
pub(crate) struct PlacedCluster {
    runtime: Arc<RuntimeSnapshot>,
    shape: Arc<ClusterShape>,
    facts_generation: u64,
    /// By key.
    pub(crate) workloads: BTreeMap<WorkloadKey, Arc<PlacedWorkload>>,
}

impl PlacedCluster {
    pub(super) fn new(
        runtime: &Arc<RuntimeSnapshot>,
        shape: &Arc<ClusterShape>,
        facts: &CatalogFacts,
        visibility: &Visibility,
    ) -> Self {
        let observations = WorkloadKind::ALL.map(|kind| {
            let resource = runtime.resource(kind.name());
            let known = resource.map(|resource| &resource.observation);
            (kind, known.unwrap_or(&runtime.observation).clone())
        });
        let place = Place { shape, facts, visibility, observations };
        let workloads = runtime.workloads.iter().filter_map(|(key, workload)| {
            let claim = &shape.workloads.get(key)?.claim;
            Some((key.clone(), Arc::new(place.placed(workload, claim)?)))
        });
        Self {
            workloads: workloads.collect(),
            runtime: Arc::clone(runtime),
            shape: Arc::clone(shape),
            facts_generation: facts.generation(),
        }
    }

    /// Whether it is made of just this.
    pub(super) fn is_of(
        &self,
        runtime: &Arc<RuntimeSnapshot>,
        shape: &Arc<ClusterShape>,
        facts_generation: u64,
    ) -> bool {
        Arc::ptr_eq(&self.runtime, runtime)
            && Arc::ptr_eq(&self.shape, shape)
            && self.facts_generation == facts_generation
    }
}

struct Place<'p> {
    shape: &'p ClusterShape,
    facts: &'p CatalogFacts,
    visibility: &'p Visibility,
    observations: [(WorkloadKind, Observation); 7],
}

impl Place<'_> {
    fn placed(&self, workload: &Arc<Workload>, claim: &Claim) -> Option<PlacedWorkload> {
        let claimant = match self.visibility.sees(self.facts, claim) {
            Seen::Hidden => return None,
            Seen::Unknown => None,
            Seen::Placed(claimant) => Some(claimant),
        };
        let others = self.visibility.claimants(self.facts, claim).skip(1);
        let owner = claimant.and_then(|claimant| self.facts.get(&claimant.entity)?.owner.as_ref());
        let owner = owner.filter(|owner| self.visibility.names(self.facts, owner));
        let kind = workload.key.kind;
        let observation = self.observations.iter().find(|(of, _)| *of == kind);
        Some(PlacedWorkload {
            cluster: self.shape.name.clone(),
            place: self.shape.place.clone(),
            workload: Arc::clone(workload),
            entity: claimant.map(|claimant| claimant.entity.clone()),
            matched_by: claimant.map(|claimant| claimant.rule),
            squad: visible_squad(self.facts, self.visibility, owner, claim.squad.as_ref()),
            also_claimed_by: others.map(|claimant| claimant.entity.clone()).collect(),
            is_system: claim.is_system,
            observation: observation.map(|(_, observation)| observation.clone())?,
        })
    }
}

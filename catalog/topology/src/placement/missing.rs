//! Components that say that they run and were not found.

use std::sync::Arc;

use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, Observation, ObservationState, RuntimeSnapshot, WorkloadKind};

use super::{MissingComponent, MissingVerdict};
use crate::catalog_facts::{CatalogFacts, EntityFacts};

/// Whether everything that runs in a cluster can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Every kind of workload is complete: what is not there does not run.
    Whole,
    /// Something may run that is not seen, for this reason.
    Blind(Arc<str>),
}

impl Sight {
    /// Judges by the states of the kinds. A kind that the cluster does not have hides nothing.
    pub(crate) fn of(runtime: &RuntimeSnapshot) -> Self {
        let kinds = WorkloadKind::ALL.iter().filter_map(|kind| runtime.resource(kind.name()));
        let mut seen = 0;
        for resource in kinds {
            let state = resource.observation.state;
            if !state.is_current() && state != ObservationState::Absent {
                let reason = resource.observation.reason.as_ref();
                let reason = reason.map_or_else(
                    || format!("{} is {state}", resource.kind).into(),
                    |reason| format!("{} is {state}: {reason}", resource.kind).into(),
                );
                return Self::Blind(reason);
            }
            seen += usize::from(state.is_current());
        }
        if seen > 0 {
            return Self::Whole;
        }
        let observation = &runtime.observation;
        let reason = observation.reason.as_deref().unwrap_or("nothing has been read yet");
        Self::Blind(format!("{}: {reason}", observation.state).into())
    }
}

/// The state that says why nothing can be told of what runs in a cluster: of the API server, else
/// of one of the kinds that most components run as. `None` = what is there is the present.
pub(crate) fn blindness(runtime: &RuntimeSnapshot) -> Option<&Observation> {
    const KINDS: [WorkloadKind; 3] =
        [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet];
    let is_blind = |observation: &&Observation| {
        !observation.state.is_current() && observation.state != ObservationState::Absent
    };
    let kinds = KINDS.iter().filter_map(|kind| runtime.resource(kind.name()));
    let kinds = kinds.map(|resource| &resource.observation);
    std::iter::once(&runtime.observation).chain(kinds).find(is_blind)
}

/// The Components that say that they run and of which `is_placed` does not hold, by ref. Without
/// clusters nothing can be said of anybody.
pub(crate) fn missing_components(
    facts: &CatalogFacts,
    clusters: &[(ClusterName, Sight)],
    is_placed: impl Fn(&EntityRef) -> bool,
) -> Vec<MissingComponent> {
    if clusters.is_empty() {
        return Vec::new();
    }
    let running = facts.running().iter().filter(|entity_ref| !is_placed(entity_ref));
    let running = running.filter_map(|entity_ref| facts.get(entity_ref));
    running.filter_map(|facts| missing(facts, clusters)).collect()
}

fn missing(facts: &EntityFacts, clusters: &[(ClusterName, Sight)]) -> Option<MissingComponent> {
    let kubernetes = facts.kubernetes.as_ref()?;
    let only = kubernetes.cluster.as_deref();
    let mut blind = Vec::new();
    let mut is_cluster_known = only.is_none();
    for (name, sight) in clusters.iter().filter(|(name, _)| only.is_none_or(|o| o == name.as_str()))
    {
        is_cluster_known = true;
        if let Sight::Blind(reason) = sight {
            blind.push((name.clone(), Arc::clone(reason)));
        }
    }
    if let (false, Some(only)) = (is_cluster_known, only) {
        blind.push((ClusterName::new(only), "the cluster is not configured".into()));
    }
    let verdict =
        if blind.is_empty() { MissingVerdict::Missing } else { MissingVerdict::Unknown { blind } };
    Some(MissingComponent {
        entity: facts.entity_ref().clone(),
        owner: facts.owner.clone(),
        annotation: kubernetes.says_by()?,
        verdict,
    })
}

//! A cluster whose entry in the configuration cannot be used.

use std::{sync::Arc, time::SystemTime};

use callboard_plugin::{
    ClusterName, ClusterPlace, NodeSummary, Observation, ObservationState, RuntimeSnapshot,
    RuntimeSource,
};
use tokio::sync::watch;

/// Is unreachable for ever, and says why.
#[derive(Debug)]
pub(super) struct UnusableCluster {
    snapshot: Arc<RuntimeSnapshot>,
    revisions: watch::Sender<u64>,
}

impl UnusableCluster {
    /// The cluster `name` at `place`, which cannot be reached because of `reason`.
    pub(super) fn new(
        name: &ClusterName,
        place: &ClusterPlace,
        reason: &str,
        now: SystemTime,
    ) -> Self {
        let observation = Observation {
            source: format!("kubernetes/{name}").into(),
            state: ObservationState::Unreachable,
            reason: Some(reason.into()),
            since: now,
            observed_at: None,
        };
        let snapshot = RuntimeSnapshot {
            cluster: name.clone(),
            place: place.clone(),
            version: None,
            observation,
            resources: Arc::default(),
            missing_grants: Arc::default(),
            nodes: NodeSummary::default(),
            namespaces: imbl::OrdMap::new(),
            workloads: imbl::OrdMap::new(),
            services: imbl::OrdMap::new(),
            links: Arc::default(),
            revision: 0,
        };
        Self { snapshot: Arc::new(snapshot), revisions: watch::Sender::new(0) }
    }
}

impl RuntimeSource for UnusableCluster {
    fn snapshot(&self) -> Arc<RuntimeSnapshot> {
        Arc::clone(&self.snapshot)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.revisions.subscribe()
    }
}

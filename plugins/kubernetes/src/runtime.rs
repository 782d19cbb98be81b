//! One cluster as its readers see it: a snapshot that is swapped as a whole.

use std::{fmt, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use callboard_plugin::{ClusterPlace, MissingGrant, ResourceState, RuntimeSnapshot, RuntimeSource};
use imbl::OrdMap;
use tokio::sync::watch;

use crate::{
    config::ClusterConfig,
    index::{RuntimeIndex, View},
    kinds::TABLE,
    status::Statuses,
};

/// What runs in one cluster, live or recorded.
pub(crate) struct ClusterRuntime {
    snapshot: ArcSwap<RuntimeSnapshot>,
    revision: watch::Sender<u64>,
}

impl fmt::Debug for ClusterRuntime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClusterRuntime({})", self.snapshot.load().cluster)
    }
}

impl RuntimeSource for ClusterRuntime {
    fn snapshot(&self) -> Arc<RuntimeSnapshot> {
        self.snapshot.load_full()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }
}

/// Everything that is known of one cluster, and what its readers were told of it.
#[derive(Debug)]
pub(crate) struct ClusterState {
    source: Arc<str>,
    place: ClusterPlace,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) index: RuntimeIndex,
    pub(crate) statuses: Statuses,
    pub(crate) missing_grants: Vec<MissingGrant>,
    runtime: Arc<ClusterRuntime>,
}

impl ClusterState {
    /// Nothing is known yet.
    pub(crate) fn new(config: &ClusterConfig, now: SystemTime) -> Self {
        let source = config.source_name();
        let statuses = Statuses::new(now);
        let empty = RuntimeSnapshot {
            cluster: config.name.clone(),
            place: config.place.clone(),
            version: None,
            observation: statuses.cluster(&source),
            resources: Arc::default(),
            missing_grants: Arc::default(),
            nodes: callboard_plugin::NodeSummary::default(),
            namespaces: OrdMap::new(),
            workloads: OrdMap::new(),
            services: OrdMap::new(),
            links: Arc::default(),
            revision: 0,
        };
        let state = Self {
            source,
            place: config.place.clone(),
            version: None,
            index: RuntimeIndex::default(),
            statuses,
            missing_grants: Vec::new(),
            runtime: Arc::new(ClusterRuntime {
                snapshot: ArcSwap::from_pointee(empty),
                revision: watch::Sender::new(0),
            }),
        };
        let mut snapshot = RuntimeSnapshot::clone(&state.runtime.snapshot());
        snapshot.resources = state.resources();
        state.runtime.snapshot.store(Arc::new(snapshot));
        state
    }

    /// What readers look at.
    pub(crate) fn runtime(&self) -> Arc<ClusterRuntime> {
        Arc::clone(&self.runtime)
    }

    /// Tells readers what is known now. If nothing but ages has changed, readers find the new
    /// ages when they look and are not woken.
    pub(crate) fn publish(&mut self, now: SystemTime) {
        self.statuses.sum_up(now);
        let index_changed = self.index.refresh();
        let before = self.runtime.snapshot.load_full();
        let View { place, nodes, namespaces, workloads, services, links } =
            self.index.view().clone();
        let mut next = RuntimeSnapshot {
            cluster: before.cluster.clone(),
            place: self.place.or(&place),
            version: self.version.clone(),
            observation: self.statuses.cluster(&self.source),
            resources: self.resources(),
            missing_grants: self.missing_grants.clone().into(),
            nodes,
            namespaces,
            workloads,
            services,
            links,
            revision: before.revision,
        };
        let is_changed = index_changed || differs(&before, &next);
        if is_changed {
            next.revision += 1;
        }
        let revision = next.revision;
        self.runtime.snapshot.store(Arc::new(next));
        if is_changed {
            self.runtime.revision.send_replace(revision);
        }
    }

    fn resources(&self) -> Arc<[ResourceState]> {
        let state = |row: &'static crate::kinds::KindRow| {
            let status = self.statuses.kind(row.kind)?;
            let is_complete = self.index.is_complete(row.kind);
            let count = u64::try_from(self.index.size(row.kind).objects).unwrap_or(u64::MAX);
            Some(ResourceState {
                kind: row.name.into(),
                api_version: Arc::clone(&status.api_version),
                count: is_complete.then_some(count),
                observation: self.statuses.observation(row.kind, &self.source)?,
            })
        };
        TABLE.iter().filter_map(state).collect()
    }
}

/// Whether more than ages differ, apart from what the index tells.
fn differs(before: &RuntimeSnapshot, next: &RuntimeSnapshot) -> bool {
    let without_age =
        |one: &callboard_plugin::Observation| (one.state, one.reason.clone(), one.since);
    let states = |snapshot: &RuntimeSnapshot| {
        let resources = snapshot.resources.iter();
        resources
            .map(|one| (Arc::clone(&one.api_version), one.count, without_age(&one.observation)))
            .collect::<Vec<_>>()
    };
    before.version != next.version
        || before.missing_grants != next.missing_grants
        || without_age(&before.observation) != without_age(&next.observation)
        || states(before) != states(next)
}

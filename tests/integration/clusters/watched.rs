//! A cluster that a test watches, and waits for.

use std::{fmt::Write, sync::Arc, time::Duration};

use callboard_model::SystemClock;
use callboard_plugin::{
    ObservationState, RuntimeSnapshot, RuntimeSource, Workload, WorkloadKey, WorkloadKind,
};
use callboard_plugin_kubernetes::{ClusterConfig, ClusterWatcher, Connection, Credentials};
use callboard_tests::{fault_proxy::FaultProxy, kubernetes::KubernetesServers};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come; no bar, only the end of patience.
const PATIENCE: Duration = Duration::from_mins(2);

/// Ends with the test.
pub(crate) struct Watched {
    source: Arc<dyn RuntimeSource>,
    _running: JoinSet<()>,
}

impl Watched {
    pub(crate) fn start(config: ClusterConfig) -> Self {
        let watcher = ClusterWatcher::new(config, Arc::new(SystemClock));
        let source = watcher.source();
        let mut running = JoinSet::new();
        running.spawn(watcher.run(CancellationToken::new()));
        Self { source, _running: running }
    }

    pub(crate) fn source(&self) -> Arc<dyn RuntimeSource> {
        Arc::clone(&self.source)
    }

    pub(crate) fn snapshot(&self) -> Arc<RuntimeSnapshot> {
        self.source.snapshot()
    }

    /// The first snapshot of which `holds` is true.
    pub(crate) async fn until(
        &self,
        what: &str,
        holds: impl Fn(&RuntimeSnapshot) -> bool,
    ) -> Arc<RuntimeSnapshot> {
        let mut changes = self.source.changes();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                let snapshot = self.source.snapshot();
                if holds(&snapshot) {
                    return snapshot;
                }
                changes.changed().await.expect("the watcher runs");
            }
        };
        let found = timeout(PATIENCE, waiting).await.ok();
        let told = || in_words(&self.source.snapshot());
        found.unwrap_or_else(|| panic!("{what} never held: {}", told()))
    }

    pub(crate) async fn until_state(&self, state: ObservationState) -> Arc<RuntimeSnapshot> {
        self.until(state.name(), |snapshot| snapshot.observation.state == state).await
    }

    pub(crate) async fn until_live(&self) -> Arc<RuntimeSnapshot> {
        self.until_state(ObservationState::Live).await
    }
}

/// States and sizes, for a test that gives up.
pub(crate) fn in_words(snapshot: &RuntimeSnapshot) -> String {
    let mut words = format!("{:?}\n", snapshot.observation);
    for resource in snapshot.resources.iter() {
        let observation = &resource.observation;
        let (state, reason) = (observation.state, &observation.reason);
        writeln!(words, "{} {state} {:?} {reason:?}", resource.kind, resource.count).unwrap();
    }
    for workload in snapshot.workloads.values() {
        writeln!(words, "{workload:?}").unwrap();
    }
    words
}

pub(crate) fn by_kubeconfig(
    servers: &KubernetesServers,
    cluster: &str,
    user: &str,
) -> ClusterConfig {
    let connection = Connection::Kubeconfig {
        path: servers.kubeconfig(),
        context: Some(format!("{cluster}-{user}")),
    };
    ClusterConfig::new(cluster, connection)
}

pub(crate) fn through(
    proxy: &FaultProxy,
    servers: &KubernetesServers,
    name: &str,
) -> ClusterConfig {
    let connection = Connection::Url {
        url: proxy.url(),
        ca_file: Some(servers.pki().certificate("ca")),
        credentials: Credentials::TokenFile(servers.token_file("admin")),
    };
    ClusterConfig::new(name, connection)
}

/// A workload of a snapshot.
pub(crate) fn workload<'a>(
    snapshot: &'a RuntimeSnapshot,
    namespace: &str,
    kind: WorkloadKind,
    name: &str,
) -> Option<&'a Arc<Workload>> {
    let key = WorkloadKey { namespace: namespace.into(), kind, name: name.into() };
    snapshot.workloads.get(&key)
}

pub(crate) fn state_of(snapshot: &RuntimeSnapshot, kind: &str) -> ObservationState {
    snapshot.resource(kind).expect("a kind of the table").observation.state
}

pub(crate) fn reason_of(snapshot: &RuntimeSnapshot, kind: &str) -> String {
    let resource = snapshot.resource(kind).expect("a kind of the table");
    resource.observation.reason.as_deref().unwrap_or_default().to_owned()
}

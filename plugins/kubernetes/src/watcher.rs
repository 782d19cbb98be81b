//! Keeps what is known of one cluster up to date, whatever the cluster does.

use std::{fmt, sync::Arc, time::Duration};

use callboard_model::Clock;
use callboard_plugin::{ClusterName, RuntimeSource};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    config::{ClusterConfig, Connection},
    connect::connect,
    discovery,
    failure::Failure,
    probe::answers,
    recorded,
    runtime::ClusterState,
    session::Session,
    status::HasObjects,
};

/// Waits between attempts to reach the server.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// A session that lasted this long was a good one: what comes after it is a new fault.
const GOOD_SESSION: Duration = Duration::from_secs(20);

/// Watches one cluster with a client of its own. A cluster that cannot be reached, or an entry
/// that cannot be used, is shown as what it is, and tried again.
pub struct ClusterWatcher {
    config: ClusterConfig,
    clock: Arc<dyn Clock>,
    state: ClusterState,
}

impl fmt::Debug for ClusterWatcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClusterWatcher({})", self.config.name)
    }
}

impl ClusterWatcher {
    /// A watcher that has not begun.
    pub fn new(config: ClusterConfig, clock: Arc<dyn Clock>) -> Self {
        let state = ClusterState::new(&config, clock.now());
        Self { config, clock, state }
    }

    /// The cluster's name.
    pub fn name(&self) -> &ClusterName {
        &self.config.name
    }

    /// What the watcher knows, now and from now on.
    pub fn source(&self) -> Arc<dyn RuntimeSource> {
        self.state.runtime()
    }

    /// Watches until `stop`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the watch and everything that belongs to it.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&mut self) {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let mut told = None;
        loop {
            let begun = Instant::now();
            let Some(failure) = self.attempt().await else {
                return std::future::pending().await;
            };
            if begun.elapsed() > GOOD_SESSION {
                backoff.reset();
                told = None;
            }
            self.fail(&failure);
            if told.as_ref() != Some(&failure) {
                let cluster = &self.config.name;
                tracing::warn!(
                    cluster.name = %cluster,
                    reason = %failure,
                    "cluster {cluster} gives no usable answer: {failure}",
                );
                told = Some(failure);
            }
            sleep(backoff.next(rand::random())).await;
        }
    }

    /// Why it failed; `None` = a recording is served and will not change.
    async fn attempt(&mut self) -> Option<Failure> {
        let Connection::Snapshot(folder) = &self.config.connection else {
            return Some(self.session().await);
        };
        let (folder, budget) = (folder.clone(), self.config.budget);
        recorded::load(&mut self.state, folder, budget, self.clock.now()).await.err()
    }

    fn fail(&mut self, failure: &Failure) {
        let now = self.clock.now();
        let ClusterState { index, statuses, .. } = &mut self.state;
        statuses.server_failed(failure, |kind| HasObjects::of(index, kind), now);
        self.state.publish(now);
    }

    async fn session(&mut self) -> Failure {
        let client = match connect(&self.config).await {
            Ok(client) => client,
            Err(failure) => return failure,
        };
        if let Err(failure) = answers(&client).await {
            return failure;
        }
        if let Ok(version) = discovery::version(&client).await {
            self.state.version = Some(version.into());
        }
        tracing::info!(cluster.name = %self.config.name, "cluster {} answers", self.config.name);
        self.state.statuses.server_answers(self.clock.now());
        Session::run(&mut self.state, &*self.clock, client).await
    }
}

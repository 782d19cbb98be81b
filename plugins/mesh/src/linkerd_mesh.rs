//! Asks the metrics of one cluster about its Linkerd mesh.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use callboard_model::Clock;
use callboard_plugin::{
    ClusterName, InstantVector, MeshSnapshot, MeshSource, MetricsError, MetricsSource,
    MetricsWindow, ObservationState,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    budget::QueryBudget,
    mesh_state::{MeshState, is_same, unknown},
    part::{Scope, Trouble},
    presence::absence,
    questions::Question,
};

/// Clusters of one store do not all ask at the same moment.
const FIRST_SPREAD: Duration = Duration::from_secs(2);

/// The longer windows begin so long after the shorter ones.
const LANE_OFFSET: Duration = Duration::from_secs(3);

/// How soon the shortest window is asked again after a failure.
const QUICK_RETRY: Duration = Duration::from_secs(5);

/// How soon the others are, once the shortest is answered.
const SLOW_RETRY: Duration = Duration::from_secs(30);

/// The calls of one cluster's Linkerd mesh, as its metrics tell. Cheap to clone; clones are the
/// same mesh.
///
/// Asks about the whole mesh, for everybody: the last five minutes every 30 s, the last hour every
/// 5 min, the last day every hour, and at most eight queries within any 30 s. A query that fails
/// keeps what the last good one said, with its age and the reason. A recording is asked once.
#[derive(Debug, Clone)]
pub struct LinkerdMesh(Arc<Mesh>);

#[derive(Debug)]
struct Mesh {
    metrics: Arc<dyn MetricsSource>,
    clock: Arc<dyn Clock>,
    budget: Mutex<QueryBudget>,
    state: Mutex<MeshState>,
    snapshot: ArcSwap<MeshSnapshot>,
    revisions: watch::Sender<u64>,
    /// How the last round of the shortest window went.
    pulse: watch::Sender<Round>,
}

/// How a round of questions went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// The source answered, though perhaps not every question.
    Answered,
    /// The source did not.
    Failed,
}

impl LinkerdMesh {
    /// The mesh of `cluster`. Knows nothing until [`LinkerdMesh::run`] runs.
    pub fn new(
        cluster: ClusterName,
        metrics: Arc<dyn MetricsSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let current = match metrics.recorded_at() {
            Some(_) => ObservationState::Recorded,
            None => ObservationState::Live,
        };
        let first = unknown(cluster, metrics.name(), clock.now());
        Self(Arc::new(Mesh {
            metrics,
            clock,
            budget: Mutex::default(),
            state: Mutex::new(MeshState::new(current)),
            snapshot: ArcSwap::from_pointee(first),
            revisions: watch::Sender::new(0),
            pulse: watch::Sender::new(Round::Answered),
        }))
    }

    /// Asks until `stop`. To be run once.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.0.ask_for_ever()).await;
    }
}

impl MeshSource for LinkerdMesh {
    fn snapshot(&self) -> Arc<MeshSnapshot> {
        self.0.snapshot.load_full()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.revisions.subscribe()
    }

    fn observed_since(&self) -> Option<SystemTime> {
        self.0.metrics.observed_since()
    }
}

impl Mesh {
    async fn ask_for_ever(&self) {
        let [m5, h1, h24] = MetricsWindow::ALL;
        if self.metrics.recorded_at().is_some() {
            for window in MetricsWindow::ALL {
                self.round(window).await;
            }
            self.publish();
            return std::future::pending().await;
        }
        let begin = Instant::now() + FIRST_SPREAD.mul_f64(rand::random());
        tokio::join!(
            self.lane(m5, begin),
            self.lane(h1, begin + LANE_OFFSET),
            self.lane(h24, begin + LANE_OFFSET * 2),
        );
    }

    /// Asks about one window again and again.
    async fn lane(&self, window: MetricsWindow, begin: Instant) {
        let mut due = begin;
        loop {
            sleep_until(due).await;
            if window != MetricsWindow::M5 {
                self.source_is_back().await;
            }
            let round = self.round(window).await;
            if window == MetricsWindow::M5 {
                self.pulse.send_replace(round);
            }
            self.publish();
            let now = Instant::now();
            due = match round {
                Round::Answered => (due + window.interval()).max(now),
                Round::Failed => now + retry(window),
            };
        }
    }

    /// Waits while the source is known not to answer: the shortest window finds out, so that the
    /// budget is for one query at a time.
    async fn source_is_back(&self) {
        let mut pulse = self.pulse.subscribe();
        // The sender lives as long as we do.
        let _always = pulse.wait_for(|round| *round == Round::Answered).await.is_ok();
    }

    /// Asks every question of a window once.
    async fn round(&self, window: MetricsWindow) -> Round {
        let mut round = Round::Answered;
        for question in Question::of(window) {
            let outcome = match question {
                Question::Presence => {
                    self.ask_presence().await;
                    continue;
                }
                question => self.ask(*question).await,
            };
            self.state().take(*question, &outcome);
            let Err(error) = outcome else {
                self.publish_recovery();
                continue;
            };
            let is_live = self.metrics.recorded_at().is_none();
            if is_live && Trouble::of(&error).scope == Scope::Source {
                round = Round::Failed;
                break;
            }
        }
        round
    }

    /// After a failure nobody waits for the rest of the round to know that it is over.
    fn publish_recovery(&self) {
        let before = self.snapshot.load().window(MetricsWindow::M5).observation.state;
        if !before.is_current() && before != ObservationState::Syncing {
            self.publish();
        }
    }

    /// Asks why there are no calls, if there are none.
    async fn ask_presence(&self) {
        if !self.state().is_silent() {
            self.state().set_absence(None);
            return;
        }
        if let Ok(answer) = self.ask(Question::Presence).await {
            let absence = absence(&answer, self.metrics.matchers());
            self.state().set_absence(absence);
        }
    }

    /// Asks one question, as soon as the budget allows.
    async fn ask(&self, question: Question) -> Result<InstantVector, MetricsError> {
        if self.metrics.recorded_at().is_none() {
            let moment = self.budget().reserve(Instant::now());
            sleep_until(moment).await;
        }
        self.metrics.instant(&question.query(self.metrics.matchers())).await
    }

    /// Makes what is known the snapshot that readers get.
    fn publish(&self) {
        let previous = self.snapshot.load_full();
        let mut next = self.state().snapshot(&previous, self.clock.now());
        if is_same(&previous, &next) {
            return;
        }
        tell(&previous, &next);
        next.revision = previous.revision + 1;
        let revision = next.revision;
        self.snapshot.store(Arc::new(next));
        self.revisions.send_replace(revision);
    }

    fn state(&self) -> MutexGuard<'_, MeshState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budget(&self) -> MutexGuard<'_, QueryBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes changes of a state into the log, each once.
fn tell(previous: &MeshSnapshot, next: &MeshSnapshot) {
    let (before, after) = (previous.window(MetricsWindow::M5), next.window(MetricsWindow::M5));
    if before.observation.state == after.observation.state {
        return;
    }
    let (cluster, state) = (next.cluster.as_str(), after.observation.state.name());
    let reason = after.observation.reason.as_deref().unwrap_or_default();
    if after.observation.state.is_current() {
        tracing::info!(cluster.name = cluster, state, "the mesh of a cluster is known");
    } else {
        tracing::warn!(cluster.name = cluster, state, reason, "the mesh of a cluster is not known");
    }
}

/// The wait after a failure, spread over half of itself again.
fn retry(window: MetricsWindow) -> Duration {
    let wait = if window == MetricsWindow::M5 { QUICK_RETRY } else { SLOW_RETRY };
    wait.mul_f64(1.0 + rand::random::<f64>() / 2.0)
}

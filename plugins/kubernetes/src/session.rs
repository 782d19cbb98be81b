//! One connection's life: from the first answer of an API server to the moment that it gives no
//! usable answer any more.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callboard_model::Clock;
use callboard_plugin::{MissingGrant, ObservationState};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{
    client::ApiClient,
    failure::Failure,
    intern::Interner,
    kind_watch::{Change, Ended, KindWatch, Shared},
    kinds::{Kind, KindRow, TABLE},
    plan::{Decision, Plan, missing_grants, plan},
    probe::{Finding, Probe},
    runtime::ClusterState,
    status::HasObjects,
};

/// How long changes are gathered before readers are told.
const GATHER: Duration = Duration::from_millis(30);

/// How often kinds that are not watched are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How soon a kind that was refused or not found in spite of the plan is looked for.
const LOOK_SOON: Duration = Duration::from_secs(5);

/// Changes that wait for the index.
const QUEUE: usize = 256;

/// What a child came to.
enum Outcome {
    Planned(Result<Plan, Failure>, Vec<Kind>),
    Ended(Kind, Ended),
    ProbeOver,
}

/// See the module.
pub(crate) struct Session<'a> {
    state: &'a mut ClusterState,
    clock: &'a dyn Clock,
    shared: Arc<Shared>,
    children: JoinSet<Outcome>,
    changes: mpsc::Sender<(Kind, Change)>,
    rearm: watch::Receiver<u64>,
    watches: HashMap<Kind, RunningWatch>,
    grants: BTreeMap<Kind, Vec<MissingGrant>>,
    is_planning: bool,
    plan_at: Instant,
    publish_at: Option<Instant>,
}

struct RunningWatch {
    version: String,
    task: AbortHandle,
}

impl<'a> Session<'a> {
    /// Runs until the server gives no usable answer; says why.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends every child.
    pub(crate) async fn run(
        state: &'a mut ClusterState,
        clock: &'a dyn Clock,
        client: ApiClient,
    ) -> Failure {
        let shared = Arc::new(Shared::new(client));
        let (changes, mut changed) = mpsc::channel(QUEUE);
        let (findings, mut found) = mpsc::channel(1);
        let (rearm, rearmed) = watch::channel(0);
        let mut session = Session {
            state,
            clock,
            shared: Arc::clone(&shared),
            children: JoinSet::new(),
            changes,
            rearm: rearmed,
            watches: HashMap::new(),
            grants: BTreeMap::new(),
            is_planning: false,
            plan_at: Instant::now(),
            publish_at: None,
        };
        let probe = Probe { shared, findings, rearm };
        session.children.spawn(async move {
            probe.run().await;
            Outcome::ProbeOver
        });
        session.plan(TABLE.iter().map(|row| row.kind).collect());
        loop {
            let publish_at = session.publish_at.unwrap_or_else(Instant::now);
            tokio::select! {
                Some((kind, change)) = changed.recv() => {
                    session.take_in(kind, change);
                    // What else has come already is told together.
                    while let Ok((kind, change)) = changed.try_recv() {
                        session.take_in(kind, change);
                        if session.is_due() {
                            break;
                        }
                    }
                }
                Some(finding) = found.recv() => {
                    if let Some(failure) = session.find(finding) {
                        return failure;
                    }
                }
                Some(Ok(outcome)) = session.children.join_next() => session.settle(outcome),
                () = sleep_until(publish_at), if session.publish_at.is_some() => session.publish(),
                () = sleep_until(session.plan_at), if !session.is_planning => session.plan_again(),
            }
        }
    }

    fn is_due(&self) -> bool {
        self.publish_at.is_some_and(|at| at <= Instant::now())
    }

    fn publish_soon(&mut self) {
        self.publish_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    fn publish(&mut self) {
        self.publish_at = None;
        let mut missing: Vec<MissingGrant> = self.grants.values().flatten().cloned().collect();
        missing.sort();
        self.state.missing_grants = missing;
        self.state.publish(self.clock.now());
    }

    /// Takes in what a kind's watch tells. What comes from one that was ended meanwhile is
    /// stale.
    fn take_in(&mut self, kind: Kind, change: Change) {
        if !self.watches.contains_key(&kind) {
            return;
        }
        let now = self.clock.now();
        let state = &mut *self.state;
        match change {
            Change::Listed(objects) => state.index.reset(kind, objects),
            Change::Watching => state.statuses.live(kind, now),
            Change::Applied(object) => state.index.apply(object),
            Change::Deleted(name) => state.index.delete(kind, &name),
            Change::Heard => {
                state.statuses.heard(now);
                return;
            }
            Change::Failed(failure) => {
                let has_objects = HasObjects::of(&state.index, kind);
                state.statuses.kind_failed(kind, &failure, has_objects, now);
            }
        }
        self.shared.set_kept(kind, self.state.index.size(kind));
        self.publish_soon();
    }

    /// The failure that ends the session, if the finding is one.
    fn find(&mut self, finding: Finding) -> Option<Failure> {
        match finding {
            Finding::Answers => {
                self.state.statuses.heard(self.clock.now());
                self.publish_soon();
                None
            }
            Finding::GrantsChanged => {
                self.plan(TABLE.iter().map(|row| row.kind).collect());
                None
            }
            Finding::Fails(failure) => Some(failure),
        }
    }

    /// Looks for the kinds that are not watched; where nobody tells of new grants, for all.
    fn plan_again(&mut self) {
        let lists_rules = self.shared.lists_rules.load(Ordering::Relaxed);
        let kinds = TABLE.iter().map(|row| row.kind);
        let kinds: Vec<Kind> =
            kinds.filter(|kind| !lists_rules || !self.watches.contains_key(kind)).collect();
        self.plan(kinds);
    }

    fn plan(&mut self, kinds: Vec<Kind>) {
        self.plan_at = Instant::now() + LOOK_AGAIN;
        if kinds.is_empty() {
            return;
        }
        self.is_planning = true;
        let shared = Arc::clone(&self.shared);
        self.children.spawn(async move {
            let plan = plan(&shared.client, &kinds).await;
            Outcome::Planned(plan, kinds)
        });
    }

    fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Planned(Ok(plan), _) => {
                self.is_planning = false;
                for (kind, decision) in plan {
                    if let Some(row) = TABLE.get(kind as usize) {
                        self.carry_out(row, decision);
                    }
                }
            }
            Outcome::Planned(Err(failure), kinds) => {
                self.is_planning = false;
                self.plan_at = Instant::now() + LOOK_SOON;
                self.shared.alarm.notify_one();
                for kind in kinds {
                    if !self.watches.contains_key(&kind) {
                        let has_objects = HasObjects::of(&self.state.index, kind);
                        let now = self.clock.now();
                        self.state.statuses.kind_failed(kind, &failure, has_objects, now);
                    }
                }
            }
            Outcome::Ended(kind, ended) => self.end(kind, ended),
            Outcome::ProbeOver => {}
        }
        self.publish_soon();
    }

    fn carry_out(&mut self, row: &'static KindRow, decision: Decision) {
        let now = self.clock.now();
        let kind = row.kind;
        let statuses = &mut self.state.statuses;
        match decision {
            Decision::Watch(version) => {
                statuses.set_version(kind, &row.api_version(&version));
                self.grants.remove(&kind);
                self.watch(row, version);
            }
            Decision::Refused { version, verbs } => {
                statuses.set_version(kind, &row.api_version(&version));
                let reason = format!("not granted: {} of {}", verbs.join(" and "), row.plural);
                statuses.set(kind, ObservationState::Forbidden, Some(&reason), now);
                self.grants.insert(kind, missing_grants(row, &verbs));
                self.unwatch(kind);
            }
            Decision::Absent => {
                let reason = format!("the cluster does not serve {}", row.file_stem());
                statuses.set(kind, ObservationState::Absent, Some(&reason), now);
                self.grants.remove(&kind);
                self.unwatch(kind);
                self.state.index.forget(kind);
                self.shared.set_kept(kind, self.state.index.size(kind));
            }
            Decision::Untold(failure) => {
                if !self.watches.contains_key(&kind) {
                    let has_objects = HasObjects::of(&self.state.index, kind);
                    self.state.statuses.kind_failed(kind, &failure, has_objects, now);
                }
            }
        }
    }

    fn watch(&mut self, row: &'static KindRow, version: String) {
        if self.watches.get(&row.kind).is_some_and(|running| running.version == version) {
            return;
        }
        self.unwatch(row.kind);
        let watch = KindWatch {
            row,
            version: version.clone(),
            shared: Arc::clone(&self.shared),
            changes: self.changes.clone(),
            rearm: self.rearm.clone(),
            interner: Interner::default(),
        };
        let task = self.children.spawn(async move { Outcome::Ended(row.kind, watch.run().await) });
        self.watches.insert(row.kind, RunningWatch { version, task });
    }

    fn unwatch(&mut self, kind: Kind) {
        if let Some(running) = self.watches.remove(&kind) {
            running.task.abort();
        }
    }

    /// A kind that was planned turns out to be refused or not served: the next plan says more.
    fn end(&mut self, kind: Kind, ended: Ended) {
        self.watches.remove(&kind);
        self.plan_at = self.plan_at.min(Instant::now() + LOOK_SOON);
        let failure = match ended {
            Ended::Forbidden(failure) => {
                if let Some(row) = TABLE.get(kind as usize) {
                    self.grants.insert(kind, missing_grants(row, &["list"]));
                }
                failure
            }
            Ended::NotFound => Failure::NotFound,
            Ended::Unheard => return,
        };
        let has_objects = HasObjects::of(&self.state.index, kind);
        self.state.statuses.kind_failed(kind, &failure, has_objects, self.clock.now());
    }
}

//! The state of each kind and of a cluster as a whole. Pure: time comes in as a parameter.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use callboard_plugin::{Observation, ObservationState};

use crate::{
    failure::Failure,
    index::RuntimeIndex,
    kinds::{Kind, KindRow, TABLE},
};

/// How many broken kinds a cluster's reason names.
const TOLD_KINDS: usize = 3;

/// How one kind is, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KindStatus {
    pub(crate) state: ObservationState,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) since: SystemTime,
    /// When its objects were last known to be true; of a kind that is `LIVE`, the time of the
    /// server's last sign of life counts instead.
    pub(crate) observed_at: Option<SystemTime>,
    /// `group/version`.
    pub(crate) api_version: Arc<str>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Statuses {
    kinds: BTreeMap<Kind, KindStatus>,
    cluster: ClusterStatus,
    /// Why the server as a whole gives no usable answer, with the state that this means.
    server: Option<(ObservationState, Arc<str>)>,
    /// What else a person should know, although nothing is broken.
    note: Option<Arc<str>>,
    /// When the server last gave a sign of life.
    heard_at: Option<SystemTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ClusterStatus {
    state: ObservationState,
    reason: Option<Arc<str>>,
    since: SystemTime,
}

impl Statuses {
    /// Every kind on its way.
    pub(crate) fn new(now: SystemTime) -> Self {
        let status = |row: &KindRow| KindStatus {
            state: ObservationState::Syncing,
            reason: None,
            since: now,
            observed_at: None,
            api_version: row.api_version(row.usual_version()).into(),
        };
        Self {
            kinds: TABLE.iter().map(|row| (row.kind, status(row))).collect(),
            cluster: ClusterStatus { state: ObservationState::Syncing, reason: None, since: now },
            server: None,
            note: None,
            heard_at: None,
        }
    }

    /// The server answers again; its kinds will tell for themselves.
    pub(crate) fn server_answers(&mut self, now: SystemTime) {
        self.server = None;
        self.heard(now);
    }

    /// The server gave a sign of life.
    pub(crate) fn heard(&mut self, now: SystemTime) {
        self.heard_at = Some(now);
    }

    /// Tells something although nothing is broken.
    pub(crate) fn note(&mut self, words: &str) {
        self.note = Some(words.into());
    }

    /// A kind's state.
    pub(crate) fn kind(&self, kind: Kind) -> Option<&KindStatus> {
        self.kinds.get(&kind)
    }

    /// Names the version that a kind is read in.
    pub(crate) fn set_version(&mut self, kind: Kind, api_version: &str) {
        if let Some(status) = self.kinds.get_mut(&kind)
            && *status.api_version != *api_version
        {
            status.api_version = api_version.into();
        }
    }

    /// A kind's objects are complete and its watch is open.
    pub(crate) fn live(&mut self, kind: Kind, now: SystemTime) {
        self.heard(now);
        self.set(kind, ObservationState::Live, None, now);
    }

    /// A kind's objects were read at a time, and will not change.
    pub(crate) fn recorded(&mut self, kind: Kind, at: SystemTime, now: SystemTime) {
        self.set(kind, ObservationState::Recorded, None, now);
        if let Some(status) = self.kinds.get_mut(&kind) {
            status.observed_at = Some(at);
        }
    }

    /// Sets a kind's state in words.
    pub(crate) fn set(
        &mut self,
        kind: Kind,
        state: ObservationState,
        reason: Option<&str>,
        now: SystemTime,
    ) {
        let heard_at = self.heard_at;
        let Some(status) = self.kinds.get_mut(&kind) else { return };
        if status.state == ObservationState::Live && state != ObservationState::Live {
            status.observed_at = heard_at;
        }
        if status.state != state {
            status.since = now;
            status.state = state;
        }
        if status.reason.as_deref() != reason {
            status.reason = reason.map(Arc::from);
        }
    }

    /// A kind's list or watch failed.
    pub(crate) fn kind_failed(
        &mut self,
        kind: Kind,
        failure: &Failure,
        has_objects: HasObjects,
        now: SystemTime,
    ) {
        let state = failure.state(has_objects == HasObjects::Yes);
        self.set(kind, state, Some(&failure.to_string()), now);
    }

    /// The server as a whole gave no usable answer. What is known to be missing or not granted
    /// stays so.
    pub(crate) fn server_failed(
        &mut self,
        failure: &Failure,
        has_objects: impl Fn(Kind) -> HasObjects,
        now: SystemTime,
    ) {
        let kinds: Vec<Kind> = self.kinds.keys().copied().collect();
        let has_any = kinds.iter().any(|kind| has_objects(*kind) == HasObjects::Yes);
        self.server = Some((failure.state(has_any), failure.to_string().into()));
        for kind in kinds {
            let is_settled = self.kind(kind).is_some_and(|status| {
                matches!(status.state, ObservationState::Forbidden | ObservationState::Absent)
            });
            if !is_settled {
                self.kind_failed(kind, failure, has_objects(kind), now);
            }
        }
    }

    /// Sums up the cluster from its kinds: the worst that a person must know. What is not
    /// granted is told by the missing grants; it is the cluster's state only if nothing is
    /// granted.
    pub(crate) fn sum_up(&mut self, now: SystemTime) {
        let (state, reason) = self.worst();
        if self.cluster.state != state {
            self.cluster = ClusterStatus { state, reason, since: now };
        } else if self.cluster.reason != reason {
            self.cluster.reason = reason;
        }
    }

    fn worst(&self) -> (ObservationState, Option<Arc<str>>) {
        if let Some((state, reason)) = &self.server {
            return (*state, Some(Arc::clone(reason)));
        }
        let in_state = |state: ObservationState| {
            let rows = TABLE.iter().map(|row| (row.name, self.kinds.get(&row.kind)));
            rows.filter_map(move |(name, status)| {
                status.filter(|status| status.state == state).map(|status| (name, status))
            })
        };
        let reads = |state| in_state(state).count();
        let settled = reads(ObservationState::Forbidden) + reads(ObservationState::Absent);
        for state in [ObservationState::Unreachable, ObservationState::Stale] {
            let broken: Vec<_> = in_state(state).collect();
            let Some((_, first)) = broken.first() else { continue };
            let same = broken.iter().all(|(_, status)| status.reason == first.reason);
            if same && broken.len() + settled == TABLE.len() {
                return (state, first.reason.clone());
            }
            let few = broken.iter().take(TOLD_KINDS);
            let mut told: Vec<String> = few.map(|(name, status)| in_words(name, status)).collect();
            if broken.len() > TOLD_KINDS {
                told.push(format!("and {} more kinds", broken.len() - TOLD_KINDS));
            }
            return (ObservationState::Stale, Some(told.join("; ").into()));
        }
        if let Some((_, first)) = in_state(ObservationState::Forbidden).next()
            && settled == TABLE.len()
        {
            return (ObservationState::Forbidden, first.reason.clone());
        }
        if reads(ObservationState::Syncing) > 0 {
            return (ObservationState::Syncing, None);
        }
        if reads(ObservationState::Recorded) > 0 {
            return (ObservationState::Recorded, self.note.clone());
        }
        (ObservationState::Live, None)
    }

    /// A kind as readers see it.
    pub(crate) fn observation(&self, kind: Kind, source: &Arc<str>) -> Option<Observation> {
        let status = self.kinds.get(&kind)?;
        let is_live = status.state == ObservationState::Live;
        Some(Observation {
            source: Arc::clone(source),
            state: status.state,
            reason: status.reason.clone(),
            since: status.since,
            observed_at: if is_live { self.heard_at } else { status.observed_at },
        })
    }

    /// The cluster as readers see it.
    pub(crate) fn cluster(&self, source: &Arc<str>) -> Observation {
        let recorded = self.kinds.values().filter_map(|status| status.observed_at).max();
        Observation {
            source: Arc::clone(source),
            state: self.cluster.state,
            reason: self.cluster.reason.clone(),
            since: self.cluster.since,
            observed_at: self.heard_at.or(recorded),
        }
    }
}

/// Whether there is anything of a kind to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasObjects {
    Yes,
    No,
}

impl HasObjects {
    /// Whether a kind was ever read as a whole.
    pub(crate) fn of(index: &RuntimeIndex, kind: Kind) -> Self {
        if index.is_complete(kind) { Self::Yes } else { Self::No }
    }
}

fn in_words(name: &str, status: &KindStatus) -> String {
    let reason = status.reason.as_deref().unwrap_or_default();
    format!("{name} is {}: {reason}", status.state)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn source() -> Arc<str> {
        "kubernetes/c".into()
    }

    fn live() -> Statuses {
        let mut statuses = Statuses::new(at(0));
        for row in &TABLE {
            statuses.live(row.kind, at(1));
        }
        statuses.sum_up(at(1));
        statuses
    }

    fn cut() -> Failure {
        Failure::Unreachable("the connection is refused".to_owned())
    }

    #[test]
    fn a_cluster_is_syncing_until_every_kind_is_there() {
        let mut statuses = Statuses::new(at(0));
        statuses.live(Kind::Pod, at(1));
        statuses.sum_up(at(1));
        assert_eq!(statuses.cluster(&source()).state, ObservationState::Syncing);
        assert_eq!(live().cluster(&source()).state, ObservationState::Live);
    }

    #[test]
    fn a_dead_server_is_unreachable_with_its_age() {
        let mut statuses = live();
        statuses.heard(at(5));
        statuses.server_failed(&cut(), |_| HasObjects::Yes, at(9));
        statuses.sum_up(at(9));
        let cluster = statuses.cluster(&source());
        assert_eq!(cluster.state, ObservationState::Unreachable);
        assert_eq!(cluster.reason.as_deref(), Some("the connection is refused"));
        assert_eq!((cluster.since, cluster.observed_at), (at(9), Some(at(5))));
        let pods = statuses.observation(Kind::Pod, &source()).unwrap();
        assert_eq!(pods.observed_at, Some(at(5)));
    }

    #[test]
    fn since_stays_while_the_state_does() {
        let mut statuses = live();
        statuses.server_failed(&cut(), |_| HasObjects::Yes, at(9));
        statuses.sum_up(at(9));
        let timeout = Failure::no_answer("/readyz", 4);
        statuses.server_failed(&timeout, |_| HasObjects::Yes, at(20));
        statuses.sum_up(at(20));
        let cluster = statuses.cluster(&source());
        assert_eq!(cluster.since, at(9));
        assert_eq!(cluster.reason.as_deref(), Some("no answer to /readyz within 4 s"));
    }

    #[test]
    fn one_broken_kind_makes_the_cluster_stale_and_is_named() {
        let mut statuses = live();
        let limit = Failure::Limit("more than 10 objects".to_owned());
        statuses.kind_failed(Kind::Pod, &limit, HasObjects::Yes, at(9));
        statuses.sum_up(at(9));
        let cluster = statuses.cluster(&source());
        assert_eq!(cluster.state, ObservationState::Stale);
        let reason = cluster.reason.unwrap();
        assert_eq!(&*reason, "Pod is STALE: LIMIT: more than 10 objects");
    }

    #[test]
    fn a_missing_grant_leaves_the_cluster_live() {
        let mut statuses = live();
        let forbidden = Failure::Forbidden("pods is forbidden".to_owned());
        statuses.kind_failed(Kind::Pod, &forbidden, HasObjects::No, at(9));
        statuses.sum_up(at(9));
        assert_eq!(statuses.cluster(&source()).state, ObservationState::Live);
        for row in &TABLE {
            statuses.kind_failed(row.kind, &forbidden, HasObjects::No, at(10));
        }
        statuses.sum_up(at(10));
        assert_eq!(statuses.cluster(&source()).state, ObservationState::Forbidden);
    }

    #[test]
    fn what_is_absent_stays_so_while_the_server_is_away() {
        let mut statuses = live();
        statuses.set(Kind::Link, ObservationState::Absent, None, at(2));
        statuses.server_failed(&cut(), |_| HasObjects::Yes, at(9));
        statuses.sum_up(at(9));
        assert_eq!(statuses.kind(Kind::Link).unwrap().state, ObservationState::Absent);
        assert_eq!(statuses.cluster(&source()).state, ObservationState::Unreachable);
    }
}

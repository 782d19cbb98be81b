//! Which entities were seen to call which, in memory.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_model::EntityRef;
use callboard_plugin::{MetricsWindow, Observation};
use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::{
    dependency_facts::{DependencyPair, DependencyRecord, ObservedDependency},
    topology::{Topology, TopologyEdge},
};

/// When something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// First.
    pub first: SystemTime,
    /// Last.
    pub last: SystemTime,
}

impl Seen {
    const fn at(time: SystemTime) -> Self {
        Self { first: time, last: time }
    }

    fn widened(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// Which entities were seen to call which: what the store keeps, and what was seen since. Cheap
/// to clone.
#[derive(Debug, Clone, Default)]
pub struct DependencyHistory {
    pairs: imbl::HashMap<DependencyPair, Seen>,
    since: Option<SystemTime>,
    generation: u64,
    /// Of the last days that anything was seen on.
    recent: Arc<BTreeMap<(NaiveDate, DependencyPair), Seen>>,
}

impl DependencyHistory {
    /// When one entity was seen to call another.
    pub fn seen(&self, from: &EntityRef, to: &EntityRef) -> Option<Seen> {
        self.pairs.get(&DependencyPair { from: from.clone(), to: to.clone() }).copied()
    }

    /// Since when calls have been watched, whether there were any or not; `None` = not yet. After a
    /// restart as far as facts are kept.
    pub const fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// Grows with every change.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// What an entity was seen to call, in no order. `O(pairs)`.
    pub(crate) fn callees<'h>(
        &'h self,
        from: &'h EntityRef,
    ) -> impl Iterator<Item = (&'h EntityRef, Seen)> {
        let pairs = self.pairs.iter().filter(move |(pair, _)| pair.from == *from);
        pairs.map(|(pair, seen)| (&pair.to, *seen))
    }

    /// The facts of the last two days that anything was seen on, ordered.
    pub(crate) fn recent(&self) -> impl Iterator<Item = ObservedDependency> {
        self.recent.iter().map(|((day, pair), seen)| ObservedDependency {
            day: *day,
            pair: pair.clone(),
            first_seen: seen.first,
            last_seen: seen.last,
        })
    }

    /// Takes over what the store keeps.
    pub(crate) fn restore(&mut self, record: DependencyRecord) {
        for kept in record.pairs {
            let seen = Seen { first: kept.first_seen, last: kept.last_seen };
            self.widen(kept.pair, seen);
        }
        self.widen_since(record.since);
    }

    /// Takes over since when recorded calls had been watched.
    pub(crate) fn watched_since(&mut self, since: SystemTime) {
        self.widen_since(Some(since));
    }

    /// Takes over the calls between entities of a topology of workloads: those that flow, dated as
    /// [`seen_at`] does. Shorter windows come first: what they have dated, a longer one knows less
    /// of.
    pub(crate) fn observe(&mut self, workloads: &Topology) {
        let window = workloads.window;
        let mut today: BTreeMap<(NaiveDate, DependencyPair), Seen> = BTreeMap::new();
        for edge in workloads.edges.iter().filter(|edge| edge.has_traffic()) {
            let (Some(from), Some(to)) = (&edge.from.entity, &edge.to.entity) else { continue };
            let time = seen_at(&edge.observation, window);
            let Some(time) = time.filter(|_| from != to) else { continue };
            let pair = DependencyPair { from: from.clone(), to: to.clone() };
            let is_dated = self.pairs.get(&pair).is_some_and(|known| known.last >= time);
            if is_dated && window != MetricsWindow::M5 {
                continue;
            }
            let seen = Seen::at(time);
            let known = today.entry((day(time), pair)).or_insert(seen);
            *known = known.widened(seen);
        }
        for ((_, pair), seen) in &today {
            self.widen(pair.clone(), *seen);
        }
        let watched = workloads.coverage.iter().filter_map(|found| found.observation.as_ref());
        let since = watched.filter_map(|observation| seen_at(observation, window)).min();
        self.widen_since(since);
        self.keep_recent(today);
    }

    /// `workloads`, with when each edge was seen: of edges between entities when those were.
    pub(crate) fn dated(&self, workloads: &Topology) -> Topology {
        let dated = |edge: &Arc<TopologyEdge>| {
            let pair = edge.from.entity.as_ref().zip(edge.to.entity.as_ref());
            let seen = pair.and_then(|(from, to)| self.seen(from, to));
            let now = edge.has_traffic().then(|| seen_at(&edge.observation, workloads.window));
            Arc::new(TopologyEdge {
                first_seen: seen.map(|seen| seen.first),
                last_seen: seen.map(|seen| seen.last).max(now.flatten()),
                ..TopologyEdge::clone(edge)
            })
        };
        Topology { edges: workloads.edges.iter().map(dated).collect(), ..workloads.clone() }
    }

    fn widen(&mut self, pair: DependencyPair, seen: Seen) {
        let known = self.pairs.get(&pair).copied();
        let widened = known.map_or(seen, |known| known.widened(seen));
        if known != Some(widened) {
            self.generation += 1;
            self.pairs.insert(pair, widened);
        }
    }

    fn widen_since(&mut self, since: Option<SystemTime>) {
        let earliest = earliest(self.since, since);
        self.generation += u64::from(self.since != earliest);
        self.since = earliest;
    }

    fn keep_recent(&mut self, today: BTreeMap<(NaiveDate, DependencyPair), Seen>) {
        let recent = Arc::make_mut(&mut self.recent);
        for (key, seen) in today {
            let known = recent.entry(key).or_insert(seen);
            *known = known.widened(seen);
        }
        let newest = recent.last_key_value().map(|((day, _), _)| *day);
        let oldest = newest.and_then(|day| day.checked_sub_days(Days::new(1)));
        recent.retain(|(day, _), _| oldest.is_none_or(|oldest| *day >= oldest));
    }
}

/// The day of a moment, in UTC.
pub(crate) fn day(time: SystemTime) -> NaiveDate {
    DateTime::<Utc>::from(time).date_naive()
}

/// When calls that a window shows happened at the latest guess that is safe: of one that is longer
/// than five minutes only its beginning is sure not to lie after them.
pub(crate) fn seen_at(observation: &Observation, window: MetricsWindow) -> Option<SystemTime> {
    let at = observation.observed_at?;
    if window == MetricsWindow::M5 { Some(at) } else { at.checked_sub(span(window)) }
}

/// The earlier of two moments, as far as they are known.
pub(crate) fn earliest(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn span(window: MetricsWindow) -> Duration {
    match window {
        MetricsWindow::M5 => Duration::from_mins(5),
        MetricsWindow::H1 => Duration::from_hours(1),
        MetricsWindow::H24 => Duration::from_hours(24),
    }
}

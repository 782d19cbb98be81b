//! All that is known of one cluster's mesh, and the snapshot that is made of it. Pure.

use std::{sync::Arc, time::SystemTime};

use callboard_plugin::{
    ClusterName, InstantVector, MeshSnapshot, MeshWindow, MetricsError, MetricsWindow, Observation,
    ObservationState,
};

use crate::{
    answers::{Connections, Latencies, MeshAnswers, Reading, Requests, UnmeshedCallers},
    gateways::Gateways,
    join::calls,
    part::{Part, Scope, Trouble},
    presence::RELABELLING,
    questions::Question,
};

/// The answers of one window.
#[derive(Debug, Default)]
struct WindowParts {
    requests: Part<Requests>,
    latencies: Part<Latencies>,
    unmeshed_callers: Part<UnmeshedCallers>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct MeshState {
    /// What answers that are whole are called: `LIVE`, or `RECORDED`.
    current: ObservationState,
    windows: [WindowParts; 3],
    connections: Part<Connections>,
    gateways: Part<Gateways>,
    /// Why there may be no calls at all.
    absence: Option<Arc<str>>,
}

/// Whether a question was ever answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HasData {
    Yes,
    No,
}

impl HasData {
    fn of<T: Reading>(part: &Part<T>) -> Self {
        if part.value().is_some() { Self::Yes } else { Self::No }
    }
}

/// State and reason.
type Condition = (ObservationState, Option<Arc<str>>);

impl MeshState {
    /// Nothing is known yet.
    pub(crate) fn new(current: ObservationState) -> Self {
        Self {
            current,
            windows: Default::default(),
            connections: Part::default(),
            gateways: Part::default(),
            absence: None,
        }
    }

    /// Takes the outcome of a question about calls or gateways.
    pub(crate) fn take(
        &mut self,
        question: Question,
        outcome: &Result<InstantVector, MetricsError>,
    ) {
        let shortest = MetricsWindow::M5;
        match question {
            Question::Requests(window) => {
                self.parts_mut(window).requests.take(outcome, window.span());
            }
            Question::Latencies(window) => {
                self.parts_mut(window).latencies.take(outcome, window.span());
            }
            Question::UnmeshedCallers(window) => {
                self.parts_mut(window).unmeshed_callers.take(outcome, window.span());
            }
            Question::Connections => self.connections.take(outcome, shortest.span()),
            Question::Gateways => self.gateways.take(outcome, shortest.span()),
            Question::Presence => {}
        }
    }

    /// Takes the reason why there are no calls, or that there is none.
    pub(crate) fn set_absence(&mut self, absence: Option<String>) {
        self.absence = absence.map(Into::into);
    }

    /// Whether the newest answers of the shortest window tell of no series at all, so that it is
    /// worth asking why.
    pub(crate) fn is_silent(&self) -> bool {
        let requests = self.parts(MetricsWindow::M5).requests.value();
        let series = requests.map(|requests| requests.unread().all);
        let connections = self.connections.value().map_or(0, |read| read.unread().all);
        series == Some(0) && connections == 0
    }

    /// The snapshot at `now`; `previous` tells since when states hold.
    pub(crate) fn snapshot(&self, previous: &MeshSnapshot, now: SystemTime) -> MeshSnapshot {
        let [m5, h1, h24] = MetricsWindow::ALL;
        let window = |window| self.window(window, previous.window(window), now);
        let gateways = self.gateways.value().map(|gateways| Arc::clone(&gateways.0));
        MeshSnapshot {
            cluster: ClusterName::clone(&previous.cluster),
            windows: [window(m5), window(h1), window(h24)],
            gateways: gateways.unwrap_or_default(),
            gateway_observation: observation(
                &previous.gateway_observation,
                self.gateway_condition(),
                self.gateways.observed_at(),
                now,
            ),
            revision: previous.revision,
        }
    }

    fn window(&self, window: MetricsWindow, previous: &MeshWindow, now: SystemTime) -> MeshWindow {
        let parts = self.parts(window);
        let calls = calls(&MeshAnswers {
            requests: parts.requests.value(),
            latencies: parts.latencies.value(),
            unmeshed_callers: parts.unmeshed_callers.value(),
            connections: self.connections.value(),
        });
        let condition = self.condition(window, calls.len());
        let mut ages = vec![
            parts.requests.observed_at(),
            parts.latencies.observed_at(),
            parts.unmeshed_callers.observed_at(),
        ];
        let mut dropped_series = parts.requests.dropped_series()
            + parts.latencies.dropped_series()
            + parts.unmeshed_callers.dropped_series();
        if window == MetricsWindow::M5 {
            ages.push(self.connections.observed_at());
            dropped_series += self.connections.dropped_series();
        }
        let oldest = ages.into_iter().flatten().min();
        MeshWindow {
            window,
            observation: observation(&previous.observation, condition, oldest, now),
            calls: if calls == *previous.calls {
                Arc::clone(&previous.calls)
            } else {
                calls.into()
            },
            dropped_series,
        }
    }

    fn condition(&self, window: MetricsWindow, calls: usize) -> Condition {
        let parts = self.parts(window);
        let connections = self.connections.trouble().filter(|_| window == MetricsWindow::M5);
        let troubles = [
            (parts.requests.trouble(), "requests"),
            (parts.latencies.trouble(), "latencies"),
            (parts.unmeshed_callers.trouble(), "callers outside of the mesh"),
            (connections, "connections"),
        ];
        let own = troubles.into_iter().find_map(|(trouble, what)| Some((trouble?, what)));
        let has_data = HasData::of(&parts.requests);
        if let Some((trouble, what)) = own {
            return troubled(trouble, what, has_data);
        }
        let Some(requests) = parts.requests.value() else {
            return self.of_source(has_data).unwrap_or((ObservationState::Syncing, None));
        };
        if let Some(condition) = self.of_source(has_data) {
            return condition;
        }
        let unread = requests.unread();
        if calls == 0 && unread.all > 0 && unread.nameless == unread.all {
            return (ObservationState::Absent, Some(RELABELLING.into()));
        }
        if calls == 0 && self.absence.is_some() {
            return (ObservationState::Absent, self.absence.clone());
        }
        let nameless = (unread.nameless > 0).then(|| {
            let count = unread.nameless;
            format!("{count} series name no workload that calls or is called, and are left out")
        });
        (self.current, nameless.map(Into::into))
    }

    /// A source that answers nothing does not confirm what it said before, either. Files of a
    /// recording are broken one by one.
    fn of_source(&self, has_data: HasData) -> Option<Condition> {
        let trouble = self.parts(MetricsWindow::M5).requests.trouble()?;
        let is_live = self.current == ObservationState::Live;
        let is_known = is_live && trouble.scope == Scope::Source;
        is_known.then(|| troubled(trouble, "requests", has_data))
    }

    fn gateway_condition(&self) -> Condition {
        let has_data = HasData::of(&self.gateways);
        if let Some(trouble) = self.gateways.trouble() {
            return troubled(trouble, "gateways", has_data);
        }
        let unasked = match has_data {
            HasData::Yes => self.current,
            HasData::No => ObservationState::Syncing,
        };
        self.of_source(has_data).unwrap_or((unasked, None))
    }

    fn parts(&self, window: MetricsWindow) -> &WindowParts {
        let [m5, h1, h24] = &self.windows;
        match window {
            MetricsWindow::M5 => m5,
            MetricsWindow::H1 => h1,
            MetricsWindow::H24 => h24,
        }
    }

    fn parts_mut(&mut self, window: MetricsWindow) -> &mut WindowParts {
        let [m5, h1, h24] = &mut self.windows;
        match window {
            MetricsWindow::M5 => m5,
            MetricsWindow::H1 => h1,
            MetricsWindow::H24 => h24,
        }
    }
}

/// The snapshot before the first answer.
pub(crate) fn unknown(cluster: ClusterName, source: &Arc<str>, now: SystemTime) -> MeshSnapshot {
    let observation = Observation {
        source: Arc::clone(source),
        state: ObservationState::Syncing,
        reason: None,
        since: now,
        observed_at: None,
    };
    let window = |window| MeshWindow {
        window,
        observation: observation.clone(),
        calls: Arc::default(),
        dropped_series: 0,
    };
    MeshSnapshot {
        cluster,
        windows: MetricsWindow::ALL.map(window),
        gateways: Arc::default(),
        gateway_observation: observation.clone(),
        revision: 0,
    }
}

/// Whether two snapshots say the same.
pub(crate) fn is_same(one: &MeshSnapshot, other: &MeshSnapshot) -> bool {
    let is_same_window = |(one, other): (&MeshWindow, &MeshWindow)| {
        one.observation == other.observation
            && one.dropped_series == other.dropped_series
            && one.calls == other.calls
    };
    one.windows.iter().zip(&other.windows).all(is_same_window)
        && one.gateways == other.gateways
        && one.gateway_observation == other.gateway_observation
}

/// Data that never was cannot be old.
fn troubled(trouble: &Trouble, what: &str, has_data: HasData) -> Condition {
    let state = match (trouble.state, has_data) {
        (ObservationState::Stale, HasData::No) => ObservationState::Unreachable,
        (state, _) => state,
    };
    let reason = match trouble.scope {
        Scope::Question => format!("{what}: {}", trouble.reason).into(),
        Scope::Source => Arc::clone(&trouble.reason),
    };
    (state, Some(reason))
}

fn observation(
    previous: &Observation,
    (state, reason): Condition,
    observed_at: Option<SystemTime>,
    now: SystemTime,
) -> Observation {
    let since = if previous.state == state { previous.since } else { now };
    Observation { source: Arc::clone(&previous.source), state, reason, since, observed_at }
}

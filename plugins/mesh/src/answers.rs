//! Answers, boiled down to what is kept of them: one entry for each edge.

use std::{collections::BTreeMap, sync::Arc};

use callboard_plugin::{InstantVector, Sample, WorkloadKey};

use crate::{
    edge::{Edge, owner, shown},
    flow::{Flow, Number},
};

/// What could not be read of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Unread {
    /// Series of which the labels name no workload or no target.
    pub(crate) nameless: usize,
    /// Series without a number.
    pub(crate) numberless: usize,
    /// All series that came.
    pub(crate) all: usize,
}

/// A workload that is called by somebody without an identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UnmeshedCaller {
    pub(crate) target: WorkloadKey,
    pub(crate) reason: Arc<str>,
}

impl UnmeshedCaller {
    fn of(sample: &Sample) -> Option<Self> {
        let reason = sample.label("no_tls_reason").or_else(|| sample.label("tls"));
        let reason = reason.map_or_else(|| "unknown".into(), shown);
        Some(Self { target: owner(sample)?, reason })
    }
}

/// Requests of each edge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Requests {
    pub(crate) flows: BTreeMap<Edge, Flow>,
    pub(crate) unread: Unread,
}

/// Quantiles of the latency of each edge, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latencies {
    pub(crate) quantiles: BTreeMap<Edge, Quantiles>,
    pub(crate) unread: Unread,
}

/// The three quantiles that are asked for. `None` = no request, or not measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Quantiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
}

/// Requests of callers without an identity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnmeshedCallers {
    pub(crate) flows: BTreeMap<UnmeshedCaller, Flow>,
    pub(crate) unread: Unread,
}

/// Open TCP connections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connections {
    pub(crate) outbound: BTreeMap<Edge, Flow>,
    pub(crate) unmeshed: BTreeMap<UnmeshedCaller, Flow>,
    /// Whether every edge is there, so that one that is not has no connection.
    pub(crate) is_whole: bool,
    pub(crate) unread: Unread,
}

/// What is known of the calls of one window. `None` = there never was an answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeshAnswers<'a> {
    /// Of [`crate::Question::Requests`].
    pub requests: Option<&'a Requests>,
    /// Of [`crate::Question::Latencies`].
    pub latencies: Option<&'a Latencies>,
    /// Of [`crate::Question::UnmeshedCallers`].
    pub unmeshed_callers: Option<&'a UnmeshedCallers>,
    /// Of [`crate::Question::Connections`].
    pub connections: Option<&'a Connections>,
}

/// What an answer is read into.
pub(crate) trait Reading {
    /// Reads an answer.
    fn of(answer: &InstantVector) -> Self;

    /// What could not be read.
    fn unread(&self) -> Unread;

    /// Whether numbers are missing that should be there.
    fn has_gaps(&self) -> bool {
        self.unread().numberless > 0
    }
}

impl Requests {
    /// Reads the answer of [`crate::Question::Requests`]. `O(n log n)` in its series.
    pub fn read(answer: &InstantVector) -> Self {
        let mut read = Self::default();
        for sample in &answer.samples {
            add(&mut read.flows, Edge::of(sample), sample, &mut read.unread);
        }
        read
    }
}

impl UnmeshedCallers {
    /// Reads the answer of [`crate::Question::UnmeshedCallers`]. `O(n log n)` in its series.
    pub fn read(answer: &InstantVector) -> Self {
        let mut read = Self::default();
        for sample in &answer.samples {
            add(&mut read.flows, UnmeshedCaller::of(sample), sample, &mut read.unread);
        }
        read
    }
}

impl Connections {
    /// Reads the answer of [`crate::Question::Connections`]. `O(n log n)` in its series.
    pub fn read(answer: &InstantVector) -> Self {
        let is_whole = answer.dropped_series == 0 && answer.warnings.is_empty();
        let mut read = Self { is_whole, ..Self::default() };
        for sample in &answer.samples {
            if sample.label("direction").is_some_and(|direction| &**direction == "inbound") {
                add(&mut read.unmeshed, UnmeshedCaller::of(sample), sample, &mut read.unread);
            } else {
                add(&mut read.outbound, Edge::of(sample), sample, &mut read.unread);
            }
        }
        read
    }
}

impl Latencies {
    /// Reads the answer of [`crate::Question::Latencies`]. `O(n log n)` in its series.
    ///
    /// Quantiles cannot be added up: where several series tell of one edge the slowest counts.
    pub fn read(answer: &InstantVector) -> Self {
        let mut read = Self::default();
        for sample in &answer.samples {
            read.unread.all += 1;
            let Some(edge) = Edge::of(sample) else {
                read.unread.nameless += 1;
                continue;
            };
            let quantiles = read.quantiles.entry(edge).or_default();
            if !sample.value.is_finite() || sample.value < 0.0 {
                read.unread.numberless += 1;
                continue;
            }
            let latency = Some(sample.value);
            match sample.label("quantile").map(|quantile| &**quantile) {
                Some("0.5") => quantiles.p50 = slower(quantiles.p50, latency),
                Some("0.95") => quantiles.p95 = slower(quantiles.p95, latency),
                Some("0.99") => quantiles.p99 = slower(quantiles.p99, latency),
                _ => {}
            }
        }
        read
    }
}

fn slower(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

fn add<K: Ord>(
    flows: &mut BTreeMap<K, Flow>,
    key: Option<K>,
    sample: &Sample,
    unread: &mut Unread,
) {
    unread.all += 1;
    let Some(key) = key else {
        unread.nameless += 1;
        return;
    };
    if flows.entry(key).or_default().add(sample) == Number::Missing {
        unread.numberless += 1;
    }
}

impl Reading for Requests {
    fn of(answer: &InstantVector) -> Self {
        Self::read(answer)
    }

    fn unread(&self) -> Unread {
        self.unread
    }
}

impl Reading for UnmeshedCallers {
    fn of(answer: &InstantVector) -> Self {
        Self::read(answer)
    }

    fn unread(&self) -> Unread {
        self.unread
    }
}

impl Reading for Connections {
    fn of(answer: &InstantVector) -> Self {
        Self::read(answer)
    }

    fn unread(&self) -> Unread {
        self.unread
    }
}

impl Reading for Latencies {
    fn of(answer: &InstantVector) -> Self {
        Self::read(answer)
    }

    fn unread(&self) -> Unread {
        self.unread
    }

    /// An edge without requests has no latency; all of them never are.
    fn has_gaps(&self) -> bool {
        self.unread.all > 0 && self.unread.numberless == self.unread.all
    }
}

//! Callers without an identity: what they send, beyond what is known of callers in other clusters.
//!
//! A meshed workload that calls another cluster without mutual TLS is told by its own cluster, and
//! seen there as a caller without an identity. It must not appear twice.

use std::collections::HashMap;

use callboard_plugin::{GoldenMetrics, LinkMode};

use super::node::NodeId;

/// What both sides of the same calls may differ in, because they are read one after the other.
const TOLERANCE: f64 = 0.05;

/// Requests a second and open connections.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    requests: f64,
    connections: f64,
}

impl Amount {
    fn of(metrics: &GoldenMetrics) -> Self {
        let known = |value: Option<f64>| value.unwrap_or_default();
        Self {
            requests: known(metrics.requests_per_second),
            connections: known(metrics.open_connections),
        }
    }

    fn add(&mut self, other: Self, share: f64) {
        self.requests += other.requests * share;
        self.connections += other.connections * share;
    }
}

/// Calls without an identity, put aside until all clusters have told what theirs send.
#[derive(Debug)]
pub(super) struct Strangers<C> {
    /// What comes from other clusters without TLS, by target.
    explained: HashMap<NodeId, Amount>,
    seen: HashMap<NodeId, Amount>,
    calls: Vec<(NodeId, GoldenMetrics, C)>,
}

impl<C> Strangers<C> {
    pub(super) fn new() -> Self {
        Self { explained: HashMap::new(), seen: HashMap::new(), calls: Vec::new() }
    }

    /// Notes a call into another cluster as its caller sees it. Through a gateway it arrives under
    /// the gateway's identity.
    pub(super) fn note(&mut self, to: &NodeId, mode: Option<LinkMode>, metrics: &GoldenMetrics) {
        let insecure = metrics.secured_ratio.map_or(0.0, |secured| (1.0 - secured).max(0.0));
        if mode == Some(LinkMode::Flat) && insecure > 0.0 {
            let explained = self.explained.entry(to.clone()).or_default();
            explained.add(Amount::of(metrics), insecure);
        }
    }

    /// Puts a call without an identity aside.
    pub(super) fn put_aside(&mut self, to: NodeId, metrics: GoldenMetrics, call: C) {
        self.seen.entry(to.clone()).or_default().add(Amount::of(&metrics), 1.0);
        self.calls.push((to, metrics, call));
    }

    /// The calls that nobody in another cluster explains, with what remains of them.
    pub(super) fn unexplained(self) -> impl Iterator<Item = (GoldenMetrics, C)> {
        let Self { explained, seen, calls } = self;
        calls.into_iter().filter_map(move |(to, metrics, call)| {
            let Some(explained) = explained.get(&to) else { return Some((metrics, call)) };
            let seen = seen.get(&to).copied().unwrap_or_default();
            let requests = rest(metrics.requests_per_second, seen.requests, explained.requests);
            let connections =
                rest(metrics.open_connections, seen.connections, explained.connections);
            let is_left = requests.is_some() || connections.is_some();
            let metrics = GoldenMetrics {
                requests_per_second: requests,
                open_connections: connections,
                ..metrics
            };
            is_left.then_some((metrics, call))
        })
    }
}

/// What remains of `amount`, a part of `seen`, when `explained` is taken off the whole; `None` if
/// that is no more than the two sides may differ in.
fn rest(amount: Option<f64>, seen: f64, explained: f64) -> Option<f64> {
    let amount = amount?;
    if explained <= 0.0 || seen <= 0.0 {
        return Some(amount);
    }
    let share = (seen - explained) / seen;
    (share > TOLERANCE).then_some(amount * share)
}

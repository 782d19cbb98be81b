//! From answers to calls.

use std::{collections::BTreeMap, sync::Arc};

use callboard_plugin::{
    CallClient, CallTarget, GoldenMetrics, InsecureShare, MeshCall, WorkloadKey,
};

use crate::{
    answers::{Connections, MeshAnswers, Quantiles, UnmeshedCaller},
    edge::Edge,
    flow::Flow,
};

/// What the two sides of the same calls may differ in, because they are read one after the other.
const TOLERANCE: f64 = 0.05;

/// Less than one connection is none.
const LEAST_CONNECTIONS: f64 = 0.5;

/// The calls that the answers tell of, ordered by client, then target. `O(n log n)` in edges.
///
/// Calls of meshed workloads are read from their own side alone. Calls of others are seen only by
/// what they call; what is seen there of meshed workloads that call without TLS is taken off.
pub fn calls(answers: &MeshAnswers<'_>) -> Vec<MeshCall> {
    let mut calls = meshed(answers);
    calls.extend(unmeshed(answers));
    calls.sort_by(|one, other| {
        one.client.cmp(&other.client).then_with(|| one.target.cmp(&other.target))
    });
    calls
}

fn meshed(answers: &MeshAnswers<'_>) -> Vec<MeshCall> {
    let requests = answers.requests.map(|requests| &requests.flows);
    let connections = answers.connections.map(|connections| &connections.outbound);
    let mut edges: BTreeMap<&Edge, (Option<&Flow>, Option<&Flow>)> = BTreeMap::new();
    for (edge, flow) in requests.into_iter().flatten() {
        edges.entry(edge).or_default().0 = Some(flow);
    }
    for (edge, flow) in connections.into_iter().flatten() {
        edges.entry(edge).or_default().1 = Some(flow);
    }
    let call = |(edge, (requests, connections)): (&Edge, (Option<&Flow>, Option<&Flow>))| {
        let quantiles = answers.latencies.and_then(|latencies| latencies.quantiles.get(edge));
        let metrics = GoldenMetrics {
            open_connections: open(connections, answers.connections),
            ..metrics_of(requests, connections, quantiles)
        };
        MeshCall {
            client: CallClient::Workload(edge.client.clone()),
            target: edge.target.clone(),
            metrics,
            insecure: insecure_of(requests, connections),
        }
    };
    edges.into_iter().map(call).collect()
}

/// The TLS of requests is that of the edge; only where there are none it is that of connections.
fn metrics_of(
    requests: Option<&Flow>,
    connections: Option<&Flow>,
    quantiles: Option<&Quantiles>,
) -> GoldenMetrics {
    let quantiles = quantiles.copied().unwrap_or_default();
    GoldenMetrics {
        requests_per_second: requests.and_then(Flow::amount),
        success_ratio: requests.and_then(Flow::success_ratio),
        latency_p50_ms: quantiles.p50,
        latency_p95_ms: quantiles.p95,
        latency_p99_ms: quantiles.p99,
        open_connections: connections.and_then(Flow::amount),
        secured_ratio: requests.or(connections).and_then(Flow::secured_ratio),
    }
}

fn insecure_of(requests: Option<&Flow>, connections: Option<&Flow>) -> Arc<[InsecureShare]> {
    requests.or(connections).map(Flow::insecure_shares).unwrap_or_default().into()
}

/// The open connections of an edge; it has none if all others are known.
fn open(flow: Option<&Flow>, connections: Option<&Connections>) -> Option<f64> {
    match flow {
        Some(flow) => flow.amount(),
        None => connections.filter(|connections| connections.is_whole).map(|_| 0.0),
    }
}

fn unmeshed(answers: &MeshAnswers<'_>) -> Vec<MeshCall> {
    let mut callers: BTreeMap<&UnmeshedCaller, (Option<f64>, Option<f64>)> = BTreeMap::new();
    // Without the clients' side nobody knows who is meshed.
    if let (Some(seen), Some(known)) = (answers.unmeshed_callers, answers.requests) {
        for (caller, amount) in beyond(&seen.flows, &known.flows, 0.0) {
            callers.entry(caller).or_default().0 = Some(amount);
        }
    }
    if let Some(Connections { outbound, unmeshed, .. }) = answers.connections {
        for (caller, amount) in beyond(unmeshed, outbound, LEAST_CONNECTIONS) {
            callers.entry(caller).or_default().1 = Some(amount);
        }
    }
    let success_ratio = |caller: &UnmeshedCaller| {
        answers.unmeshed_callers?.flows.get(caller).and_then(Flow::success_ratio)
    };
    let call =
        |(caller, (requests, connections)): (&UnmeshedCaller, (Option<f64>, Option<f64>))| {
            MeshCall {
                client: CallClient::Unmeshed { reason: Arc::clone(&caller.reason) },
                target: CallTarget::Workload { key: caller.target.clone(), service: None },
                metrics: GoldenMetrics {
                    requests_per_second: requests,
                    success_ratio: requests.and_then(|_| success_ratio(caller)),
                    open_connections: connections,
                    secured_ratio: Some(0.0),
                    ..GoldenMetrics::default()
                },
                insecure: [InsecureShare { reason: Arc::clone(&caller.reason), ratio: 1.0 }].into(),
            }
        };
    callers.into_iter().map(call).collect()
}

/// What comes to each workload without TLS, beyond what meshed workloads are known to send it so.
fn beyond<'a>(
    seen: &'a BTreeMap<UnmeshedCaller, Flow>,
    known: &BTreeMap<Edge, Flow>,
    least: f64,
) -> Vec<(&'a UnmeshedCaller, f64)> {
    let mut sent: BTreeMap<&WorkloadKey, f64> = BTreeMap::new();
    for (edge, flow) in known {
        if let CallTarget::Workload { key, .. } = &edge.target {
            *sent.entry(key).or_default() += flow.insecure_amount();
        }
    }
    let mut received: BTreeMap<&WorkloadKey, f64> = BTreeMap::new();
    for (caller, flow) in seen {
        *received.entry(&caller.target).or_default() += flow.amount().unwrap_or_default();
    }
    let rest = |(caller, flow): (&'a UnmeshedCaller, &Flow)| {
        let all = received.get(&caller.target).copied().filter(|all| *all > 0.0)?;
        let explained = sent.get(&caller.target).copied().unwrap_or_default();
        let rest = (all - explained) / all;
        let amount = flow.amount()? * rest;
        (rest > TOLERANCE && amount > least).then_some((caller, amount))
    };
    seen.iter().filter_map(rest).collect()
}

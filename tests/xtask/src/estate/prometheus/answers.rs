//! What each query finds in the truth.

use super::Window;
use super::series::Series;
use crate::estate::truth::{CallTruth, ClusterTruth, Mode, PairTruth, Tls, Truth};

/// All calls from `cluster`, with where they go.
fn calls<'a>(
    truth: &'a Truth,
    cluster: &'a ClusterTruth,
) -> impl Iterator<Item = (&'a PairTruth, &'a CallTruth)> {
    let pairs = truth.calls.iter().filter(|pair| pair.from == cluster.name);
    pairs.flat_map(|pair| pair.edges.iter().map(move |edge| (pair, edge)))
}

/// What rates of the window are, against those of the truth.
fn factor(truth: &Truth, window: Window) -> f64 {
    match window {
        Window::M5 => truth.windows.m5,
        Window::H1 => truth.windows.h1,
        Window::H24 => truth.windows.h24,
    }
}

/// Whether a call has been made within the window.
fn is_within(edge: &CallTruth, window: Window) -> bool {
    !edge.is_daily || window == Window::H24
}

/// The labels of an edge. Behind a gateway the mesh knows the Service, on a flat network the
/// workload, of a public name nothing.
fn edge_series(pair: &PairTruth, edge: &CallTruth) -> Series {
    let series = Series::default().with_workload("", &edge.from);
    if let Some(authority) = &edge.authority {
        return series.with("authority", authority);
    }
    let service = edge.service.as_deref().and_then(|service| service.split_once('/'));
    let (namespace, service) = service.unwrap_or_default();
    let series = series.with("dst_namespace", namespace).with("dst_service", service);
    match (pair.mode, &pair.to) {
        // Without a ready pod or gateway there is nobody whose labels could be told.
        _ if edge.tls == Tls::Unknown => series,
        (Mode::Gateway, Some(there)) => {
            let suffix = format!("-{there}");
            series
                .with("dst_target_cluster", there)
                .with("dst_target_service", service.strip_suffix(&suffix).unwrap_or(service))
                .with("dst_target_service_namespace", namespace)
        }
        _ => series.with_workload("dst_", edge.to.as_deref().unwrap_or_default()),
    }
}

/// The edge under TLS and without, each with its share.
fn by_tls(series: &Series, edge: &CallTruth) -> Vec<(Series, f64)> {
    if edge.tls == Tls::Unknown {
        return vec![(series.clone(), 1.0)];
    }
    let share = edge.secured_share();
    let reason = edge.reason.as_deref().unwrap_or_default();
    let plain = series.clone().with("tls", "no_identity").with("no_tls_reason", reason);
    let all = [(series.clone().with("tls", "true"), share), (plain, 1.0 - share)];
    all.into_iter().filter(|(_, share)| *share > 0.0).collect()
}

/// A rate by outcome.
fn by_outcome(series: &Series, rate: f64, success: f64) -> impl Iterator<Item = Series> + use<> {
    let series = series.clone();
    let outcomes = [("failure", 1.0 - success), ("success", success)];
    outcomes.into_iter().filter(|(_, share)| *share > 1e-9).map(move |(outcome, share)| {
        series.clone().with("classification", outcome).valued(rate * share)
    })
}

/// Requests a second.
pub(super) fn requests(truth: &Truth, cluster: &ClusterTruth, window: Window) -> Vec<Series> {
    let factor = factor(truth, window);
    let mut all = Vec::new();
    for (pair, edge) in calls(truth, cluster).filter(|(_, edge)| is_within(edge, window)) {
        let Some(requests) = edge.requests else { continue };
        for (series, share) in by_tls(&edge_series(pair, edge), edge) {
            all.extend(by_outcome(&series, requests.rps * share * factor, requests.success));
        }
    }
    all
}

/// Quantiles of the latency.
pub(super) fn latencies(truth: &Truth, cluster: &ClusterTruth, window: Window) -> Vec<Series> {
    let mut all = Vec::new();
    for quantile in ["0.5", "0.95", "0.99"] {
        for (pair, edge) in calls(truth, cluster).filter(|(_, edge)| is_within(edge, window)) {
            let latency = edge.requests.and_then(|requests| match quantile {
                "0.5" => requests.p50,
                "0.95" => requests.p95,
                _ => requests.p99,
            });
            let series = || edge_series(pair, edge).with("quantile", quantile);
            all.extend(latency.map(|latency| series().valued(latency)));
        }
    }
    all
}

/// Requests of those without an identity, as the called side sees them.
pub(super) fn unmeshed_callers(
    truth: &Truth,
    cluster: &ClusterTruth,
    window: Window,
) -> Vec<Series> {
    let factor = factor(truth, window);
    let here = truth.unmeshed_callers.iter().filter(|caller| caller.cluster == cluster.name);
    let series = here.flat_map(|caller| {
        let series = Series::default()
            .with_workload("", &caller.to)
            .with("tls", "no_identity")
            .with("no_tls_reason", &caller.reason);
        by_outcome(&series, caller.rps * factor, caller.success)
    });
    series.collect()
}

/// Open connections.
#[expect(clippy::cast_precision_loss, reason = "counts of connections are far below 2^52")]
pub(super) fn connections(truth: &Truth, cluster: &ClusterTruth) -> Vec<Series> {
    let mut all = Vec::new();
    for (pair, edge) in calls(truth, cluster).filter(|(_, edge)| edge.connections > 0) {
        let series = edge_series(pair, edge).with("direction", "outbound");
        let open = edge.connections as f64;
        all.extend(by_tls(&series, edge).into_iter().map(|(one, share)| one.valued(open * share)));
    }
    all
}

/// Gateways, in the three parts of the query.
pub(super) fn gateways(truth: &Truth, cluster: &ClusterTruth) -> Vec<Series> {
    let mut all = Vec::new();
    for link in truth.links.iter().filter(|link| link.from == cluster.name) {
        let Some(gateway) = &link.gateway else { continue };
        let series =
            |part: &str| Series::default().with("target_cluster_name", &link.to).with("part", part);
        all.push(series("alive").valued(if gateway.alive { 1.0 } else { 0.0 }));
        all.push(series("enabled").valued(1.0));
        // What does not answer has no latency.
        all.extend(gateway.p95.map(|p95| series("latency_p95_ms").valued(p95)));
    }
    all
}

/// How much there is to ask.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^52")]
pub(super) fn presence(truth: &Truth, cluster: &ClusterTruth) -> Vec<Series> {
    let meshed = truth.workloads(&cluster.name).filter(|workload| workload.proxy.is_some());
    let pods = meshed.map(|workload| workload.replicas.unwrap_or(0)).sum::<u64>() as f64;
    let part = |part: &str, count: f64| Series::default().with("part", part).valued(count);
    // Pods of the mesh, and what else is scraped: nodes, the mesh's own, Prometheus.
    let series = calls(truth, cluster).count() as f64 * 9.0;
    vec![part("up", pods + cluster.nodes as f64 + 12.0), part("series", series)]
}

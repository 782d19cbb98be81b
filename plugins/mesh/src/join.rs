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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use callboard_plugin::{InstantVector, Sample};

    use super::*;
    use crate::{
        answers::{Latencies, Requests, UnmeshedCallers},
        edge::tests::sample,
    };

    const API: &str = "dst_namespace=bank,dst_service=api,dst_deployment=api";

    fn answer(samples: &[(String, f64)]) -> InstantVector {
        let one = |(labels, value): &(String, f64)| -> Sample { sample(labels, *value) };
        InstantVector {
            samples: samples.iter().map(one).collect(),
            evaluated_at: SystemTime::UNIX_EPOCH,
            warnings: Vec::new(),
            dropped_series: 0,
        }
    }

    fn from(client: &str, rest: &str, value: f64) -> (String, f64) {
        (format!("namespace=bank,deployment={client},{rest}"), value)
    }

    /// One line for each call: client, target, requests, success, p95, connections, TLS.
    fn told(answers: &MeshAnswers<'_>) -> Vec<String> {
        let target = |target: &CallTarget| match target {
            CallTarget::Workload { key, service: Some(service) } => format!("{key} ({service})"),
            CallTarget::Workload { key, service: None } => key.to_string(),
            CallTarget::Service(service) => format!("service {service}"),
            CallTarget::RemoteService { target_cluster, service } => {
                format!("{target_cluster}: {service}")
            }
            CallTarget::Authority(authority) => authority.to_string(),
        };
        let client = |client: &CallClient| match client {
            CallClient::Workload(key) => key.name.to_string(),
            CallClient::Unmeshed { reason } => format!("unmeshed, {reason}"),
            CallClient::Identity(identity) => identity.to_string(),
        };
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".into(), |value| value.to_string());
        let line = |call: &MeshCall| {
            let GoldenMetrics {
                requests_per_second,
                success_ratio,
                latency_p95_ms,
                open_connections,
                secured_ratio,
                ..
            } = call.metrics;
            let metrics = [
                requests_per_second,
                success_ratio,
                latency_p95_ms,
                open_connections,
                secured_ratio,
            ];
            let metrics = metrics.map(number).join(" ");
            format!("{} -> {}: {metrics}", client(&call.client), target(&call.target))
        };
        calls(answers).iter().map(line).collect()
    }

    #[test]
    fn an_edge_has_the_numbers_of_all_its_series() {
        let requests = Requests::read(&answer(&[
            from("web", &format!("{API},classification=success,tls=true"), 9.0),
            from("web", &format!("{API},classification=failure,tls=true"), 1.0),
            from(
                "web",
                "authority=api.partner.example:443,classification=success,tls=no_identity",
                2.0,
            ),
        ]));
        let latencies = Latencies::read(&answer(&[
            from("web", &format!("{API},quantile=0.5"), 4.0),
            from("web", &format!("{API},quantile=0.95"), 38.5),
            from("web", &format!("{API},quantile=0.99"), f64::NAN),
            from("gone", &format!("{API},quantile=0.95"), 1.0),
        ]));
        let connections = Connections::read(&answer(&[
            from("web", &format!("direction=outbound,{API},tls=true"), 3.0),
            from(
                "web",
                "direction=outbound,dst_namespace=bank,dst_service=db,dst_statefulset=db,\
                 no_tls_reason=not_provided_by_service_discovery",
                4.0,
            ),
        ]));
        let answers = MeshAnswers {
            requests: Some(&requests),
            latencies: Some(&latencies),
            unmeshed_callers: None,
            connections: Some(&connections),
        };
        assert_eq!(
            told(&answers),
            [
                "web -> bank/Deployment/api (bank/api): 10 0.9 38.5 3 1",
                "web -> bank/StatefulSet/db (bank/db): - - - 4 0",
                "web -> api.partner.example:443: 2 1 - 0 0",
            ]
        );
        let all = calls(&answers);
        assert_eq!(all[0].metrics.latency_p50_ms, Some(4.0));
        assert_eq!(all[0].metrics.latency_p99_ms, None);
        assert_eq!(&*all[1].insecure[0].reason, "not_provided_by_service_discovery");
        let without = MeshAnswers { connections: None, latencies: None, ..answers };
        assert_eq!(told(&without)[0], "web -> bank/Deployment/api (bank/api): 10 0.9 - - 1");
    }

    #[test]
    fn both_ways_into_another_cluster_are_one_edge_each() {
        let gateway = "dst_namespace=bank,dst_service=ledger-azure,dst_target_cluster=azure,\
                       dst_target_service=ledger,dst_target_service_namespace=bank,tls=true";
        let flat = "dst_namespace=bank,dst_service=rates-gcp,dst_deployment=rates,tls=true";
        let federated = "dst_namespace=bank,dst_service=fx-federated,dst_deployment=fx,tls=true";
        let requests = Requests::read(&answer(&[
            from("web", &format!("{gateway},classification=success"), 1.0),
            from("web", &format!("{gateway},classification=failure"), 1.0),
            from("web", &format!("{flat},classification=success"), 2.0),
            from("web", &format!("{federated},classification=success"), 3.0),
        ]));
        let answers = MeshAnswers { requests: Some(&requests), ..MeshAnswers::default() };
        assert_eq!(
            told(&answers),
            [
                "web -> bank/Deployment/fx (bank/fx-federated): 3 1 - - 1",
                "web -> bank/Deployment/rates (bank/rates-gcp): 2 1 - - 1",
                "web -> azure: bank/ledger: 2 0.5 - - 1",
            ]
        );
    }

    #[test]
    fn callers_outside_of_the_mesh_are_what_meshed_ones_do_not_explain() {
        let plain = "tls=no_identity,no_tls_reason=not_provided_by_service_discovery";
        let requests = Requests::read(&answer(&[
            from("web", &format!("{API},classification=success,{plain}"), 10.0),
            from(
                "job",
                "dst_namespace=bank,dst_service=old,dst_deployment=old,\
                 classification=success,tls=disabled",
                5.0,
            ),
        ]));
        let inbound = "tls=no_identity,no_tls_reason=no_tls_from_remote";
        let unmeshed_callers = UnmeshedCallers::read(&answer(&[
            // All of it is web's.
            from("api", &format!("classification=success,{inbound}"), 10.2),
            // Half of it is job's.
            from("old", &format!("classification=success,{inbound}"), 6.0),
            from("old", &format!("classification=failure,{inbound}"), 4.0),
            from("edge", &format!("classification=success,{inbound}"), 100.0),
        ]));
        let connections = Connections::read(&answer(&[
            from("edge", &format!("direction=inbound,{inbound}"), 7.0),
            from("db", &format!("direction=inbound,{inbound}"), 2.0),
            from("api", &format!("direction=inbound,{inbound}"), 3.0),
            from("web", &format!("direction=outbound,{API},{plain}"), 3.0),
        ]));
        let answers = MeshAnswers {
            requests: Some(&requests),
            latencies: None,
            unmeshed_callers: Some(&unmeshed_callers),
            connections: Some(&connections),
        };
        let told: Vec<String> =
            told(&answers).into_iter().filter(|line| line.starts_with("unmeshed")).collect();
        assert_eq!(
            told,
            [
                "unmeshed, no_tls_from_remote -> bank/Deployment/db: - - - 2 0",
                "unmeshed, no_tls_from_remote -> bank/Deployment/edge: 100 1 - 7 0",
                "unmeshed, no_tls_from_remote -> bank/Deployment/old: 5 0.6 - - 0",
            ]
        );
        // Who is meshed is not known without the clients' side.
        let without = MeshAnswers { requests: None, connections: None, ..answers };
        assert!(calls(&without).is_empty());
    }

    #[test]
    fn what_is_no_number_is_unknown_and_never_zero() {
        let requests = Requests::read(&answer(&[from(
            "web",
            &format!("{API},classification=success,tls=true"),
            f64::NAN,
        )]));
        let connections = Connections::read(&answer(&[from(
            "web",
            &format!("direction=outbound,{API},tls=true"),
            f64::INFINITY,
        )]));
        let answers = MeshAnswers {
            requests: Some(&requests),
            connections: Some(&connections),
            ..MeshAnswers::default()
        };
        assert_eq!(told(&answers), ["web -> bank/Deployment/api (bank/api): - - - - -"]);
    }
}

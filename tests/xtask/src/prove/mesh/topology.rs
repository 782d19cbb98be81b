//! The topology as GraphQL gives it, as rows compare it.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use crate::lab::Client;

/// The whole estate by workload, with all that is known of each call.
pub(crate) const BY_WORKLOAD: &str = "query Q($scope: TopologyScope) { \
    topology(scope: $scope, groupBy: WORKLOAD, window: M5) { \
    totalNodes totalEdges \
    edges { from { kind label entity { name } cluster { name } } \
    to { kind label entity { name } cluster { name } } \
    metrics { requestsPerSecond successRatio latencyP95Ms openConnections securedRatio } \
    tls tlsReason crossesClusters mode declared observation { state reason observedAt } } \
    coverage { cluster { name } reason observation { state } } } }";

/// The whole estate by component, as a page needs it.
pub(crate) const BY_COMPONENT: &str = "{ topology(groupBy: COMPONENT, window: M5) { \
    totalNodes totalEdges \
    nodes { id kind label owner { ref } } \
    edges { id from { id } to { id } metrics { requestsPerSecond successRatio latencyP95Ms } \
    tls declared } } }";

/// The ends of a call: `(cluster, name)` of the caller and of the called one.
pub(crate) type Ends = ((String, String), (String, String));

/// What is known of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) success_ratio: Option<f64>,
    pub(crate) latency_p95_ms: Option<f64>,
    pub(crate) open_connections: Option<f64>,
    pub(crate) tls: String,
    pub(crate) tls_reason: String,
    pub(crate) mode: Option<String>,
    pub(crate) declared: String,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) observed_at: String,
}

/// The calls of the estate.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Between workloads that belong to components.
    pub(crate) known: BTreeMap<Ends, Call>,
    /// How many there are twice.
    pub(crate) twice: usize,
    /// The ends of all others: kind and label.
    pub(crate) others: Vec<String>,
}

/// Asks for all calls by workload.
pub(crate) fn calls(client: &mut Client) -> anyhow::Result<Calls> {
    calls_within(client, &Value::Null)
}

/// Those that begin or end in one cluster.
pub(crate) fn calls_of(client: &mut Client, cluster: &str) -> anyhow::Result<Calls> {
    calls_within(client, &json!({ "cluster": cluster }))
}

fn calls_within(client: &mut Client, scope: &Value) -> anyhow::Result<Calls> {
    let data = client.graphql(BY_WORKLOAD, &json!({ "scope": scope }))?;
    let edges = data.pointer("/topology/edges").and_then(Value::as_array).context("no edges")?;
    let mut calls = Calls::default();
    for edge in edges {
        match (end(edge.get("from")), end(edge.get("to"))) {
            (Some(from), Some(to)) => {
                calls.twice += usize::from(calls.known.insert((from, to), call(edge)).is_some());
            }
            _ => calls.others.push(format!("{} → {}", named(edge, "from"), named(edge, "to"))),
        }
    }
    Ok(calls)
}

fn end(node: Option<&Value>) -> Option<(String, String)> {
    let node = node?;
    let text = |pointer: &str| Some(node.pointer(pointer)?.as_str()?.to_owned());
    (node.get("kind") == Some(&json!("WORKLOAD"))).then_some(())?;
    Some((text("/cluster/name")?, text("/entity/name")?))
}

fn named(edge: &Value, end: &str) -> String {
    let text = |key: &str| {
        let value = edge.get(end).and_then(|node| node.get(key)).and_then(Value::as_str);
        value.unwrap_or("?").to_owned()
    };
    format!("{} {}", text("kind"), text("label"))
}

fn call(edge: &Value) -> Call {
    let text = |pointer: &str| edge.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| edge.pointer(&format!("/metrics/{key}")).and_then(Value::as_f64);
    Call {
        requests_per_second: number("requestsPerSecond"),
        success_ratio: number("successRatio"),
        latency_p95_ms: number("latencyP95Ms"),
        open_connections: number("openConnections"),
        tls: text("/tls").unwrap_or_default(),
        tls_reason: text("/tlsReason").unwrap_or_default(),
        mode: text("/mode"),
        declared: text("/declared").unwrap_or_default(),
        state: text("/observation/state").unwrap_or_default(),
        reason: text("/observation/reason").unwrap_or_default(),
        observed_at: text("/observation/observedAt").unwrap_or_default(),
    }
}

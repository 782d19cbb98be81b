//! The recorded metrics: the answers of a Prometheus to the queries of the mesh.
//!
//! The texts of the queries are read from `plugins/mesh/queries.txt`, which that crate prints: a
//! recording is found by them, to the letter.

mod answers;
mod series;

use super::truth::{ClusterTruth, Truth};
use anyhow::{Context as _, bail};
use chrono::DateTime;
use serde_json::{Value, json};
use series::Series;
use std::collections::BTreeMap;

/// The committed queries: a name and a window, a tab, the PromQL.
const QUERIES: &str = include_str!("../../../../plugins/mesh/queries.txt");

/// The span of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    M5,
    H1,
    H24,
}

/// The files of every cluster's `prometheus` folder, by their path below `examples/clusters/`.
///
/// # Errors
///
/// If the mesh asks something that nobody here can answer.
pub(crate) fn files(truth: &Truth) -> anyhow::Result<BTreeMap<String, Value>> {
    let moment = DateTime::parse_from_rfc3339(&truth.recorded_at).context("recordedAt")?;
    let mut files = BTreeMap::new();
    for cluster in &truth.clusters {
        let mut queries = Vec::new();
        for (number, line) in (1..).zip(QUERIES.lines()) {
            let (name, promql) = line.split_once('\t').context("a query has a name")?;
            let file = format!("{number:04}.json");
            let series = answer(truth, cluster, name)?;
            let body = body(&series, moment.timestamp());
            files.insert(format!("{}/prometheus/{file}", cluster.name), body);
            queries.push(json!({ "query": promql, "file": file }));
        }
        let contents = json!({
            "recordedAt": truth.recorded_at,
            "observedSince": truth.observed_since,
            "queries": queries,
        });
        files.insert(format!("{}/prometheus/snapshot.json", cluster.name), contents);
    }
    Ok(files)
}

fn answer(truth: &Truth, cluster: &ClusterTruth, name: &str) -> anyhow::Result<Vec<Series>> {
    let (question, span) = name.split_once(' ').context("a query has a window")?;
    let window = match span {
        "1h" => Window::H1,
        "24h" => Window::H24,
        _ => Window::M5,
    };
    Ok(match question {
        "requests" => answers::requests(truth, cluster, window),
        "latencies" => answers::latencies(truth, cluster, window),
        "unmeshed-callers" => answers::unmeshed_callers(truth, cluster, window),
        "connections" => answers::connections(truth, cluster),
        "gateways" => answers::gateways(truth, cluster),
        "presence" => answers::presence(truth, cluster),
        other => bail!("nobody knows how to answer \"{other}\" of plugins/mesh/queries.txt"),
    })
}

/// The body of an answer, as Prometheus 3.5 writes it.
fn body(series: &[Series], moment: i64) -> Value {
    let result: Vec<Value> = series.iter().map(|one| one.sample(moment)).collect();
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
}

//! Who calls whom, against the ground truth.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    all, difference, place, texts,
    truth::{Call, Dependency, Pair, Truth, Unmeshed},
};
use crate::{lab::Client, prove::outcome::Figures};

/// The calls that the shortest window has seen, with where they come from.
pub(super) fn present(truth: &Truth) -> impl Iterator<Item = (&Pair, &Call)> {
    every(truth).filter(|(_, call)| !call.daily)
}

fn every(truth: &Truth) -> impl Iterator<Item = (&Pair, &Call)> {
    truth.calls.iter().flat_map(|pair| pair.edges.iter().map(move |call| (pair, call)))
}

/// Caller, called one, TLS and mode.
type Ends = (String, String, String, String);

/// The calls of the whole estate: those of five minutes with their rates, and those of a day.
pub(super) fn calls(
    truth: &Truth,
    client: &mut Client,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let seen = served(client, "M5")?;
    let (inside, outside): (BTreeSet<&Ends>, BTreeSet<&Ends>) =
        seen.keys().partition(|(from, ..)| from.contains(' '));
    let real: BTreeMap<Ends, Option<f64>> =
        present(truth).map(|(pair, call)| (ends(pair, call), call.rps)).collect();
    figures.must(
        &format!("{} calls of five minutes", real.len()),
        difference(&real.keys().collect(), &inside),
    );
    let off = real.iter().find(|(ends, real)| {
        let seen = seen.get(*ends).copied().flatten();
        match (real, seen) {
            (Some(real), Some(seen)) => (real - seen).abs() > real * 0.05,
            (real, seen) => real.is_some() != seen.is_some(),
        }
    });
    figures.must("rates within 5 %", off.map(|off| format!("{off:?}")));
    let unmeshed = |call: &Unmeshed| format!("{} {}", call.cluster, call.to);
    let real = truth.unmeshed_callers.iter().map(unmeshed).collect();
    let outside = outside.into_iter().map(|(_, to, ..)| to.clone()).collect();
    figures.must("callers from outside the mesh", difference(&real, &outside));
    let day: BTreeSet<Ends> =
        served(client, "H24")?.into_keys().filter(|(from, ..)| from.contains(' ')).collect();
    let real = every(truth).map(|(pair, call)| ends(pair, call)).collect();
    figures.must(&format!("{} of a day", day.len()), difference(&real, &day));
    Ok(())
}

fn ends(pair: &Pair, call: &Call) -> Ends {
    let to = match (&pair.to, &call.to) {
        (Some(cluster), Some(to)) => format!("{cluster} {to}"),
        _ => call.authority.clone().unwrap_or_default(),
    };
    let mode = match pair.mode.as_str() {
        mode @ ("GATEWAY" | "FLAT") => mode,
        _ => "none",
    };
    (format!("{} {}", pair.from, call.from), to, call.tls.clone(), mode.to_owned())
}

/// The calls that are served over a window, with their rates. Whoever is no workload is called by
/// its kind as a caller, and by its label as the called one.
fn served(client: &mut Client, window: &str) -> anyhow::Result<BTreeMap<Ends, Option<f64>>> {
    let query = "query Q($window: Window) { topology(groupBy: WORKLOAD, window: $window) { edges { \
        from { kind label cluster { name } workload { namespace kind name } } \
        to { kind label cluster { name } workload { namespace kind name } } \
        tls mode metrics { requestsPerSecond } } } }";
    let data = client.graphql(query, &json!({ "window": window }))?;
    let edges = data.pointer("/topology/edges").and_then(Value::as_array).context("no edges")?;
    let mut seen = BTreeMap::new();
    for edge in edges {
        let end = |end: &str| {
            let node = edge.get(end).unwrap_or(&Value::Null);
            match node.get("workload").filter(|workload| !workload.is_null()) {
                Some(workload) => place(texts(node, "/cluster/name"), workload),
                None if end == "from" => texts(node, "/kind").to_owned(),
                None => texts(node, "/label").to_owned(),
            }
        };
        let mode = edge.get("mode").and_then(Value::as_str).unwrap_or("none").to_owned();
        let rate = edge.pointer("/metrics/requestsPerSecond").and_then(Value::as_f64);
        seen.insert((end("from"), end("to"), texts(edge, "/tls").to_owned(), mode), rate);
    }
    Ok(seen)
}

pub(super) fn drift(
    truth: &Truth,
    client: &mut Client,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let query = "query Q($after: String) { entities(filter: {kind: {eq: \"Component\"}}, \
        first: 15, after: $after) { nodes { name ... on Component { dependencyDrift { \
        undeclared { to { entity { name } } } unseen { targets { name } verdict } } } } \
        pageInfo { hasNextPage endCursor } } }";
    let (mut undeclared, mut unseen) = (BTreeSet::new(), BTreeSet::new());
    for node in all(client, query, "/entities")? {
        let list = |key: &str| {
            let list = node.pointer(&format!("/dependencyDrift/{key}")).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let dependency =
            |to: &str| Dependency { from: texts(&node, "/name").to_owned(), to: to.to_owned() };
        let called = list("undeclared");
        undeclared.extend(called.iter().map(|edge| dependency(texts(edge, "/to/entity/name"))));
        for declared in list("unseen") {
            // Of what the mesh could not see nothing is said.
            if texts(&declared, "/verdict") != "NOT_COVERED" {
                // An API that is consumed stands for whoever provides it.
                let targets = declared.get("targets").and_then(Value::as_array);
                let targets = targets.into_iter().flatten();
                unseen.extend(targets.map(|target| dependency(texts(target, "/name"))));
            }
        }
    }
    let count = truth.undeclared.len();
    figures.must(
        &format!("{count} called but not declared"),
        difference(&truth.undeclared, &undeclared),
    );
    let count = truth.dead.len();
    figures.must(&format!("{count} declared but not seen"), difference(&truth.dead, &unseen));
    Ok(())
}

/// A way between components that call each other from cluster to cluster.
pub(super) fn path(
    truth: &Truth,
    client: &mut Client,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let component = |cluster: &str, key: &str| {
        let at = format!("{cluster} {key}");
        let found = truth.placements.iter().find(|workload| workload.place() == at);
        found.and_then(|workload| workload.component.clone())
    };
    let crossing = truth.calls.iter().filter(|pair| pair.mode == "GATEWAY").find_map(|pair| {
        let (to_cluster, call) = (pair.to.as_ref()?, pair.edges.first()?);
        let from = component(&pair.from, &call.from)?;
        Some((from, component(to_cluster, call.to.as_ref()?)?))
    });
    let (from, to) = crossing.context("no call crosses")?;
    let query = "query Q($from: EntityRef!, $to: EntityRef!) { path(from: $from, to: $to) { \
        hops { crossesClusters tls to { cluster { name } entity { name } } } } }";
    let reference = |name: &str| format!("component:default/{name}");
    let data = client.graphql(query, &json!({ "from": reference(&from), "to": reference(&to) }))?;
    let paths = data.get("path").and_then(Value::as_array).cloned().unwrap_or_default();
    let crosses = |path: &Value| {
        let hops = path.get("hops").and_then(Value::as_array);
        hops.into_iter().flatten().any(|hop| hop.get("crossesClusters") == Some(&json!(true)))
    };
    let problem = (!paths.iter().any(crosses)).then(|| format!("{from} to {to}: {data}"));
    figures.must("a path across two clusters", problem);
    Ok(())
}

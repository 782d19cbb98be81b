//! The world, measured by real Prometheis, against what Callboard makes of it.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};

use super::topology::{self, Call, Calls, Ends};
use crate::{
    lab::{BUCKETS_MS, Client, Edge, Fleet, Lab, Launch, Mesh, World, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Longest wait for the first answers: the shortest window is asked every 30 s.
const LIMIT: Duration = Duration::from_secs(100);

/// Every edge once, none invented, and each as it truly is.
pub(crate) fn ground_truth(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("ground-truth")?;
    let fleet = lab.fleet()?;
    let mesh = Mesh::start(&fleet.world, &room)?;
    let config = measured_by(fleet, &room, |cluster| Ok(mesh.source(cluster)?.port()))?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let calls = wait_complete(&mut client, &fleet.world)?;
    let mut figures = Figures::default();
    compare(&fleet.world, &calls, &mut figures);
    drift(&fleet.world, &mut client, &mut figures)?;
    path(&fleet.world, &mut client, &mut figures)?;
    Ok(figures.outcome())
}

/// The configuration of a server for the fleet, with a Prometheus for each cluster.
pub(crate) fn measured_by(
    fleet: &Fleet,
    room: &std::path::Path,
    port: impl Fn(&str) -> anyhow::Result<u16>,
) -> anyhow::Result<Value> {
    let mut config = fleet.config(room, |_| None)?;
    let clusters = config.pointer_mut("/callboard/clusters").and_then(Value::as_array_mut);
    for cluster in clusters.context("no clusters")? {
        let name = cluster.get("name").and_then(Value::as_str).unwrap_or_default();
        let url = format!("http://127.0.0.1:{}", port(name)?);
        if let Some(cluster) = cluster.as_object_mut() {
            cluster.insert("prometheus".to_owned(), json!({ "url": url }));
        }
    }
    Ok(config)
}

/// Waits until as many calls are known as there are, at most for a while; gives the last answer.
pub(crate) fn wait_complete(client: &mut Client, world: &World) -> anyhow::Result<Calls> {
    let mut last = None;
    let waited = wait_until("every call", LIMIT, Duration::from_secs(1), || {
        let calls = topology::calls(client)?;
        let is_complete = calls.known.len() >= world.edges.len();
        last = Some(calls);
        Ok(is_complete.then_some(()))
    });
    last.with_context(|| format!("{waited:?}"))
}

fn ends(edge: &Edge) -> Ends {
    let end = |place: &crate::lab::Place| (place.cluster.to_owned(), place.name.clone());
    (end(&edge.from), end(&edge.to))
}

fn compare(world: &World, calls: &Calls, figures: &mut Figures) {
    let expected: BTreeSet<Ends> = world.edges.iter().map(ends).collect();
    let seen: BTreeSet<Ends> = calls.known.keys().cloned().collect();
    let first =
        |ends: Vec<&Ends>| ends.first().map(|first| format!("{} such as {first:?}", ends.len()));
    let name = format!("{} edges, none missing", expected.len());
    figures.must(&name, first(expected.difference(&seen).collect()));
    figures.must("none invented", first(seen.difference(&expected).collect()));
    figures.must("none twice", (calls.twice > 0).then(|| calls.twice.to_string()));
    let unmeshed = world.unmeshed.len();
    let others = (calls.others.len() != unmeshed)
        .then(|| format!("{} of {unmeshed}, {:?}", calls.others.len(), calls.others.first()));
    figures.must("callers from outside the mesh", others);
    let mut wrong: Vec<String> = Vec::new();
    for edge in &world.edges {
        let Some(call) = calls.known.get(&ends(edge)) else { continue };
        wrong.extend(differs(world, edge, call).map(|what| format!("{:?}: {what}", ends(edge))));
    }
    let problem = wrong.first().map(|first| format!("{} such as {first}", wrong.len()));
    figures.must("mode, TLS, rates within 5 %, p95 within a bucket, declared", problem);
}

/// What is not said of a call as it is.
fn differs(world: &World, edge: &Edge, call: &Call) -> Option<String> {
    let mode = edge.mode.map(|mode| mode.name().to_owned());
    if call.mode != mode {
        return Some(format!("mode {:?}, not {mode:?}", call.mode));
    }
    let tls = if edge.insecure.is_some() { "PLAINTEXT" } else { "SECURED" };
    if call.tls != tls || edge.insecure.is_some_and(|reason| !call.tls_reason.contains(reason)) {
        return Some(format!("TLS {} {:?}, not {tls}", call.tls, call.tls_reason));
    }
    let dependency = (edge.from.name.clone(), edge.to.name.clone());
    let declared = if world.undeclared.contains(&dependency) { "UNDECLARED" } else { "DECLARED" };
    if call.declared != declared {
        return Some(format!("{}, not {declared}", call.declared));
    }
    let near = |seen: Option<f64>, real: f64, share: f64| {
        seen.is_some_and(|seen| (seen - real).abs() <= real * share)
    };
    if !near(call.open_connections, f64::from(edge.connections), 0.0) {
        return Some(format!("{:?} connections of {}", call.open_connections, edge.connections));
    }
    match edge.requests_per_second {
        None if call.requests_per_second.is_some() || call.latency_p95_ms.is_some() => {
            Some(format!("requests of bytes alone: {:?}", call.requests_per_second))
        }
        None => None,
        Some(real) if !near(call.requests_per_second, real, 0.05) => {
            Some(format!("{:?} requests a second of {real}", call.requests_per_second))
        }
        Some(_) if !near(call.success_ratio, edge.success_ratio, 0.05) => {
            Some(format!("success {:?} of {}", call.success_ratio, edge.success_ratio))
        }
        Some(_) => slower(edge, call.latency_p95_ms),
    }
}

/// Whether a quantile lies further off than one bucket.
fn slower(edge: &Edge, p95: Option<f64>) -> Option<String> {
    let bound = |index: usize| BUCKETS_MS.get(index).copied().map_or(0.0, f64::from);
    let (low, high) = (bound(edge.p95_bucket.saturating_sub(2)), bound(edge.p95_bucket + 1));
    let holds = p95.is_some_and(|p95| p95 >= low && p95 <= high);
    (!holds).then(|| format!("p95 {p95:?} ms, not {low} to {high}"))
}

/// Both lists of drift, of every component.
fn drift(world: &World, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let (mut undeclared, mut unseen) = (BTreeSet::new(), BTreeSet::new());
    for service in &world.services {
        let query = "query Q($ref: EntityRef!) { entity(ref: $ref) { ... on Component { \
            dependencyDrift { undeclared { to { entity { name } } } \
            unseen { declared { name } } } } } }";
        let data =
            client.graphql(query, &json!({ "ref": format!("component:default/{service}") }))?;
        let names = |list: &str, name: &str| -> Vec<(String, String)> {
            let found = data.pointer(&format!("/entity/dependencyDrift/{list}"));
            let items = found.and_then(Value::as_array).into_iter().flatten();
            let pair =
                |item: &Value| Some((service.clone(), item.pointer(name)?.as_str()?.to_owned()));
            items.filter_map(pair).collect()
        };
        undeclared.extend(names("undeclared", "/to/entity/name"));
        unseen.extend(names("unseen", "/declared/name"));
    }
    for (name, real, seen) in [
        ("called but not declared", &world.undeclared, &undeclared),
        ("declared but not seen", &world.dead, &unseen),
    ] {
        let problem = (real != seen).then(|| {
            let missing = real.difference(seen).count();
            let more = seen.difference(real).count();
            format!("{missing} missing, {more} too many of {}", real.len())
        });
        figures.must(&format!("{} {name}", real.len()), problem);
    }
    Ok(())
}

/// A way from cluster to cluster, hop by hop.
fn path(world: &World, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let crossing = world.edges.iter().find(|edge| edge.mode.is_some()).context("none crosses")?;
    let query = "query Q($from: EntityRef!, $to: EntityRef!) { path(from: $from, to: $to) { \
        hops { from { cluster { name } entity { name } } to { cluster { name } entity { name } } \
        crossesClusters tls } } }";
    let reference = |name: &str| format!("component:default/{name}");
    let variables =
        json!({ "from": reference(&crossing.from.name), "to": reference(&crossing.to.name) });
    let data = client.graphql(query, &variables)?;
    let paths = data.get("path").and_then(Value::as_array).context("no path")?;
    let is_crossing = |path: &Value| {
        path.pointer("/hops/0/crossesClusters") == Some(&json!(true))
            && path.pointer("/hops/0/to/cluster/name") == Some(&json!(crossing.to.cluster))
    };
    let problem = (!paths.iter().any(is_crossing)).then(|| data.to_string());
    figures.must("a path from cluster to cluster", problem);
    Ok(())
}

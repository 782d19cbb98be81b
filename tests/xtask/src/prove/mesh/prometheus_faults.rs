//! Six Prometheis, each broken in its own way at once: what is shown of their clusters' calls, and
//! of the others'.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    ground_truth::{measured_by, wait_complete},
    topology::{self, Call, Calls, Ends},
    view,
};
use crate::{
    lab::{Answer, Client, Fault, Lab, Launch, Mesh, Proxy, pause, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// How a Prometheus is broken, with the cluster that it measures.
const BROKEN: [(&str, Break); 6] = [
    ("azure-dev", Break::Dead),
    ("azure-staging", Break::Slow),
    ("azure-prod", Break::Status422),
    ("gcp-dev", Break::NotANumber),
    ("gcp-staging", Break::Html),
    ("gcp-prod", Break::Truncated),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Dead,
    Slow,
    Status422,
    NotANumber,
    Html,
    Truncated,
}

/// How long it stays so: two rounds of the shortest window and a half.
const BROKEN_FOR: Duration = Duration::from_secs(75);

/// Longest wait for the end of all labels: two rounds.
const REPAIR_LIMIT: Duration = Duration::from_secs(75);

/// All of them at once.
pub(crate) fn prometheus_faults(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("prometheus-faults")?;
    let fleet = lab.fleet()?;
    let mut mesh = Mesh::start(&fleet.world, &room)?;
    let mut proxies = BTreeMap::new();
    for (cluster, _) in BROKEN {
        proxies.insert(cluster, Proxy::before(mesh.source(cluster)?.port())?);
    }
    let config = measured_by(fleet, &room, |cluster| {
        let behind = proxies.get(cluster).map(Proxy::port);
        behind.map_or_else(|| Ok(mesh.source(cluster)?.port()), Ok)
    })?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    let before = wait_complete(&mut client, &fleet.world)?;
    let mut figures = Figures::default();
    let edges = fleet.world.edges.len();
    let few = (before.known.len() != edges).then(|| before.known.len().to_string());
    figures.must(&format!("{edges} calls before"), few);

    for (cluster, kind) in BROKEN {
        match kind {
            Break::Dead => mesh.source_mut(cluster)?.kill()?,
            _ => proxies.get(cluster).context("no proxy")?.set(fault(kind)),
        }
    }
    let begun = Instant::now();
    let mut lost = Vec::new();
    let mut last = Calls::default();
    while begun.elapsed() < BROKEN_FOR {
        last = topology::calls(&mut client)?;
        lost.extend(shown_as_less(&before, &last));
        pause(Duration::from_secs(1));
    }
    figures.must("never zero, never missing", lost.first().cloned());
    labelled(&before, &last, &mut figures);
    covered(&mut client, &mut figures)?;

    for (cluster, kind) in BROKEN {
        match kind {
            Break::Dead => mesh.source_mut(cluster)?.up()?,
            _ => proxies.get(cluster).context("no proxy")?.set(Fault::None),
        }
    }
    let repaired = Instant::now();
    let mut stale = usize::MAX;
    while stale > 0 && repaired.elapsed() < REPAIR_LIMIT {
        let calls = topology::calls(&mut client)?;
        stale = calls.known.values().filter(|call| call.state != "LIVE").count();
        pause(Duration::from_millis(500));
    }
    figures.must("LIVE again", (stale > 0).then(|| format!("{stale} calls are not")));
    figures.note(format!("after {:.0} s", repaired.elapsed().as_secs_f64()));
    // What was not scraped meanwhile is missing in its rates for a while.
    let whole = wait_until("the same calls", REPAIR_LIMIT, Duration::from_secs(1), || {
        let after = topology::calls(&mut client)?;
        Ok(shown_as_less(&before, &after).is_none().then_some(()))
    });
    figures.must("and whole", whole.err().map(|error| format!("{error:#}")));
    Ok(figures.outcome())
}

fn fault(kind: Break) -> Fault {
    let error = json!({
        "status": "error", "errorType": "execution", "error": "many-to-many matching not allowed",
    });
    match kind {
        Break::Dead => Fault::None,
        Break::Slow => Fault::Slow,
        Break::Status422 => Fault::Answer("", Answer::json(422, &error)),
        Break::NotANumber => Fault::Changed(not_a_number),
        Break::Html => {
            Fault::Answer("", Answer::fixed(200, "text/html", b"<html><h1>Sign in</h1></html>"))
        }
        Break::Truncated => Fault::Changed(truncated),
    }
}

/// The same answer, of which every value is NaN.
fn not_a_number(mut answer: Value) -> Value {
    let results = answer.pointer_mut("/data/result").and_then(Value::as_array_mut);
    for series in results.into_iter().flatten() {
        if let Some(value) = series.pointer_mut("/value/1") {
            *value = json!("NaN");
        }
    }
    answer
}

/// Half of the same answer, with the warning that a limit gives.
fn truncated(mut answer: Value) -> Value {
    if let Some(results) = answer.pointer_mut("/data/result").and_then(Value::as_array_mut) {
        results.truncate(results.len() / 2);
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("warnings".to_owned(), json!(["results truncated due to limit"]));
    }
    answer
}

fn break_of(ends: &Ends) -> Option<Break> {
    BROKEN.iter().find(|(cluster, _)| *cluster == ends.0.0).map(|(_, kind)| *kind)
}

/// A call of a broken source that has vanished or lost its value.
fn shown_as_less(before: &Calls, now: &Calls) -> Option<String> {
    before.known.iter().find_map(|(ends, was)| {
        let Some(is) = now.known.get(ends) else { return Some(format!("{ends:?} is missing")) };
        let differs = |was: Option<f64>, is: Option<f64>| match (was, is) {
            (Some(was), Some(is)) => (was - is).abs() > was * 0.05,
            (was, is) => was.is_some() != is.is_some(),
        };
        let changed = differs(was.requests_per_second, is.requests_per_second)
            || differs(was.latency_p95_ms, is.latency_p95_ms)
            || differs(was.open_connections, is.open_connections);
        changed.then(|| format!("{:?}: {ends:?} was {was:?}, is {is:?}", break_of(ends)))
    })
}

/// Calls of broken sources are not `LIVE`, say why, and are as old as the last answer; all others
/// are `LIVE` and have become younger.
fn labelled(before: &Calls, now: &Calls, figures: &mut Figures) {
    let mut problems: BTreeMap<String, usize> = BTreeMap::new();
    for (ends, call) in &now.known {
        let aged = before.known.get(ends).is_some_and(|was| was.observed_at < call.observed_at);
        let problem = match break_of(ends) {
            Some(kind) => broken_label(call).map(|problem| format!("{kind:?}: {problem}")),
            None if call.state != "LIVE" => {
                Some(format!("{} is {}: {}", ends.0.0, call.state, call.reason))
            }
            None if !aged => Some(format!("{} does not advance", ends.0.0)),
            None => None,
        };
        if let Some(problem) = problem {
            *problems.entry(problem).or_default() += 1;
        }
    }
    let problem = (!problems.is_empty()).then(|| format!("{problems:?}"));
    figures.must("labelled with the reason, the others fresh", problem);
}

fn broken_label(call: &Call) -> Option<String> {
    match call.state.as_str() {
        "LIVE" | "RECORDED" | "SYNCING" | "" => Some(format!("shown as {:?}", call.state)),
        _ if call.reason.is_empty() => Some("no reason is said".to_owned()),
        _ => None,
    }
}

/// The coverage names every broken cluster with a reason, and no other.
fn covered(client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let data = client.graphql(topology::BY_WORKLOAD, &json!({}))?;
    let coverage = data.pointer("/topology/coverage").and_then(Value::as_array);
    let mut problems = Vec::new();
    for entry in coverage.context("no coverage")? {
        let name = entry.pointer("/cluster/name").and_then(Value::as_str).unwrap_or_default();
        let says = entry.get("reason").is_some_and(|reason| !reason.is_null());
        let is_broken = BROKEN.iter().any(|(cluster, _)| *cluster == name);
        if says != is_broken {
            problems.push(format!("{name}: {}", entry.get("reason").unwrap_or(&Value::Null)));
        }
    }
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    figures.must("coverage says so", problem);
    Ok(())
}

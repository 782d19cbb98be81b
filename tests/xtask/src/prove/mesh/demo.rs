//! `demo`: nine recorded clusters, and every answer as the ground truth of the example has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    lab::{Client, Lab, Launch, ends_with_us, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Longest wait until the recordings are read.
const LIMIT: Duration = Duration::from_secs(30);

/// What is compared of `examples/ground-truth.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Truth {
    clusters: Vec<Named>,
    components: Vec<Named>,
    placements: Vec<Workload>,
    unknown_workloads: Vec<Workload>,
    calls: Vec<Pair>,
    unmeshed_callers: Vec<Unmeshed>,
    undeclared: BTreeSet<Dependency>,
    dead: BTreeSet<Dependency>,
    missing: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Workload {
    cluster: String,
    namespace: String,
    kind: String,
    name: String,
    component: Option<String>,
    rule: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    from: String,
    to: Option<String>,
    mode: String,
    edges: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    /// `namespace/Kind/name`.
    from: String,
    to: Option<String>,
    authority: Option<String>,
    rps: Option<f64>,
    tls: String,
}

#[derive(Debug, Deserialize)]
struct Unmeshed {
    cluster: String,
    to: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    from: String,
    to: String,
}

/// A workload as `cluster namespace/Kind/name`.
type Place = String;

/// Every answer against the truth.
pub(crate) fn demo(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let file = lab.workspace().root().join("examples/ground-truth.json");
    let truth: Truth = serde_json::from_slice(&fs::read(&file)?)
        .with_context(|| format!("{} is not the ground truth", file.display()))?;
    let mut command = ends_with_us(&lab.callboard()?);
    command.args(["demo", "--listen", "127.0.0.1:0"]);
    let started = Launch::command(command, &lab.room("mesh-demo")?)?.ready()?;
    let mut guest = Client::with_token(started.server.url(), None);
    wait_until("every recording", LIMIT, Duration::from_millis(100), || {
        let data = guest.graphql(
            "{ topology(groupBy: WORKLOAD) { totalEdges } \
               clusters { observation { state } } }",
            &json!({}),
        )?;
        let calls: usize = truth.calls.iter().map(|pair| pair.edges.len()).sum();
        let total = data.pointer("/topology/totalEdges").and_then(Value::as_u64);
        Ok((total >= Some(calls as u64)).then_some(()))
    })?;
    let mut figures = Figures::default();
    placements(&truth, &mut guest, &mut figures)?;
    unknown(&truth, &mut guest, &mut figures)?;
    calls(&truth, &mut guest, &mut figures)?;
    drift(&truth, &mut guest, &mut figures)?;
    path(&truth, &mut guest, &mut figures)?;
    pages(&truth, &mut guest, &mut figures)?;
    Ok(figures.outcome())
}

/// Says how two sets differ.
fn difference<T: Ord + std::fmt::Debug>(real: &BTreeSet<T>, seen: &BTreeSet<T>) -> Option<String> {
    let missing: Vec<&T> = real.difference(seen).collect();
    let more: Vec<&T> = seen.difference(real).collect();
    (!missing.is_empty() || !more.is_empty()).then(|| {
        format!(
            "{} missing, such as {:?}; {} too many, such as {:?}",
            missing.len(),
            missing.first(),
            more.len(),
            more.first()
        )
    })
}

fn texts<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A workload that GraphQL gave, as a place.
fn place(cluster: &str, workload: &Value) -> Place {
    let text = |key: &str| texts(workload, key);
    format!("{cluster} {}/{}/{}", text("/namespace"), text("/kind"), text("/name"))
}

impl Workload {
    fn place(&self) -> Place {
        format!("{} {}/{}/{}", self.cluster, self.namespace, self.kind, self.name)
    }
}

/// The nodes of every page of a connection that a query gives at `pointer`.
fn all(client: &mut Client, query: &str, pointer: &str) -> anyhow::Result<Vec<Value>> {
    let mut nodes = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut data = client.graphql(query, &json!({ "after": after }))?;
        let page = data.pointer_mut(pointer).context("no such list")?;
        if let Some(Value::Array(found)) = page.get_mut("nodes").map(Value::take) {
            nodes.extend(found);
        }
        if page.pointer("/pageInfo/hasNextPage") != Some(&json!(true)) {
            return Ok(nodes);
        }
        after = page.pointer("/pageInfo/endCursor").cloned().context("no cursor")?;
    }
}

/// Every component is placed where it runs and by the rule that finds it, or listed as missing.
fn placements(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let query = "query Q($after: String) { entities(filter: {kind: {eq: \"Component\"}}, \
        first: 100, after: $after) { nodes { name ... on Component { placements { matchedBy \
        cluster { name } workload { namespace kind name } } } } \
        pageInfo { hasNextPage endCursor } } }";
    let mut seen = BTreeSet::new();
    for component in all(client, query, "/entities")? {
        let placed = component.get("placements").and_then(Value::as_array);
        for placement in placed.into_iter().flatten() {
            let workload = placement.get("workload").unwrap_or(&Value::Null);
            let at = place(texts(placement, "/cluster/name"), workload);
            let rule = texts(placement, "/matchedBy");
            seen.insert(format!("{} at {at} by {rule}", texts(&component, "/name")));
        }
    }
    let text = |workload: &Workload| {
        let (component, rule) = (workload.component.as_deref()?, workload.rule.as_deref()?);
        Some(format!("{component} at {} by {rule}", workload.place()))
    };
    let real: BTreeSet<String> = truth.placements.iter().filter_map(text).collect();
    figures.must(&format!("{} placements", real.len()), difference(&real, &seen));
    let query = "query Q($after: String) { missingComponents(first: 100, after: $after) { \
        nodes { entity { name } } pageInfo { hasNextPage endCursor } } }";
    let missing = all(client, query, "/missingComponents")?;
    let missing = missing.iter().map(|node| texts(node, "/entity/name").to_owned()).collect();
    figures.must(&format!("{} missing", truth.missing.len()), difference(&truth.missing, &missing));
    let placed: BTreeSet<&str> =
        truth.placements.iter().filter_map(|workload| workload.component.as_deref()).collect();
    let nowhere = truth.components.iter().map(|component| component.name.as_str());
    let nowhere: Vec<&str> =
        nowhere.filter(|name| !placed.contains(name) && !missing.contains(*name)).collect();
    let problem = (!nowhere.is_empty()).then(|| format!("{nowhere:?}"));
    figures.must("every component is placed or missing", problem);
    Ok(())
}

fn unknown(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let query = "query Q($after: String) { unknownWorkloads(first: 100, after: $after) { \
        nodes { cluster { name } namespace kind name descriptor } \
        pageInfo { hasNextPage endCursor } } }";
    let nodes = all(client, query, "/unknownWorkloads")?;
    let seen = nodes.iter().map(|node| place(texts(node, "/cluster/name"), node)).collect();
    let real: BTreeSet<Place> = truth.unknown_workloads.iter().map(Workload::place).collect();
    figures.must(&format!("{} unknown workloads", real.len()), difference(&real, &seen));
    let bare = nodes.iter().filter(|node| texts(node, "/descriptor").is_empty()).count();
    figures.must("each with a descriptor", (bare > 0).then(|| format!("{bare} without")));
    Ok(())
}

/// The calls of the whole estate, with their rates.
fn calls(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let query = "{ topology(groupBy: WORKLOAD, window: M5) { edges { \
        from { kind label cluster { name } workload { namespace kind name } } \
        to { kind label cluster { name } workload { namespace kind name } } \
        tls mode metrics { requestsPerSecond } } } }";
    let data = client.graphql(query, &json!({}))?;
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
        let mode = edge.get("mode").and_then(Value::as_str).unwrap_or("none");
        let rate = edge.pointer("/metrics/requestsPerSecond").and_then(Value::as_f64);
        seen.insert((end("from"), end("to"), texts(edge, "/tls").to_owned(), mode), rate);
    }
    let mut real = BTreeMap::new();
    for pair in &truth.calls {
        for call in &pair.edges {
            let to = match (&pair.to, &call.to) {
                (Some(cluster), Some(to)) => format!("{cluster} {to}"),
                _ => call.authority.clone().unwrap_or_default(),
            };
            let tls = if call.tls == "PARTIAL" { "MIXED" } else { call.tls.as_str() };
            let mode = match pair.mode.as_str() {
                mode @ ("GATEWAY" | "FLAT") => mode,
                _ => "none",
            };
            let from = format!("{} {}", pair.from, call.from);
            real.insert((from, to, tls.to_owned(), mode), call.rps);
        }
    }
    let (inside, outside): (BTreeSet<_>, BTreeSet<_>) =
        seen.keys().partition(|(from, ..)| from.contains(' '));
    figures.must(&format!("{} calls", real.len()), difference(&real.keys().collect(), &inside));
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
    Ok(())
}

fn drift(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let query = "query Q($after: String) { entities(filter: {kind: {eq: \"Component\"}}, \
        first: 50, after: $after) { nodes { name ... on Component { dependencyDrift { \
        undeclared { to { entity { name } } } unseen { declared { name } verdict } } } } \
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
        let declared = list("unseen");
        let certain = declared.iter().filter(|unseen| texts(unseen, "/verdict") != "NOT_COVERED");
        unseen.extend(certain.map(|unseen| dependency(texts(unseen, "/declared/name"))));
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
fn path(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
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

fn pages(truth: &Truth, client: &mut Client, figures: &mut Figures) -> anyhow::Result<()> {
    let component = truth.placements.iter().find_map(|workload| workload.component.as_deref());
    let component = component.context("nothing is placed")?;
    let clusters: Vec<&str> = truth.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    let first = clusters.first().copied().unwrap_or_default();
    let entity = format!("/catalog/default/component/{component}");
    let expected = [
        ("/clusters".to_owned(), clusters.clone()),
        (format!("/clusters/{first}"), vec![first]),
        (format!("{entity}/runs-on"), vec![first]),
        (format!("{entity}/mesh"), vec!["callers", "callees"]),
        ("/mesh".to_owned(), vec!["<svg", "<table"]),
        ("/workloads/unknown".to_owned(), vec![first]),
    ];
    let mut problems = Vec::new();
    for (path, words) in expected {
        let page = client.get(&path)?;
        let html = String::from_utf8_lossy(&page.body).to_lowercase();
        let lacking: Vec<&str> = words.into_iter().filter(|word| !html.contains(word)).collect();
        if page.status != 200 || !lacking.is_empty() {
            problems.push(format!("{path} answers {} without {lacking:?}", page.status));
        }
    }
    figures.must("six pages", (!problems.is_empty()).then(|| problems.join("; ")));
    Ok(())
}

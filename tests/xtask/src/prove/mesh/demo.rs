//! `demo`: nine recorded clusters, and every answer as the ground truth of the example has it.

mod mesh;
mod truth;

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};

use self::truth::{Place, Truth, Workload};
use crate::{
    lab::{Client, Lab, Launch, ends_with_us, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Longest wait until the recordings are read.
const LIMIT: Duration = Duration::from_secs(30);

/// Every answer against the truth.
pub(crate) fn demo(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let file = lab.workspace().root().join("examples/ground-truth.json");
    let truth: Truth = serde_json::from_slice(&fs::read(&file)?)
        .with_context(|| format!("{} is not the ground truth", file.display()))?;
    let mut command = ends_with_us(&lab.callboard()?);
    command.args(["demo", "--listen", "127.0.0.1:0"]);
    let started = Launch::command(command, &lab.room("mesh-demo")?)?.ready()?;
    let mut guest = Client::with_token(started.server.url(), None);
    let joined = wait_until("every recording", LIMIT, Duration::from_millis(100), || {
        let query = "{ topology(groupBy: WORKLOAD, window: M5) { totalEdges } \
            unknownWorkloads(first: 1) { totalCount } }";
        let data = guest.graphql(query, &json!({}))?;
        let count = |pointer: &str| data.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        let calls = mesh::present(&truth).count() as u64;
        let unknown = truth.unknown_workloads.len() as u64;
        let is_joined = count("/unknownWorkloads/totalCount") <= unknown;
        Ok((count("/topology/totalEdges") >= calls && is_joined).then_some(()))
    });
    let mut figures = Figures::default();
    figures.must("joined", joined.err().map(|error| format!("{error:#}")));
    placements(&truth, &mut guest, &mut figures)?;
    unknown(&truth, &mut guest, &mut figures)?;
    mesh::calls(&truth, &mut guest, &mut figures)?;
    mesh::drift(&truth, &mut guest, &mut figures)?;
    mesh::path(&truth, &mut guest, &mut figures)?;
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
        first: 25, after: $after) { nodes { name ... on Component { placements { matchedBy \
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
        ("/mesh".to_owned(), vec!["<svg"]),
        ("/mesh?view=table".to_owned(), vec!["<table"]),
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
    figures.must("seven pages", (!problems.is_empty()).then(|| problems.join("; ")));
    Ok(())
}

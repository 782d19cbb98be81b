//! What Callboard says of clusters, as rows compare it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::lab::{Client, wait_until};

/// How often a state is asked for.
const EVERY: Duration = Duration::from_millis(50);

/// A cluster's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Such as `LIVE`.
    pub(crate) state: String,
    /// Why, in words; empty if nothing is said.
    pub(crate) reason: String,
}

impl State {
    fn read(observation: Option<&Value>) -> Self {
        let text = |key: &str| {
            let value = observation.and_then(|it| it.get(key)).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Self { state: text("state"), reason: text("reason") }
    }
}

/// The states of all clusters, by name.
pub(crate) fn states(client: &mut Client) -> anyhow::Result<BTreeMap<String, State>> {
    let data = client.graphql("{ clusters { name observation { state reason } } }", &json!({}))?;
    let clusters = data.get("clusters").and_then(Value::as_array).context("no clusters")?;
    let state = |cluster: &Value| {
        let name = cluster.get("name").and_then(Value::as_str)?.to_owned();
        Some((name, State::read(cluster.get("observation"))))
    };
    Ok(clusters.iter().filter_map(state).collect())
}

/// The states of the kinds of one cluster, by kind.
pub(crate) fn kinds(client: &mut Client, name: &str) -> anyhow::Result<BTreeMap<String, State>> {
    let query = "query Q($name: String!) { cluster(name: $name) { \
        resources { kind count observation { state reason } } } }";
    let data = client.graphql(query, &json!({ "name": name }))?;
    let resources = data.pointer("/cluster/resources").and_then(Value::as_array);
    let state = |resource: &Value| {
        let kind = resource.get("kind").and_then(Value::as_str)?.to_owned();
        Some((kind, State::read(resource.get("observation"))))
    };
    Ok(resources.context("no resources")?.iter().filter_map(state).collect())
}

/// Waits until a cluster's state is one of `wanted`; gives it and how long that took.
pub(crate) fn wait_for_state(
    client: &mut Client,
    name: &str,
    wanted: &[&str],
    limit: Duration,
) -> anyhow::Result<(State, Duration)> {
    let begun = Instant::now();
    let mut last = None;
    let found = wait_until("a state", limit, EVERY, || {
        let state = states(client)?.remove(name).context("the cluster is not listed")?;
        let is_wanted = wanted.contains(&state.state.as_str());
        last = Some(state.clone());
        Ok(is_wanted.then_some(state))
    });
    match found {
        Ok(state) => Ok((state, begun.elapsed())),
        Err(_) => bail!("{name} is {last:?}, not {wanted:?} within {} s", limit.as_secs()),
    }
}

/// Waits until every cluster is `LIVE`, and so are its kinds.
pub(crate) fn wait_all_live(client: &mut Client) -> anyhow::Result<()> {
    wait_until("nine clusters that are LIVE", Duration::from_mins(1), EVERY, || {
        let all = states(client)?;
        let is_live = |state: &State| state.state == "LIVE";
        Ok((!all.is_empty() && all.values().all(is_live)).then_some(()))
    })
}

/// A workload as it is compared: everything that a person would see of it.
pub(crate) type Workloads = BTreeMap<String, Value>;

/// The workloads of a cluster, by `namespace/Kind/name`.
pub(crate) fn workloads(client: &mut Client, name: &str) -> anyhow::Result<Workloads> {
    let query = "query Q($name: String!, $after: String) { cluster(name: $name) { \
        workloads(first: 100, after: $after) { totalCount nodes { namespace kind name health \
        entity { ref } replicas { desired ready } images { container name tag digest } } \
        pageInfo { hasNextPage endCursor } } } }";
    let mut found = Workloads::new();
    let mut after = Value::Null;
    loop {
        let data = client.graphql(query, &json!({ "name": name, "after": after }))?;
        let page = data.pointer("/cluster/workloads").context("no workloads")?;
        for node in page.get("nodes").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
            let key = format!("{}/{}/{}", text("namespace"), text("kind"), text("name"));
            found.insert(key, node.clone());
        }
        if page.pointer("/pageInfo/hasNextPage") != Some(&json!(true)) {
            return Ok(found);
        }
        after = page.pointer("/pageInfo/endCursor").cloned().context("no cursor")?;
    }
}

/// How many workloads each cluster shows, by name.
pub(crate) fn counts(client: &mut Client) -> anyhow::Result<BTreeMap<String, u64>> {
    let query = "{ clusters { name workloads(first: 1) { totalCount } } }";
    let data = client.graphql(query, &json!({}))?;
    let clusters = data.get("clusters").and_then(Value::as_array).context("no clusters")?;
    let count = |cluster: &Value| {
        let name = cluster.get("name").and_then(Value::as_str)?.to_owned();
        Some((name, cluster.pointer("/workloads/totalCount")?.as_u64()?))
    };
    Ok(clusters.iter().filter_map(count).collect())
}

/// Where components run: `(component, cluster)` with ready pods.
pub(crate) fn placements(
    client: &mut Client,
) -> anyhow::Result<BTreeMap<(String, String), Option<u64>>> {
    let query = "query Q($after: String) { entities(filter: {kind: {eq: \"Component\"}}, \
        first: 25, after: $after) { nodes { name ... on Component { placements { \
        cluster { name } workload { replicas { ready } } } } } pageInfo { hasNextPage endCursor } } }";
    let mut found = BTreeMap::new();
    let mut after = Value::Null;
    loop {
        let data = client.graphql(query, &json!({ "after": after }))?;
        let page = data.get("entities").context("no entities")?;
        for node in page.get("nodes").and_then(Value::as_array).into_iter().flatten() {
            let component = node.get("name").and_then(Value::as_str).unwrap_or_default();
            let placements = node.get("placements").and_then(Value::as_array);
            for placement in placements.into_iter().flatten() {
                let text = |path: &str| placement.pointer(path).and_then(Value::as_str);
                let cluster = text("/cluster/name").unwrap_or_default().to_owned();
                let ready = placement.pointer("/workload/replicas/ready").and_then(Value::as_u64);
                found.insert((component.to_owned(), cluster), ready);
            }
        }
        if page.pointer("/pageInfo/hasNextPage") != Some(&json!(true)) {
            return Ok(found);
        }
        after = page.pointer("/pageInfo/endCursor").cloned().context("no cursor")?;
    }
}

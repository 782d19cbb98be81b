//! What the topology costs: to build it anew, and to ask for all of it.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::{ground_truth, topology, view};
use crate::{
    lab::{
        ApiClient, Client, Edge, Lab, Launch, LinkMode, Mesh, Process, World, pause, settle,
        wait_until,
    },
    prove::outcome::{Figures, Outcome},
};

/// Changes, each of which makes the topology be built anew.
const CHANGES: u32 = 40;

/// Requests for the whole estate.
const REQUESTS: u32 = 200;

/// How long nothing is asked, to know what goes on all the same: a whole round of queries.
const QUIET: Duration = Duration::from_secs(30);

/// Both, on the whole world.
pub(crate) fn cost(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("cost")?;
    let fleet = lab.fleet()?;
    let mesh = Mesh::start(&fleet.world, &room)?;
    let config =
        ground_truth::measured_by(fleet, &room, |cluster| Ok(mesh.source(cluster)?.port()))?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    ground_truth::wait_complete(&mut client, &fleet.world)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let before = process.tree_cpu_seconds();
    pause(QUIET);
    let idle_share = (process.tree_cpu_seconds() - before) / QUIET.as_secs_f64();
    let meter = Meter { process, idle_share };

    let body = json!({ "query": topology::BY_COMPONENT }).to_string();
    let request = client.request("POST", "/graphql", Some(body.as_bytes()));
    let first = client.send(&request)?;
    anyhow::ensure!(first.status == 200, "the estate: {}", first.status);
    let requests_ms =
        meter.cpu_ms(|| (0..REQUESTS).try_for_each(|_| client.send(&request).map(drop)))?;
    let a_request = requests_ms / f64::from(REQUESTS);

    let target = Target::of(&fleet.world)?;
    let mut api = fleet.kubernetes.client(target.cluster)?;
    let changes_ms = meter.cpu_ms(|| {
        (0..CHANGES).try_for_each(|number| {
            target.turn(&mut api, &mut client, number)?;
            client.send(&request).map(drop)
        })
    })?;
    let a_change = changes_ms / f64::from(CHANGES) - a_request;

    let mut figures = Figures::default();
    figures.at_most("a change, from the watch to a new topology", a_change, 30.0, " CPU-ms");
    figures.at_most("the estate by component", a_request, 10.0, " CPU-ms");
    let edges = first.json()?.pointer("/data/topology/totalEdges").and_then(Value::as_u64);
    figures.note(format!("{edges:?} edges in {} kB", first.body.len() / 1000));
    figures.note(format!("{:.1} % of a core at rest", idle_share * 100.0));
    Ok(figures.outcome())
}

/// A service that is called from another cluster, through its gateway.
struct Target {
    cluster: &'static str,
    path: String,
    name: String,
}

impl Target {
    fn of(world: &World) -> anyhow::Result<Self> {
        let through_gateway = |edge: &&Edge| edge.mode == Some(LinkMode::Gateway);
        let place = &world.edges.iter().find(through_gateway).context("no gateway")?.to;
        let path = format!("/api/v1/namespaces/{}/services/{}", place.namespace, place.name);
        Ok(Self { cluster: place.cluster, path, name: place.name.clone() })
    }

    /// Lets its Service select nobody, or its pods again, and waits until the topology tells: the
    /// call leads elsewhere then, so that it cannot be the one of before.
    fn turn(&self, api: &mut ApiClient, client: &mut Client, number: u32) -> anyhow::Result<()> {
        let before = nodes(client)?;
        let app = if number.is_multiple_of(2) { "nobody" } else { self.name.as_str() };
        api.merge(&self.path, &json!({ "spec": { "selector": { "app": app } } }))?;
        let limit = Duration::from_secs(10);
        wait_until("another topology", limit, Duration::from_millis(20), || {
            Ok((nodes(client)? != before).then_some(()))
        })
    }
}

fn nodes(client: &mut Client) -> anyhow::Result<Option<u64>> {
    let query = "{ topology(groupBy: COMPONENT, window: M5) { totalNodes } }";
    let data = client.graphql(query, &json!({}))?;
    Ok(data.pointer("/topology/totalNodes").and_then(Value::as_u64))
}

/// Counts CPU, without what goes on all the same.
struct Meter {
    process: Process,
    idle_share: f64,
}

impl Meter {
    /// CPU milliseconds of some work.
    fn cpu_ms(&self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
        let (before, begun) = (self.process.tree_cpu_seconds(), Instant::now());
        work()?;
        let idle = self.idle_share * begun.elapsed().as_secs_f64();
        Ok((self.process.tree_cpu_seconds() - before - idle) * 1e3)
    }
}

//! What the topology costs: to build it anew, and to ask for all of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ground_truth, topology, view};
use crate::{
    lab::{ApiClient, Client, Lab, Launch, Mesh, Process, Subscription, pause, settle},
    prove::outcome::{Figures, Outcome},
};

/// Changes, each of which makes the topology be built anew.
const CHANGES: u32 = 40;

/// Requests for the whole estate.
const REQUESTS: u32 = 200;

/// How long nothing is asked, to know what goes on all the same: a whole round of queries.
const QUIET: Duration = Duration::from_secs(30);

/// Where something changes.
const CLUSTER: &str = "gcp-prod";

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

    let query = format!("subscription {{ clusterChanged(name: \"{CLUSTER}\") {{ name }} }}");
    let changes = Subscription::open(started.server.url(), &query)?;
    let mut api = fleet.kubernetes.client(CLUSTER)?;
    let changes_ms = meter.cpu_ms(|| {
        (0..CHANGES)
            .try_for_each(|number| change(&mut api, &changes, &mut client, &request, number))
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

/// Changes a workload, waits until that is told, and asks for the estate.
fn change(
    api: &mut ApiClient,
    changes: &Subscription,
    client: &mut Client,
    request: &[u8],
    number: u32,
) -> anyhow::Result<()> {
    changes.drain();
    let path = "/apis/apps/v1/namespaces/lending/deployments/service-002";
    let label = json!({ "lab.example.test/change": number.to_string() });
    api.merge(path, &json!({ "metadata": { "labels": label } }))?;
    changes.wait_for(Duration::from_secs(10), |_| true)?;
    client.send(request)?;
    // Several changes that come together are one; these must not.
    pause(Duration::from_millis(200));
    Ok(())
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

//! What the topology costs: to build it anew, and to ask for all of it.

use std::time::Duration;

use serde_json::json;

use super::{ground_truth, topology, view};
use crate::{
    lab::{Lab, Launch, Mesh, Subscription, pause, settle, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Changes, each of which makes the topology be built anew.
const CHANGES: u32 = 40;

/// Requests for the whole estate.
const REQUESTS: u32 = 200;

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
    let cpu = || process.tree_cpu_seconds();
    settle(cpu);
    let mut figures = Figures::default();

    // A change of one workload: what is counted is the watch, the index and the new topology.
    let query = format!("subscription {{ clusterChanged(name: \"{CLUSTER}\") {{ name }} }}");
    let changes = Subscription::open(started.server.url(), &query)?;
    let mut api = fleet.kubernetes.client(CLUSTER)?;
    let before = cpu();
    for number in 0..CHANGES {
        let path = "/apis/apps/v1/namespaces/lending/deployments/service-002";
        let annotations = json!({ "lab.example.test/change": number.to_string() });
        let labels = json!({ "lab.example.test/change": number.to_string() });
        let metadata = json!({ "annotations": annotations, "labels": labels });
        api.merge(path, &json!({ "metadata": metadata }))?;
        changes.wait_for(Duration::from_secs(10), |_| true)?;
        // Several changes that come together are one; these must not.
        pause(Duration::from_millis(300));
        changes.drain();
    }
    let a_change = (cpu() - before) * 1e3 / f64::from(CHANGES);
    figures.at_most("a change, all of it", a_change, 30.0, " CPU-ms");

    settle(cpu);
    let body = json!({ "query": topology::BY_COMPONENT }).to_string();
    let request = client.request("POST", "/graphql", Some(body.as_bytes()));
    let first = client.send(&request)?;
    anyhow::ensure!(first.status == 200, "the estate: {}", first.status);
    let edges = first.json()?;
    let before = cpu();
    for _ in 0..REQUESTS {
        client.send(&request)?;
    }
    let a_request = (cpu() - before) * 1e3 / f64::from(REQUESTS);
    figures.at_most("the estate by component", a_request, 10.0, " CPU-ms");
    figures.note(format!(
        "{} edges in {} kB",
        edges.pointer("/data/topology/totalEdges").unwrap_or(&serde_json::Value::Null),
        first.body.len() / 1000
    ));
    wait_until("an end of changes", Duration::from_secs(5), Duration::from_millis(100), || {
        Ok(changes.drain().is_empty().then_some(()))
    })?;
    Ok(figures.outcome())
}

//! `clusters snapshot` of a real server and a real Prometheus, served again.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{ground_truth::measured_by, topology, view};
use crate::{
    lab::{Client, Lab, Launch, Mesh, Started, World, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// What is recorded.
const CLUSTER: &str = "aws-prod";

/// Recorded, served again, and served with a file cut off.
pub(crate) fn snapshot(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("snapshot")?;
    let fleet = lab.fleet()?;
    let mesh = Mesh::start(&fleet.world, &room)?;
    let mut config = measured_by(fleet, &room, |cluster| Ok(mesh.source(cluster)?.port()))?;
    keep_one(&mut config)?;
    let live = Launch::serve(&callboard, &room, &config)?.ready()?;
    let real = Answers::of(&mut live.server.client(), &fleet.world, "LIVE")?;
    let folder = room.join("recorded");
    let output = Command::new(&callboard)
        .args(["clusters", "snapshot", CLUSTER])
        .arg(&folder)
        .arg("--config")
        .arg(room.join("app-config.yaml"))
        .output()?;
    if !output.status.success() {
        bail!("clusters snapshot: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    drop(live);
    let mut figures = Figures::default();
    let again = serve(&callboard, &room, &config, &folder)?;
    let recorded = Answers::of(&mut again.server.client(), &fleet.world, "RECORDED")?;
    figures.must(
        &format!("the same {} workloads and {} calls", real.workloads.len(), real.calls.len()),
        real.differs(&recorded),
    );
    figures.must("every kind is RECORDED", recorded.not_recorded());
    drop(again);
    cut_off(&folder, &mut figures, |figures| {
        let again = serve(&callboard, &room, &config, &folder)?;
        let mut client = again.server.client();
        let cut = Answers::of(&mut client, &fleet.world, "")?;
        let pods = cut.kinds.get("Pod").context("pods have no state")?;
        let named = pods.state != "RECORDED" && pods.reason.contains("pods.json");
        figures.must("a file that is cut off is named", (!named).then(|| format!("{pods:?}")));
        let few = cut.workloads.len() < real.workloads.len();
        let problem = few.then(|| format!("{} workloads", cut.workloads.len()));
        figures.must("the rest is served", problem);
        Ok(())
    })?;
    Ok(figures.outcome())
}

/// Leaves the recorded cluster alone in the configuration.
fn keep_one(config: &mut Value) -> anyhow::Result<()> {
    let clusters = config.pointer_mut("/callboard/clusters").and_then(Value::as_array_mut);
    clusters.context("no clusters")?.retain(|it| it.get("name") == Some(&json!(CLUSTER)));
    Ok(())
}

fn serve(callboard: &Path, room: &Path, config: &Value, folder: &Path) -> anyhow::Result<Started> {
    let mut config = config.clone();
    let cluster = config.pointer_mut("/callboard/clusters/0").and_then(Value::as_object_mut);
    let cluster = cluster.context("no cluster")?;
    for source in ["kubernetes", "prometheus"] {
        cluster.insert(source.to_owned(), json!({ "snapshot": folder.join(source) }));
    }
    Launch::serve(callboard, room, &config)?.ready()
}

/// Cuts the list of pods in half, runs `look`, and mends it.
fn cut_off(
    folder: &Path,
    figures: &mut Figures,
    look: impl FnOnce(&mut Figures) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let files = ["pods.json", "pods.json.gz"].map(|name| folder.join("kubernetes").join(name));
    let file = files.iter().find(|file| file.exists()).context("no pods were recorded")?;
    let whole = fs::read(file)?;
    let (half, _) = whole.split_at(whole.len() / 2);
    fs::write(file, half)?;
    let looked = look(figures);
    fs::write(file, whole)?;
    looked
}

/// What is compared.
struct Answers {
    workloads: view::Workloads,
    kinds: std::collections::BTreeMap<String, view::State>,
    calls: std::collections::BTreeMap<topology::Ends, topology::Call>,
}

impl Answers {
    /// Waits until the cluster is in that state (any, if it is empty) and its calls are known.
    fn of(client: &mut Client, world: &World, state: &str) -> anyhow::Result<Self> {
        let limit = std::time::Duration::from_secs(90);
        let every = std::time::Duration::from_millis(250);
        let inner = |edge: &&crate::lab::Edge| edge.from.cluster == CLUSTER && edge.mode.is_none();
        let expected = world.edges.iter().filter(inner).count();
        let calls = wait_until("the recorded cluster", limit, every, || {
            let states = view::states(client)?;
            let found = states.get(CLUSTER).context("the cluster is not listed")?;
            let calls = topology::calls(client)?.known;
            let is_there = calls.len() >= expected && (state.is_empty() || found.state == state);
            Ok(is_there.then_some(calls))
        })?;
        Ok(Self {
            workloads: view::workloads(client, CLUSTER)?,
            kinds: view::kinds(client, CLUSTER)?,
            calls,
        })
    }

    fn not_recorded(&self) -> Option<String> {
        let other = self.kinds.iter().find(|(_, state)| state.state != "RECORDED");
        other.map(|(kind, state)| format!("{kind} is {state:?}"))
    }

    /// The first difference; rates move on between an answer and its recording.
    fn differs(&self, other: &Self) -> Option<String> {
        if self.workloads != other.workloads {
            let first =
                self.workloads.iter().find(|(key, it)| other.workloads.get(*key) != Some(it));
            return Some(format!("{} workloads, {first:?}", other.workloads.len()));
        }
        self.calls.iter().find_map(|(ends, call)| match other.calls.get(ends) {
            None => Some(format!("{ends:?} is missing")),
            Some(again) if !near(call, again) => Some(format!("{ends:?}: {call:?}, {again:?}")),
            Some(_) => None,
        })
    }
}

fn near(one: &topology::Call, other: &topology::Call) -> bool {
    let close = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= one.abs() * 0.01 + 1e-6,
        (one, other) => one.is_some() == other.is_some(),
    };
    close(one.requests_per_second, other.requests_per_second)
        && close(one.latency_p95_ms, other.latency_p95_ms)
        && (&one.tls, &one.mode, &one.declared) == (&other.tls, &other.mode, &other.declared)
}

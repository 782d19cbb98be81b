//! Relists, 410 Gone, and a server that comes back with an older resourceVersion.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context;
use serde_json::{Value, json};

use super::{small, view};
use crate::{
    lab::{ApiClient, Client, Lab, Launch, Proxy, Server, deploy, pause, wait_until},
    prove::outcome::{Figures, Outcome},
    steps::succeed,
};

/// Deployments at the start.
const DEPLOYMENTS: u32 = 40;

/// How often connections are cut.
const CUTS: u32 = 10;

const LIMIT: Duration = Duration::from_mins(1);

/// All three, on one server.
pub(crate) fn relists(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let role = crate::lab::printed_role(lab)?;
    let room = lab.room("relists")?;
    let mut cluster = small::Cluster::start(&room, &role, DEPLOYMENTS)?;
    let proxy = Proxy::before_cluster(&cluster.kubernetes, small::NAME)?;
    let config = cluster.config(&room, proxy.port())?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    let mut api = cluster.kubernetes.client(small::NAME)?;
    let mut figures = Figures::default();
    figures.must("equal at the start", differences(&mut client, &mut api)?);

    let watch = Lowest::watch(&started.server);
    for number in 0..CUTS {
        proxy.cut();
        deploy(&mut api, &small::deployed(DEPLOYMENTS + number))?;
        pause(Duration::from_millis(200));
    }
    figures.must("relists", settled(&mut client, &mut api));

    // Its cache of events is empty after a restart, so every watch that goes on meets 410.
    cluster.kubernetes.kill(small::NAME)?;
    cluster.kubernetes.restart(small::NAME)?;
    deploy(&mut api, &small::deployed(DEPLOYMENTS + CUTS))?;
    figures.must("410 Gone", settled(&mut client, &mut api));
    figures.must("no burst of deletes", watch.below(DEPLOYMENTS));

    cluster.kubernetes.down()?;
    let kept = cluster.kubernetes.data().with_extension("kept");
    copy(cluster.kubernetes.data(), &kept)?;
    cluster.kubernetes.up()?;
    for number in 0..5 {
        small::remove(&mut api, number)?;
        deploy(&mut api, &small::deployed(DEPLOYMENTS + CUTS + 1 + number))?;
    }
    figures.must("changes before the older state", settled(&mut client, &mut api));
    let watch = Lowest::watch(&started.server);
    cluster.kubernetes.down()?;
    fs::remove_dir_all(cluster.kubernetes.data())?;
    copy(&kept, cluster.kubernetes.data())?;
    cluster.kubernetes.up()?;
    figures.must("an older resourceVersion", settled(&mut client, &mut api));
    figures.must("no burst of deletes there", watch.below(DEPLOYMENTS));
    Ok(figures.outcome())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    succeed(Command::new("cp").arg("-r").arg(from).arg(to))
}

/// Waits until what is served equals the server's objects; gives the last differences otherwise.
fn settled(client: &mut Client, api: &mut ApiClient) -> Option<String> {
    let mut last = None;
    let waited = wait_until("equality", LIMIT, Duration::from_millis(200), || {
        last = differences(client, api)?;
        Ok(last.is_none().then_some(()))
    });
    waited.err().map(|error| last.unwrap_or_else(|| format!("{error:#}")))
}

/// How the served Deployments differ from the server's, compared one by one.
fn differences(client: &mut Client, api: &mut ApiClient) -> anyhow::Result<Option<String>> {
    let served: BTreeMap<String, Value> = view::workloads(client, small::NAME)?
        .into_iter()
        .map(|(key, workload)| (key, seen(&workload)))
        .collect();
    let objects = api.list("/apis/apps/v1/deployments")?;
    let real: BTreeMap<String, Value> = objects.iter().filter_map(truth).collect();
    let keys: BTreeSet<&String> = served.keys().chain(real.keys()).collect();
    let differs = |key: &&&String| served.get(**key) != real.get(**key);
    let different: Vec<&&String> = keys.iter().filter(differs).collect();
    let Some(first) = different.first() else { return Ok(None) };
    Ok(Some(format!(
        "{} of {} differ, such as {first}: served {:?}, real {:?}",
        different.len(),
        keys.len(),
        served.get(**first),
        real.get(**first)
    )))
}

fn seen(workload: &Value) -> Value {
    json!({
        "desired": workload.pointer("/replicas/desired"),
        "ready": workload.pointer("/replicas/ready"),
        "tag": workload.pointer("/images/0/tag"),
    })
}

fn truth(deployment: &Value) -> Option<(String, Value)> {
    let text = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_str);
    let key = format!("{}/Deployment/{}", text("/metadata/namespace")?, text("/metadata/name")?);
    let image = text("/spec/template/spec/containers/0/image")?;
    let seen = json!({
        "desired": deployment.pointer("/spec/replicas"),
        "ready": deployment.pointer("/status/readyReplicas"),
        "tag": image.rsplit_once(':')?.1,
    });
    Some((key, seen))
}

/// The fewest workloads that were ever served while it watched.
struct Lowest {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<anyhow::Result<u64>>,
}

impl Lowest {
    fn watch(server: &Server) -> Self {
        let mut client = server.client();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut lowest = u64::MAX;
            while !over.load(Ordering::Relaxed) {
                let count = view::counts(&mut client)?.remove(small::NAME).context("no count")?;
                lowest = lowest.min(count);
                pause(Duration::from_millis(20));
            }
            Ok(lowest)
        });
        Self { is_over, thread }
    }

    /// Ends the watch; a problem if fewer than `least` were ever served.
    fn below(self, least: u32) -> Option<String> {
        self.is_over.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(Ok(lowest)) if lowest >= u64::from(least) => None,
            Ok(Ok(lowest)) => Some(format!("only {lowest} of {least} were served")),
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("the watch panicked".to_owned()),
        }
    }
}

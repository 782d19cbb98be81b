//! The reads as the unmodified npm catalog client sees them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::{
    lab::{
        BenchEstate, Database, Lab, Launch, Started, TOKEN, final_entities, load_limit,
        serve_config, wait_until,
    },
    prove::outcome::{Figures, Outcome},
    steps::succeed,
};

/// The estate of the recording.
const ESTATE_SEED: u32 = 97;

/// The cases of the recording.
const CASES_SEED: &str = "7001";

/// Where the runner serves its own fixtures.
const FIXTURES: &str = "127.0.0.1:8099";

/// A server on the estate of the recording, and the runner with its packages.
struct Bench {
    started: Started,
    runner: PathBuf,
    estate: BenchEstate,
}

impl Bench {
    fn start(lab: &mut Lab) -> anyhow::Result<Option<Self>> {
        let runner = lab.workspace().root().join("tests/conformance");
        if !runner.join("run.mjs").exists() {
            return Ok(None);
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&runner);
        succeed(npm.stdin(Stdio::null()).stdout(Stdio::null()))?;
        let estate = lab.edge_estate(ESTATE_SEED)?;
        let room = lab.room("conformance")?;
        let database = lab.empty_database(Database::Postgres, &room)?;
        let mut config = serve_config(&database, &estate.location());
        if let Some(backend) = config.pointer_mut("/backend").and_then(Value::as_object_mut) {
            backend.insert("reading".to_owned(), json!({ "allow": [{ "host": FIXTURES }] }));
        }
        let started = Launch::serve(&lab.callboard()?, &room, &config)?.ready()?;
        let mut client = started.server.client();
        // The oddities are not in the manifest's counts: wait until nothing is added any more.
        let mut before = 0;
        let limit = load_limit(1);
        wait_until("the estate", limit, std::time::Duration::from_millis(700), || {
            let now = final_entities(&mut client).map_or(0, |entities| entities.len());
            let is_whole = now == before && now as u64 > estate.manifest().total;
            before = now;
            Ok(is_whole.then_some(()))
        })?;
        Ok(Some(Self { started, runner, estate }))
    }

    fn node(&self, script: &str) -> Command {
        let mut node = Command::new("node");
        node.arg(script).current_dir(&self.runner).stdin(Stdio::null());
        node
    }
}

/// The answers of the real server, recorded once.
pub(crate) fn recording(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let Some(bench) = Bench::start(lab)? else { return Ok(absent()) };
    let golden = unpacked(&bench.runner, &lab.folder("conformance")?)?;
    let mut node = bench.node("run.mjs");
    node.arg("--golden").arg(golden).args(["--seed", CASES_SEED, "--reads"]);
    node.args(["--b", bench.started.server.url(), "--b-token", TOKEN, "--b-root"]);
    judge(node.arg(bench.estate.folder()))
}

/// A proxy that spoils one thing at a time.
pub(crate) fn mutants(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let Some(bench) = Bench::start(lab)? else { return Ok(absent()) };
    let mut node = bench.node("mutants.mjs");
    judge(node.args(["--url", bench.started.server.url(), "--token", TOKEN, "--reads"]))
}

fn absent() -> Outcome {
    Outcome::not_run("tests/conformance has no runner")
}

fn judge(node: &mut Command) -> anyhow::Result<Outcome> {
    let output = node.output().context("node did not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut figures = Figures::default();
    let problem = (!output.status.success()).then(|| output.status.to_string());
    figures.must(last.trim(), problem);
    Ok(figures.outcome())
}

fn unpacked(runner: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let packed = runner.join("golden/estate-97-seed-7001.json.xz");
    let golden = folder.join("golden.json");
    let output = Command::new("xz").arg("-dc").arg(&packed).output().context("xz")?;
    if !output.status.success() {
        bail!("{} cannot be unpacked", packed.display());
    }
    fs::write(&golden, output.stdout)?;
    Ok(golden)
}

//! A real Prometheus that scrapes one page of the emulator.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{http::Client, pause::wait_until, process::ends_with_us, world::Emulator};

/// Longest wait for a start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Longest wait until it knows the past that the emulator tells.
const PAST_LIMIT: Duration = Duration::from_mins(3);

/// A running Prometheus. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Prometheus {
    folder: PathBuf,
    program: PathBuf,
    port: u16,
    target: String,
    cluster: String,
    child: Option<Child>,
}

impl Prometheus {
    /// Starts `program` in `folder` for the page of one cluster.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        emulator: &Emulator,
        cluster: &str,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut started = Self {
            folder: folder.to_owned(),
            program: program.to_owned(),
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
            target: emulator.target(),
            cluster: cluster.to_owned(),
            child: None,
        };
        started.configure("1s")?;
        started.up()?;
        Ok(started)
    }

    /// Waits until it knows the past, then scrapes at the pace of the present.
    pub(crate) fn catch_up(&self, emulator: &Emulator) -> anyhow::Result<()> {
        let every = Duration::from_millis(200);
        wait_until("the past of a Prometheus", PAST_LIMIT, every, || {
            Ok(emulator.has_caught_up(&self.cluster).then_some(()))
        })?;
        self.configure("3s")?;
        let status = self.client().post("/-/reload", &json!({}))?.status;
        if status != 200 {
            bail!("the configuration was not taken: {status}");
        }
        Ok(())
    }

    /// Starts it, if it was killed, and waits until it answers.
    pub(crate) fn up(&mut self) -> anyhow::Result<()> {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = ends_with_us(&self.program);
        command.arg(format!("--config.file={}", self.configuration().display()));
        command.arg(format!("--storage.tsdb.path={}", self.folder.join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{}", self.port));
        command.args(["--web.enable-lifecycle", "--log.level=warn"]);
        command.current_dir(&self.folder).stdin(Stdio::null());
        self.child = Some(command.stdout(log.try_clone()?).stderr(log).spawn()?);
        wait_until("Prometheus", START_LIMIT, Duration::from_millis(100), || {
            let ready = self.client().get("/-/ready").is_ok_and(|response| response.status == 200);
            Ok(ready.then_some(()))
        })
    }

    /// Kills it where it stands.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Where it listens on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every query that it was asked, with its PromQL.
    pub(crate) fn asked(&self) -> anyhow::Result<Vec<String>> {
        let log = fs::read_to_string(self.query_log()).context("there is no log of queries")?;
        let query = |line: &str| {
            let entry: Value = serde_json::from_str(line).ok()?;
            Some(entry.pointer("/params/query")?.as_str()?.to_owned())
        };
        Ok(log.lines().filter_map(query).collect())
    }

    fn client(&self) -> Client {
        Client::with_token(&format!("http://127.0.0.1:{}", self.port), None)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("prometheus.yml")
    }

    fn query_log(&self) -> PathBuf {
        self.folder.join("queries.log")
    }

    /// JSON is YAML, too.
    fn configure(&self, interval: &str) -> anyhow::Result<()> {
        let configuration = json!({
            "global": {
                "scrape_interval": interval, "scrape_timeout": interval,
                "query_log_file": self.query_log(),
            },
            "scrape_configs": [{
                "job_name": "linkerd-proxy",
                "metrics_path": format!("/{}", self.cluster),
                "static_configs": [{ "targets": [self.target] }],
            }],
        });
        Ok(fs::write(self.configuration(), serde_json::to_vec_pretty(&configuration)?)?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // What has ended already cannot be killed, and need not.
        self.kill().unwrap_or_default();
    }
}

//! A real Prometheus for tests.
//!
//! The environment variable `CALLBOARD_TEST_PROMETHEUS` names the program, and
//! `CALLBOARD_TEST_PROMETHEUS_OLD` one of the 2 series; `cargo xtask test` sets both. Each test
//! starts its own, on a free port and in a folder of its own. Where a program is missing, tests
//! skip by name; with `CALLBOARD_REQUIRE_PEERS=1` they fail.
#![expect(clippy::expect_used, reason = "a broken peer fails the test")]

use std::{
    env,
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use callboard_egress::{EgressClient, EgressPolicy, Reach};
use callboard_model::SystemClock;
use callboard_plugin::{
    AllowList, AllowedTarget, HttpClient, InstantQuery, LabelMatcher, MetricsSource as _,
};
use callboard_plugin_telemetry::{PrometheusOptions, PrometheusSource};
use tempfile::TempDir;
use url::Url;

use crate::{guarded_process::GuardedProcess, postgres::skip};

/// How long it may take to start, and to scrape.
const LIMIT: Duration = Duration::from_mins(2);

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrometheusVersion {
    /// The present one.
    New,
    /// Debian's, of the 2 series.
    Old,
}

impl PrometheusVersion {
    fn variable(self) -> &'static str {
        match self {
            Self::New => "CALLBOARD_TEST_PROMETHEUS",
            Self::Old => "CALLBOARD_TEST_PROMETHEUS_OLD",
        }
    }
}

/// A page that it scrapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeTarget {
    /// Host and port.
    pub host: String,
    /// The path.
    pub path: String,
    /// A label of everything that comes from there, for a store of several clusters.
    pub cluster: Option<String>,
}

/// The program. Ends, with its folder, when it is dropped.
#[derive(Debug)]
pub struct Prometheus {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    process: Option<GuardedProcess>,
}

impl Prometheus {
    /// Starts one for the test of this name and waits until it answers; `None` after a line that
    /// says why the test is skipped.
    ///
    /// # Panics
    ///
    /// If it is missing although peers are required, or if it does not start.
    pub async fn start(
        test: &str,
        version: PrometheusVersion,
        interval: Duration,
        targets: &[ScrapeTarget],
    ) -> Option<Self> {
        let Some(program) = program(version) else {
            skip(test, &format!("{} names no Prometheus", version.variable()));
            return None;
        };
        let folder = tempfile::Builder::new().prefix("callboard-prometheus-").tempdir();
        let folder = folder.expect("a folder");
        fs::write(folder.path().join("prometheus.yml"), configuration(interval, targets))
            .expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut prometheus = Self { program, folder, port, process: None };
        prometheus.restart().await.expect("Prometheus starts");
        Some(prometheus)
    }

    /// Where it is.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}/", self.port)).expect("a URL")
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Starts it again, with the same data, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let log = self.path("log");
        let arguments = [
            format!("--config.file={}", self.path("prometheus.yml").display()),
            format!("--storage.tsdb.path={}", self.path("data").display()),
            format!("--web.listen-address=127.0.0.1:{}", self.port),
        ];
        self.process = Some(GuardedProcess::start(&self.program, &arguments, &log)?);
        match self.until("vector(1)", |_| true).await {
            Ok(_) => Ok(()),
            Err(error) => bail!("{error:#}: {}", fs::read_to_string(log)?),
        }
    }

    /// The source of this name over the one outgoing client.
    pub fn source(&self, name: &str, matchers: Vec<LabelMatcher>) -> PrometheusSource {
        source(&self.url(), name, matchers)
    }

    /// Waits until the sum of a query's values is as asked, and gives it.
    ///
    /// # Errors
    ///
    /// If it does not become so.
    pub async fn until(&self, promql: &str, is_right: fn(f64) -> bool) -> anyhow::Result<f64> {
        self.until_within(promql, is_right, LIMIT).await
    }

    /// The same within `limit`.
    ///
    /// # Errors
    ///
    /// If it does not become so.
    pub async fn until_within(
        &self,
        promql: &str,
        is_right: fn(f64) -> bool,
        limit: Duration,
    ) -> anyhow::Result<f64> {
        let query = InstantQuery {
            promql: promql.to_owned(),
            deadline: Duration::from_secs(20),
            max_series: 1000,
        };
        let begun = Instant::now();
        loop {
            // A new one each time: this is about the program, not about patience with it.
            let answer = self.source("prometheus/waited-for", Vec::new()).instant(&query).await;
            let sum = answer
                .as_ref()
                .map_or(0.0, |answer| answer.samples.iter().map(|sample| sample.value).sum());
            if sum > 0.0 && is_right(sum) {
                return Ok(sum);
            }
            if begun.elapsed() > limit {
                bail!("{promql} is {sum} at last: {answer:?}");
            }
            // Between two questions; it has no way to call us.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A source at `url` over the one outgoing client, which may reach that host alone.
///
/// # Panics
///
/// If there is no client.
pub fn source(url: &Url, name: &str, matchers: Vec<LabelMatcher>) -> PrometheusSource {
    let clock = Arc::new(SystemClock);
    let options = PrometheusOptions::new(url.clone());
    let source = PrometheusSource::new(client(url), clock, options, name, matchers);
    source.expect("a source")
}

/// The one outgoing client, which may reach the host of `url` alone.
///
/// # Panics
///
/// If there is none.
pub fn client(url: &Url) -> Arc<dyn HttpClient> {
    let targets = AllowedTarget::origin_of(url).into_iter().collect();
    let policy = EgressPolicy { reach: Reach::Listed, allow: AllowList::new(targets) };
    Arc::new(EgressClient::new(policy).expect("a client"))
}

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment")]
fn program(version: PrometheusVersion) -> Option<PathBuf> {
    let path = env::var(version.variable()).ok().map(PathBuf::from)?;
    Some(path).filter(|path| Path::is_file(path))
}

/// What to scrape. The names come from tests alone. A past may be told late.
fn configuration(interval: Duration, targets: &[ScrapeTarget]) -> String {
    let seconds = interval.as_secs().max(1);
    let mut text = format!(
        "global: {{scrape_interval: {seconds}s, scrape_timeout: {seconds}s}}\n\
         storage: {{tsdb: {{out_of_order_time_window: 1h}}}}\nscrape_configs:\n"
    );
    for (number, ScrapeTarget { host, path, cluster }) in targets.iter().enumerate() {
        let label = cluster.as_ref().map(|name| format!(", labels: {{cluster: '{name}'}}"));
        // Writing to a string does not fail.
        let _always = write!(
            text,
            "- job_name: linkerd-proxy-{number}\n  honor_labels: true\n  metrics_path: {path}\n  \
             static_configs: [{{targets: ['{host}']{}}}]\n",
            label.unwrap_or_default()
        );
    }
    text
}

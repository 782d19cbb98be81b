//! `cargo xtask bench`: the query set over generated estates, beside the recorded peer, the live
//! peer where there is one, and the limit of the machine.

mod peer_figures;
mod scenarios;

use std::time::Duration;

use anyhow::Context;

use self::{
    peer_figures::Recorded,
    scenarios::{Scenario, scenarios},
};
use crate::{
    lab::{
        Client, ClosedLoop, Database, Lab, LoadReport, Server, Stage, closed_loop, settle,
        trivial_route,
    },
    peers,
    workspace::Workspace,
};

/// Connections of every measurement; the recorded peer was measured with as many.
const LOAD: ClosedLoop = ClosedLoop { connections: 8, duration: Duration::from_secs(2) };

/// How far up to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// 1,000 and 10,000 entities.
    Usual,
    /// 100,000, too.
    Large,
}

/// A running peer with the same estate, from `CALLBOARD_BENCH_PEER` (`URL TOKEN`).
#[derive(Debug)]
struct LivePeer {
    url: String,
    token: String,
}

impl LivePeer {
    fn from_environment() -> Option<Self> {
        let value = std::env::var_os("CALLBOARD_BENCH_PEER")?.into_string().ok()?;
        let (url, token) = value.split_once(' ')?;
        Some(Self { url: url.to_owned(), token: token.to_owned() })
    }
}

/// Measures every scenario whose name contains `filter` at every size.
pub(crate) fn run(workspace: &Workspace, sizes: Sizes, filter: &str) -> anyhow::Result<()> {
    if let Some(missing) = peers::install(&[peers::PYTHON]).first() {
        anyhow::bail!("{missing} generates the estates and could not be installed");
    }
    let peer = LivePeer::from_environment();
    let mut lab = Lab::new(workspace);
    let factors: &[u32] = if sizes == Sizes::Large { &[1, 10, 100] } else { &[1, 10] };
    for factor in factors {
        bench(&mut lab, *factor, filter, peer.as_ref())?;
    }
    Ok(())
}

fn bench(lab: &mut Lab, factor: u32, filter: &str, peer: Option<&LivePeer>) -> anyhow::Result<()> {
    let stage = Stage::empty(lab, Database::Sqlite, factor)?;
    let (started, mut client) = stage.serve_complete(factor)?;
    let process = started.server.process();
    println!(
        "\n{} entities: loaded in {:.2} s, {:.1} CPU-s, peak RSS {:.0} MB",
        stage.estate.manifest().total,
        started.at.elapsed().as_secs_f64(),
        process.tree_cpu_seconds(),
        process.peak_rss_mb()?
    );
    settle(|| process.tree_cpu_seconds());
    println!(
        "{:<24} {:>8} {:>9} {:>8} {:>13} {:>13} {:>9} {:>10}",
        "scenario", "KB", "rps", "CPU-ms", "rps ÷ peer", "CPU ÷ peer", "÷ limit", "live peer"
    );
    let all = scenarios(&mut client, stage.estate.manifest())?;
    for scenario in all.iter().filter(|scenario| scenario.name.contains(filter)) {
        let line = measure(lab, &started.server, scenario, factor)?;
        let portable = peer.filter(|_| scenario.is_portable());
        let live = portable.map(|peer| live_ratio(peer, scenario, line.per_second)).transpose()?;
        println!("{}{}", line.text, live.map_or(String::new(), |ratio| format!(" {ratio:>9.1}×")));
    }
    println!("RSS after the queries: {:.0} MB", process.rss_mb()?);
    Ok(())
}

struct Line {
    text: String,
    per_second: f64,
}

#[expect(clippy::cast_precision_loss, reason = "the size of an answer")]
fn measure(
    lab: &mut Lab,
    server: &Server,
    scenario: &Scenario,
    factor: u32,
) -> anyhow::Result<Line> {
    let mut client = server.client();
    let requests = scenario.requests(&client);
    let first = requests.first().context("a scenario without requests")?;
    let response = client.send(first)?;
    anyhow::ensure!(response.status == 200, "{}: {}", scenario.name, response.status);
    let process = server.process();
    let own = closed_loop(LOAD, server.url(), &requests, || process.tree_cpu_seconds())?;
    let trivial = lab.trivial_route()?;
    let limit = trivial_route(&trivial, &lab.room("trivial")?, &response)?.server;
    let limit = closed_loop(LOAD, limit.url(), &requests, || 0.0)?;
    let recorded = Recorded::find(&scenario.name);
    let ratio = |value: Option<f64>| value.map_or("–".to_owned(), |it| format!("{it:.1}×"));
    let peer_rps = recorded.map(|peer| own.per_second() / peer.per_second(factor));
    let peer_cpu = recorded.filter(|_| factor == 10).map(|peer| peer.cpu_ms / own.cpu_ms());
    Ok(Line {
        text: format!(
            "{:<24} {:>8.1} {:>9.0} {:>8.3} {:>13} {:>13} {:>8.0}%{}",
            scenario.name,
            response.body.len() as f64 / 1024.0,
            own.per_second(),
            own.cpu_ms(),
            ratio(peer_rps),
            ratio(peer_cpu),
            100.0 * own.per_second() / limit.per_second(),
            failures(&own)
        ),
        per_second: own.per_second(),
    })
}

fn failures(report: &LoadReport) -> String {
    match report.failures {
        0 => String::new(),
        count => format!(" {count} FAILED"),
    }
}

/// How many times the live peer's throughput ours is.
fn live_ratio(peer: &LivePeer, scenario: &Scenario, per_second: f64) -> anyhow::Result<f64> {
    let client = Client::with_token(&peer.url, Some(&peer.token));
    let requests = scenario.requests(&client);
    let report = closed_loop(LOAD, &peer.url, &requests, || 0.0)?;
    Ok(per_second / report.per_second())
}

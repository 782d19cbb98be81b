//! Hostile clusters: what they cost, what is said of them, and what they learn.
//!
//! No real server sends such lists, so the proxy makes them up; everything else that is asked of
//! the cluster is passed on to a real API server, so that discovery leads to the list.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{small, view};
use crate::{
    lab::{Answer, Credentials, Fault, Lab, Launch, Proxy, endless_pods, million_pods, pause},
    prove::outcome::{Figures, Outcome},
};

/// The hostile cluster's name.
const HOSTILE: &str = "hostile";

/// How long each of them is looked at.
const LOOK: Duration = Duration::from_secs(25);

/// What a hostile cluster may add.
const BAR_MB: f64 = 64.0;

/// A hostile cluster.
struct Hostile {
    name: &'static str,
    fault: Fault,
    /// The states that DESIGN allows.
    states: &'static [&'static str],
    /// Whether the reason must be the budget.
    by_limit: bool,
}

/// One after another, each beside a cluster that is well.
pub(crate) fn hostile(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let role = crate::lab::printed_role(lab)?;
    let room = lab.room("hostile")?;
    let cluster = small::Cluster::start(&room, &role, 40)?;
    let listener = Listener::start()?;
    let mut figures = Figures::default();
    let baseline = run(&callboard, &room, &cluster, None)?;
    figures.note(format!("{:.0} MB without any", baseline.peak_mb));
    for hostile in hostiles(&room, &listener)? {
        let measured = run(&callboard, &room, &cluster, Some(&hostile))?;
        let more = measured.peak_mb - baseline.peak_mb;
        figures.at_most(&format!("{} adds", hostile.name), more, BAR_MB, " MB");
        figures.must(hostile.name, wrong(&hostile, &measured));
    }
    let heard = listener.heard();
    let told = heard.iter().find(|line| line.to_lowercase().starts_with("authorization"));
    figures.must("no credentials for another host", told.map(|_| "they were sent".to_owned()));
    figures.note(format!("{} requests came there", heard.len()));
    Ok(figures.outcome())
}

fn hostiles(room: &Path, listener: &Listener) -> anyhow::Result<Vec<Hostile>> {
    let bomb = bomb(room)?;
    let json_type = || vec![("content-type", "application/json".to_owned())];
    let bomb = Answer::Fixed { status: 200, headers: json_type(), body: bomb.into() }
        .with_header("content-encoding", "gzip");
    let redirect = Answer::fixed(307, "text/plain", b"")
        .with_header("location", &format!("http://127.0.0.1:{}/elsewhere", listener.port));
    let lists = "/api/v1/pods?";
    let limited = &["STALE", "UNREACHABLE"];
    Ok(vec![
        Hostile {
            name: "an endless list",
            fault: Fault::Answer(lists, Answer::Pieces(endless_pods)),
            states: limited,
            by_limit: true,
        },
        Hostile {
            name: "a million pods",
            fault: Fault::Answer(lists, Answer::Pieces(million_pods)),
            states: limited,
            by_limit: true,
        },
        Hostile {
            name: "a gzip bomb",
            fault: Fault::Answer(lists, bomb),
            states: limited,
            by_limit: true,
        },
        Hostile {
            name: "a redirect of lists",
            fault: Fault::Answer(lists, redirect.clone()),
            states: limited,
            by_limit: false,
        },
        Hostile {
            name: "a redirect of everything",
            fault: Fault::Answer("", redirect),
            states: &["UNREACHABLE"],
            by_limit: false,
        },
    ])
}

/// A gigabyte of spaces, which JSON may begin with, in a megabyte.
fn bomb(room: &Path) -> anyhow::Result<Vec<u8>> {
    let file = room.join("bomb.gz");
    let script = "head -c 1000000000 /dev/zero | tr '\\0' ' ' | gzip -9 > \"$0\"";
    crate::steps::succeed(Command::new("sh").arg("-c").arg(script).arg(&file))?;
    Ok(fs::read(file)?)
}

/// What one run gave.
struct Measured {
    peak_mb: f64,
    /// The worst state of the hostile cluster's kinds, and of the good cluster as a whole.
    pods: Option<view::State>,
    good: Option<view::State>,
    others: usize,
}

fn run(
    callboard: &Path,
    room: &Path,
    cluster: &small::Cluster,
    hostile: Option<&Hostile>,
) -> anyhow::Result<Measured> {
    let room = room.join(hostile.map_or("none", |hostile| hostile.name).replace(' ', "-"));
    fs::create_dir_all(&room)?;
    let kubernetes = &cluster.kubernetes;
    let entry = |name: &str, port: u16| -> anyhow::Result<serde_json::Value> {
        let how = kubernetes.configuration(small::NAME, port, Credentials::TokenFile)?;
        Ok(json!({ "name": name, "kubernetes": how }))
    };
    let mut clusters = vec![entry(small::NAME, kubernetes.port(small::NAME)?)?];
    let proxy = Proxy::before_cluster(kubernetes, small::NAME)?;
    if let Some(hostile) = hostile {
        proxy.set(hostile.fault.clone());
        clusters.push(entry(HOSTILE, proxy.port())?);
    }
    let config = cluster.config_with(&room, &clusters)?;
    let started = Launch::serve(callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let process = started.server.process();
    let end = Instant::now() + LOOK;
    while Instant::now() < end {
        // It answers all the while.
        view::states(&mut client)?;
        pause(Duration::from_millis(250));
    }
    let pods = match hostile {
        Some(_) => view::kinds(&mut client, HOSTILE)?.remove("Pod"),
        None => None,
    };
    Ok(Measured {
        peak_mb: process.peak_rss_mb()?,
        pods,
        good: view::states(&mut client)?.remove(small::NAME),
        others: view::workloads(&mut client, small::NAME)?.len(),
    })
}

fn wrong(hostile: &Hostile, measured: &Measured) -> Option<String> {
    let Some(pods) = &measured.pods else { return Some("its pods have no state".to_owned()) };
    if !hostile.states.contains(&pods.state.as_str()) {
        return Some(format!("its pods are {}: {}", pods.state, pods.reason));
    }
    if hostile.by_limit && !pods.reason.contains("LIMIT") {
        return Some(format!("the reason is {:?}", pods.reason));
    }
    if pods.reason.is_empty() {
        return Some("there is no reason".to_owned());
    }
    match &measured.good {
        Some(good) if good.state == "LIVE" && measured.others == 40 => None,
        good => Some(format!("the other cluster is {good:?} with {} workloads", measured.others)),
    }
}

/// Another host, which remembers the heads of the requests that it gets.
struct Listener {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    let text = line.trim_end().to_owned();
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                    line.clear();
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                // Whoever has gone wants no answer.
                reader.get_mut().write_all(answer).unwrap_or_default();
            }
        });
        Ok(Self { port, lines })
    }

    fn heard(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

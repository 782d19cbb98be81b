//! The pages of Linkerd's proxies, fed by a ground truth: the labels of `linkerd2-proxy` with those
//! that the relabelling of linkerd-viz adds, and counters that advance with the time.
//!
//! A hand-written stand-in, because a mesh needs a kubelet, and its proxies need the mesh. One page
//! stands for all proxies of a cluster, to be scraped with `honor_labels`.
//!
//! A rate over five minutes needs five minutes of samples. The first scrape of a page therefore
//! gets them at once, each with its own time; they are what earlier scrapes would have seen.
#![expect(clippy::expect_used, reason = "a server that cannot be started fails the test")]

mod page;
mod series;

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use callboard_model::{Clock, SystemClock};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub use self::{
    page::page_of,
    series::{Growth, Series},
};
use crate::ground_truth::GroundTruth;

/// How long counters have counted before the first scrape.
const UPTIME: Duration = Duration::from_hours(100);

/// Serves one page for each cluster at `/CLUSTER/metrics`; ends when it is dropped.
#[derive(Debug)]
pub struct LinkerdEmulator {
    host: String,
    pages: Pages,
    _tasks: JoinSet<()>,
}

type Pages = Arc<Mutex<HashMap<String, Page>>>;

/// One cluster's series.
#[derive(Debug)]
struct Page {
    series: Arc<[Series]>,
    begun: SystemTime,
    past: Past,
}

/// What the first scrape is told of the time before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// How far apart its samples are: as far as scrapes are, or rates are a little off.
    pub step: Duration,
    /// How many there are.
    pub steps: u32,
}

impl Past {
    /// Five minutes and a little more, for scrapes at this interval.
    pub fn of_interval(step: Duration) -> Self {
        let steps = 310 / step.as_secs().max(1);
        Self { step, steps: u32::try_from(steps + 1).unwrap_or(u32::MAX) }
    }
}

impl LinkerdEmulator {
    /// A server on a free port of the loopback, with the pages of every cluster.
    pub async fn start(truth: &GroundTruth, past: Past) -> Self {
        let emulator = Self::empty().await;
        for cluster in &truth.clusters {
            emulator.set(&cluster.name, page_of(truth, &cluster.name), past);
        }
        emulator
    }

    /// A server without pages.
    pub async fn empty() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        let pages = Pages::default();
        let mut tasks = JoinSet::new();
        let served = Arc::clone(&pages);
        tasks.spawn(async move {
            let mut answers = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                answers.spawn(answer(socket, Arc::clone(&served)));
                while answers.try_join_next().is_some() {}
            }
        });
        Self { host, pages, _tasks: tasks }
    }

    /// Serves these series from now on, with their past.
    pub fn set(&self, cluster: &str, series: Vec<Series>, past: Past) {
        let page = Page { series: series.into(), begun: SystemClock.now() - UPTIME, past };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert(cluster.to_owned(), page);
    }

    /// Its address with port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path of a cluster's page.
    pub fn path(cluster: &str) -> String {
        format!("/{cluster}/metrics")
    }
}

async fn answer(mut socket: TcpStream, pages: Pages) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = socket.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let cluster = path.trim_start_matches('/').trim_end_matches("/metrics");
    let text = text_of(cluster, &pages).unwrap_or_default();
    let length = text.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // Whoever has gone wants no answer.
    if socket.write_all(head.as_bytes()).await.is_ok() {
        drop(socket.write_all(text.as_bytes()).await);
    }
}

/// The page as it is now; the first time with its past.
fn text_of(cluster: &str, pages: &Pages) -> Option<String> {
    let now = SystemClock.now();
    let (series, begun, past) = {
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        let page = pages.get_mut(cluster)?;
        let past = page.past;
        page.past.steps = 0;
        (Arc::clone(&page.series), page.begun, past)
    };
    let mut text = String::new();
    for one in series.iter() {
        for step in (1..=past.steps).rev() {
            let at = now - past.step * step;
            let millis = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
            line(&mut text, one, at.duration_since(begun).unwrap_or_default());
            // Writing to a string does not fail.
            let _always = write!(text, " {millis}");
            text.push('\n');
        }
        line(&mut text, one, now.duration_since(begun).unwrap_or_default());
        text.push('\n');
    }
    Some(text)
}

fn line(text: &mut String, series: &Series, age: Duration) {
    text.push_str(&series.identity);
    // Writing to a string does not fail.
    let _always = write!(text, " {}", series.growth.at(age));
}

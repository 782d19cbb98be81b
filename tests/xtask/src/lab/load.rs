//! Load: an open loop for latency, a closed loop for throughput.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::{
    http::{Client, connect, read_response},
    pause::pause,
    stats::Sample,
};

/// Requests at a steady rate, whether the answers come or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenLoop {
    /// Planned requests a second.
    pub(crate) rate: u32,
    /// Not counted.
    pub(crate) warm_up: Duration,
    /// Counted.
    pub(crate) duration: Duration,
}

impl OpenLoop {
    /// The one of the bars: 200 requests a second for 30 s after 5 s of warm-up.
    pub(crate) const BAR: Self =
        Self { rate: 200, warm_up: Duration::from_secs(5), duration: Duration::from_secs(30) };
}

/// As many requests as the connections carry, each waiting for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClosedLoop {
    /// Connections, two threads share them.
    pub(crate) connections: usize,
    /// How long.
    pub(crate) duration: Duration,
}

/// What a run gave.
#[derive(Debug, Default)]
pub(crate) struct LoadReport {
    /// Milliseconds from the planned moment of sending (open loop).
    pub(crate) latency_ms: Sample,
    /// Answers that were counted.
    pub(crate) answers: u64,
    /// Those that were not 200.
    pub(crate) failures: u64,
    /// How long the counted part took.
    pub(crate) elapsed: Duration,
    /// CPU seconds that `cpu_seconds` counted meanwhile.
    pub(crate) cpu_seconds: f64,
}

impl LoadReport {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "some million answers")]
    pub(crate) fn per_second(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// CPU milliseconds a request.
    #[expect(clippy::cast_precision_loss, reason = "some million answers")]
    pub(crate) fn cpu_ms(&self) -> f64 {
        self.cpu_seconds * 1e3 / self.answers as f64
    }
}

/// Threads of the open loop: enough that a slow answer does not delay the next request.
const SENDERS: u32 = 16;

/// Sends `requests` in turn at the planned rate and counts latency from the planned moment.
pub(crate) fn open_loop(
    plan: OpenLoop,
    url: &str,
    requests: &[Vec<u8>],
    cpu_seconds: impl Fn() -> f64,
) -> anyhow::Result<LoadReport> {
    let start = Instant::now() + Duration::from_millis(50);
    let counted_from = start + plan.warm_up;
    let end = counted_from + plan.duration;
    let next = AtomicU64::new(0);
    let total = Mutex::new(LoadReport::default());
    let mut cpu_before = 0.0;
    thread::scope(|scope| -> anyhow::Result<()> {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    let mut client = Client::new(url);
                    let mut own = LoadReport::default();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let planned = start + moment(index, plan.rate);
                        if planned >= end {
                            break;
                        }
                        pause(planned.saturating_duration_since(Instant::now()));
                        let status = client.send(pick(requests, index)?).map(|it| it.status);
                        if planned >= counted_from {
                            own.latency_ms.push(planned.elapsed().as_secs_f64() * 1e3);
                            own.answers += 1;
                            own.failures += u64::from(!matches!(status, Ok(200)));
                        }
                    }
                    add(&total, &own)
                })
            })
            .collect();
        pause(counted_from.saturating_duration_since(Instant::now()));
        cpu_before = cpu_seconds();
        senders.into_iter().try_for_each(|sender| joined(sender.join()))
    })?;
    let mut report = total.into_inner().ok().context("a sender panicked")?;
    report.elapsed = plan.duration;
    report.cpu_seconds = cpu_seconds() - cpu_before;
    Ok(report)
}

/// Keeps `connections` requests in flight. Two threads, no polling: each goes round its
/// connections, takes the answer that is due and sends the next request on it.
pub(crate) fn closed_loop(
    plan: ClosedLoop,
    url: &str,
    requests: &[Vec<u8>],
    cpu_seconds: impl Fn() -> f64,
) -> anyhow::Result<LoadReport> {
    const THREADS: usize = 2;
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    let total = Mutex::new(LoadReport::default());
    let cpu_before = cpu_seconds();
    let start = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let total = &total;
                scope.spawn(move || {
                    let connections = plan.connections / THREADS;
                    let own = go_round(authority, requests, connections, thread, plan.duration)?;
                    add(total, &own)
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| joined(thread.join()))
    })?;
    let mut report = total.into_inner().ok().context("a thread panicked")?;
    report.elapsed = start.elapsed();
    report.cpu_seconds = cpu_seconds() - cpu_before;
    Ok(report)
}

fn go_round(
    authority: &str,
    requests: &[Vec<u8>],
    connections: usize,
    thread: usize,
    duration: Duration,
) -> anyhow::Result<LoadReport> {
    let mut streams = (0..connections)
        .map(|_| Ok(BufReader::with_capacity(64 * 1024, connect(authority)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut report = LoadReport::default();
    // Threads begin at different requests, so that they do not ask for the same in step.
    let mut index = (thread * requests.len() / 2) as u64;
    let mut send = |stream: &mut BufReader<TcpStream>| -> anyhow::Result<()> {
        index += 1;
        Ok(stream.get_mut().write_all(pick(requests, index)?)?)
    };
    streams.iter_mut().try_for_each(&mut send)?;
    let end = Instant::now() + duration;
    while Instant::now() < end {
        for stream in &mut streams {
            let response = read_response(stream)?;
            report.answers += 1;
            report.failures += u64::from(response.status != 200);
            send(stream)?;
        }
    }
    Ok(report)
}

#[expect(clippy::cast_possible_truncation, reason = "an index into some hundred requests")]
fn pick(requests: &[Vec<u8>], index: u64) -> anyhow::Result<&[u8]> {
    let position = (index % requests.len().max(1) as u64) as usize;
    requests.get(position).map(Vec::as_slice).context("there is no request to send")
}

#[expect(clippy::cast_precision_loss, reason = "some thousand requests")]
fn moment(index: u64, rate: u32) -> Duration {
    Duration::from_secs_f64(index as f64 / f64::from(rate))
}

fn add(total: &Mutex<LoadReport>, own: &LoadReport) -> anyhow::Result<()> {
    let mut total = total.lock().ok().context("another sender panicked")?;
    total.latency_ms.extend(&own.latency_ms);
    total.answers += own.answers;
    total.failures += own.failures;
    Ok(())
}

fn joined(result: thread::Result<anyhow::Result<()>>) -> anyhow::Result<()> {
    match result {
        Ok(result) => result,
        Err(_) => bail!("a load thread panicked"),
    }
}

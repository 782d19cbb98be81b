//! The pages that Prometheus scrapes instead of proxies: counters that advance, with the labels
//! that Linkerd's proxies and Prometheus' relabelling give them.
//!
//! Every sample carries its own time, so that a Prometheus that has just started can be given a
//! past: each scrape moves [`STEP_MS`] on until it has caught up with the present.
//!
//! Between two steps a page tells the same again, which Prometheus takes for what it is. Steps are
//! longer than what lies between scrapes, so that the last sample is never older than the step by
//! more than a tenth: up to there `rate` extrapolates, and is exact.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{BUCKETS_MS, Edge, LinkMode, Place, UnmeshedCall, World};

/// How far apart samples are.
const STEP_MS: u64 = 40_000;

/// How much of a past is told: more than the shortest window that Callboard asks for.
const PAST_MS: u64 = 400_000;

/// Every counter began this long before the past that is told.
const AGE_MS: u64 = 3_600_000;

/// Serves `GET /CLUSTER`. Ends with xtask.
#[derive(Debug)]
pub(crate) struct Emulator {
    port: u16,
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
}

/// A page: series with how fast they grow.
#[derive(Debug, Default)]
struct Page {
    series: Vec<Series>,
    /// The time that was told last.
    told_ms: u64,
}

#[derive(Debug)]
struct Series {
    /// Name and labels.
    identity: String,
    value: Growth,
}

#[derive(Debug, Clone, Copy)]
enum Growth {
    /// So much each second.
    PerSecond(f64),
    /// Always the same.
    Constant(f64),
}

impl Emulator {
    /// Serves the pages of every cluster on a free port.
    pub(crate) fn start(world: &World) -> anyhow::Result<Self> {
        let pages = world.clusters.iter().map(|it| (it.name.to_owned(), page(world, it.name)));
        let pages = Arc::new(Mutex::new(pages.collect::<BTreeMap<_, _>>()));
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let served = Arc::clone(&pages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = Arc::clone(&served);
                // Whoever has gone wants no answer.
                thread::spawn(move || answer(stream, &pages).unwrap_or_default());
            }
        });
        Ok(Self { port, pages })
    }

    /// `HOST:PORT`, for `static_configs`.
    pub(crate) fn target(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Adds series that grow by one a second to a page.
    pub(crate) fn add(&self, cluster: &str, identities: impl IntoIterator<Item = String>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let page = pages.entry(cluster.to_owned()).or_default();
        let grows = |identity| Series { identity, value: Growth::PerSecond(1.0) };
        page.series.extend(identities.into_iter().map(grows));
    }

    /// Whether Prometheus has been told everything up to now.
    pub(crate) fn has_caught_up(&self, cluster: &str) -> bool {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(cluster).is_some_and(|page| page.told_ms + STEP_MS > now_ms())
    }
}

fn answer(mut stream: TcpStream, pages: &Mutex<BTreeMap<String, Page>>) -> anyhow::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut line = String::from("-");
    while !line.trim_end().is_empty() {
        line.clear();
        request.read_line(&mut line)?;
    }
    let cluster = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let body = {
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get_mut(cluster).map(Page::tell)
    };
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    Ok(stream.write_all(body.as_bytes())?)
}

impl Page {
    /// The page at the next moment that it has to tell.
    #[expect(clippy::cast_precision_loss, reason = "an hour in milliseconds")]
    fn tell(&mut self) -> String {
        let now = now_ms();
        if self.told_ms == 0 {
            self.told_ms = now - PAST_MS;
        } else if self.told_ms + STEP_MS <= now {
            self.told_ms += STEP_MS;
        }
        let (at, mut text) = (self.told_ms, String::new());
        // Counters are functions of the time alone, so that a page may be told again.
        let age = (at % (24 * AGE_MS)) as f64 / 1e3;
        for Series { identity, value } in &self.series {
            let value = match value {
                Growth::PerSecond(rate) => rate * age,
                Growth::Constant(value) => *value,
            };
            // Writing to a string does not fail.
            writeln!(text, "{identity} {value} {at}").unwrap_or_default();
        }
        text
    }
}

#[expect(clippy::disallowed_methods, reason = "xtask has no clock to be given")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// What the proxies of one cluster say.
fn page(world: &World, cluster: &str) -> Page {
    let mut page = Page::default();
    for edge in &world.edges {
        if edge.from.cluster == cluster {
            page.outbound(edge);
        }
        // Calls without TLS are those to pods without a proxy, which count nothing.
        if edge.to.cluster == cluster && edge.insecure.is_none() {
            page.inbound(edge);
        }
    }
    for call in world.unmeshed.iter().filter(|call| call.to.cluster == cluster) {
        page.unmeshed(call);
    }
    page
}

impl Page {
    fn push(&mut self, identity: String, value: Growth) {
        self.series.push(Series { identity, value });
    }

    /// What the caller's proxy counts.
    fn outbound(&mut self, edge: &Edge) {
        let labels = format!(
            "direction=\"outbound\",{},{},{}",
            subject(&edge.from),
            destination(edge),
            security(edge, "server_id", &served_by(edge))
        );
        self.push(
            format!("tcp_open_connections{{{labels},peer=\"dst\"}}"),
            Growth::Constant(f64::from(edge.connections)),
        );
        if let Some(rate) = edge.requests_per_second {
            self.requests(&labels, rate, edge.success_ratio, edge.p95_bucket);
        }
    }

    /// What the called one's proxy counts of the same calls.
    fn inbound(&mut self, edge: &Edge) {
        let client = match edge.mode {
            Some(LinkMode::Gateway) => GATEWAY_IDENTITY.to_owned(),
            _ => identity(&edge.from),
        };
        let labels = format!(
            "direction=\"inbound\",{},authority=\"{}\",target_port=\"8080\",{}",
            subject(&edge.to),
            authority(&edge.to.name, edge.to.namespace),
            security(edge, "client_id", &client)
        );
        self.push(
            format!("tcp_open_connections{{{labels},peer=\"src\"}}"),
            Growth::Constant(f64::from(edge.connections)),
        );
        if let Some(rate) = edge.requests_per_second {
            self.requests(&labels, rate, edge.success_ratio, edge.p95_bucket);
        }
    }

    fn unmeshed(&mut self, call: &UnmeshedCall) {
        let labels = format!(
            "direction=\"inbound\",{},authority=\"{}\",target_port=\"8080\",\
             tls=\"no_identity\",no_tls_reason=\"no_tls_from_remote\"",
            subject(&call.to),
            authority(&call.to.name, call.to.namespace)
        );
        self.requests(&labels, call.requests_per_second, 1.0, 5);
    }

    fn requests(&mut self, labels: &str, rate: f64, success_ratio: f64, p95_bucket: usize) {
        self.push(format!("request_total{{{labels}}}"), Growth::PerSecond(rate));
        for (class, status, share) in
            [("success", "200", success_ratio), ("failure", "500", 1.0 - success_ratio)]
        {
            let labels = format!("{labels},classification=\"{class}\",status_code=\"{status}\"");
            if share > 0.0 {
                self.push(format!("response_total{{{labels}}}"), Growth::PerSecond(rate * share));
            }
        }
        // Nine in ten answers are faster than the bucket, the tenth falls into it.
        let bounds = BUCKETS_MS.iter().map(u32::to_string).chain(["+Inf".to_owned()]);
        for (index, bound) in bounds.enumerate() {
            let share = match index {
                faster if faster + 1 < p95_bucket => 0.0,
                below if below < p95_bucket => 0.9,
                _ => 1.0,
            };
            self.push(
                format!("response_latency_ms_bucket{{{labels},le=\"{bound}\"}}"),
                Growth::PerSecond(rate * share),
            );
        }
        self.push(format!("response_latency_ms_count{{{labels}}}"), Growth::PerSecond(rate));
        self.push(format!("response_latency_ms_sum{{{labels}}}"), Growth::PerSecond(rate * 10.0));
    }
}

const GATEWAY_IDENTITY: &str =
    "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local";

/// The labels that relabelling takes from the pod whose proxy it is.
fn subject(place: &Place) -> String {
    let Place { namespace, name, .. } = place;
    format!(
        "namespace=\"{namespace}\",deployment=\"{name}\",pod=\"{name}-6b7f9c5d45-00000\",\
         app=\"{name}\",control_plane_ns=\"linkerd\",workload_ns=\"{namespace}\""
    )
}

/// The labels that the destination controller gives.
fn destination(edge: &Edge) -> String {
    let Place { cluster, namespace, name } = &edge.to;
    let pods = format!(
        "dst_deployment=\"{name}\",dst_pod=\"{name}-6b7f9c5d45-00001\",\
         dst_pod_template_hash=\"6b7f9c5d45\",dst_serviceaccount=\"{name}\",\
         dst_control_plane_ns=\"linkerd\""
    );
    match edge.mode {
        None => format!(
            "authority=\"{}\",dst_namespace=\"{namespace}\",dst_service=\"{name}\",{pods}",
            authority(name, namespace)
        ),
        Some(LinkMode::Flat) => format!(
            "authority=\"{}\",dst_namespace=\"{namespace}\",dst_service=\"{name}-{cluster}\",{pods}",
            authority(&format!("{name}-{cluster}"), namespace)
        ),
        Some(LinkMode::Gateway) => format!(
            "authority=\"{}\",dst_namespace=\"{namespace}\",dst_service=\"{name}-{cluster}\",\
             dst_target_cluster=\"{cluster}\",dst_target_service=\"{name}\",\
             dst_target_service_namespace=\"{namespace}\"",
            authority(&format!("{name}-{cluster}"), namespace)
        ),
    }
}

fn security(edge: &Edge, whose: &str, identity: &str) -> String {
    match edge.insecure {
        None => format!("tls=\"true\",{whose}=\"{identity}\""),
        Some(reason) => format!("tls=\"no_identity\",no_tls_reason=\"{reason}\""),
    }
}

fn served_by(edge: &Edge) -> String {
    match edge.mode {
        Some(LinkMode::Gateway) => GATEWAY_IDENTITY.to_owned(),
        _ => identity(&edge.to),
    }
}

fn identity(place: &Place) -> String {
    format!("{}.{}.serviceaccount.identity.linkerd.cluster.local", place.name, place.namespace)
}

fn authority(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc.cluster.local:8080")
}

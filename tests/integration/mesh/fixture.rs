//! A mesh that is running, and what a ground truth expects of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use callboard_model::SystemClock;
use callboard_plugin::{
    CallClient, CallTarget, ClusterName, LabelMatcher, MeshCall, MeshSnapshot, MeshSource as _,
    MetricsSource, MetricsWindow, ObservationState, WorkloadKey, WorkloadKind,
};
use callboard_plugin_mesh::LinkerdMesh;
use callboard_tests::{
    ground_truth::{
        GroundTruth, LATENCY_BUCKETS_MS, TrueCall, TrueLinkMode, TrueTarget, TrueTraffic,
    },
    linkerd_emulator::{LinkerdEmulator, Past, page_of},
    prometheus::{Prometheus, PrometheusVersion, ScrapeTarget},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come.
const LIMIT: Duration = Duration::from_mins(2);

/// The Prometheus of all clusters of a truth, with what it scrapes.
pub(crate) struct Store {
    pub(crate) prometheus: Prometheus,
    _emulator: LinkerdEmulator,
}

impl Store {
    /// Starts it and waits until it has scraped every page. `None` = skipped.
    pub(crate) async fn start(
        test: &str,
        version: PrometheusVersion,
        truth: &GroundTruth,
        interval: Duration,
    ) -> Option<Self> {
        let emulator = LinkerdEmulator::start(truth, Past::of_interval(interval)).await;
        let target = |name: &String| ScrapeTarget {
            host: emulator.host().to_owned(),
            path: LinkerdEmulator::path(name),
            cluster: Some(name.clone()),
        };
        let names: Vec<String> =
            truth.clusters.iter().map(|cluster| cluster.name.clone()).collect();
        let targets: Vec<ScrapeTarget> = names.iter().map(target).collect();
        let prometheus = Prometheus::start(test, version, interval, &targets).await?;
        for name in &names {
            knows_the_past(&prometheus, &emulator, truth, name, interval).await;
        }
        Some(Self { prometheus, _emulator: emulator })
    }

    /// A cluster's mesh, running.
    pub(crate) fn mesh(&self, cluster: &str) -> RunningMesh {
        let source = self.prometheus.source(&format!("prometheus/{cluster}"), matchers(cluster));
        RunningMesh::start(cluster, Arc::new(source))
    }
}

/// Waits until the past of a cluster is known. A scrape that takes too long on a busy machine is
/// given up; then it is told again.
async fn knows_the_past(
    prometheus: &Prometheus,
    emulator: &LinkerdEmulator,
    truth: &GroundTruth,
    cluster: &str,
    interval: Duration,
) {
    let past = Past::of_interval(interval);
    let least = past.steps.saturating_sub(2);
    let shortest = format!("min(count_over_time(request_total{{cluster=\"{cluster}\"}}[6m]))");
    let known = format!("{shortest} >= {least}");
    for _ in 0..5 {
        let scraped = format!("sum(up{{cluster=\"{cluster}\"}})");
        prometheus.until(&scraped, |up| up > 0.5).await.unwrap();
        if prometheus.until_within(&known, |_| true, interval * 2).await.is_ok() {
            return;
        }
        emulator.set(cluster, page_of(truth, cluster), past);
    }
    panic!("the past of {cluster} is never known");
}

/// What every selector carries in a store of several clusters.
pub(crate) fn matchers(cluster: &str) -> Vec<LabelMatcher> {
    vec![LabelMatcher { label: "cluster".into(), value: cluster.into() }]
}

/// A mesh that runs; ends when it is dropped.
pub(crate) struct RunningMesh {
    pub(crate) mesh: LinkerdMesh,
    _tasks: JoinSet<()>,
}

impl RunningMesh {
    pub(crate) fn start(cluster: &str, source: Arc<dyn MetricsSource>) -> Self {
        let mesh = LinkerdMesh::new(ClusterName::new(cluster), source, Arc::new(SystemClock));
        let mut tasks = JoinSet::new();
        tasks.spawn(mesh.clone().run(CancellationToken::new()));
        Self { mesh, _tasks: tasks }
    }

    /// The first snapshot that is as asked.
    pub(crate) async fn until(
        &self,
        what: &str,
        is_right: impl Fn(&MeshSnapshot) -> bool,
    ) -> Arc<MeshSnapshot> {
        let mut changes = self.mesh.changes();
        let deadline = tokio::time::Instant::now() + LIMIT;
        loop {
            changes.borrow_and_update();
            let snapshot = self.mesh.snapshot();
            if is_right(&snapshot) {
                return snapshot;
            }
            let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
            assert!(changed.is_ok(), "{what} never came: {:?}", snapshot.windows[0].observation);
        }
    }

    /// The first snapshot in which a window has this state.
    pub(crate) async fn until_state(
        &self,
        window: MetricsWindow,
        state: ObservationState,
    ) -> Arc<MeshSnapshot> {
        let is_state = |snapshot: &MeshSnapshot| snapshot.window(window).observation.state == state;
        self.until(&format!("{state} of {window:?}"), is_state).await
    }
}

/// What a call should be.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    requests_per_second: Option<f64>,
    success_ratio: Option<f64>,
    /// Buckets of p50, p95 and p99.
    buckets: Option<[usize; 3]>,
    /// `None` = not compared.
    connections: Option<f64>,
    insecure: Option<String>,
}

type Calls = BTreeMap<(CallClient, CallTarget), Expected>;

/// The calls that the mesh of a cluster should tell of.
fn expected(truth: &GroundTruth, cluster: &str) -> Calls {
    let mut calls = Calls::new();
    for call in truth.calls_of(cluster) {
        let client = CallClient::Workload(truth.service(&call.client).unwrap().workload_key());
        let buckets = buckets_of(call);
        let told =
            Expected { buckets, ..told(&call.traffic, call.connections, call.insecure.as_deref()) };
        assert!(calls.insert((client, target_of(truth, call)), told).is_none());
    }
    for caller in truth.unmeshed_callers.iter().filter(|caller| caller.cluster == cluster) {
        let reason: Arc<str> = "no_tls_from_remote".into();
        let key = truth.service(&caller.service).unwrap().workload_key();
        let told = told(&caller.traffic, caller.connections, Some(&reason));
        let target = CallTarget::Workload { key, service: None };
        calls.insert((CallClient::Unmeshed { reason }, target), told);
    }
    passed_on(truth, cluster, &mut calls);
    calls
}

fn told(traffic: &TrueTraffic, connections: u32, insecure: Option<&str>) -> Expected {
    let (requests_per_second, success_ratio) = match traffic {
        TrueTraffic::Http { requests_per_second, success_ratio, .. } => {
            (Some(*requests_per_second), Some(*success_ratio))
        }
        TrueTraffic::Tcp => (None, None),
    };
    Expected {
        requests_per_second,
        success_ratio,
        buckets: None,
        connections: Some(f64::from(connections)),
        insecure: insecure.map(str::to_owned),
    }
}

/// Latencies are not asked for bare addresses.
fn buckets_of(call: &TrueCall) -> Option<[usize; 3]> {
    let is_address = |text: &str| text.bytes().all(|byte| !byte.is_ascii_alphabetic());
    match (&call.target, &call.traffic) {
        (TrueTarget::External { authority }, _) if is_address(authority) => None,
        (_, TrueTraffic::Http { latency_buckets, .. }) => Some(*latency_buckets),
        (_, TrueTraffic::Tcp) => None,
    }
}

/// What the gateway of a cluster passes on is seen once more, as the gateway's.
fn passed_on(truth: &GroundTruth, cluster: &str, calls: &mut Calls) {
    let gateway = CallClient::Workload(WorkloadKey {
        namespace: "linkerd-multicluster".into(),
        kind: WorkloadKind::Deployment,
        name: "linkerd-gateway".into(),
    });
    for call in truth.calls.iter().filter(|call| call.target.other_cluster() == Some(cluster)) {
        let link = truth.link(&call.cluster, cluster).unwrap();
        let TrueTarget::Remote { service, .. } = &call.target else { continue };
        if link.mode == TrueLinkMode::Flat {
            continue;
        }
        let service = truth.service(service).unwrap();
        let (key, service) = (service.workload_key(), Some(service.service_key()));
        let target = CallTarget::Workload { key, service };
        let TrueTraffic::Http { requests_per_second: rate, success_ratio, .. } = call.traffic
        else {
            continue;
        };
        let sum = calls.entry((gateway.clone(), target)).or_insert(Expected {
            requests_per_second: Some(0.0),
            success_ratio: Some(1.0),
            buckets: None,
            connections: None,
            insecure: None,
        });
        let (before, ratio) = (sum.requests_per_second.unwrap(), sum.success_ratio.unwrap());
        sum.requests_per_second = Some(before + rate);
        sum.success_ratio = Some((before * ratio + rate * success_ratio) / (before + rate));
    }
}

fn target_of(truth: &GroundTruth, call: &TrueCall) -> CallTarget {
    let service = call.target.service().and_then(|name| truth.service(name));
    match &call.target {
        TrueTarget::External { authority } => CallTarget::Authority(authority.as_str().into()),
        TrueTarget::Local { .. } => {
            let service = service.unwrap();
            let (key, service) = (service.workload_key(), Some(service.service_key()));
            CallTarget::Workload { key, service }
        }
        TrueTarget::Federated { .. } => {
            let service = service.unwrap();
            let (key, service) = (service.workload_key(), Some(service.federated_key()));
            CallTarget::Workload { key, service }
        }
        TrueTarget::Remote { cluster, .. } => {
            let service = service.unwrap();
            match truth.link(&call.cluster, cluster).unwrap().mode {
                TrueLinkMode::Gateway => CallTarget::RemoteService {
                    target_cluster: cluster.as_str().into(),
                    service: service.service_key(),
                },
                TrueLinkMode::Flat => CallTarget::Workload {
                    key: service.workload_key(),
                    service: Some(service.mirror_key(cluster)),
                },
            }
        }
    }
}

/// Every call once, none invented, each as it is.
pub(crate) fn assert_told(truth: &GroundTruth, cluster: &str, calls: &[MeshCall]) {
    let wrong = wrong(truth, cluster, calls);
    let some: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{cluster}: {} wrong:\n{}", wrong.len(), some.join("\n"));
}

/// Waits until the calls of the shortest window are as they are: a scrape that is late on a busy
/// machine makes rates a little low until the next round.
pub(crate) async fn assert_comes_to_tell(
    running: &RunningMesh,
    truth: &GroundTruth,
    cluster: &str,
) -> Arc<MeshSnapshot> {
    let mut changes = running.mesh.changes();
    let deadline = tokio::time::Instant::now() + LIMIT;
    loop {
        changes.borrow_and_update();
        let snapshot = running.mesh.snapshot();
        let window = snapshot.window(MetricsWindow::M5);
        let is_live = window.observation.state == ObservationState::Live;
        if is_live && wrong(truth, cluster, &window.calls).is_empty() {
            return snapshot;
        }
        if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
            assert_told(truth, cluster, &window.calls);
        }
    }
}

fn wrong(truth: &GroundTruth, cluster: &str, calls: &[MeshCall]) -> Vec<String> {
    let mut expected = expected(truth, cluster);
    let mut wrong = Vec::new();
    for call in calls {
        let key = (call.client.clone(), call.target.clone());
        match expected.remove(&key) {
            Some(expected) => wrong.extend(differences(call, &expected)),
            None => wrong.push(format!("invented or twice: {call:?}")),
        }
    }
    wrong.extend(expected.keys().map(|key| format!("missing: {key:?}")));
    wrong
}

fn differences(call: &MeshCall, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let metrics = &call.metrics;
    let rates = (metrics.requests_per_second, expected.requests_per_second);
    if !is_near(rates.0, rates.1, 0.05) {
        wrong.push(format!("requests {rates:?}: {call:?}"));
    }
    let ratios = (metrics.success_ratio, expected.success_ratio);
    if !is_near(ratios.0, ratios.1, 0.01) {
        wrong.push(format!("success {ratios:?}: {call:?}"));
    }
    let latencies = [metrics.latency_p50_ms, metrics.latency_p95_ms, metrics.latency_p99_ms];
    for (number, latency) in latencies.into_iter().enumerate() {
        let bucket = expected.buckets.map(|buckets| buckets[number]);
        let is_gateway = expected.connections.is_none();
        if !is_gateway && !is_in_bucket(latency, bucket) {
            wrong.push(format!("quantile {number} {latency:?} not in {bucket:?}: {call:?}"));
        }
    }
    let connections = (metrics.open_connections, expected.connections);
    if connections.1.is_some() && !is_near(connections.0, connections.1, 0.01) {
        wrong.push(format!("connections {connections:?}: {call:?}"));
    }
    let secured = if expected.insecure.is_some() { 0.0 } else { 1.0 };
    let reason = call.insecure.first().map(|share| share.reason.to_string());
    if metrics.secured_ratio != Some(secured) || reason != expected.insecure {
        wrong.push(format!("TLS: {call:?}"));
    }
    wrong
}

fn is_near(found: Option<f64>, expected: Option<f64>, tolerance: f64) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= expected * tolerance,
        (found, expected) => found == expected,
    }
}

/// Whether a latency lies in a bucket. Bounds belong to the lower one.
pub(crate) fn is_in_bucket(latency: Option<f64>, bucket: Option<usize>) -> bool {
    let (Some(latency), Some(bucket)) = (latency, bucket) else {
        return latency.is_none() && bucket.is_none();
    };
    let lower = bucket.checked_sub(1).map_or(0, |below| LATENCY_BUCKETS_MS[below]);
    (f64::from(lower)..=f64::from(LATENCY_BUCKETS_MS[bucket])).contains(&latency)
}

//! Proxies that say what no proxy says: names that are none, and far too many of them.

use std::{sync::Arc, time::Duration};

use callboard_model::SystemClock;
use callboard_plugin::{CallTarget, MeshSnapshot, MetricsWindow, ObservationState};
use callboard_plugin_mesh::all_queries;
use callboard_plugin_telemetry::{PrometheusOptions, PrometheusSource};
use callboard_tests::{
    linkerd_emulator::{Growth, LinkerdEmulator, Past, Series},
    metrics_proxy::MetricsProxy,
    prometheus::{Prometheus, PrometheusVersion, ScrapeTarget, client, source},
};
use url::form_urlencoded;

use super::fixture::RunningMesh;

const HOSTILE: [&str; 6] = [
    "\\\"} or vector(1) #",
    "a\\nb",
    "<script>alert(1)</script>",
    "\u{202e}gnp.exe",
    "'; DROP TABLE entity; --",
    "\\\\",
];

fn series(labels: &str) -> Series {
    let common = "namespace=\"bank\",deployment=\"web\",direction=\"outbound\"";
    Series {
        identity: format!("response_total{{{common},{labels}}}"),
        growth: Growth::PerSecond(1.0),
    }
}

/// Edges, of which a third has names that are none.
fn flood(edges: usize) -> Vec<Series> {
    let one = |number: usize| {
        let name = match HOSTILE.get(number % 18) {
            Some(hostile) => format!("{hostile}{number}"),
            None => format!("api-{number}"),
        };
        series(&format!(
            "dst_namespace=\"bank\",dst_service=\"api\",dst_deployment=\"{name}\",\
             tls=\"true\",classification=\"success\""
        ))
    };
    (0..edges).map(one).collect()
}

async fn started(
    test: &str,
    version: PrometheusVersion,
    series: Vec<Series>,
) -> Option<(Prometheus, LinkerdEmulator)> {
    let emulator = LinkerdEmulator::empty().await;
    emulator.set("hostile", series, Past { step: Duration::from_mins(1), steps: 1 });
    let target = ScrapeTarget {
        host: emulator.host().to_owned(),
        path: LinkerdEmulator::path("hostile"),
        cluster: None,
    };
    let interval = Duration::from_secs(10);
    let prometheus = Prometheus::start(test, version, interval, &[target]).await?;
    prometheus.until("count(rate(response_total[5m]) > 0)", |count| count > 0.0).await.unwrap();
    Some((prometheus, emulator))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_series_ends_at_the_budget_with_a_word() {
    let test = "a_flood_of_series_ends_at_the_budget_with_a_word";
    let Some((prometheus, _emulator)) = started(test, PrometheusVersion::New, flood(50_000)).await
    else {
        return;
    };
    let metrics = prometheus.source("prometheus/hostile", Vec::new());
    let running = RunningMesh::start("hostile", Arc::new(metrics));
    let snapshot = running.until_state(MetricsWindow::M5, ObservationState::Stale).await;
    let window = snapshot.window(MetricsWindow::M5);
    let reason = window.observation.reason.as_deref().unwrap();
    assert!(reason.starts_with("requests: LIMIT: 20000 of at least 40000 series"), "{reason}");
    assert_eq!(window.dropped_series, 20_000);
    assert!((1..=20_000).contains(&window.calls.len()), "{}", window.calls.len());
    for call in &*window.calls {
        let name = match &call.target {
            CallTarget::Workload { key, .. } => &key.name,
            // The Service has a name even where the workload has none.
            CallTarget::Service(service) => &service.name,
            other => panic!("{other:?}"),
        };
        assert!(name.starts_with("api"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_prometheus_that_knows_no_limit_is_cut_off_with_a_word() {
    let test = "an_old_prometheus_that_knows_no_limit_is_cut_off_with_a_word";
    let Some((prometheus, _emulator)) = started(test, PrometheusVersion::Old, flood(10_000)).await
    else {
        return;
    };
    let url = prometheus.url();
    let options =
        PrometheusOptions { max_body_bytes: 1024 * 1024, ..PrometheusOptions::new(url.clone()) };
    let (client, clock) = (client(&url), Arc::new(SystemClock));
    let metrics =
        PrometheusSource::new(client, clock, options, "prometheus/hostile", Vec::new()).unwrap();
    let running = RunningMesh::start("hostile", Arc::new(metrics));
    let has_word = |snapshot: &MeshSnapshot| {
        let observation = &snapshot.window(MetricsWindow::M5).observation;
        observation.reason.as_deref().is_some_and(|reason| reason.contains("LIMIT"))
    };
    running.until("the word LIMIT", has_word).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_cluster_says_gets_into_a_query() {
    let test = "nothing_that_a_cluster_says_gets_into_a_query";
    let mut all: Vec<Series> = Vec::new();
    for hostile in HOSTILE {
        all.push(series(&format!("dst_namespace=\"{hostile}\",dst_deployment=\"api\"")));
        all.push(series(&format!("authority=\"{hostile}\",tls=\"{hostile}\"")));
        all.push(series(&format!(
            "dst_namespace=\"bank\",dst_service=\"a\",dst_target_cluster=\"{hostile}\",\
             dst_target_service=\"a\",dst_target_service_namespace=\"bank\""
        )));
    }
    let Some((prometheus, _emulator)) = started(test, PrometheusVersion::New, all).await else {
        return;
    };
    let proxy = MetricsProxy::start(&prometheus.url()).await;
    let metrics = source(proxy.url(), "prometheus/hostile", Vec::new());
    let running = RunningMesh::start("hostile", Arc::new(metrics));
    let snapshot = running.until_state(MetricsWindow::H24, ObservationState::Live).await;
    let window = snapshot.window(MetricsWindow::M5);
    let reason = window.observation.reason.as_deref().unwrap();
    assert!(reason.starts_with("6 series name no workload"), "{reason}");
    assert_eq!(window.calls.len(), 12, "{:?}", window.calls);
    for call in &*window.calls {
        let text = match &call.target {
            CallTarget::Authority(text) => text,
            CallTarget::RemoteService { target_cluster, .. } => target_cluster,
            other => panic!("{other:?}"),
        };
        let is_plain = |one: char| !one.is_control() && one != '\u{202e}';
        assert!(text.chars().all(is_plain), "{text:?}");
    }
    let known: Vec<String> = all_queries(&[]).into_iter().map(|query| query.promql).collect();
    for request in proxy.asked() {
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        let query = form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "query");
        let (_, promql) = query.unwrap();
        assert!(known.iter().any(|known| *known == promql), "{promql}");
    }
}

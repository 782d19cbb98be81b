//! Where there are no calls, what is missing is named; and what is no call is none.

use std::{sync::Arc, time::Duration};

use callboard_plugin::{MeshSnapshot, MetricsWindow, ObservationState};
use callboard_tests::{
    linkerd_emulator::{Growth, LinkerdEmulator, Past, Series},
    prometheus::{Prometheus, PrometheusVersion, ScrapeTarget},
};

use super::fixture::{RunningMesh, matchers};

const OWNER: &str = "namespace=\"bank\",deployment=\"web\"";

const CALL: &str = "direction=\"outbound\",dst_namespace=\"bank\",dst_service=\"api\",\
    dst_deployment=\"api\",tls=\"true\",classification=\"success\"";

fn responses(labels: &str, growth: Growth) -> Vec<Series> {
    vec![Series { identity: format!("response_total{{{labels}}}"), growth }]
}

/// One store of clusters of which each lacks something else, and one that lacks nothing.
async fn store(test: &str) -> Option<(Prometheus, LinkerdEmulator)> {
    let emulator = LinkerdEmulator::empty().await;
    let interval = Duration::from_secs(10);
    let owned = format!("{OWNER},{CALL}");
    let restarting = Growth::Restarting { per_second: 10.0, every: Duration::from_secs(97) };
    let pages = [
        ("quiet", responses(&owned, Growth::Constant(7.0))),
        ("anonymous", responses(CALL, Growth::PerSecond(3.0))),
        (
            "without-a-mesh",
            vec![Series { identity: "node_load1".to_owned(), growth: Growth::Constant(0.5) }],
        ),
        ("restarting", responses(&owned, restarting)),
    ];
    let mut targets = Vec::new();
    for (cluster, series) in pages {
        emulator.set(cluster, series, Past::of_interval(interval));
        targets.push(ScrapeTarget {
            host: emulator.host().to_owned(),
            path: LinkerdEmulator::path(cluster),
            cluster: Some(cluster.to_owned()),
        });
    }
    let prometheus = Prometheus::start(test, PrometheusVersion::New, interval, &targets).await?;
    prometheus.until("count(up == 1)", |up| up > 3.5).await.unwrap();
    Some((prometheus, emulator))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let Some((prometheus, _emulator)) = store("what_is_missing_is_named").await else { return };
    let mesh = |cluster: &str| {
        let source = prometheus.source(&format!("prometheus/{cluster}"), matchers(cluster));
        RunningMesh::start(cluster, Arc::new(source))
    };
    let m5 = MetricsWindow::M5;
    let quiet = mesh("quiet");
    let snapshot = quiet.until_state(m5, ObservationState::Live).await;
    assert!(snapshot.window(m5).calls.is_empty());
    for (cluster, words) in [
        ("anonymous", "do not say whose they are"),
        ("without-a-mesh", "there are no series of Linkerd's proxies with cluster="),
        ("unheard-of", "nothing is scraped with cluster=\"unheard-of\""),
    ] {
        let mesh = mesh(cluster);
        let snapshot = mesh.until_state(m5, ObservationState::Absent).await;
        let window = snapshot.window(m5);
        let reason = window.observation.reason.as_deref().unwrap();
        assert!(reason.contains(words), "{cluster}: {reason}");
        assert!(window.calls.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_restarts_makes_no_peaks() {
    let test = "a_proxy_that_restarts_makes_no_peaks";
    let Some((prometheus, _emulator)) = store(test).await else { return };
    let source = prometheus.source("prometheus/restarting", matchers("restarting"));
    let running = RunningMesh::start("restarting", Arc::new(source));
    let is_told = |snapshot: &MeshSnapshot| !snapshot.windows[0].calls.is_empty();
    let snapshot = running.until("a call", is_told).await;
    let rate = snapshot.windows[0].calls[0].metrics.requests_per_second.unwrap();
    // What was counted between the last scrape of a life and its end is lost.
    assert!((7.0..=10.5).contains(&rate), "{rate}");
}

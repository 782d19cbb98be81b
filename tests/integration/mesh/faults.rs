//! A source that fails in whatever way keeps what it said, says why, and disturbs nobody else.
//!
//! A proxy stands between the mesh and the real Prometheus.

use std::{sync::Arc, time::Duration};

use callboard_plugin::{MeshSource as _, MetricsWindow, ObservationState};
use callboard_tests::{
    ground_truth::{GroundTruth, TruthSize},
    metrics_proxy::{Fault, MetricsProxy},
    prometheus::{PrometheusVersion, source},
};
use futures_util::future::join_all;

use super::fixture::{RunningMesh, Store, assert_comes_to_tell, matchers};

const CLUSTER: &str = "aws-prod-1";

const HTML: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";

const EXECUTION: &str = r#"{"status":"error","errorType":"execution",
    "error":"found duplicate series for the match group on the right hand-side"}"#;

/// A fault, the state that it must end in and a part of the reason.
struct Case {
    fault: Fault,
    state: ObservationState,
    reason: &'static str,
}

fn answer(status: &'static str, content_type: &'static str, body: &str) -> Fault {
    Fault::Answer { status, content_type, body: body.to_owned() }
}

fn cases(elsewhere: &MetricsProxy) -> Vec<Case> {
    let case = |fault, state, reason| Case { fault, state, reason };
    let (stale, unreachable) = (ObservationState::Stale, ObservationState::Unreachable);
    let json = "application/json";
    vec![
        case(Fault::Dead, unreachable, "does not answer"),
        case(Fault::Hang, unreachable, "did not answer within"),
        case(Fault::Cut(300), stale, "end of file before message length reached"),
        case(
            Fault::Redirect(elsewhere.url().join("api/v1/query").unwrap().into()),
            unreachable,
            "redirects to other hosts are not followed",
        ),
        case(
            answer("422 Unprocessable Entity", json, EXECUTION),
            stale,
            "failed with status 422: execution: found duplicate series",
        ),
        case(
            answer("503 Service Unavailable", json, r#"{"status":"error","error":"overloaded"}"#),
            stale,
            "failed with status 503: overloaded",
        ),
        case(
            answer("200 OK", "text/html", HTML),
            stale,
            "it is an HTML page, \"Sign in\", not JSON",
        ),
        case(
            answer("200 OK", json, r#"{"status":"success","data":{"resu"#),
            stale,
            "it is cut off",
        ),
        case(answer("403 Forbidden", "text/html", HTML), ObservationState::Forbidden, "status 403"),
        case(answer("401 Unauthorized", "text/html", HTML), stale, "status 401"),
        case(Fault::Values("NaN"), stale, "have no number (NaN)"),
        case(
            Fault::Truncated("results truncated due to limit"),
            stale,
            "may be incomplete: results truncated due to limit",
        ),
        case(
            Fault::Truncated("partial response: store-2 did not answer"),
            stale,
            "may be incomplete: partial response: store-2",
        ),
    ]
}

/// What was told before the fault is told during it, with its age, and afterwards anew.
async fn endures(store: &Store, truth: &GroundTruth, case: Case) {
    let proxy = MetricsProxy::start(&store.prometheus.url()).await;
    let metrics = source(proxy.url(), "prometheus/aws-prod-1", matchers(CLUSTER));
    let running = RunningMesh::start(CLUSTER, Arc::new(metrics));
    let window = MetricsWindow::M5;
    assert_comes_to_tell(&running, truth, CLUSTER).await;
    // The longer windows are known, too, before anything happens.
    running.until_state(MetricsWindow::H1, ObservationState::Live).await;
    let before = running.mesh.snapshot();
    proxy.set(case.fault.clone());
    let broken = running.until_state(window, case.state).await;
    let (old, new) = (before.window(window), broken.window(window));
    let reason = new.observation.reason.as_deref().unwrap_or_default();
    assert!(reason.contains(case.reason), "{:?}: {reason}", case.fault);
    assert_eq!(new.calls, old.calls, "{:?}", case.fault);
    assert_eq!(new.observation.observed_at, old.observation.observed_at, "{:?}", case.fault);
    proxy.set(Fault::None);
    let repaired = assert_comes_to_tell(&running, truth, CLUSTER).await;
    assert!(repaired.window(window).observation.observed_at > old.observation.observed_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_keeps_the_last_values_and_says_why() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 11);
    let test = "every_fault_keeps_the_last_values_and_says_why";
    let interval = Duration::from_secs(10);
    let started = Store::start(test, PrometheusVersion::New, &truth, interval).await;
    let Some(store) = started else { return };
    let other = store.mesh("gcp-prod-1");
    other.until_state(MetricsWindow::M5, ObservationState::Live).await;
    let elsewhere = MetricsProxy::start(&store.prometheus.url()).await;
    join_all(cases(&elsewhere).into_iter().map(|case| endures(&store, &truth, case))).await;
    assert!(elsewhere.asked().is_empty(), "a redirect to another host was followed");
    assert_comes_to_tell(&other, &truth, "gcp-prod-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_source_is_late_and_not_wrong() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 12);
    let test = "a_slow_source_is_late_and_not_wrong";
    let interval = Duration::from_secs(10);
    let started = Store::start(test, PrometheusVersion::New, &truth, interval).await;
    let Some(store) = started else { return };
    let proxy = MetricsProxy::start(&store.prometheus.url()).await;
    proxy.set(Fault::Late(Duration::from_secs(2)));
    let metrics = source(proxy.url(), "prometheus/aws-prod-1", matchers(CLUSTER));
    let running = RunningMesh::start(CLUSTER, Arc::new(metrics));
    assert_comes_to_tell(&running, &truth, CLUSTER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_that_is_killed_and_comes_back_is_believed_again() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 13);
    let test = "a_prometheus_that_is_killed_and_comes_back_is_believed_again";
    let interval = Duration::from_secs(10);
    let started = Store::start(test, PrometheusVersion::New, &truth, interval).await;
    let Some(mut store) = started else { return };
    let running = store.mesh(CLUSTER);
    let window = MetricsWindow::M5;
    let before = running.until_state(window, ObservationState::Live).await;
    store.prometheus.kill();
    let dead = running.until_state(window, ObservationState::Unreachable).await;
    assert_eq!(dead.window(window).calls, before.window(window).calls);
    store.prometheus.restart().await.unwrap();
    assert_comes_to_tell(&running, &truth, CLUSTER).await;
}

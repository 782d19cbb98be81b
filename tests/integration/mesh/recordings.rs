//! What is recorded of a real Prometheus is told again as it was.

use std::{sync::Arc, time::Duration};

use callboard_plugin::{MeshSource as _, MetricsSource as _, MetricsWindow, ObservationState};
use callboard_plugin_mesh::all_queries;
use callboard_plugin_telemetry::{RecordedMetrics, record};
use callboard_tests::{
    ground_truth::{GroundTruth, TruthSize},
    prometheus::PrometheusVersion,
};

use super::fixture::{RunningMesh, Store, assert_told, matchers};

const CLUSTER: &str = "azure-prod-1";

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_tells_what_the_source_told() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 21);
    let test = "a_recording_tells_what_the_source_told";
    let interval = Duration::from_secs(10);
    let started = Store::start(test, PrometheusVersion::New, &truth, interval).await;
    let Some(store) = started else { return };
    let name = format!("prometheus/{CLUSTER}");
    let source = store.prometheus.source(&name, matchers(CLUSTER));
    let folder = tempfile::tempdir().unwrap();
    let recorded = record(&source, &all_queries(source.matchers()), folder.path()).await.unwrap();
    assert_eq!((recorded.answers, recorded.failed.len()), (12, 0));
    drop(store);
    let metrics = RecordedMetrics::open(&name, folder.path().to_owned()).await.unwrap();
    assert_eq!(metrics.matchers(), matchers(CLUSTER));
    let recorded_at = metrics.recorded_at();
    let running = RunningMesh::start(CLUSTER, Arc::new(metrics));
    let snapshot = running.until_state(MetricsWindow::H24, ObservationState::Recorded).await;
    let told = snapshot.window(MetricsWindow::M5);
    assert_eq!(told.observation.state, ObservationState::Recorded);
    assert_eq!(told.observation.observed_at, recorded_at);
    assert_told(&truth, CLUSTER, &told.calls);
    for window in MetricsWindow::ALL {
        assert_eq!(snapshot.window(window).calls.len(), told.calls.len(), "{window:?}");
    }
    assert_eq!(running.mesh.snapshot().gateway_observation.state, ObservationState::Recorded);
}

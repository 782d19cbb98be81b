//! What a real Prometheus makes of the proxies' pages equals what the pages were made of.

use std::time::Duration;

use callboard_plugin::{MeshSnapshot, MetricsWindow, ObservationState};
use callboard_tests::{
    ground_truth::{GroundTruth, TrueLinkMode, TruthSize},
    prometheus::PrometheusVersion,
};

use super::fixture::{Store, assert_comes_to_tell, is_in_bucket};

async fn every_cluster_is_told_as_it_is(
    test: &str,
    version: PrometheusVersion,
    truth: &GroundTruth,
    interval: Duration,
) {
    let Some(store) = Store::start(test, version, truth, interval).await else { return };
    let meshes: Vec<_> = truth
        .clusters
        .iter()
        .map(|cluster| (cluster.name.as_str(), store.mesh(&cluster.name)))
        .collect();
    for (cluster, mesh) in meshes {
        let snapshot = assert_comes_to_tell(&mesh, truth, cluster).await;
        let window = snapshot.window(MetricsWindow::M5);
        assert_eq!((window.dropped_series, window.observation.reason.as_deref()), (0, None));
        assert_gateways(truth, cluster, &snapshot);
    }
}

fn assert_gateways(truth: &GroundTruth, cluster: &str, snapshot: &MeshSnapshot) {
    assert_eq!(snapshot.gateway_observation.state, ObservationState::Live);
    let links = truth.links.iter();
    let mut links: Vec<_> =
        links.filter(|link| link.from == cluster && link.mode == TrueLinkMode::Gateway).collect();
    links.sort_by(|one, other| one.to.cmp(&other.to));
    let told: Vec<_> = snapshot
        .gateways
        .iter()
        .map(|probe| (probe.target_cluster.to_string(), probe.is_alive))
        .collect();
    let expected: Vec<_> = links.iter().map(|link| (link.to.clone(), Some(link.alive))).collect();
    assert_eq!(told, expected, "{cluster}");
    for (probe, link) in snapshot.gateways.iter().zip(links) {
        assert!(is_in_bucket(probe.latency_p95_ms, Some(link.latency_bucket)), "{probe:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_mesh_on_the_present_prometheus() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 3);
    let test = "a_small_mesh_on_the_present_prometheus";
    let interval = Duration::from_secs(10);
    every_cluster_is_told_as_it_is(test, PrometheusVersion::New, &truth, interval).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_mesh_on_an_old_prometheus() {
    let truth = GroundTruth::generate(&TruthSize::SMALL, 4);
    let test = "a_small_mesh_on_an_old_prometheus";
    let interval = Duration::from_secs(10);
    every_cluster_is_told_as_it_is(test, PrometheusVersion::Old, &truth, interval).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_clusters_of_a_bank() {
    let truth = GroundTruth::generate(&TruthSize::ESTATE, 5);
    let test = "nine_clusters_of_a_bank";
    let interval = Duration::from_secs(15);
    every_cluster_is_told_as_it_is(test, PrometheusVersion::New, &truth, interval).await;
}

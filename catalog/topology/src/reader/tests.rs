use std::{sync::Arc, time::Duration};

use callboard_model::EntityRef;
use callboard_plugin::{MeshCall, ObservationState, WorkloadKey};
use serde_json::Value;

use crate::{
    DeclaredBy, DependencyDrift, UnseenVerdict,
    dependency_facts::{DependencyPair, DependencyRecord, SeenPair},
    drift::DAY,
    fixture::{
        RecordedMesh, TestEstate, TestPolicy, call, component, deployment, empty_cluster, entity,
        from, mesh, now, service, to, with, workload,
    },
};

const LIVE: ObservationState = ObservationState::Live;
const SELECTOR: &str = "backstage.io/kubernetes-label-selector";

fn key(name: &str) -> WorkloadKey {
    deployment("bank", name)
}

fn placed(name: &str, relations: &[(&str, &str)]) -> Value {
    entity("Component", name, &[(SELECTOR, &format!("app={name}"))], relations)
}

/// `web` declares `api`, `ledger` (by its API), `batch` and `library`, which runs nowhere; it calls
/// what `calls` says.
fn estate(calls: &[MeshCall], state: ObservationState) -> TestEstate {
    let names = ["web", "api", "ledger", "batch", "rates"];
    let apps = names.map(|name| workload(key(name), &[("app", name)], &[name]));
    let services = names.map(|name| service("bank", name, &[]));
    let runtime = with(empty_cluster("c1", LIVE), apps.into(), services.into());
    let entities = [
        placed(
            "web",
            &[
                ("consumesApi", "api:default/ledger-api"),
                ("dependsOn", "component:default/api"),
                ("dependsOn", "component:default/batch"),
                ("dependsOn", "component:default/library"),
            ],
        ),
        placed("api", &[]),
        placed("ledger", &[]),
        placed("batch", &[]),
        placed("rates", &[]),
        entity("Component", "library", &[], &[]),
        entity("API", "ledger-api", &[], &[("apiProvidedBy", "component:default/ledger")]),
    ];
    TestEstate::new(&entities, vec![(runtime, mesh("c1", state, calls))])
}

fn web_calls(names: &[&str]) -> Vec<MeshCall> {
    names.iter().map(|name| call(from(&key("web")), to(&key(name), name), 1.0, 1.0)).collect()
}

fn seen(to: &str, days_ago: u32) -> SeenPair {
    let time = now() - DAY * days_ago;
    let pair = DependencyPair { from: component("web"), to: component(to) };
    SeenPair { pair, first_seen: time, last_seen: time }
}

fn restored(estate: &mut TestEstate, pairs: Vec<SeenPair>, days: u32) {
    estate.state.restore(DependencyRecord { pairs, since: Some(now() - DAY * days) });
    assert!(estate.turn());
}

fn undeclared(drift: &DependencyDrift) -> Vec<&str> {
    drift
        .undeclared
        .iter()
        .filter_map(|found| Some(found.edge.to.entity.as_ref()?.name()))
        .collect()
}

fn unseen(drift: &DependencyDrift) -> Vec<(&str, &UnseenVerdict, &str)> {
    let unseen = drift.unseen.iter();
    unseen.map(|found| (found.declared.name(), &found.verdict, &*found.reason)).collect()
}

#[test]
fn a_young_installation_accuses_nobody() {
    let mut estate = estate(&web_calls(&["api", "rates"]), LIVE);
    let drift = estate.reader().drift(&component("web"));
    assert_eq!(undeclared(&drift), ["rates"]);
    let young = &UnseenVerdict::TooYoung;
    let expected =
        [("batch", young, "observed for 1 day"), ("ledger-api", young, "observed for 1 day")];
    assert_eq!(unseen(&drift), expected, "what runs nowhere is not judged");
    restored(&mut estate, Vec::new(), 3);
    let drift = estate.reader().drift(&component("web"));
    assert_eq!(unseen(&drift)[0], ("batch", young, "observed for 3 days"));
    assert_eq!(drift.observed_since, Some(now() - DAY * 3));
}

#[test]
fn what_was_not_seen_for_long_enough_is_unseen() {
    let mut estate = estate(&web_calls(&["api"]), LIVE);
    restored(&mut estate, vec![seen("batch", 20), seen("ledger", 13), seen("rates", 5)], 30);
    let drift = estate.reader().drift(&component("web"));
    assert_eq!(unseen(&drift), [("batch", &UnseenVerdict::Unseen, "not seen in 14 days")]);
    assert_eq!(drift.unseen[0].last_seen, Some(now() - DAY * 20));
    assert_eq!(undeclared(&drift), ["rates"], "seen five days ago, and not since");
    assert_eq!(drift.undeclared[0].edge.metrics.requests_per_second, None);
    assert_eq!(drift.unseen_after, Duration::from_hours(14 * 24));
    let expected = "\
# component:default/web
spec:
  dependsOn:
    - component:default/api
    - component:default/library
    - component:default/rates
";
    assert_eq!(drift.patch.as_deref(), Some(expected));
}

#[test]
fn events_that_are_heard_are_never_missed_in_the_mesh() {
    let mut estate = estate(&web_calls(&["api", "batch"]), LIVE);
    restored(&mut estate, Vec::new(), 30);
    assert_eq!(estate.reader().drift(&component("web")).unseen.len(), 1);
    let mut events =
        entity("API", "ledger-api", &[], &[("apiProvidedBy", "component:default/ledger")]);
    events["spec"]["type"] = "asyncapi".into();
    assert!(estate.put(&events));
    let drift = estate.reader().drift(&component("web"));
    assert!(drift.unseen.is_empty() && drift.patch.is_none(), "{drift:?}");
}

#[test]
fn an_api_is_seen_when_one_of_its_providers_is() {
    let mut estate = estate(&web_calls(&["api", "batch"]), LIVE);
    restored(&mut estate, Vec::new(), 30);
    let drift = estate.reader().drift(&component("web"));
    assert_eq!(drift.unseen.len(), 1);
    assert_eq!(
        (drift.unseen[0].by, drift.unseen[0].declared.kind()),
        (DeclaredBy::ConsumesApis, "api")
    );
    assert_eq!(drift.unseen[0].targets, [component("ledger")]);
    assert_eq!(drift.unseen[0].patch, "# component:default/web\nspec:\n  consumesApis: []\n");

    estate.meshes[0].set(mesh("c1", LIVE, &web_calls(&["api", "batch", "ledger"])));
    estate.turn();
    let drift = estate.reader().drift(&component("web"));
    assert_eq!((undeclared(&drift).len(), drift.unseen.len(), drift.patch), (0, 0, None));
}

#[test]
fn where_calls_cannot_be_seen_nobody_is_accused() {
    let mut estate = estate(&[], ObservationState::Unreachable);
    restored(&mut estate, Vec::new(), 30);
    let drift = estate.reader().drift(&component("web"));
    let verdicts = unseen(&drift);
    assert!(matches!(verdicts[0].1, UnseenVerdict::NotCovered { .. }), "{verdicts:?}");
    assert_eq!(verdicts[0].2, "its calls cannot be seen: the mesh of c1: connection refused");
    assert_eq!(drift.patch, None);
}

#[test]
fn a_recording_tells_since_when_its_calls_were_watched() {
    let mut estate = estate(&web_calls(&["api", "ledger"]), ObservationState::Recorded);
    let calls = Arc::clone(&estate.meshes[0]);
    estate.clusters[0].mesh = Some(Arc::new(RecordedMesh(calls, now() - DAY * 30)));
    estate.meshes[0].set(mesh("c1", ObservationState::Recorded, &web_calls(&["api", "ledger"])));
    assert!(estate.turn());
    let drift = estate.reader().drift(&component("web"));
    assert_eq!(unseen(&drift), [("batch", &UnseenVerdict::Unseen, "not seen in 14 days")]);
}

#[test]
fn a_restart_forgets_nothing() {
    let mut estate = estate(&web_calls(&["rates"]), LIVE);
    restored(&mut estate, vec![seen("rates", 7)], 7);
    let drift = estate.reader().drift(&component("web"));
    let edge = &drift.undeclared[0].edge;
    assert_eq!(edge.first_seen, Some(now() - DAY * 7));
    assert_eq!(edge.last_seen, Some(now()));
}

#[test]
fn the_facts_to_be_recorded_are_those_of_the_day() {
    let estate = estate(&web_calls(&["api", "rates"]), LIVE);
    let recent: Vec<_> = estate.shared.newest().inputs().history.recent().collect();
    let told: Vec<_> = recent.iter().map(|fact| (fact.pair.to.name(), fact.last_seen)).collect();
    assert_eq!(told, [("api", now()), ("rates", now())]);
    assert_eq!(recent[0].day.to_string(), "2026-11-25");
}

#[test]
fn drift_of_what_may_not_be_read_is_none_and_names_nothing_hidden() {
    let estate = estate(&web_calls(&["api", "rates"]), LIVE);
    let hides = |name: &'static str| {
        let reader = estate.reader_under(TestPolicy { hidden: vec![name], ..Default::default() });
        reader.drift(&component("web"))
    };
    assert_eq!(undeclared(&hides("rates")), [""; 0]);
    assert_eq!(unseen(&hides("batch")).len(), 1);
    assert_eq!(unseen(&hides("ledger-api")).len(), 1);
    let unknown = EntityRef::new("component", "default", "unknown");
    assert!(hides("web").unseen.is_empty() && estate.reader().drift(&unknown).unseen.is_empty());
}

#[test]
fn traffic_is_what_callers_and_callees_measure() {
    let mut calls = web_calls(&["api"]);
    calls.push(call(from(&key("batch")), to(&key("api"), "api"), 3.0, 0.0));
    let estate = estate(&calls, LIVE);
    let window = callboard_plugin::MetricsWindow::H1;
    let traffic = estate.reader().traffic(&component("api"), window);
    assert_eq!(traffic.inbound.requests_per_second, Some(4.0));
    assert_eq!(traffic.inbound.secured_ratio, Some(0.25));
    assert_eq!(traffic.outbound.requests_per_second, None);
    let callers = estate.reader().callers(&component("api"), window);
    assert_eq!(callers.iter().map(|edge| &*edge.from.label).collect::<Vec<_>>(), ["batch", "web"]);
    assert_eq!(estate.reader().callees(&component("web"), window).len(), 1);
}

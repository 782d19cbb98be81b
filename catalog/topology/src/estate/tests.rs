use std::sync::Arc;

use callboard_auth::Permission;
use callboard_plugin::{MeshCall, MetricsWindow, ObservationState, RuntimeSnapshot, Workload};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    fixture::{
        TestEstate, TestPolicy, call, component, deployment, empty_cluster, entity, from, link,
        mesh, service, service_key, to, with, workload,
    },
    placement::{MissingVerdict, PlacementProblem, SystemNamespaces, WorkloadFilter},
    topology::TopologyScope,
};

const LIVE: ObservationState = ObservationState::Live;
const SELECTOR: &str = "backstage.io/kubernetes-label-selector";
const CLUSTER: &str = "backstage.io/kubernetes-cluster";

fn app(name: &str) -> Workload {
    workload(deployment("bank", name), &[("app", name)], &[name])
}

fn placed(name: &str) -> Value {
    entity("Component", name, &[(SELECTOR, &format!("app={name}"))], &[])
}

fn cluster(name: &str, apps: &[&str]) -> RuntimeSnapshot {
    let services = apps.iter().map(|app| service("bank", app, &[])).collect();
    with(empty_cluster(name, LIVE), apps.iter().map(|name| app(name)).collect(), services)
}

fn estate(entities: &[Value], clusters: Vec<RuntimeSnapshot>) -> TestEstate {
    let clusters = clusters.into_iter().map(|runtime| {
        let calls = mesh(runtime.cluster.as_str(), LIVE, &[]);
        (runtime, calls)
    });
    TestEstate::new(entities, clusters.collect())
}

fn verdict(estate: &TestEstate, name: &str) -> Option<MissingVerdict> {
    let missing = estate.reader().missing();
    missing.iter().find(|found| found.entity == component(name)).map(|found| found.verdict.clone())
}

#[test]
fn what_says_that_it_runs_and_does_not_is_missing() {
    let entities = [placed("a"), placed("b"), entity("Component", "library", &[], &[])];
    let estate = estate(&entities, vec![cluster("c1", &["a"]), cluster("c2", &[])]);
    assert_eq!(verdict(&estate, "a"), None);
    assert_eq!(verdict(&estate, "b"), Some(MissingVerdict::Missing));
    assert_eq!(verdict(&estate, "library"), None, "it never said that it runs");
}

#[test]
fn where_a_cluster_cannot_be_seen_nothing_is_missing() {
    let confined = entity("Component", "d", &[(SELECTOR, "app=d"), (CLUSTER, "c1")], &[]);
    let lost = entity("Component", "e", &[(SELECTOR, "app=e"), (CLUSTER, "c7")], &[]);
    let entities = [placed("b"), confined, lost];
    let unreachable = empty_cluster("c2", ObservationState::Unreachable);
    let mut estate = estate(&entities, vec![cluster("c1", &[]), unreachable]);
    let Some(MissingVerdict::Unknown { blind }) = verdict(&estate, "b") else { panic!() };
    assert_eq!(blind[0].0.as_str(), "c2");
    assert!(blind[0].1.contains("connection refused"));
    assert_eq!(verdict(&estate, "d"), Some(MissingVerdict::Missing), "it may run in c1 alone");
    let Some(MissingVerdict::Unknown { blind }) = verdict(&estate, "e") else { panic!() };
    assert_eq!(&*blind[0].1, "the cluster is not configured");
    let placements = estate.reader().placements(&component("b"));
    assert_eq!(placements.blind[0].cluster.as_str(), "c2");

    let mut stale = cluster("c2", &["b"]);
    stale.resources = empty_cluster("c2", ObservationState::Stale).resources;
    estate.runtimes[1].set(stale);
    assert!(estate.turn());
    assert_eq!(verdict(&estate, "b"), None, "what was seen last is still shown");
    let placements = estate.reader().placements(&component("b")).placements;
    assert_eq!(placements[0].observation.state, ObservationState::Stale);
}

#[test]
fn two_entities_that_claim_a_workload_are_a_problem_of_both() {
    let other = entity("Component", "b", &[(SELECTOR, "app=a")], &[]);
    let estate = estate(&[placed("a"), other], vec![cluster("c1", &["a"])]);
    for (one, other) in [("a", "b"), ("b", "a")] {
        let problems = estate.reader().placement_problems(&component(one));
        let [PlacementProblem::Conflict { with, .. }] = &*problems else { panic!("{problems:?}") };
        assert_eq!(**with, [component(other)]);
        assert_eq!(estate.reader().placements(&component(one)).placements.len(), 1);
    }
}

#[test]
fn annotations_that_cannot_be_read_are_problems() {
    let entities =
        [entity("Component", "a", &[(SELECTOR, "app in api"), (CLUSTER, "nowhere")], &[])];
    let estate = estate(&entities, vec![cluster("c1", &[])]);
    let problems = estate.reader().placement_problems(&component("a"));
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("\"app in api\"") && texts[1].contains("\"nowhere\""), "{texts:?}");
}

#[test]
fn unknown_workloads_are_listed_and_system_namespaces_marked() {
    let mut runtime = cluster("c1", &["a", "b"]);
    let system = workload(deployment("kube-system", "dns"), &[], &[]);
    runtime.workloads.insert(system.key.clone(), system.into());
    let estate = estate(&[placed("a")], vec![runtime]);
    let names = |system: SystemNamespaces| -> Vec<String> {
        let filter = WorkloadFilter { system, ..WorkloadFilter::default() };
        let found = estate.reader().unknown_workloads(&filter);
        found.iter().map(|placed| placed.workload.key.name.to_string()).collect()
    };
    assert_eq!(names(SystemNamespaces::Included), ["b", "dns"]);
    assert_eq!(names(SystemNamespaces::Excluded), ["b"]);
    assert_eq!(names(SystemNamespaces::Only), ["dns"]);
}

#[test]
fn counts_and_images_change_a_workload_and_not_the_topology() {
    let calls = [call(from(&deployment("bank", "a")), to(&deployment("bank", "b"), "b"), 1.0, 1.0)];
    let runtime = cluster("c1", &["a", "b"]);
    let mesh = mesh("c1", LIVE, &calls);
    let mut estate = TestEstate::new(&[placed("a"), placed("b")], vec![(runtime, mesh)]);
    assert!(!estate.turn(), "nothing changed");
    let topology = |estate: &TestEstate| {
        let grouping = TopologyGrouping::Component;
        estate.reader().topology(&TopologyScope::Estate, grouping, MetricsWindow::M5)
    };
    let before = topology(&estate);
    let kept = Arc::clone(&estate.reader().placements(&component("b")).placements[0]);

    let mut next = (*estate.runtimes[0].get()).clone();
    let mut changed = app("a");
    changed.replicas.ready = Some(0);
    next.workloads.insert(changed.key.clone(), changed.into());
    estate.runtimes[0].set(next);
    assert!(estate.turn());
    assert!(Arc::ptr_eq(&before, &topology(&estate)), "the topology is the same one");
    let placed = &estate.reader().placements(&component("a")).placements[0];
    assert_eq!(placed.workload.replicas.ready, Some(0));
    let still = &estate.reader().placements(&component("b")).placements[0];
    assert!(Arc::ptr_eq(&kept.workload, &still.workload));
}

#[test]
fn a_change_of_the_catalog_places_anew() {
    let mut estate = estate(&[placed("a")], vec![cluster("c1", &["a", "b"])]);
    assert_eq!(estate.reader().unknown_workloads(&WorkloadFilter::default()).len(), 1);
    assert!(estate.put(&placed("b")));
    assert_eq!(estate.reader().unknown_workloads(&WorkloadFilter::default()).len(), 0);
    assert!(!estate.put(&placed("b")), "the same once more is no change");
    assert_eq!(estate.reader().placements(&component("b")).placements.len(), 1);
}

#[test]
fn without_their_permissions_clusters_and_unknown_workloads_do_not_exist() {
    let estate = estate(&[placed("a")], vec![cluster("c1", &["a", "b"])]);
    let refused = vec![Permission::KubernetesResourcesRead, Permission::KubernetesClustersRead];
    let reader = estate.reader_under(TestPolicy { refused, ..TestPolicy::default() });
    assert!(reader.clusters().is_empty() && reader.cluster("c1").is_none());
    assert!(reader.unknown_workloads(&WorkloadFilter::default()).is_empty());
    let grouping = TopologyGrouping::Workload;
    let topology = reader.topology(&TopologyScope::Estate, grouping, MetricsWindow::M5);
    assert!(topology.coverage.is_empty());
    assert_eq!(reader.placements(&component("a")).placements.len(), 1);

    let everything = estate.reader_under(TestPolicy::default());
    assert_eq!(everything.clusters().len(), 1);
    let nothing = estate.reader_under(TestPolicy {
        refused: vec![Permission::CatalogEntityRead],
        ..TestPolicy::default()
    });
    assert!(nothing.placements(&component("a")).placements.is_empty());
    assert_eq!(nothing.unknown_workloads(&WorkloadFilter::default()).len(), 1, "only b");
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Relations, owners and an API that refer to each other.
fn related(name: &str) -> Value {
    let next = match name {
        "a" => "b",
        "b" => "c",
        "c" => "d",
        _ => "a",
    };
    let depends = format!("component:default/{next}");
    let relations = [("dependsOn", depends.as_str()), ("ownedBy", "group:default/core")];
    entity("Component", name, &[(SELECTOR, &format!("app={name}"))], &relations)
}

fn any_calls() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0..NAMES.len(), 0..NAMES.len(), any::<bool>()), 0..16)
}

fn calls(of: &[(usize, usize, bool)], keep: impl Fn(&str) -> bool) -> Vec<MeshCall> {
    let kept = of.iter().filter(|(one, other, _)| keep(NAMES[*one]) && keep(NAMES[*other]));
    let calls = kept.enumerate().map(|(at, (one, other, is_remote))| {
        let (one, other) = (deployment("bank", NAMES[*one]), NAMES[*other]);
        let target = if *is_remote {
            let (target_cluster, service) = ("west".into(), service_key("bank", other));
            callboard_plugin::CallTarget::RemoteService { target_cluster, service }
        } else {
            to(&deployment("bank", other), other)
        };
        call(from(&one), target, f64::from(u32::try_from(at + 1).unwrap()), 1.0)
    });
    calls.collect()
}

fn two_clusters(of: &[(usize, usize, bool)], keep: impl Fn(&str) -> bool + Copy) -> TestEstate {
    let names: Vec<&str> = NAMES.into_iter().filter(|name| keep(name)).collect();
    let mut entities: Vec<Value> = names.iter().map(|name| related(name)).collect();
    if keep("core") {
        entities.push(entity("Group", "core", &[], &[]));
    }
    let mut c1 = cluster("c1", &names);
    c1.links = [link("c2", "west", callboard_plugin::LinkMode::Gateway)].into();
    let c2 = cluster("c2", &names);
    let rates = calls(of, |_| true);
    let kept = calls(of, keep);
    // The rate tells the call, whatever else was left out.
    let kept: Vec<MeshCall> = rates
        .into_iter()
        .filter(|call| kept.iter().any(|k| (&k.client, &k.target) == (&call.client, &call.target)))
        .collect();
    TestEstate::new(&entities, vec![(c1, mesh("c1", LIVE, &kept)), (c2, mesh("c2", LIVE, &[]))])
}

/// Everything that a reader answers, as text.
fn everything(reader: &crate::TopologyReader) -> Vec<String> {
    let mut told = Vec::new();
    let filter = WorkloadFilter::default();
    for grouping in TopologyGrouping::ALL {
        let found = reader.topology(&TopologyScope::Estate, grouping, MetricsWindow::M5);
        told.push(format!("{:?} {:?}", found.nodes, found.edges));
        told.extend(found.coverage.iter().map(|c| format!("{:?} {}", c.cluster, c.speaks)));
    }
    told.extend(reader.unknown_workloads(&filter).iter().map(|found| format!("{found:?}")));
    told.extend(reader.missing().iter().map(|found| format!("{found:?}")));
    for name in NAMES {
        let entity = component(name);
        told.push(format!("{:?}", reader.placements(&entity)));
        told.push(format!("{:?}", reader.drift(&entity)));
        told.push(format!("{:?}", reader.impact(&entity)));
        told.push(format!("{:?}", reader.placement_problems(&entity)));
        told.push(format!("{:?}", reader.traffic(&entity, MetricsWindow::M5)));
        told.extend(NAMES.iter().map(|to| format!("{:?}", reader.path(&entity, &component(to)))));
    }
    for cluster in reader.clusters() {
        told.push(format!("{} {:?}", cluster.name, reader.workloads(&cluster.name, &filter)));
    }
    told
}

/// The first answer that differs.
fn same(one: &[String], other: &[String]) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        prop_assert_eq!(one, other);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever may not read some entities sees what there would be if those, their workloads and
    /// their calls did not exist.
    #[test]
    fn what_is_hidden_does_not_exist(
        of in any_calls(),
        hidden in prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "core"], 1..5),
    ) {
        let whole = two_clusters(&of, |_| true);
        let hides = |name: &str| hidden.contains(&name);
        let confined =
            whole.reader_under(TestPolicy { hidden: hidden.clone(), ..TestPolicy::default() });
        let without = two_clusters(&of, |name| !hides(name));
        // The group is named by relations that stay: a target that does not exist may be named,
        // one that is hidden may not. So the comparison is made without the names of the hidden.
        let is_innocent = |text: &String| !text.contains("group:default/core");
        let confined = everything(&confined);
        let reference = everything(&without.reader_under(TestPolicy {
            hidden: vec!["nobody"],
            ..TestPolicy::default()
        }));
        prop_assert!(!hides("core") || confined.iter().all(is_innocent));
        if !hides("core") {
            same(&confined, &reference)?;
        }
    }

    /// However changes come, what is shown at the end is what a fresh start shows.
    #[test]
    fn any_order_of_changes_ends_in_the_same_picture(
        of in any_calls(),
        order in Just(vec![0_usize, 1, 2, 3, 4, 5]).prop_shuffle(),
        turns in prop::collection::vec(any::<bool>(), 6),
    ) {
        let last = two_clusters(&of, |_| true);
        let mut estate = two_clusters(&[], |name| name == "a");
        for (step, turn) in order.iter().zip(turns) {
            match step {
                0 => estate.runtimes[0].set((*last.runtimes[0].get()).clone()),
                1 => estate.runtimes[1].set((*last.runtimes[1].get()).clone()),
                2 => estate.meshes[0].set((*last.meshes[0].get()).clone()),
                3 => {
                    estate.put(&related("b"));
                    estate.put(&related("c"));
                }
                4 => {
                    estate.put(&related("d"));
                    estate.put(&related("e"));
                }
                _ => {
                    estate.put(&entity("Group", "core", &[], &[]));
                }
            }
            if turn {
                estate.turn();
            }
        }
        estate.turn();
        same(&everything(&estate.reader()), &everything(&last.reader()))?;
    }
}

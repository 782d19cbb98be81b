use callboard_model::EntityRef;
use callboard_plugin::{
    CallClient, CallTarget, ClusterName, GoldenMetrics, LinkMode, MeshCall, MetricsWindow,
    ObservationState, WorkloadKey,
};
use proptest::prelude::*;

use super::*;
use crate::{
    fixture::{
        TestEstate, TestPolicy, call, component, deployment, empty_cluster, entity, from, link,
        mesh, service, service_key, to, with, workload,
    },
    reader::TopologyReader,
};

const LIVE: ObservationState = ObservationState::Live;
const SELECTOR: &str = "backstage.io/kubernetes-label-selector";

fn key(name: &str) -> WorkloadKey {
    deployment("bank", name)
}

fn app(name: &str) -> callboard_plugin::Workload {
    workload(key(name), &[("app", name)], &[name])
}

fn placed(name: &str, relations: &[(&str, &str)]) -> serde_json::Value {
    entity("Component", name, &[(SELECTOR, &format!("app={name}"))], relations)
}

/// `web` and `api` in `c1`, `ledger` in `c2`; Links and mirrors for both ways.
fn estate(calls: &[MeshCall]) -> TestEstate {
    let mut c1 = with(
        empty_cluster("c1", LIVE),
        vec![app("web"), app("api")],
        vec![
            service("bank", "web", &[]),
            service("bank", "api", &[]),
            service("bank", "ledger-west", &[("west", "ledger", LinkMode::Flat)]),
            service("bank", "ledger-east", &[("c9", "ledger", LinkMode::Flat)]),
        ],
    );
    c1.links = [link("c2", "west", LinkMode::Gateway), link("x", "c9", LinkMode::Flat)].into();
    c1.place.cloud = Some(Cloud::Aws);
    let c2 =
        with(empty_cluster("c2", LIVE), vec![app("ledger")], vec![service("bank", "ledger", &[])]);
    let entities = [
        placed("web", &[("dependsOn", "component:default/api"), ("partOf", "system:default/shop")]),
        placed("api", &[("ownedBy", "group:default/core"), ("partOf", "system:default/shop")]),
        placed("ledger", &[("ownedBy", "group:default/core")]),
        entity("Group", "core", &[], &[]),
        entity("System", "shop", &[], &[("ownedBy", "group:default/core")]),
    ];
    TestEstate::new(&entities, vec![(c1, mesh("c1", LIVE, calls)), (c2, mesh("c2", LIVE, &[]))])
}

fn remote(cluster: &str, name: &str) -> CallTarget {
    CallTarget::RemoteService { target_cluster: cluster.into(), service: service_key("bank", name) }
}

fn whole(reader: &TopologyReader, grouping: TopologyGrouping) -> Arc<Topology> {
    reader.topology(&TopologyScope::Estate, grouping, MetricsWindow::M5)
}

fn only_edge(estate: &TestEstate) -> TopologyEdge {
    let topology = whole(&estate.reader(), TopologyGrouping::Workload);
    assert_eq!(topology.edges.len(), 1, "{:#?}", topology.edges);
    TopologyEdge::clone(&topology.edges[0])
}

#[test]
fn a_call_within_a_cluster_joins_two_entities() {
    let edge = only_edge(&estate(&[call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0)]));
    assert_eq!(
        edge.id.as_str(),
        "workload:c1/bank/Deployment/web->workload:c1/bank/Deployment/api"
    );
    assert_eq!(edge.from.entity, Some(component("web")));
    assert_eq!(edge.to.entity, Some(component("api")));
    assert_eq!(edge.to.owner, Some(EntityRef::new("group", "default", "core")));
    assert_eq!((edge.tls, edge.declared), (TlsState::Secured, Declared::Declared));
    assert!(!edge.crosses_clusters && edge.mode.is_none());
    assert_eq!(&*edge.observation.source, "prometheus/c1");
}

#[test]
fn a_gateway_leads_to_the_workload_behind_the_service_of_the_cluster_that_the_link_means() {
    for called in ["west", "c2"] {
        let edge =
            only_edge(&estate(&[call(from(&key("web")), remote(called, "ledger"), 5.0, 0.5)]));
        assert_eq!(edge.to.cluster, Some(ClusterName::new("c2")));
        assert_eq!(edge.to.entity, Some(component("ledger")));
        assert_eq!((edge.crosses_clusters, edge.mode), (true, Some(LinkMode::Gateway)));
        assert_eq!((edge.tls, edge.declared), (TlsState::Mixed, Declared::Undeclared));
        assert_eq!(edge.tls_reason.as_deref(), Some("not_provided_by_service_discovery"));
    }
}

#[test]
fn on_a_flat_network_the_mirror_tells_in_which_cluster_the_workload_is() {
    let edge =
        only_edge(&estate(&[call(from(&key("web")), to(&key("ledger"), "ledger-west"), 5.0, 0.0)]));
    assert_eq!(edge.to.cluster, Some(ClusterName::new("c2")));
    assert_eq!(edge.to.entity, Some(component("ledger")));
    assert_eq!((edge.mode, edge.tls), (Some(LinkMode::Flat), TlsState::Plaintext));
}

#[test]
fn a_mirror_that_cannot_be_read_is_told_by_its_name() {
    let estate = estate(&[call(from(&key("web")), to(&key("ledger"), "ledger-west"), 5.0, 1.0)]);
    let mut c1 = (*estate.runtimes[0].get()).clone();
    c1.services.clear();
    c1.resources = c1
        .resources
        .iter()
        .map(|found| {
            let mut found = found.clone();
            if &*found.kind == "Service" {
                found.observation = crate::fixture::observation("k", ObservationState::Forbidden);
            }
            found
        })
        .collect();
    let mut estate = estate;
    estate.runtimes[0].set(c1);
    estate.turn();
    let edge = only_edge(&estate);
    assert_eq!(edge.to.cluster, Some(ClusterName::new("c2")));
    assert_eq!(edge.mode, Some(LinkMode::Gateway), "as the Link says");
}

#[test]
fn what_cannot_be_resolved_says_why() {
    let reason = |target: CallTarget| {
        let edge = only_edge(&estate(&[call(from(&key("web")), target, 5.0, 1.0)]));
        assert_eq!(edge.to.kind, TopologyNodeKind::Unresolved);
        edge.to.reason.clone().unwrap().to_string()
    };
    assert_eq!(reason(remote("nowhere", "ledger")), "cluster nowhere is not configured");
    assert_eq!(reason(to(&key("ledger"), "ledger-east")), "cluster c9 is not configured");
    assert_eq!(reason(remote("west", "gone")), "there is no Service bank/gone in c2");
    let nobody = CallTarget::Service(service_key("bank", "nobody"));
    assert_eq!(reason(nobody), "there is no Service bank/nobody in c1");
}

#[test]
fn a_cluster_that_was_never_reached_is_the_reason() {
    let mut estate = estate(&[call(from(&key("web")), remote("west", "ledger"), 5.0, 1.0)]);
    estate.runtimes[1].set(empty_cluster("c2", ObservationState::Unreachable));
    estate.turn();
    let edge = only_edge(&estate);
    assert_eq!(edge.to.kind, TopologyNodeKind::Unresolved);
    let reason = edge.to.reason.clone().unwrap();
    assert!(reason.contains("c2") && reason.contains("connection refused"), "{reason}");
}

#[test]
fn several_calls_between_the_same_workloads_are_one_edge() {
    let edge = only_edge(&estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 30.0, 1.0),
        call(from(&key("web")), CallTarget::Service(service_key("bank", "api")), 10.0, 0.0),
    ]));
    assert_eq!(edge.metrics.requests_per_second, Some(40.0));
    assert_eq!(edge.metrics.secured_ratio, Some(0.75));
    assert_eq!(edge.tls, TlsState::Mixed);
}

#[test]
fn callers_without_identity_and_hosts_are_nodes_of_their_own() {
    let unmeshed = CallClient::Unmeshed { reason: "no_tls_from_remote".into() };
    let estate = estate(&[
        call(unmeshed, CallTarget::Workload { key: key("api"), service: None }, 1.0, 0.0),
        call(from(&key("api")), CallTarget::Authority("bank.example".into()), 2.0, 0.0),
    ]);
    let topology = whole(&estate.reader(), TopologyGrouping::Component);
    let ids: Vec<&str> = topology.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "component:component:default/api",
            "external:bank.example",
            "unmeshed:c1/no_tls_from_remote"
        ]
    );
    assert!(topology.edges.iter().all(|edge| edge.declared == Declared::NotApplicable));
}

#[test]
fn what_a_gateway_passes_on_is_not_counted_twice() {
    let gateway = deployment("linkerd-multicluster", "linkerd-gateway");
    let passed_on = call(from(&gateway), to(&key("ledger"), "ledger"), 5.0, 1.0);
    let mut estate = estate(&[call(from(&key("web")), remote("west", "ledger"), 5.0, 1.0)]);
    estate.meshes[1].set(mesh("c2", LIVE, std::slice::from_ref(&passed_on)));
    estate.turn();
    assert_eq!(only_edge(&estate).from.entity, Some(component("web")));

    estate.meshes[0].set(mesh("c1", ObservationState::Unreachable, &[]));
    estate.turn();
    let edge = only_edge(&estate);
    assert_eq!(&*edge.from.label, "linkerd-gateway", "nobody else tells of these calls");
}

#[test]
fn plain_calls_of_another_cluster_are_not_callers_without_identity_besides() {
    let plain = call(from(&key("web")), to(&key("ledger"), "ledger-west"), 10.0, 0.0);
    let mut estate = estate(&[plain]);
    let stranger = |rate| {
        let client = CallClient::Unmeshed { reason: "no_tls_from_remote".into() };
        call(client, CallTarget::Workload { key: key("ledger"), service: None }, rate, 0.0)
    };
    estate.meshes[1].set(mesh("c2", LIVE, &[stranger(10.2)]));
    estate.turn();
    assert_eq!(only_edge(&estate).from.entity, Some(component("web")));

    estate.meshes[1].set(mesh("c2", LIVE, &[stranger(25.0)]));
    estate.turn();
    let topology = whole(&estate.reader(), TopologyGrouping::Workload);
    let rates: Vec<_> =
        topology.edges.iter().map(|edge| edge.metrics.requests_per_second.unwrap()).collect();
    assert_eq!(rates, [15.0, 10.0]);
}

#[test]
fn calls_of_hidden_callers_do_not_come_back_as_those_of_nobody() {
    let plain = call(from(&key("web")), to(&key("ledger"), "ledger-west"), 10.0, 0.0);
    let gateway = deployment("linkerd-multicluster", "linkerd-gateway");
    let stranger = CallClient::Unmeshed { reason: "no_tls_from_remote".into() };
    let mut estate = estate(&[plain, call(from(&key("web")), remote("west", "ledger"), 5.0, 1.0)]);
    let to_ledger = CallTarget::Workload { key: key("ledger"), service: None };
    let seen = [
        call(stranger, to_ledger, 10.0, 0.0),
        call(from(&gateway), to(&key("ledger"), "ledger"), 5.0, 1.0),
    ];
    estate.meshes[1].set(mesh("c2", LIVE, &seen));
    estate.turn();
    assert_eq!(whole(&estate.reader(), TopologyGrouping::Workload).total_edges, 1);
    let hidden = TestPolicy { hidden: vec!["web"], ..TestPolicy::default() };
    let reader = estate.reader_under(hidden);
    assert_eq!(whole(&reader, TopologyGrouping::Workload).total_edges, 0);
}

#[test]
fn a_workload_that_only_the_mesh_knows_is_shown_without_entity() {
    let edge = only_edge(&estate(&[call(from(&key("old")), to(&key("api"), "api"), 5.0, 1.0)]));
    assert_eq!((edge.from.kind, &edge.from.entity), (TopologyNodeKind::Workload, &None));
}

#[test]
fn edges_that_are_not_measured_stay_unknown() {
    let mut silent = call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0);
    silent.metrics = GoldenMetrics::default();
    let edge = only_edge(&estate(&[silent]));
    assert_eq!(edge.metrics, GoldenMetrics::default());
    assert_eq!(edge.tls, TlsState::Unknown);
    assert!(edge.tls_reason.is_some() && edge.last_seen.is_none());
}

#[test]
fn coverage_tells_which_cluster_does_not_speak_and_why() {
    let mut estate = estate(&[]);
    estate.meshes[1].set(mesh("c2", ObservationState::Unreachable, &[]));
    estate.turn();
    let topology = whole(&estate.reader(), TopologyGrouping::Cluster);
    let told: Vec<_> = topology
        .coverage
        .iter()
        .map(|found| (found.cluster.as_str(), found.speaks, found.reason.as_deref()))
        .collect();
    assert_eq!(told, [("c1", true, None), ("c2", false, Some("connection refused"))]);
}

#[test]
fn groups_are_systems_squads_clusters_and_clouds() {
    let estate = estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0),
        call(from(&key("api")), remote("west", "ledger"), 7.0, 0.0),
    ]);
    let told = |grouping| -> Vec<String> {
        let topology = whole(&estate.reader(), grouping);
        let edges = topology.edges.iter();
        edges.map(|e| format!("{} {} {}", e.from.label, e.to.label, e.tls)).collect()
    };
    assert_eq!(told(TopologyGrouping::System), ["shop no system PLAINTEXT", "shop shop SECURED"]);
    assert_eq!(told(TopologyGrouping::Squad), ["no squad core SECURED", "core core PLAINTEXT"]);
    assert_eq!(told(TopologyGrouping::Cluster), ["c1 c1 SECURED", "c1 c2 PLAINTEXT"]);
    assert_eq!(told(TopologyGrouping::Cloud), ["aws unknown cloud PLAINTEXT", "aws aws SECURED"]);
}

#[test]
fn scopes_take_what_touches_them() {
    let estate = estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0),
        call(from(&key("api")), remote("west", "ledger"), 7.0, 0.0),
    ]);
    let count = |scope: TopologyScope| {
        let grouping = TopologyGrouping::Component;
        let found = estate.reader().topology(&scope, grouping, MetricsWindow::M5);
        (found.total_nodes, found.total_edges)
    };
    let around = |name: &str, depth| TopologyScope::Entity { entity: component(name), depth };
    assert_eq!(count(around("web", 1)), (2, 1));
    assert_eq!(count(around("web", 2)), (3, 2));
    assert_eq!(count(around("api", 1)), (3, 2));
    assert_eq!(count(around("nobody", 1)), (0, 0));
    assert_eq!(count(TopologyScope::Cluster(ClusterName::new("c2"))), (2, 1));
    assert_eq!(count(TopologyScope::Cloud(Cloud::Aws)), (3, 2));
    assert_eq!(count(TopologyScope::System(EntityRef::new("system", "default", "shop"))), (3, 2));
    let squad = TopologyScope::Squad(EntityRef::new("group", "default", "core"));
    assert_eq!(count(squad), (3, 2));
    assert_eq!(count(TopologyScope::Environment("dev".into())), (0, 0));
}

#[test]
fn a_path_leads_hop_by_hop_across_clusters() {
    let estate = estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0),
        call(from(&key("api")), remote("west", "ledger"), 7.0, 0.0),
        call(from(&key("api")), to(&key("web"), "web"), 1.0, 1.0),
    ]);
    let paths = estate.reader().path(&component("web"), &component("ledger"));
    assert_eq!(paths.len(), 1);
    let hops: Vec<_> = paths[0].hops.iter().map(|hop| (&*hop.to.label, hop.tls)).collect();
    assert_eq!(hops, [("api", TlsState::Secured), ("ledger", TlsState::Plaintext)]);
    assert!(paths[0].crosses_clusters());
    assert_eq!(estate.reader().path(&component("ledger"), &component("web")), []);
    assert_eq!(estate.reader().path(&component("web"), &component("web")), []);
}

#[test]
fn impact_follows_callers_through_cycles() {
    let estate = estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0),
        call(from(&key("api")), to(&key("web"), "web"), 5.0, 1.0),
        call(from(&key("api")), remote("west", "ledger"), 7.0, 0.0),
    ]);
    let impact = estate.reader().impact(&component("ledger"));
    let callers: Vec<_> =
        impact.callers.iter().map(|found| (&*found.node.label, found.distance)).collect();
    assert_eq!(callers, [("api", 1), ("web", 2)]);
    let squads: Vec<_> =
        impact.squads.iter().map(|found| (&*found.squad.name, found.callers)).collect();
    assert_eq!(squads, [("core", 1)]);
    assert_eq!(impact.total_callers, 2);
    assert_eq!(estate.reader().impact(&component("web")).total_callers, 1);
}

#[test]
fn a_cut_keeps_the_busiest_edges_and_the_totals() {
    let estate = estate(&[
        call(from(&key("web")), to(&key("api"), "api"), 5.0, 1.0),
        call(from(&key("api")), remote("west", "ledger"), 7.0, 0.0),
    ]);
    let cut = whole(&estate.reader(), TopologyGrouping::Workload).cut_to(1);
    assert_eq!((cut.edges.len(), cut.nodes.len()), (1, 2));
    assert_eq!((cut.total_edges, cut.total_nodes), (2, 3));
    assert_eq!(&*cut.edges[0].to.label, "ledger");
    assert!(cut.node(&cut.edges[0].to.id).is_some() && cut.coverage.len() == 2);
}

fn any_call() -> impl Strategy<Value = MeshCall> {
    let names = prop::sample::select(vec!["web", "api", "ledger", "old"]);
    let client = prop_oneof![
        4 => names.clone().prop_map(|name| from(&key(name))),
        1 => Just(CallClient::Unmeshed { reason: "no_tls_from_remote".into() }),
        1 => Just(CallClient::Identity("ingress.edge.serviceaccount.identity.x".into())),
    ];
    let target = prop_oneof![
        names.clone().prop_map(|name| to(&key(name), name)),
        names.clone().prop_map(|name| remote("west", name)),
        names.prop_map(|name| remote("nowhere", name)),
        Just(to(&key("ledger"), "ledger-west")),
        Just(CallTarget::Authority("bank.example".into())),
    ];
    (client, target, 0_u32..1000, 0_u32..=4).prop_map(|(client, target, rate, secured)| {
        // What has no identity is seen by the called workload, which knows of no Service.
        let target = match client {
            CallClient::Unmeshed { .. } => CallTarget::Workload { key: key("api"), service: None },
            _ => target,
        };
        call(client, target, f64::from(rate), f64::from(secured) / 4.0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the calls are, no grouping loses or invents a request.
    #[test]
    fn grouping_conserves_requests(calls in prop::collection::vec(any_call(), 0..24)) {
        let total: f64 = calls.iter().filter_map(|call| call.metrics.requests_per_second).sum();
        let estate = estate(&calls);
        for grouping in TopologyGrouping::ALL {
            let topology = whole(&estate.reader(), grouping);
            let found = topology.edges.iter().filter_map(|e| e.metrics.requests_per_second);
            prop_assert!((found.sum::<f64>() - total).abs() < 1e-6);
            for edge in &*topology.edges {
                prop_assert!(topology.node(&edge.from.id).is_some());
                prop_assert!(topology.node(&edge.to.id).is_some());
                let secured = edge.metrics.secured_ratio.unwrap();
                let is_right = match edge.tls {
                    TlsState::Secured => secured > 0.999_999,
                    TlsState::Plaintext => secured < 0.000_001,
                    _ => true,
                };
                prop_assert!(is_right, "{edge:?}");
            }
        }
    }
}

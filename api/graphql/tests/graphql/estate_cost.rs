//! What answers about the estate may cost, by counting.

use callboard_plugin::{Cloud, MeshCall, ObservationState, Workload};
use serde_json::json;

use crate::{
    estate_support::{TestEstate, call, cluster, from, mesh, to, workload},
    support::entity,
};

const SERVICES: usize = 250;

/// 250 services that call six others each: 1,500 edges.
async fn large() -> TestEstate {
    let name = |at: usize| format!("service-{:03}", at % SERVICES);
    let entities = (0..SERVICES).map(|at| {
        entity(json!({
            "kind": "Component", "metadata": { "name": name(at) }, "spec": { "type": "service" },
        }))
    });
    let workloads: Vec<Workload> = (0..SERVICES).map(|at| workload(&name(at), "1.0")).collect();
    let calls: Vec<MeshCall> = (0..SERVICES)
        .flat_map(|at| (1..=6).map(move |step| (at, at + step * 7)))
        .map(|(at, other)| call(from(&name(at)), to(&name(other)), 1.5, 1.0))
        .collect();
    let live = ObservationState::Live;
    let runtime = cluster("aws-prod-1", Cloud::Aws, "production", &workloads, live);
    TestEstate::of(entities.collect(), vec![(runtime, mesh("aws-prod-1", live, &calls))]).await
}

const WHOLE: &str = "{ topology { totalNodes totalEdges
    nodes { id kind label entity { ref } owner { ref } cluster { name } }
    edges { id from { id } to { id } tls tlsReason crossesClusters mode declared firstSeen lastSeen
        metrics { requestsPerSecond successRatio latencyP50Ms latencyP95Ms latencyP99Ms openConnections securedRatio }
        observation { source observedAt state reason } } coverage { cluster { name } speaks } } }";

#[tokio::test]
async fn the_whole_estate_fits_into_one_public_answer() {
    let estate = large().await;
    let topology = estate.data(WHOLE).await["topology"].clone();
    assert_eq!(topology["nodes"].as_array().unwrap().len(), SERVICES);
    assert_eq!(topology["edges"].as_array().unwrap().len(), 6 * SERVICES);
    assert_eq!(topology["edges"][0]["metrics"]["requestsPerSecond"], 1.5);
}

#[tokio::test]
async fn many_copies_of_the_estate_are_more_than_an_answer_may_hold() {
    let estate = large().await;
    let copies: String = (0..14)
        .map(|at| format!("a{at}: topology {{ edges {{ id }} }} "))
        .collect::<Vec<_>>()
        .concat();
    let response = estate.response(&format!("{{ {copies} }}")).await;
    let errors = response["errors"].as_array().unwrap();
    assert!(!errors.is_empty());
    assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT");
    assert!(errors[0]["message"].as_str().unwrap().contains("objects"), "{}", errors[0]);
}

#[tokio::test]
async fn plain_edges_are_written_at_once_and_others_count_for_more() {
    let estate = large().await;
    let copies = |count: usize, fields: &str| {
        let copy = |at| format!("a{at}: topology {{ edges {{ {fields} }} }} ");
        format!("{{ {} }}", (0..count).map(copy).collect::<Vec<_>>().concat())
    };
    let plain = "id tls metrics { successRatio } observation { state }";
    estate.data(&copies(12, plain)).await;
    let response = estate.response(&copies(4, "id from { workload { id } }")).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn lists_below_lists_are_refused_before_they_are_read() {
    let estate = large().await;
    for query in [
        "{ clusters { workloads(first: 500) { nodes { name kind namespace } } } }",
        "{ topology { edges { from { entity { relations { target { relations { type targetRef } } } } } } } }",
        "{ entities(first: 100) { nodes { ... on Component { placements { cluster { name } images { name } } } } } }",
    ] {
        let response = estate.response(query).await;
        let error = &response["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{query}");
        assert!(error["message"].as_str().unwrap().contains("complexity"), "{query}: {error}");
    }
}

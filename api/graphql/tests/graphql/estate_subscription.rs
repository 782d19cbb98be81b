//! Following what runs.

use bytes::Bytes;
use callboard_auth::Caller;
use callboard_plugin::{Health, Workload};
use futures_util::stream::{BoxStream, StreamExt};
use serde_json::{Value, json};

use crate::{
    estate_support::{TestEstate, call, deployment, from, to, workload},
    support::body,
};

/// A subscription of the guest that listens already.
async fn follow(estate: &TestEstate, query: &str) -> BoxStream<'static, Bytes> {
    let mut stream = estate.service.subscribe(&body(query), &Caller::guest()).peekable();
    // Polled once, it subscribes; nothing has changed yet, so that nothing is ready.
    assert!(
        futures_util::poll!(std::pin::pin!(std::pin::Pin::new(&mut stream).peek())).is_pending()
    );
    stream.boxed()
}

async fn next(stream: &mut BoxStream<'static, Bytes>) -> Value {
    let event: Value = serde_json::from_slice(&stream.next().await.unwrap()).unwrap();
    assert!(event.get("errors").is_none(), "{event}");
    event["data"].clone()
}

fn heal(estate: &TestEstate, cluster: usize, name: &str) {
    let key = deployment(name);
    estate.runtimes[cluster].change(|runtime| {
        let mut workload = Workload::clone(&runtime.workloads[&key]);
        workload.replicas.ready = Some(3);
        workload.health = Health::Healthy;
        runtime.workloads.insert(key.clone(), workload.into());
        runtime.revision += 1;
    });
}

#[tokio::test]
async fn a_cluster_that_changes_is_sent_as_it_is_then() {
    let estate = TestEstate::new().await;
    let fields =
        "name workloads(filter: {text: \"ledger\"}) { nodes { health replicas { ready } } }";
    let mut every =
        follow(&estate, &format!("subscription {{ clusterChanged {{ {fields} }} }}")).await;
    let query = format!("subscription {{ clusterChanged(name: \"aws-prod-1\") {{ {fields} }} }}");
    let mut one = follow(&estate, &query).await;
    heal(&estate, 1, "ledger");
    let healed = json!({ "health": "HEALTHY", "replicas": { "ready": 3 } });
    let changed = next(&mut every).await["clusterChanged"].clone();
    assert_eq!(changed, json!({ "name": "gcp-prod-1", "workloads": { "nodes": [healed] } }));
    heal(&estate, 0, "ledger");
    for stream in [&mut every, &mut one] {
        let changed = next(stream).await["clusterChanged"].clone();
        assert_eq!(changed, json!({ "name": "aws-prod-1", "workloads": { "nodes": [healed] } }));
    }
}

#[tokio::test]
async fn changes_put_over_what_was_read_are_what_is_read_then() {
    let estate = TestEstate::new().await;
    let mut stream = follow(
        &estate,
        "subscription { topologyChanged(groupBy: WORKLOAD) { revision seenAt totalNodes totalEdges
            coverage { speaks }
            addedNodes { id label } changedNodes { id label } removedNodes
            addedEdges { id to { label } metrics { requestsPerSecond } }
            changedEdges { id metrics { requestsPerSecond } } removedEdges } }",
    )
    .await;
    let read = "{ topology(groupBy: WORKLOAD) { nodes { id label } edges { id to { label } } } }";
    let before = estate.data(read).await;
    let vault_edges: Vec<Value> = before["topology"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|edge| edge["to"]["label"] == "vault")
        .map(|edge| edge["id"].clone())
        .collect();
    estate.meshes[0].change(|mesh| {
        let mut calls = mesh.windows[0].calls.to_vec();
        calls[0].metrics.requests_per_second = Some(11.0);
        calls[2] = call(from("ledger"), to("mystery"), 4.0, 1.0);
        mesh.windows[0].calls = calls.into();
        mesh.revision += 1;
    });
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["addedNodes"].as_array().unwrap().len(), 1, "{change}");
    assert_eq!(change["addedNodes"][0]["label"], "mystery");
    assert_eq!(change["removedNodes"], json!([]));
    assert_eq!(change["removedEdges"], json!(vault_edges));
    assert_eq!(change["addedEdges"][0]["to"]["label"], "mystery");
    assert_eq!(change["addedEdges"][0]["metrics"]["requestsPerSecond"], 4.0);
    let changed = change["changedEdges"].as_array().unwrap();
    assert_eq!(changed.len(), 1, "{change}");
    assert_eq!(changed[0]["metrics"]["requestsPerSecond"], 11.0);
    assert_eq!((&change["totalNodes"], &change["totalEdges"]), (&json!(5), &json!(4)));
    // What changes nothing in the topology is not told: the next event is of the next change.
    estate.runtimes[1].change(|runtime| {
        let mut mystery = workload("mystery", "2.0");
        mystery.services = [].into();
        runtime.workloads.insert(deployment("mystery"), mystery.into());
        runtime.revision += 1;
    });
    estate
        .until("{ unknownWorkloads { totalCount } }", |data| {
            data["unknownWorkloads"]["totalCount"] == 2
        })
        .await;
    estate.meshes[0].change(|mesh| {
        mesh.windows[0].calls = [call(from("payments"), to("ledger"), 11.0, 1.0)].into();
        mesh.revision += 1;
    });
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["removedEdges"].as_array().unwrap().len(), 3, "{change}");
    assert_eq!(change["totalEdges"], 1);
}

#[tokio::test]
async fn permission_is_judged_at_every_change() {
    let estate = TestEstate::new().await;
    let query = "subscription { topologyChanged { addedNodes { label } removedNodes removedEdges totalEdges } }";
    let mut stream = follow(&estate, query).await;
    *estate.policy.names.lock().unwrap() = vec!["vault"];
    estate.meshes[1].change(|mesh| {
        mesh.windows[0].calls = [call(from("ledger"), to("ledger"), 1.0, 1.0)].into();
        mesh.revision += 1;
    });
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["removedNodes"].as_array().unwrap().len(), 1, "{change}");
    assert_eq!(change["removedEdges"].as_array().unwrap().len(), 2, "{change}");
    *estate.policy.names.lock().unwrap() = vec![];
    estate.meshes[1].change(|mesh| {
        mesh.windows[0].calls = [call(from("ledger"), to("ledger"), 2.0, 1.0)].into();
        mesh.revision += 1;
    });
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["addedNodes"], json!([{ "label": "vault" }]));
}

#[tokio::test]
async fn a_change_of_the_catalog_moves_a_workload_to_its_entity() {
    let estate = TestEstate::new().await;
    let mut stream =
        follow(&estate, "subscription { topologyChanged { addedNodes { label kind } } }").await;
    estate.meshes[0].change(|mesh| {
        mesh.windows[0].calls = [call(from("payments"), to("mystery"), 1.0, 1.0)].into();
        mesh.revision += 1;
    });
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["addedNodes"], json!([{ "label": "mystery", "kind": "WORKLOAD" }]));
    estate.apply(
        2,
        crate::support::entity(json!({
            "kind": "Component", "metadata": { "name": "mystery" }, "spec": { "type": "service" },
        })),
    );
    let change = next(&mut stream).await["topologyChanged"].clone();
    assert_eq!(change["addedNodes"], json!([{ "label": "mystery", "kind": "COMPONENT" }]));
}

#[tokio::test]
async fn a_subscription_is_refused_where_it_cannot_be() {
    let estate = TestEstate::new().await;
    for (query, caller, code) in [
        ("subscription { clusterChanged { name } }", Caller::anonymous(), "UNAUTHENTICATED"),
        (
            "subscription { topologyChanged(scope: {cloud: UNKNOWN}) { totalNodes } }",
            Caller::guest(),
            "BAD_USER_INPUT",
        ),
        (
            "subscription { clusterChanged { name } topologyChanged { totalNodes } }",
            Caller::guest(),
            "BAD_USER_INPUT",
        ),
    ] {
        let event = estate.service.subscribe(&body(query), &caller).next().await.unwrap();
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(event["errors"][0]["extensions"]["code"], code, "{query}: {event}");
    }
}

//! Who calls whom.

use callboard_plugin::ObservationState;
use serde_json::{Value, json};

use crate::estate_support::{TestEstate, call, from, observation, to};

/// Every plain field of an edge, with those of what belongs to it.
const EDGES: &str = "edges { __typename id tls tlsReason crossesClusters mode declared firstSeen lastSeen
    from { ...N } to { ...N cluster { name cloud region environment version id } }
    metrics { requestsPerSecond successRatio latencyP50Ms latencyP95Ms latencyP99Ms openConnections securedRatio }
    observation { source state observedAt reason since } }";
const NODE: &str = "fragment N on TopologyNode { __typename id kind label reason isSystem squadName cloud environment
    entity { __typename id ref kind namespace name title } owner { ref displayName } system { ref } }";

fn names(edges: &Value) -> Vec<(String, String)> {
    let edge = |edge: &Value| {
        let label = |end: &str| edge[end]["label"].as_str().unwrap().to_owned();
        (label("from"), label("to"))
    };
    edges.as_array().unwrap().iter().map(edge).collect()
}

fn pair(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[tokio::test]
async fn the_estate_is_grouped_and_counted() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ topology { totalNodes totalEdges grouping window nodes { kind label } edges { from { label } to { label }
                tls crossesClusters declared } coverage { cluster { name } speaks reason observation { state } } }
               workloads: topology(groupBy: WORKLOAD) { totalEdges edges { from { label cluster { name } }
                to { label cluster { name } workload { name replicas { desired } } } mode crossesClusters } }
               clouds: topology(groupBy: CLOUD, window: H24) { window nodes { kind cloud } } }",
        )
        .await;
    let whole = &data["topology"];
    assert_eq!((&whole["grouping"], &whole["window"]), (&json!("COMPONENT"), &json!("M5")));
    assert_eq!(
        names(&whole["edges"]),
        [pair("payments", "ledger"), pair("payments", "vault"), pair("vault", "ledger")]
    );
    assert_eq!((&whole["totalNodes"], &whole["totalEdges"]), (&json!(3), &json!(3)));
    assert_eq!(whole["edges"][0]["crossesClusters"], true);
    assert_eq!(whole["edges"][2]["tls"], "PLAINTEXT");
    assert_eq!(whole["edges"][0]["declared"], "UNDECLARED");
    assert_eq!(whole["coverage"].as_array().unwrap().len(), 3);
    assert_eq!(whole["coverage"][0]["speaks"], true);
    assert_eq!(whole["coverage"][2]["speaks"], false);
    assert_eq!(data["workloads"]["totalEdges"], 4);
    let edges = data["workloads"]["edges"].as_array().unwrap();
    let crossing: Vec<_> = edges.iter().filter(|edge| edge["crossesClusters"] == true).collect();
    assert_eq!(crossing.len(), 1);
    assert_eq!(crossing[0]["mode"], "GATEWAY");
    assert_eq!(crossing[0]["to"]["cluster"]["name"], "gcp-prod-1");
    assert_eq!(
        crossing[0]["to"]["workload"],
        json!({ "name": "ledger", "replicas": { "desired": 3 } })
    );
    assert_eq!(data["clouds"]["window"], "H24");
    assert_eq!(data["clouds"]["nodes"][0], json!({ "kind": "CLOUD", "cloud": "AWS" }));
}

/// Takes away what only the ordinary way can answer.
fn without(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            fields.remove(key);
            fields.values_mut().for_each(|value| without(value, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, key)),
        _ => {}
    }
}

#[tokio::test]
async fn ready_made_answers_are_those_of_the_resolvers() {
    let estate = TestEstate::new().await;
    estate.meshes[0].change(|mesh| {
        let mut calls = mesh.windows[0].calls.to_vec();
        calls[1].metrics.latency_p95_ms = Some(f64::INFINITY);
        calls[2].metrics = callboard_plugin::GoldenMetrics::default();
        mesh.windows[0].calls = calls.into();
        mesh.revision += 1;
    });
    let is_changed = |data: &Value| data["topology"]["edges"][1]["metrics"].is_null();
    estate.until("{ topology { edges { metrics { successRatio } } } }", is_changed).await;
    for grouping in ["WORKLOAD", "COMPONENT", "SYSTEM", "SQUAD", "CLUSTER", "CLOUD"] {
        let plain =
            format!("{{ topology(groupBy: {grouping}) {{ nodes {{ ...N }} {EDGES} }} }} {NODE}");
        let resolved = plain
            .replace("... N", "...N")
            .replace("__typename id kind label", "__typename id kind label slow: workload { id }");
        let ready = estate.data(&plain).await;
        let mut slow = estate.data(&resolved).await;
        assert!(slow.to_string().contains("\"slow\""), "{slow}");
        without(&mut slow, "slow");
        assert_eq!(ready, slow, "{grouping}");
        let is_filled =
            ready["topology"]["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty());
        assert!(is_filled, "{grouping}");
    }
}

#[tokio::test]
async fn a_field_that_is_asked_for_at_several_places_is_answered_whole() {
    let estate = TestEstate::new().await;
    let expected = json!([{ "id": null, "label": "ledger", "kind": "COMPONENT" },
        { "id": null, "label": "payments", "kind": "COMPONENT" },
        { "id": null, "label": "vault", "kind": "COMPONENT" }]);
    for query in [
        "{ topology { nodes { id label } nodes { kind } } }",
        "{ topology { nodes { id label } } topology { nodes { kind } } }",
        "{ topology { nodes { id label } ...F } } fragment F on Topology { nodes { kind } }",
        "{ topology { nodes { id ... { label } ...F } } } fragment F on TopologyNode { kind label }",
        "{ topology { nodes { id ... on Node { id } ... on TopologyNode { label } kind } } }",
    ] {
        let data = estate.data(query).await;
        let mut nodes = data["topology"]["nodes"].clone();
        nodes.as_array_mut().unwrap().iter_mut().for_each(|node| {
            assert!(node["id"].is_string(), "{query}: {node}");
            node["id"] = Value::Null;
        });
        assert_eq!(nodes, expected, "{query}");
    }
}

#[tokio::test]
async fn a_scope_confines_and_a_cut_says_how_much_is_left_out() {
    let estate = TestEstate::new().await;
    for (scope, edges) in [
        ("entity: {ref: \"component:vault\"}", 2),
        ("entity: {ref: \"component:vault\", depth: 3}", 3),
        ("system: \"system:bank\"", 3),
        ("squad: \"group:squad-a\"", 3),
        ("cluster: \"gcp-prod-1\"", 1),
        ("cluster: \"nope\"", 0),
        ("environment: \"Production\"", 3),
        ("cloud: GCP", 1),
    ] {
        let query = format!("{{ topology(scope: {{{scope}}}) {{ edges {{ id }} totalEdges }} }}");
        let data = estate.data(&query).await;
        assert_eq!(data["topology"]["totalEdges"], edges, "{scope}");
        assert_eq!(data["topology"]["edges"].as_array().unwrap().len(), edges, "{scope}");
    }
    let data = estate
        .data("{ topology(maxEdges: 1) { edges { from { label } to { label } } totalEdges totalNodes } }")
        .await;
    assert_eq!(names(&data["topology"]["edges"]), [pair("payments", "ledger")]);
    assert_eq!(
        (&data["topology"]["totalEdges"], &data["topology"]["totalNodes"]),
        (&json!(3), &json!(3))
    );
    for bad in [
        "maxEdges: -1",
        "maxEdges: 5001",
        "scope: {entity: {ref: \"component:a\", depth: 11}}",
        "scope: {cloud: UNKNOWN}",
        "scope: {cloud: GCP, cluster: \"a\"}",
        "scope: {}",
    ] {
        let response = estate.response(&format!("{{ topology({bad}) {{ totalEdges }} }}")).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{bad}");
    }
}

#[tokio::test]
async fn a_component_shows_who_calls_it_and_what_it_hides() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ entity(ref: \"component:payments\") { ... on Component {
                callers { id } callees(window: H1) { from { label } to { label } metrics { requestsPerSecond } patch }
                traffic { inbound { requestsPerSecond } outbound { requestsPerSecond } window observation { state } }
                dependencyDrift { patch unseenAfterDays observedSince
                    undeclared { to { entity { ref } } patch }
                    unseen { declaredRef declared { ref } by targets { ref } verdict reason patch } } } } }",
        )
        .await;
    let payments = &data["entity"];
    assert_eq!(payments["callers"], json!([]));
    assert_eq!(
        names(&payments["callees"]),
        [pair("payments", "ledger"), pair("payments", "vault")]
    );
    assert_eq!(payments["callees"][0]["metrics"]["requestsPerSecond"], 12.0);
    let patch = payments["callees"][0]["patch"].as_str().unwrap();
    assert!(patch.contains("component:default/ledger"), "{patch}");
    assert_eq!(
        payments["traffic"],
        json!({ "inbound": null, "outbound": { "requestsPerSecond": 13.0 }, "window": "M5",
                "observation": { "state": "LIVE" } })
    );
    let drift = &payments["dependencyDrift"];
    assert_eq!(drift["unseenAfterDays"], 14);
    assert_eq!(drift["undeclared"][0]["to"]["entity"]["ref"], "component:default/ledger");
    assert_eq!(drift["undeclared"][0]["patch"], patch);
    assert!(drift["patch"].as_str().unwrap().contains("component:default/vault"), "{drift}");
}

#[tokio::test]
async fn a_path_goes_hop_by_hop_and_an_impact_names_the_squads() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ path(from: \"component:payments\", to: \"component:vault\") { length crossesClusters tls
                hops { from { label cluster { name } } to { label } tls mode } }
               none: path(from: \"component:ledger\", to: \"component:payments\") { length }
               impact(of: \"component:vault\") { totalCallers callers { entity { ref } node { label } distance squadName }
                squads { name group { ref } totalCallers distance } } }",
        )
        .await;
    assert_eq!(
        data["path"],
        json!([{ "length": 1, "crossesClusters": false, "tls": "SECURED", "hops": [{
            "from": { "label": "payments", "cluster": { "name": "aws-prod-1" } },
            "to": { "label": "vault" }, "tls": "SECURED", "mode": null,
        }] }])
    );
    assert_eq!(data["none"], json!([]));
    assert_eq!(
        data["impact"],
        json!({
            "totalCallers": 1,
            "callers": [{ "entity": { "ref": "component:default/payments" },
                "node": { "label": "payments" }, "distance": 1, "squadName": "squad-a" }],
            "squads": [{ "name": "squad-a", "group": { "ref": "group:default/squad-a" },
                "totalCallers": 1, "distance": 1 }],
        })
    );
}

#[tokio::test]
async fn traffic_that_nobody_can_see_is_null_with_an_error_that_names_the_cluster() {
    let estate = TestEstate::new().await;
    estate.meshes[0].change(|mesh| {
        for window in &mut mesh.windows {
            window.calls = [].into();
            window.observation =
                observation("prometheus/aws-prod-1", ObservationState::Unreachable);
        }
        mesh.revision += 1;
    });
    estate.until("{ topology { totalEdges } }", |data| data["topology"]["totalEdges"] == 0).await;
    let query =
        "{ entity(ref: \"component:payments\") { name ... on Component { traffic { window } } }
        fraud: entity(ref: \"component:fraud\") { ... on Component { traffic { window } } } }";
    let response = estate.response(query).await;
    assert_eq!(response["data"]["entity"], json!({ "name": "payments", "traffic": null }));
    assert_eq!(response["data"]["fraud"], json!({ "traffic": null }));
    let errors = response["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{response}");
    assert_eq!(errors[0]["path"], json!(["entity", "traffic"]));
    assert_eq!(errors[0]["extensions"], json!({ "code": "UNAVAILABLE", "cluster": "aws-prod-1" }));
}

#[tokio::test]
async fn an_edge_that_is_no_longer_measured_keeps_its_ends_and_its_age() {
    let estate = TestEstate::new().await;
    estate.meshes[0].change(|mesh| {
        let calls = [call(from("payments"), to("ledger"), 3.0, 1.0)];
        mesh.windows[0].calls = calls.into();
        let mut stale = observation("prometheus/aws-prod-1", ObservationState::Stale);
        stale.observed_at = Some(crate::estate_support::now());
        mesh.windows[0].observation = stale;
        mesh.revision += 1;
    });
    let query = "{ topology { edges { metrics { requestsPerSecond } observation { state reason observedAt } } } }";
    let is_stale = |data: &Value| data["topology"]["edges"][0]["observation"]["state"] == "STALE";
    let data = estate.until(query, is_stale).await;
    assert_eq!(data["topology"]["edges"][0]["metrics"]["requestsPerSecond"], 3.0);
    assert_eq!(
        data["topology"]["edges"][0]["observation"]["observedAt"],
        "2026-11-25T12:00:00.000Z"
    );
}

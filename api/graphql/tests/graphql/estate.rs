//! What runs: clusters, workloads, placements, what is missing and what nobody knows.

use serde_json::{Value, json};

use crate::estate_support::TestEstate;

#[tokio::test]
async fn a_cluster_tells_its_place_its_state_and_what_it_lacks() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ cluster(name: \"aws-prod-1\") {
                name cloud region environment version observation { source state reason observedAt }
                resources { kind count observation { state } } sources { kind observation { source state } }
                links { name targetName target { name cloud } mode mirroredServices errors
                    gateway { address alive latencyP95Ms observation { state } } }
                missingGrants { group resource verb } nodeSummary { total ready }
                workloads(first: 2) { totalCount nodes { name kind namespace } pageInfo { hasNextPage } } }
              none: cluster(name: \"AWS-prod-1\") { name } }",
        )
        .await;
    let mut cluster = data["cluster"].clone();
    let resources = cluster["resources"].take();
    assert_eq!(
        resources[0],
        json!({ "kind": "Deployment", "count": 4, "observation": { "state": "LIVE" } })
    );
    cluster.as_object_mut().unwrap().remove("resources");
    assert_eq!(
        cluster,
        json!({
            "name": "aws-prod-1", "cloud": "AWS", "region": "eu-west-1",
            "environment": "production", "version": "v1.36.2",
            "observation": {
                "source": "kubernetes/aws-prod-1", "state": "LIVE", "reason": null,
                "observedAt": "2026-11-25T12:00:00.000Z",
            },
            "sources": [
                { "kind": "KUBERNETES",
                  "observation": { "source": "kubernetes/aws-prod-1", "state": "LIVE" } },
                { "kind": "PROMETHEUS",
                  "observation": { "source": "prometheus/aws-prod-1", "state": "LIVE" } },
            ],
            "links": [{
                "name": "gcp", "targetName": "gcp-prod-1",
                "target": { "name": "gcp-prod-1", "cloud": "GCP" },
                "mode": "GATEWAY", "mirroredServices": 1, "errors": [],
                "gateway": {
                    "address": "203.0.113.9:4143", "alive": true, "latencyP95Ms": 40.0,
                    "observation": { "state": "LIVE" },
                },
            }],
            "missingGrants": [{ "group": "", "resource": "nodes", "verb": "list" }],
            "nodeSummary": { "total": 3, "ready": 3 },
            "workloads": {
                "totalCount": 4, "pageInfo": { "hasNextPage": true },
                "nodes": [
                    { "name": "ledger", "kind": "Deployment", "namespace": "bank" },
                    { "name": "mystery", "kind": "Deployment", "namespace": "bank" },
                ],
            },
        })
    );
    assert_eq!(data["none"], Value::Null);
}

#[tokio::test]
async fn clusters_are_listed_as_configured_and_filtered() {
    let estate = TestEstate::new().await;
    for (filter, expected) in [
        ("", vec!["aws-prod-1", "gcp-prod-1", "azure-dev-1"]),
        ("(filter: {cloud: GCP})", vec!["gcp-prod-1"]),
        ("(filter: {environment: \"PRODUCTION\"})", vec!["aws-prod-1", "gcp-prod-1"]),
        ("(filter: {state: UNREACHABLE})", vec!["azure-dev-1"]),
        ("(filter: {text: \"Prod\", region: \"eu-west-1\"})", vec!["aws-prod-1", "gcp-prod-1"]),
        ("(filter: {cloud: UNKNOWN})", vec![]),
    ] {
        let data = estate.data(&format!("{{ clusters{filter} {{ name }} }}")).await;
        let names: Vec<&str> = data["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{filter}");
    }
}

#[tokio::test]
async fn what_was_never_read_is_null_and_its_state_says_why() {
    let estate = TestEstate::new().await;
    let query = "{ cluster(name: \"azure-dev-1\") { version observation { state reason observedAt }
        resources { count } workloads { totalCount blindClusters { cluster { name } observation { state } } } } }";
    let data = estate.data(query).await;
    let cluster = &data["cluster"];
    assert_eq!(cluster["version"], Value::Null);
    assert_eq!(
        cluster["observation"],
        json!({ "state": "UNREACHABLE", "reason": "connection refused", "observedAt": null })
    );
    assert_eq!(cluster["resources"][0]["count"], Value::Null);
    assert_eq!(
        cluster["workloads"]["blindClusters"],
        json!([{ "cluster": { "name": "azure-dev-1" }, "observation": { "state": "UNREACHABLE" } }])
    );
}

#[tokio::test]
async fn placements_show_where_a_component_runs_and_by_which_rule() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ entity(ref: \"component:ledger\") { ... on Component {
                placements { cluster { name } matchedBy health observation { state }
                    images { name tag digest } replicas { desired ready restarts waiting { reason pods } }
                    workload { name meshed proxyVersions services squad { ref } squadName
                        entity { ref } alsoClaimedBy { ref } descriptor } }
                aws: placements(cloud: AWS) { cluster { name } }
                dev: placements(environment: \"development\") { cluster { name } }
                blindClusters { cluster { name } observation { reason } }
                blindInAws: blindClusters(cloud: AWS) { cluster { name } }
                versions { rows { image differingEnvironments cells { clusterName tag differs } } } } } }",
        )
        .await;
    let ledger = &data["entity"];
    assert_eq!(
        ledger["placements"][0],
        json!({
            "cluster": { "name": "aws-prod-1" }, "matchedBy": "LABEL_SELECTOR", "health": "DEGRADED",
            "observation": { "state": "LIVE" },
            "images": [{ "name": "ghcr.io/bank/ledger", "tag": "1.0", "digest": null }],
            "replicas": { "desired": 3, "ready": 2, "restarts": 7,
                "waiting": [{ "reason": "CrashLoopBackOff", "pods": 1 }] },
            "workload": {
                "name": "ledger", "meshed": true, "proxyVersions": ["edge-26.1.1"],
                "services": ["ledger"], "squad": { "ref": "group:default/squad-a" },
                "squadName": "squad-a", "entity": { "ref": "component:default/ledger" },
                "alsoClaimedBy": [{ "ref": "resource:default/ledger-db" }], "descriptor": null,
            },
        })
    );
    assert_eq!(ledger["placements"][1]["cluster"]["name"], "gcp-prod-1");
    assert_eq!(ledger["aws"], json!([{ "cluster": { "name": "aws-prod-1" } }]));
    assert_eq!(ledger["dev"], json!([]));
    assert_eq!(
        ledger["blindClusters"],
        json!([{ "cluster": { "name": "azure-dev-1" },
                 "observation": { "reason": "connection refused" } }])
    );
    assert_eq!(ledger["blindInAws"], json!([]));
    assert_eq!(
        ledger["versions"]["rows"],
        json!([{
            "image": "ghcr.io/bank/ledger", "differingEnvironments": ["production"],
            "cells": [
                { "clusterName": "aws-prod-1", "tag": "1.0", "differs": true },
                { "clusterName": "gcp-prod-1", "tag": "1.1", "differs": true },
            ],
        }])
    );
}

#[tokio::test]
async fn other_kinds_are_placed_and_conflicts_are_problems_of_both() {
    let estate = TestEstate::new().await;
    for entity_ref in ["component:ledger", "resource:ledger-db"] {
        let data = estate
            .data(&format!(
                "{{ entity(ref: \"{entity_ref}\") {{ problems {{ type level message }}
                   ... on Placeable {{ placements {{ cluster {{ name }} }} }} }} }}"
            ))
            .await;
        let entity = &data["entity"];
        assert_eq!(entity["placements"][0]["cluster"]["name"], "aws-prod-1", "{entity_ref}");
        let problem = &entity["problems"][0];
        assert_eq!(problem["type"], "callboard.io/placement");
        assert_eq!(problem["level"], "WARNING");
        let message = problem["message"].as_str().unwrap();
        assert!(message.contains("is also claimed by"), "{message}");
    }
}

#[tokio::test]
async fn unknown_workloads_come_with_a_descriptor_page_by_page() {
    let estate = TestEstate::new().await;
    let fields = "totalCount pageInfo { hasNextPage hasPreviousPage endCursor } nodes { name cluster { name }
        entity { ref } squad { ref } descriptor } blindClusters { cluster { name } }";
    let data = estate.data(&format!("{{ unknownWorkloads {{ {fields} }} }}")).await;
    let list = &data["unknownWorkloads"];
    assert_eq!(list["totalCount"], 1);
    assert_eq!(list["nodes"][0]["name"], "mystery");
    assert_eq!(list["nodes"][0]["entity"], Value::Null);
    assert_eq!(list["nodes"][0]["squad"]["ref"], "group:default/squad-a");
    let descriptor = list["nodes"][0]["descriptor"].as_str().unwrap();
    assert!(
        descriptor.contains("kind: Component") && descriptor.contains("mystery"),
        "{descriptor}"
    );
    assert_eq!(list["blindClusters"], json!([{ "cluster": { "name": "azure-dev-1" } }]));
    for (filter, expected) in [
        ("squad: \"SQUAD-A\"", 1),
        ("squad: \"other\"", 0),
        ("kind: \"deployment\", namespace: \"bank\"", 1),
        ("kind: \"Nonsense\"", 0),
        ("health: FAILING", 0),
        ("cluster: \"gcp-prod-1\"", 0),
        ("isSystem: true", 0),
        ("cloud: UNKNOWN", 0),
        ("text: \"STER\"", 1),
    ] {
        let query = format!("{{ unknownWorkloads(filter: {{{filter}}}) {{ totalCount }} }}");
        let data = estate.data(&query).await;
        assert_eq!(data["unknownWorkloads"]["totalCount"], expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_of_workloads_follow_each_other() {
    let estate = TestEstate::new().await;
    let page = async |after: &str| {
        let query = format!(
            "{{ cluster(name: \"aws-prod-1\") {{ workloads(first: 3{after}) {{
                nodes {{ name }} edges {{ cursor }} pageInfo {{ hasPreviousPage hasNextPage endCursor }} }} }} }}"
        );
        estate.data(&query).await["cluster"]["workloads"].clone()
    };
    let first = page("").await;
    assert_eq!(first["nodes"][2]["name"], "payments");
    assert_eq!(first["edges"][2]["cursor"], first["pageInfo"]["endCursor"]);
    let after = format!(", after: {}", first["pageInfo"]["endCursor"]);
    let second = page(&after).await;
    assert_eq!(second["nodes"], json!([{ "name": "vault" }]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let response = estate.response("{ unknownWorkloads(after: \"AQ\") { totalCount } }").await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn what_says_that_it_runs_and_does_not_is_missing_or_unknown() {
    let estate = TestEstate::new().await;
    let query =
        "{ missingComponents { totalCount edges { cursor } nodes { ref entity { ref } owner { ref }
        annotation verdict blindSpots { clusterName reason } } }
        entity(ref: \"component:fraud\") { ... on Component { missing { verdict } } }
        placed: entity(ref: \"component:ledger\") { ... on Component { missing { verdict } } } }";
    let data = estate.data(query).await;
    let missing = &data["missingComponents"];
    assert_eq!(missing["totalCount"], 1);
    let fraud = &missing["nodes"][0];
    assert_eq!(fraud["ref"], "component:default/fraud");
    assert_eq!(fraud["entity"]["ref"], "component:default/fraud");
    assert_eq!(fraud["owner"]["ref"], "group:default/squad-a");
    assert_eq!(fraud["annotation"], "backstage.io/kubernetes-id");
    assert_eq!(fraud["verdict"], "UNKNOWN");
    assert_eq!(fraud["blindSpots"][0]["clusterName"], "azure-dev-1");
    assert_eq!(data["entity"]["missing"]["verdict"], "UNKNOWN");
    assert_eq!(data["placed"]["missing"], Value::Null);
    let live = callboard_plugin::ObservationState::Live;
    estate.runtimes[2].change(|azure| {
        let observation = crate::estate_support::observation("kubernetes/azure-dev-1", live);
        azure.observation = observation.clone();
        let mut resources = azure.resources.to_vec();
        for resource in &mut resources {
            resource.observation = observation.clone();
        }
        azure.resources = resources.into();
        azure.revision += 1;
    });
    let is_missing = |data: &Value| data["entity"]["missing"]["verdict"] == "MISSING";
    estate.until(query, is_missing).await;
}

#[tokio::test]
async fn clusters_workloads_and_ends_of_calls_come_back_by_their_ids() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ cluster(name: \"aws-prod-1\") { id workloads(first: 1) { nodes { id } } }
               workloads: topology(groupBy: WORKLOAD) { nodes { id label } }
               components: topology { nodes { id label } } squads: topology(groupBy: SQUAD) { nodes { id label } } }",
        )
        .await;
    let mut ids = vec![
        (data["cluster"]["id"].clone(), json!("aws-prod-1"), "Cluster"),
        (data["cluster"]["workloads"]["nodes"][0]["id"].clone(), json!("ledger"), "Workload"),
    ];
    for topology in ["workloads", "components", "squads"] {
        let node = &data[topology]["nodes"][0];
        ids.push((node["id"].clone(), node["label"].clone(), "TopologyNode"));
    }
    for (id, name, kind) in ids {
        let query = format!(
            "{{ node(id: {id}) {{ __typename id ... on Cluster {{ name }} ... on Workload {{ name }}
               ... on TopologyNode {{ label }} }} }}"
        );
        let node = estate.data(&query).await["node"].clone();
        assert_eq!(node["__typename"], kind);
        assert_eq!(node["id"], id);
        let found = if kind == "TopologyNode" { &node["label"] } else { &node["name"] };
        assert_eq!(*found, name);
    }
}

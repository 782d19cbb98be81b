//! What a caller may not read of the estate does not exist, wherever one looks.

use callboard_auth::Permission;
use serde_json::{Value, json};

use crate::estate_support::{TestEstate, catalog, clusters, to};

/// Queries that look everywhere.
const QUERIES: [&str; 12] = [
    "{ clusters { name resources { kind count } workloads { totalCount nodes { name } edges { cursor } } } }",
    "{ unknownWorkloads { totalCount nodes { name } } }",
    "{ topology(groupBy: WORKLOAD) { totalNodes totalEdges nodes { id label } edges { id metrics { requestsPerSecond } } } }",
    "{ topology { totalNodes totalEdges nodes { id label } edges { id metrics { requestsPerSecond } } } }",
    "{ topology(groupBy: SQUAD) { totalNodes totalEdges nodes { label } edges { id metrics { requestsPerSecond } } } }",
    "{ topology(groupBy: CLUSTER) { totalNodes totalEdges edges { metrics { requestsPerSecond } tls } } }",
    "{ topology(scope: {entity: {ref: \"component:payments\", depth: 3}}) { totalEdges edges { id } } }",
    "{ entity(ref: \"component:payments\") { problems { message } ... on Component { callees { id } traffic { outbound { requestsPerSecond } }
        dependencyDrift { patch undeclared { id } unseen { declaredRef } } } } }",
    "{ entity(ref: \"component:ledger\") { ... on Component { callers { id tls } traffic { inbound { requestsPerSecond } }
        placements { cluster { name } } } } }",
    "{ path(from: \"component:payments\", to: \"component:vault\") { length } path2: path(from: \"component:payments\", to: \"component:ledger\") { hops { id } } }",
    "{ impact(of: \"component:ledger\") { totalCallers callers { node { label } } squads { name } } }",
    "{ missingComponents { totalCount nodes { ref } } entity(ref: \"component:vault\") { ref } }",
];

/// The estate as it would be if the vault, its squad and its calls did not exist.
async fn without_the_vault() -> TestEstate {
    let mut entities = catalog();
    entities.retain(|entity| !["vault", "hidden"].contains(&entity.entity_ref.name()));
    let mut clusters = clusters();
    let (aws, mesh) = &mut clusters[0];
    let vault = crate::estate_support::deployment("vault");
    aws.workloads.remove(&vault);
    let mut resources = aws.resources.to_vec();
    for resource in resources.iter_mut().filter(|resource| &*resource.kind == "Deployment") {
        resource.count = Some(3);
    }
    aws.resources = resources.into();
    for window in &mut mesh.windows {
        let is_visible = |call: &&callboard_plugin::MeshCall| {
            call.client != crate::estate_support::from("vault") && call.target != to("vault")
        };
        window.calls = window.calls.iter().filter(is_visible).cloned().collect();
    }
    TestEstate::of(entities, clusters).await
}

#[tokio::test]
async fn a_hidden_entity_leaves_no_trace() {
    let hiding = TestEstate::new().await;
    *hiding.policy.names.lock().unwrap() = vec!["vault", "hidden"];
    let lacking = without_the_vault().await;
    // The same right, so that the same is left out for other reasons than the vault.
    *lacking.policy.names.lock().unwrap() = vec!["vault", "hidden"];
    let open = TestEstate::new().await;
    let mut differing = 0;
    for query in QUERIES {
        let hidden = hiding.data(query).await;
        assert_eq!(hidden, lacking.data(query).await, "{query}");
        assert!(!hidden.to_string().contains("vault"), "{query}: {hidden}");
        differing += usize::from(hidden != open.data(query).await);
    }
    assert!(differing >= 9, "the queries look where something is hidden: {differing}");
}

#[tokio::test]
async fn ids_of_what_is_hidden_stand_for_nothing() {
    let estate = TestEstate::new().await;
    let data = estate
        .data(
            "{ topology(groupBy: WORKLOAD, scope: {entity: {ref: \"component:vault\"}}) { nodes { id label workload { id } } }
               cluster(name: \"aws-prod-1\") { id } }",
        )
        .await;
    let nodes = data["topology"]["nodes"].as_array().unwrap();
    let vault = nodes.iter().find(|node| node["label"] == "vault").unwrap();
    let ids = [&vault["id"], &vault["workload"]["id"]];
    let ask = format!("{{ nodes(ids: [{}, {}]) {{ id }} }}", ids[0], ids[1]);
    assert_eq!(estate.data(&ask).await["nodes"], json!([{ "id": ids[0] }, { "id": ids[1] }]));
    *estate.policy.names.lock().unwrap() = vec!["vault"];
    assert_eq!(estate.data(&ask).await["nodes"], json!([null, null]));
    let ask = format!("{{ node(id: {}) {{ id }} }}", data["cluster"]["id"]);
    assert_eq!(estate.data(&ask).await["node"]["id"], data["cluster"]["id"]);
    *estate.policy.refused.lock().unwrap() = vec![Permission::KubernetesClustersRead];
    assert_eq!(estate.data(&ask).await["node"], Value::Null);
}

#[tokio::test]
async fn without_the_right_to_clusters_only_places_of_ones_own_are_named() {
    let estate = TestEstate::new().await;
    *estate.policy.refused.lock().unwrap() = vec![Permission::KubernetesClustersRead];
    let data = estate
        .data(
            "{ clusters { name } cluster(name: \"aws-prod-1\") { name }
               entity(ref: \"component:ledger\") { ... on Component { blindClusters { cluster { name } }
                placements { cluster { name cloud version resources { kind } links { name } missingGrants { verb } } } } } }",
        )
        .await;
    assert_eq!(data["clusters"], json!([]));
    assert_eq!(data["cluster"], Value::Null);
    assert_eq!(data["entity"]["blindClusters"], json!([]));
    assert_eq!(
        data["entity"]["placements"][0]["cluster"],
        json!({ "name": "aws-prod-1", "cloud": "AWS", "version": null, "resources": [], "links": [],
                "missingGrants": [] })
    );
}

#[tokio::test]
async fn without_the_right_to_what_is_unknown_there_is_none() {
    let estate = TestEstate::new().await;
    *estate.policy.refused.lock().unwrap() = vec![Permission::KubernetesResourcesRead];
    let data = estate
        .data(
            "{ unknownWorkloads { totalCount nodes { name } }
               cluster(name: \"aws-prod-1\") { workloads { totalCount } } }",
        )
        .await;
    assert_eq!(data["unknownWorkloads"], json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(data["cluster"]["workloads"]["totalCount"], 3);
}

#[tokio::test]
async fn nobody_reads_nothing() {
    let estate = TestEstate::new().await;
    *estate.policy.refused.lock().unwrap() = vec![
        Permission::CatalogEntityRead,
        Permission::KubernetesClustersRead,
        Permission::KubernetesResourcesRead,
    ];
    let data = estate
        .data("{ clusters { name } unknownWorkloads { totalCount } missingComponents { totalCount } topology(groupBy: WORKLOAD) { totalNodes totalEdges coverage { speaks } } }")
        .await;
    assert_eq!(data["clusters"], json!([]));
    assert_eq!(data["unknownWorkloads"]["totalCount"], 0);
    assert_eq!(data["missingComponents"]["totalCount"], 0);
    assert_eq!(data["topology"]["totalNodes"], 0, "{data}");
}

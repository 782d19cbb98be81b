//! What the pages show of who calls whom.

use serde_json::{Value, json};

use super::{
    html::{Tag, tags},
    portal::{recorded, show},
};

fn class<'t>(tag: &'t Tag, word: &str) -> Option<&'t str> {
    tag.attribute("class").filter(|class| class.split(' ').any(|one| one == word))
}

/// An answer with so many nodes by each grouping.
fn with_sizes(sizes: [(&str, i64); 6]) -> Value {
    let mut answer = recorded("mesh");
    for (grouping, total) in sizes {
        answer["MeshSize"]["data"][grouping]["totalNodes"] = json!(total);
    }
    answer
}

#[actix_web::test]
async fn the_map_draws_every_node_and_every_edge_it_counts() {
    let answer = recorded("mesh");
    let topology = &answer["Mesh"]["data"]["topology"];
    let (nodes, edges) = (&topology["nodes"], &topology["edges"]);
    let (nodes, edges) = (nodes.as_array().unwrap().len(), edges.as_array().unwrap().len());
    let shown = show("/mesh?cluster=gcp-prod-1", &answer).await;
    let tags = tags(&shown.html);
    let count = |word: &str| tags.iter().filter(|tag| class(tag, word).is_some()).count();
    let legend = 5;
    assert_eq!(count("e"), edges + legend);
    assert_eq!(count("node") - 1, nodes - 1, "one has no calls, one is the legend's");
    shown
        .has(&format!("Drawn: {} of {nodes} nodes, all {edges} edges; 1 without calls", nodes - 1));
    let links = tags.iter().filter(|tag| tag.name == "a" && class(tag, "node").is_some());
    let links: Vec<_> = links.filter_map(|tag| tag.attribute("href")).collect();
    assert!(links.iter().any(|link| link.ends_with("/mesh")), "{links:?}");
    shown.has("<option value=\"cluster:gcp-prod-1\" selected>");
    shown.has("all 3</span>");
}

#[actix_web::test]
async fn what_is_too_much_for_a_map_is_grouped_and_said() {
    let answer = with_sizes([
        ("byWorkload", 900),
        ("byComponent", 252),
        ("bySystem", 61),
        ("bySquad", 60),
        ("byCluster", 9),
        ("byCloud", 3),
    ]);
    let shown = show("/mesh", &answer).await;
    shown.has("By component there would be 252 nodes; more than 60 cannot be told apart");
    shown.has("grouped by squad instead");
    assert_eq!(shown.variables.unwrap()["groupBy"], json!("SQUAD"));
    let shown = show("/mesh?view=table", &answer).await;
    assert_eq!(shown.variables.unwrap()["groupBy"], json!("COMPONENT"), "a table holds all");
    let shown = show("/mesh?group=cluster&window=24h", &answer).await;
    let asked = shown.variables.unwrap();
    assert_eq!((&asked["groupBy"], &asked["window"]), (&json!("CLUSTER"), &json!("H24")));
}

#[actix_web::test]
async fn edges_beyond_what_can_be_told_apart_are_counted() {
    let mut answer = recorded("mesh");
    let topology = &mut answer["Mesh"]["data"]["topology"];
    let edge = topology["edges"][0].clone();
    topology["edges"] = json!(vec![edge; 300]);
    topology["totalEdges"] = json!(312);
    let shown = show("/mesh", &answer).await;
    shown.has("240 of 312 edges, the busiest");
    shown.has("12 of 312 edges, those with the fewest requests, are beyond what one answer holds");
}

#[actix_web::test]
async fn nodes_beyond_what_can_be_told_apart_are_counted() {
    let mut answer = recorded("mesh");
    let topology = &mut answer["Mesh"]["data"]["topology"];
    let edge = topology["edges"][0].clone();
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for number in 0..80 {
        let mut edge = edge.clone();
        edge["to"]["id"] = json!(format!("n{number}"));
        nodes.push(edge["to"].clone());
        edges.push(edge);
    }
    nodes.push(edge["from"].clone());
    topology["nodes"] = json!(nodes);
    topology["edges"] = json!(edges);
    let shown = show("/mesh", &answer).await;
    shown.has("Drawn: 60 of ");
    shown.has("21 nodes with less traffic are left out");
}

#[actix_web::test]
async fn the_map_says_for_which_clusters_it_speaks_and_why_not() {
    let mut answer = recorded("mesh");
    let coverage = &mut answer["Mesh"]["data"]["topology"]["coverage"];
    coverage[0]["speaks"] = json!(false);
    coverage[0]["reason"] = json!("no metrics are configured");
    coverage[0]["observation"] = Value::Null;
    coverage[1]["droppedSeries"] = json!(77);
    coverage[2]["cluster"] = Value::Null;
    let shown = show("/mesh", &answer).await;
    shown.has("1 of 3 wholly</span>");
    shown.has("does not speak");
    shown.has("77 series beyond the budget are not in it");
    shown.has("a cluster that is not for you");
}

#[actix_web::test]
async fn the_table_holds_what_the_map_shows() {
    let answer = recorded("mesh");
    let edges = answer["Mesh"]["data"]["topology"]["edges"].as_array().unwrap().len();
    let shown = show("/mesh?view=table", &answer).await;
    let rows = tags(&shown.html).into_iter().filter(|tag| tag.attribute("scope") == Some("row"));
    assert_eq!(rows.count(), edges);
    shown.has(&format!("Edges 1 to {edges} of {edges}, the busiest first"));
    shown.has("⇄ crosses");
    shown.has("<span class=\"shape\" aria-hidden=\"true\">▲</span> Plaintext");
    let shown = show("/mesh?view=table&page=9", &answer).await;
    shown.has("This page is behind the end of the table.");
}

#[actix_web::test]
async fn what_was_not_measured_of_calls_is_not_known() {
    let mut answer = recorded("entity-mesh");
    let caller = &mut answer["data"]["entity"]["callers"][0];
    caller["metrics"] = Value::Null;
    caller["tls"] = json!("UNKNOWN");
    caller["tlsReason"] = json!("the proxy does not tell");
    caller["observation"]["state"] = json!("STALE");
    caller["observation"]["reason"] = json!("Prometheus answered 503");
    let shown = show("/catalog/default/component/x/mesh", &answer).await;
    let (_, row) = shown.html.split_once("<tr class=\"grey\">").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    assert_eq!(row.matches("not known").count(), 6, "{row}");
    assert!(row.contains("the proxy does not tell") && row.contains("Prometheus answered 503"));
}

#[actix_web::test]
async fn a_component_shows_calls_drift_and_what_would_settle_it() {
    let mut answer = recorded("entity-mesh");
    let drift = &mut answer["data"]["entity"]["dependencyDrift"];
    drift["unseen"] = json!([
        {
            "declaredRef": "component:default/fee-engine",
            "declared": { "__typename": "Component", "ref": "component:default/fee-engine", "title": null },
            "by": "DEPENDS_ON",
            "lastSeen": null,
            "verdict": "UNSEEN",
            "reason": "not seen in 14 days",
        },
        {
            "declaredRef": "api:default/gone",
            "declared": null,
            "by": "CONSUMES_APIS",
            "lastSeen": "2026-01-31T08:15:00Z",
            "verdict": "TOO_YOUNG",
            "reason": "observed for 3 days",
        },
    ]);
    let shown = show("/catalog/default/component/x/mesh?window=1h", &answer).await;
    shown.has("<h2 id=\"callers-heading\">Callers <span class=\"n\">1</span></h2>");
    shown.has("◆ not declared");
    shown.has("Called but not declared <span class=\"n\">1</span>");
    shown.has("Declared but not seen <span class=\"n\">2</span>");
    shown.has("<code>dependsOn</code>, <bdi>not seen in 14 days</bdi>");
    shown.has("<bdi>observed for 3 days</bdi>");
    shown.has("  - component:default/feature-flags");
    shown.has("1 caller is hit");
    shown.has("href=\"/mesh?scope=entity%3Acomponent%3Adefault%2Faccount-opening&#38;window=1h\"");
    let asked = shown.variables.unwrap();
    assert_eq!(asked, json!({ "ref": "component:default/x", "window": "H1" }));
}

#[actix_web::test]
async fn what_is_no_component_calls_nobody() {
    let mut answer = recorded("entity-mesh");
    answer["data"]["entity"]["__typename"] = json!("System");
    let shown = show("/catalog/default/system/x/mesh", &answer).await;
    shown.has("Only components call each other");
}

#[actix_web::test]
async fn a_path_shows_each_hop_with_its_clusters_and_tls() {
    let shown = show("/mesh/path?from=a&to=b", &recorded("mesh-path")).await;
    shown.has("across clusters");
    shown.has("⇄ to another cluster");
    shown.has("<span class=\"shape\" aria-hidden=\"true\">●</span> mTLS");
    let asked = shown.variables.unwrap();
    assert_eq!(asked, json!({ "from": "component:a", "to": "component:b" }));
    let mut nothing = recorded("mesh-path");
    nothing["data"]["path"] = json!([]);
    let shown = show("/mesh/path?from=a&to=b", &nothing).await;
    shown.has("No calls lead from there to there");
    shown.has("href=\"/mesh/path?from=component%3Ab&amp;to=component%3Aa\"");
    let shown = show("/mesh/path", &json!({})).await;
    assert_eq!(shown.variables, None, "nothing is asked yet");
}

#[actix_web::test]
async fn nothing_measured_says_why() {
    let mut answer = recorded("mesh");
    let topology = &mut answer["Mesh"]["data"]["topology"];
    topology["nodes"] = json!([]);
    topology["edges"] = json!([]);
    topology["totalNodes"] = json!(0);
    topology["totalEdges"] = json!(0);
    show("/mesh", &answer).await.has("No calls were measured");
    show("/mesh?squad=x", &answer).await.has("Nothing of <bdi>squad x</bdi> was seen");
    answer["Mesh"]["data"]["clusters"] = json!([]);
    show("/mesh", &answer).await.has("<code>callboard.clusters</code>");
}

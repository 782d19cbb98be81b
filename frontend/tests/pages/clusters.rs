//! What the pages show of clusters and of what runs in them.

use serde_json::{Value, json};

use super::{
    html::tags,
    portal::{recorded, show},
};

/// The observation of a cluster that cannot be reached.
fn unreachable(observed_at: &Value) -> Value {
    json!({
        "source": "kubernetes/x",
        "observedAt": observed_at,
        "state": "UNREACHABLE",
        "reason": "connection refused",
        "since": "2026-01-31T08:15:00Z",
    })
}

#[actix_web::test]
async fn clusters_show_where_they_stand_and_what_is_read_of_them() {
    let shown = show("/clusters", &recorded("clusters")).await;
    shown.has("<p class=\"count\">3 clusters</p>");
    shown.has("<a href=\"/clusters/aws-prod-1\">");
    shown.has("<td>Google Cloud</td>");
    shown.has("<bdi>eu-north-1</bdi>");
    shown.has("<bdi>22 of 22</bdi>");
    shown.has("<a class=\"warn\" href=\"/clusters/aws-prod-1?health=degraded\">◆ 2 degraded</a>");
    shown.has("All 3 clusters are recordings, true as of <time");
    shown.has("<span aria-hidden=\"true\">⊘</span> Forbidden:</span> <bdi>HorizontalPodAutoscaler");
}

#[actix_web::test]
async fn a_cluster_that_cannot_be_reached_is_grey_with_its_reason_and_age() {
    let mut answer = recorded("clusters");
    let cluster = &mut answer["data"]["clusters"][0];
    cluster["observation"] = unreachable(&json!("2026-01-31T08:00:00Z"));
    for source in 0..2 {
        cluster["sources"][source]["observation"] = cluster["observation"].clone();
    }
    cluster["missingGrants"] =
        json!([{ "group": "apps", "resource": "deployments", "verb": "watch" }]);
    let shown = show("/clusters", &answer).await;
    shown.has("<tr class=\"grey\">");
    shown.has("1 of 3 clusters is not up to date");
    shown.has("<span class=\"shape\" aria-hidden=\"true\">▲</span> Unreachable");
    shown.has("<bdi>connection refused</bdi>, for <time");
    shown.has("<time datetime=\"2026-01-31T08:00:00Z\"");
    shown.has("2 of 3 clusters are recordings");
    shown.has("<code>watch deployments.apps</code>");
    shown.has("236");
}

#[actix_web::test]
async fn what_was_never_read_is_not_known_and_not_zero() {
    let mut answer = recorded("clusters");
    let cluster = &mut answer["data"]["clusters"][0];
    cluster["observation"] = unreachable(&Value::Null);
    for field in ["region", "environment", "version"] {
        cluster[field] = Value::Null;
    }
    cluster["cloud"] = json!("UNKNOWN");
    cluster["nodeSummary"] = json!({ "total": null, "ready": null });
    cluster["all"]["totalCount"] = json!(0);
    let shown = show("/clusters", &answer).await;
    let (_, row) = shown.html.split_once("href=\"/clusters/aws-prod-1\"").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    assert_eq!(row.matches("not known").count(), 6, "{row}");
    assert!(row.contains("never read") && !row.contains(">0"), "{row}");
}

#[actix_web::test]
async fn without_clusters_it_is_said_where_they_come_from() {
    let mut answer = recorded("clusters");
    answer["data"]["clusters"] = json!([]);
    show("/clusters", &answer).await.has("<code>callboard.clusters</code>");
}

#[actix_web::test]
async fn a_cluster_shows_kinds_links_and_workloads() {
    let uri = "/clusters/azure-staging-1?namespace=a&health=failing&text=b&after=c";
    let shown = show(uri, &recorded("cluster")).await;
    shown.has("<h1><bdi>azure-staging-1</bdi></h1>");
    shown.has("<th scope=\"row\" class=\"name\"><bdi>HorizontalPodAutoscaler</bdi></th>");
    shown.has("<td class=\"num\"><span class=\"quiet\">not known</span></td>");
    shown.has("Gateway alive");
    shown.has("45 mirrored Services");
    shown.has("<bdi>1 of 1</bdi>");
    shown.has("rel=\"next\"");
    shown.has("<option value=\"failing\" selected>Failing</option>");
    let asked = shown.variables.unwrap();
    let filter = json!({ "namespace": "a", "health": "FAILING", "text": "b" });
    assert_eq!(asked["name"], json!("azure-staging-1"));
    assert_eq!((&asked["filter"], &asked["after"]), (&filter, &json!("c")));
}

#[actix_web::test]
async fn a_gateway_that_was_not_measured_is_neither_alive_nor_dead() {
    let mut answer = recorded("cluster");
    let links = &mut answer["data"]["cluster"]["links"];
    links[0]["gateway"]["alive"] = Value::Null;
    links[0]["mirroredServices"] = Value::Null;
    links[1]["gateway"]["alive"] = json!(false);
    links[1]["target"] = Value::Null;
    links[1]["errors"] = json!(["the <b>secret</b> is missing"]);
    let shown = show("/clusters/x", &answer).await;
    shown.has("Gateway not measured");
    shown.has("mirrored Services not known");
    shown.has("Gateway does not answer");
    shown.has("not configured here");
    shown.has("the &#60;b&#62;secret");
}

#[actix_web::test]
async fn a_component_shows_its_workloads_and_where_versions_differ() {
    let shown = show("/catalog/default/component/x/runs-on", &recorded("runs-on")).await;
    shown.has("3 workloads in 3 clusters");
    shown.has("aria-current=\"page\">Runs on</a>");
    shown.has("title=\"backstage.io/kubernetes-");
    shown.has("◆ clusters of one environment differ");
    shown.has("◆ differs in <bdi>production</bdi>");
    let skewed = tags(&shown.html)
        .into_iter()
        .filter(|tag| tag.attribute("class") == Some("image warn"))
        .count();
    assert_eq!(skewed, 1, "the others are the majority");
}

#[actix_web::test]
async fn a_cluster_that_cannot_be_looked_into_is_one_grey_row() {
    let mut answer = recorded("runs-on");
    let component = &mut answer["data"]["entity"];
    component["placements"].as_array_mut().unwrap().truncate(1);
    let place = json!({ "name": "gone", "cloud": "GCP", "region": null, "environment": "dev" });
    let seen = unreachable(&json!("2026-01-31T08:00:00Z"));
    component["blindClusters"] = json!([{ "cluster": place, "observation": seen }]);
    let shown = show("/catalog/default/component/x/runs-on", &answer).await;
    shown.has("1 workload in 1 cluster, 1 not known");
    shown.has("Not known whether it runs here:");
    assert_eq!(shown.html.matches("<tr class=\"grey\">").count(), 1);
}

#[actix_web::test]
async fn missing_and_not_known_are_told_apart() {
    let mut answer = recorded("runs-on");
    let component = &mut answer["data"]["entity"];
    component["placements"] = json!([]);
    component["versions"]["rows"] = json!([]);
    component["missing"] = json!({
        "annotation": "backstage.io/kubernetes-id",
        "verdict": "MISSING",
        "blindSpots": [],
    });
    let uri = "/catalog/default/component/x/runs-on";
    let shown = show(uri, &answer).await;
    shown.has("<strong>Missing.</strong>");
    shown.has("It was found in no cluster");
    let missing = &mut answer["data"]["entity"]["missing"];
    missing["verdict"] = json!("UNKNOWN");
    missing["blindSpots"] = json!([{ "clusterName": "gone", "reason": "connection refused" }]);
    let shown = show(uri, &answer).await;
    shown.has("Not found, but not known to be missing.");
    shown.has("<bdi>connection refused</bdi>");
}

#[actix_web::test]
async fn unknown_workloads_come_with_their_descriptors() {
    let uri = "/workloads/unknown?cluster=aws-prod-1&squad=runtime";
    let shown = show(uri, &recorded("unknown-workloads")).await;
    shown.has("44 that belong to no component");
    shown.has("Those of the clusters themselves: 79");
    shown.has("<pre tabindex=\"0\" aria-label=\"Descriptor of ");
    shown.has("kind: Component\n");
    shown.has("<option value=\"aws-prod-1\" selected>");
    shown.has("Components that were not found <span class=\"n\">6</span>");
    shown.has("<a href=\"/catalog/default/component/cheque-clearing\"");
    let asked = shown.variables.unwrap();
    let filter = |is_system: bool| json!({ "cluster": "aws-prod-1", "squad": "runtime", "isSystem": is_system });
    assert_eq!((&asked["filter"], &asked["others"]), (&filter(false), &filter(true)));
}

#[actix_web::test]
async fn no_unknown_workload_is_said_as_far_as_it_is_known() {
    let mut answer = recorded("unknown-workloads");
    let list = &mut answer["data"]["unknownWorkloads"];
    list["nodes"] = json!([]);
    list["totalCount"] = json!(0);
    let shown = show("/workloads/unknown", &answer).await;
    shown.has("Every workload that you may see belongs to a component");
    let seen = unreachable(&Value::Null);
    answer["data"]["unknownWorkloads"]["blindClusters"] =
        json!([{ "cluster": { "name": "gone" }, "observation": seen }]);
    let shown = show("/workloads/unknown", &answer).await;
    shown.has("None in the clusters that can be looked into");
    shown.has("there may be more");
}

//! What the pages show of what the API answered.

use serde_json::{Value, json};

use super::{
    html::tags,
    portal::{recorded, show},
};

#[actix_web::test]
async fn the_catalog_shows_rows_counts_and_the_way_on() {
    let uri = "/catalog?filters[kind]=component&filters[owners]=clearing&sort=-type";
    let shown = show(uri, &recorded("catalog")).await;
    shown.has("<h1>Catalog</h1>");
    shown.has("<p class=\"count\">17 entities</p>");
    shown.has("<a href=\"/catalog/default/component/bankgiro-se\"");
    shown.has("<a href=\"/catalog/default/group/clearing\" title=\"group:default/clearing\">");
    shown.has("aria-sort=\"descending\"");
    shown.has("class=\"chosen\" aria-current=\"true\"");
    shown.has("rel=\"next\"");
    shown.has("<input type=\"hidden\" name=\"filters[kind]\" value=\"component\">");
    let rows = tags(&shown.html).into_iter().filter(|tag| tag.attribute("scope") == Some("row"));
    assert_eq!(rows.count(), 5);
}

#[actix_web::test]
async fn each_group_is_counted_under_all_filters_but_its_own() {
    let uri = "/catalog?filters[kind]=component&filters[owners]=clearing&filters[text]=a";
    let asked = show(uri, &recorded("catalog")).await.variables.unwrap();
    let kind = json!({ "in": ["component"] });
    let owner = json!({ "in": ["group:default/clearing"] });
    assert_eq!(asked["filter"], json!({ "kind": kind, "owner": owner, "text": "a" }));
    assert_eq!(asked["kindFilter"], json!({ "owner": owner, "text": "a" }));
    assert_eq!(asked["ownerFilter"], json!({ "kind": kind, "text": "a" }));
    for other in ["typeFilter", "lifecycleFilter", "tagFilter", "namespaceFilter"] {
        assert_eq!(asked[other], asked["filter"], "{other}");
    }
    assert_eq!((&asked["first"], &asked["after"]), (&json!(50), &Value::Null));
}

#[actix_web::test]
async fn pages_are_asked_for_forwards_and_backwards() {
    let answer = recorded("catalog");
    let asked = show("/catalog?after=c%3D", &answer).await.variables.unwrap();
    assert_eq!((&asked["first"], &asked["after"]), (&json!(50), &json!("c=")));
    let asked = show("/catalog?before=c", &answer).await.variables.unwrap();
    assert_eq!((&asked["last"], &asked["before"]), (&json!(50), &json!("c")));
    assert_eq!(asked["first"], Value::Null);
}

#[actix_web::test]
async fn an_empty_list_says_why_and_what_to_do() {
    let mut answer = recorded("catalog");
    answer["data"]["entities"]["nodes"] = json!([]);
    answer["data"]["entities"]["totalCount"] = json!(0);
    let shown = show("/catalog", &answer).await;
    shown.has("The catalog is empty");
    let shown = show("/catalog?filters[kind]=api&filters[text]=zz", &answer).await;
    shown.has("Nothing matches all of this");
    shown.has("href=\"/catalog?filters%5Btext%5D=zz\">Without <strong>Kind: api</strong>");
    shown.has("href=\"/catalog\">Clear all filters</a>");
    let shown = show("/catalog?after=x", &answer).await;
    shown.has("This page is behind the end of the list");
}

#[actix_web::test]
async fn a_filter_that_is_not_ours_is_named() {
    let shown = show("/catalog?filters[user]=owned", &recorded("catalog")).await;
    shown.has("The filter <code>filters[user]=owned</code> is not known here");
}

#[actix_web::test]
async fn an_entity_shows_whose_it_is_and_what_it_needs() {
    let shown = show("/catalog/Default/Component/X", &recorded("component")).await;
    shown.has("<code>component:default/adviser-desk</code>");
    shown.has("<link rel=\"canonical\" href=\"/catalog/default/component/adviser-desk\">");
    shown.has("<dt>Owner</dt><dd><a href=\"/catalog/default/group/engagement\"");
    shown.has("<h3>Depends on <span class=\"n\" title=\"dependsOn\">");
    shown.has("<span class=\"missing\" title=\"component:default/branch-queue\">");
    shown.has("not in the catalog</span>");
    shown.has("1 relation leads nowhere");
    shown.has("<summary>JSON</summary>");
    assert_eq!(shown.variables.unwrap(), json!({ "ref": "Component:Default/X" }));
}

#[actix_web::test]
async fn a_group_shows_its_people_and_what_it_owns() {
    let shown = show("/catalog/default/group/clearing", &recorded("group")).await;
    shown.has("Members <span class=\"n\">5</span>");
    shown.has("<a href=\"/catalog/default/user/anne.bach\" title=\"user:default/anne.bach\">Anne Bach</a>");
    shown
        .has("href=\"/catalog?filters%5Bowners%5D=group%3Adefault%2Fclearing\">Open as a list</a>");
    shown.has("56 more in the catalog");
    shown.has("Group above");
    assert!(!shown.html.contains("title=\"ownerOf\""), "what it owns stands there once");
}

#[actix_web::test]
async fn a_person_shows_their_groups() {
    let shown = show("/catalog/default/user/anne.bach", &recorded("user")).await;
    shown.has("<h1>Anne Bach</h1>");
    shown.has("Member of <span class=\"n\">1</span>");
    shown.has("Nothing names it as its owner.");
}

#[actix_web::test]
async fn a_location_shows_its_targets_and_what_is_wrong_with_them() {
    let shown = show("/catalog/default/location/x", &recorded("location")).await;
    shown.has("id=\"problems\"");
    shown.has("does not exist</p>");
    shown.has("<dt>Targets</dt><dd>");
    assert!(!shown.html.contains("none given"), "a Location has no owner to miss");
}

#[actix_web::test]
async fn an_entity_of_a_configured_kind_has_a_page() {
    let mut answer = recorded("component");
    let entity = &mut answer["data"]["entity"];
    entity["__typename"] = json!("CustomEntity");
    entity["kind"] = json!("Gadget");
    entity["spec"] = json!({ "type": "sensor", "lifecycle": "trial" });
    entity["relations"][0]["type"] = json!("guardedBy");
    let shown = show("/catalog/default/gadget/x", &answer).await;
    shown.has("<span class=\"quiet\">Type</span> sensor");
    shown.has("<h3>Guarded by <span class=\"n\" title=\"guardedBy\">");
}

#[actix_web::test]
async fn an_entity_too_large_for_a_page_is_linked() {
    let mut answer = recorded("component");
    answer["data"]["entity"]["raw"] = json!({ "text": "x".repeat(200_000) });
    let shown = show("/catalog/default/component/x", &answer).await;
    shown.has("href=\"/api/catalog/entities/by-name/component/default/adviser-desk\"");
    assert!(shown.html.len() < 60_000);
}

#[actix_web::test]
async fn problems_show_what_is_wrong_and_where() {
    let shown = show("/problems?failedAfter=f", &recorded("problems")).await;
    shown.has("Not in the catalog <span class=\"n\">3</span>");
    shown.has("<code>component:default/rewards-partner-feed</code>");
    shown.has("<code>file:/srv/estate/catalog/cards/rewards-partner-feed/catalog-info.yaml</code>");
    shown.has("must have required property");
    shown.has("In the catalog, with problems <span class=\"n\">1</span>");
    shown.has("<a href=\"/catalog/default/location/vinterhavn-lending\">");
    assert_eq!(shown.variables.unwrap()["failedAfter"], json!("f"));
}

#[actix_web::test]
async fn no_problems_is_said() {
    let mut answer = recorded("problems");
    for list in ["failedEntities", "entities"] {
        answer["data"][list]["nodes"] = json!([]);
        answer["data"][list]["totalCount"] = json!(0);
    }
    show("/problems", &answer).await.has("Every descriptor that you may read is in order");
}

#[actix_web::test]
async fn every_page_has_one_heading_its_landmarks_and_names_for_its_fields() {
    for (uri, name) in [
        ("/", "catalog"),
        ("/catalog", "catalog"),
        ("/catalog/default/component/x", "component"),
        ("/catalog/default/group/x", "group"),
        ("/problems", "problems"),
        ("/clusters", "clusters"),
        ("/clusters/x", "cluster"),
        ("/catalog/default/component/x/runs-on", "runs-on"),
        ("/catalog/default/component/x/mesh", "entity-mesh"),
        ("/mesh", "mesh"),
        ("/mesh?view=table", "mesh"),
        ("/mesh/path?from=x&to=y", "mesh-path"),
        ("/workloads/unknown", "unknown-workloads"),
    ] {
        let shown = show(uri, &recorded(name)).await;
        let tags = tags(&shown.html);
        let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
        assert_eq!((count("h1"), count("main"), count("header")), (1, 1, 1), "{uri}");
        assert!(tags.iter().any(|tag| tag.attribute("href") == Some("#main")), "{uri}");
        for tag in tags.iter().filter(|tag| tag.name == "th") {
            assert!(tag.attribute("scope").is_some(), "{uri}: {tag:?}");
        }
        for tag in tags.iter().filter(|tag| tag.name == "nav") {
            assert!(tag.attribute("aria-label").is_some(), "{uri}: {tag:?}");
        }
        let ids: Vec<_> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{uri} has {id} twice");
        }
        for field in tags.iter().filter(|tag| ["input", "select"].contains(&&*tag.name)) {
            let is_named = field.attribute("type") == Some("hidden")
                || tags.iter().any(|tag| {
                    tag.name == "label" && tag.attribute("for") == field.attribute("id")
                });
            assert!(is_named, "{uri}: {field:?}");
        }
        let labels = tags.iter().filter_map(|tag| tag.attribute("aria-labelledby"));
        for label in labels {
            assert!(ids.contains(&label), "{uri}: nothing is {label}");
        }
    }
}

#[actix_web::test]
async fn every_page_of_the_catalog_shows_its_query() {
    for (uri, name) in [
        ("/catalog", "catalog"),
        ("/problems", "problems"),
        ("/clusters", "clusters"),
        ("/mesh", "mesh"),
        ("/workloads/unknown", "unknown-workloads"),
    ] {
        let shown = show(uri, &recorded(name)).await;
        let links = tags(&shown.html);
        let query = links
            .iter()
            .filter_map(|tag| tag.attribute("href"))
            .find(|address| address.starts_with("/graphql#query=query+"));
        assert!(query.is_some(), "{uri}");
        shown.has(">Show the query</a>");
    }
}

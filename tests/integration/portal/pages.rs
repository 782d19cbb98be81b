//! What the pages show of a real catalog.

use callboard_catalog::{
    final_entity::FinalEntity,
    query::{EntityPredicate, ValueMatch},
};
use serde_json::json;

use super::site::{Site, entity};

/// One entity of every kind, among them one that the configuration would declare.
fn every_kind() -> Vec<FinalEntity> {
    let typed = json!({ "type": "x", "lifecycle": "production", "owner": "squad" });
    let owned: &[(&str, &str)] =
        &[("ownedBy", "group:default/squad"), ("partOf", "system:default/bank")];
    let members: &[(&str, &str)] = &[
        ("hasMember", "user:default/anna"),
        ("ownerOf", "component:default/pay"),
        ("ownerOf", "gadget:default/sensor"),
    ];
    vec![
        entity("Component", "pay", &typed, owned),
        entity("API", "pay", &typed, owned),
        entity("Resource", "db", &typed, owned),
        entity("AiResource", "skill", &typed, owned),
        entity("System", "bank", &json!({ "owner": "squad" }), owned),
        entity("Domain", "money", &json!({ "owner": "squad" }), owned),
        entity("Template", "new", &typed, owned),
        entity("Location", "all", &json!({ "type": "url", "target": "https://x.example" }), &[]),
        entity("Group", "squad", &json!({ "type": "team", "children": [] }), members),
        entity("User", "anna", &json!({}), &[("memberOf", "group:default/squad")]),
        entity("Gadget", "sensor", &typed, owned),
    ]
}

#[actix_web::test]
async fn every_kind_has_a_page_at_the_end_of_its_link() {
    let site = Site::new(every_kind());
    let list = site.page("/catalog").await;
    let pages: Vec<_> =
        list.links().into_iter().filter(|link| link.starts_with("/catalog/")).collect();
    for one in every_kind() {
        let (kind, name) = (one.entity_ref.kind(), one.entity_ref.name());
        let path = format!("/catalog/default/{kind}/{name}");
        assert!(pages.contains(&path), "{path} is not in the list");
        let page = site.page(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        assert!(page.html.contains(&format!("<code>{kind}:default/{name}</code>")), "{path}");
    }
}

#[actix_web::test]
async fn a_path_is_read_in_any_case() {
    let site = Site::new(every_kind());
    let page = site.page("/catalog/Default/COMPONENT/Pay").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.link("rel=\"canonical\"").unwrap(), "/catalog/default/component/pay");
    for nothing in ["/catalog/default/component/nope", "/catalog/default/x%20y/%22", "/catalog/a"] {
        assert_eq!(site.page(nothing).await.status, 404, "{nothing}");
    }
}

#[actix_web::test]
async fn the_query_of_every_page_is_within_the_public_limits() {
    let site = Site::new(every_kind());
    let entities = every_kind();
    let refs = entities.iter().map(|one| (one.entity_ref.kind(), one.entity_ref.name()));
    let mut pages: Vec<_> =
        refs.map(|(kind, name)| format!("/catalog/default/{kind}/{name}")).collect();
    let many = (0..40).map(|n| format!("&filters[tags]=tag-{n}")).collect::<Vec<_>>().concat();
    pages.extend(["/catalog".to_owned(), "/problems".to_owned(), format!("/catalog?{many}")]);
    let runtime = [
        "/catalog/default/component/pay/runs-on",
        "/catalog/default/component/pay/mesh",
        "/clusters",
        "/mesh",
        "/mesh?view=table&group=workload&cloud=aws",
        "/mesh/path?from=pay&to=pay",
        "/workloads/unknown",
    ];
    pages.extend(runtime.map(str::to_owned));
    for path in pages {
        let page = site.page(&path).await;
        let answer = site.shown_query(&page).await;
        assert_eq!(answer.get("errors"), None, "{path}");
        assert_eq!(answer["data"]["viewer"]["displayName"], "guest");
    }
}

#[actix_web::test]
async fn walking_the_pages_meets_everything_once_and_leads_back() {
    let spec = json!({ "type": "service", "lifecycle": "production" });
    let names: Vec<_> = (0..120).map(|n| format!("service-{n:03}")).collect();
    let site = Site::new(names.iter().map(|name| entity("Component", name, &spec, &[])).collect());
    for (query, sorted) in [("?sort=type", true), ("?sort=-name", false)] {
        let mut uri = format!("/catalog{query}");
        let mut walked = Vec::new();
        loop {
            let page = site.page(&uri).await;
            walked.push(page.rows());
            match page.link("rel=\"next\"") {
                Some(next) => uri = next,
                None => break,
            }
        }
        assert_eq!(walked.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
        let mut all: Vec<_> = walked.concat();
        if !sorted {
            all.reverse();
        }
        assert_eq!(all, names);
        let back = site.page(&uri).await.link("rel=\"prev\"").unwrap();
        assert_eq!(site.page(&back).await.rows(), walked[1]);
    }
    assert_eq!(site.page("/catalog?after=nonsense").await.status, 400);
}

#[actix_web::test]
async fn what_one_may_not_read_is_on_no_page() {
    let components = EntityPredicate::Key {
        key: "kind".into(),
        matches: ValueMatch::In(vec!["component".into()]),
    };
    let site = Site::readable(every_kind(), components);
    let list = site.page("/catalog").await;
    assert_eq!(list.rows(), ["pay"]);
    assert!(list.html.contains("1 entity"));
    assert_eq!(site.page("/catalog/default/group/squad").await.status, 404);
    let page = site.page("/catalog/default/component/pay").await;
    assert_eq!(page.status, 200);
    assert!(!page.html.contains("/catalog/default/group/squad"));
    assert!(
        !page.html.contains("not in the catalog"),
        "it is neither shown nor said to be missing"
    );
}

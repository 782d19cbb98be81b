//! `filter`, `fields`, `order` and pages of `GET /entities`.

use serde_json::{Value, json};

use crate::estate::{Ask, LOCATION, names};

const IDENTITY: &str = "fields=kind,metadata.name,metadata.namespace";

const PAY: &str = "Component:default/Pay-Svc";
const OTHER: &str = "Component:default/other";
const THIRD: &str = "Component:ns2/third";
const CORE: &str = "System:default/core";
const API: &str = "API:default/pay-api";
const BOB: &str = "User:default/bob";
const SQUAD: &str = "Group:default/squad-a";

async fn found(query: &str) -> Vec<String> {
    let reply = Ask::get(&format!("/entities?{query}&{IDENTITY}")).reply().await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    names(&reply.json())
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names
}

#[actix_web::test]
async fn filters_find_what_upstream_finds() {
    let location = format!("Location:default/{LOCATION}");
    let all = [CORE, PAY, OTHER, &*location, API, BOB, SQUAD, THIRD];
    for (query, expected) in [
        ("filter=kind=component", &[PAY, OTHER, THIRD][..]),
        ("filter=KIND=COMPONENT", &[PAY, OTHER, THIRD]),
        ("filter=kind=component,kind=api", &[PAY, OTHER, API, THIRD]),
        ("filter=kind=component&filter=kind=user", &[PAY, OTHER, BOB, THIRD]),
        ("filter=metadata.tags.java", &[PAY]),
        ("filter=metadata.tags=go", &[PAY, OTHER]),
        ("filter=metadata.tags.GO=true", &[PAY, OTHER]),
        ("filter=metadata.annotations.lunar.app/x.y=abc", &[PAY]),
        ("filter=metadata.labels.lunar.app/zone=EU", &[PAY]),
        ("filter=relations.ownedby=group:default/squad-a", &[CORE, PAY, THIRD]),
        ("filter=relations.ownedBy=squad-a", &[]),
        ("filter=spec.n=5", &[PAY]),
        ("filter=spec.flag=true", &[PAY]),
        ("filter=spec.nil", &[PAY]),
        ("filter=spec.nil=", &[]),
        ("filter=spec.arr.z=1", &[OTHER]),
        ("filter=spec.arr", &[OTHER]),
        ("filter=spec.arr.x", &[OTHER]),
        ("filter=kind", &all),
        ("filter=,", &all),
        ("filter=kind=component,metadata.name", &[PAY, OTHER, THIRD]),
        ("filter=metadata.name=", &[]),
        ("filter=kind=component,spec.type,spec.type=service", &[PAY, THIRD]),
        ("filter=metadata.namespace=ns2", &[THIRD]),
        ("filter=metadata.uid", &all),
        ("filter=metadata.etag", &[]),
        ("filter=relations.partOf", &[PAY, THIRD]),
        ("filter=kind%3Dcomponent%2Cspec.type%3Dservice", &[PAY, THIRD]),
        ("filter=kind=component;spec.type=service", &[]),
        ("filter[]=kind=user&filter[]=kind=group", &[BOB, SQUAD]),
        ("filter[0]=kind=user", &[BOB]),
    ] {
        let mut found = found(query).await;
        found.sort_by_key(|name| name.to_lowercase());
        assert_eq!(found, sorted(expected), "{query}");
    }
}

#[actix_web::test]
async fn wrong_parameters_are_refused_with_upstreams_words() {
    for (query, message) in [
        ("filter=", "Empty value found for query parameter 'filter'"),
        (
            "filter==x",
            "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)",
        ),
        (
            "order=metadata.name",
            "Invalid order parameter \"metadata.name\", expected \"<asc or desc>:<field name>\"",
        ),
        ("offset=-1", "request/query/offset must be >= 0"),
        ("limit=0", "Invalid limit, must be greater than zero"),
        ("limit=1&limit=2", "request/query/limit must be integer"),
        ("limit=1.5", "request/query/limit must be integer"),
        ("after=", "Empty value found for query parameter 'after'"),
        ("after=xxx", "Malformed after cursor, could not be parsed"),
        (
            "fields=spec.arr[0]",
            "Invalid field \"spec.arr[0]\", array type fields are not supported",
        ),
        ("fields=", "Empty value found for query parameter 'fields'"),
        ("foo=1", "Unknown query parameter 'foo'"),
    ] {
        let reply = Ask::get(&format!("/entities?{query}")).reply().await;
        assert_eq!(reply.refusal(), message, "{query}");
    }
}

#[actix_web::test]
async fn an_order_drops_what_lacks_it_unless_there_is_a_page() {
    let location = format!("Location:default/{LOCATION}");
    let by_name = [BOB, CORE, &*location, OTHER, API, PAY, SQUAD, THIRD];
    assert_eq!(found("order=asc:metadata.name").await, by_name);
    assert_eq!(found("order=asc:metadata.name&order=desc:kind").await, by_name);
    assert_eq!(found("order=asc:nope").await, [""; 0]);
    assert_eq!(found("order=asc:metadata.title").await, [PAY]);
    let paged = found("order=asc:metadata.title&limit=100").await;
    assert_eq!((paged.len(), &*paged[0]), (8, PAY));
}

/// Mended: upstream answers `Pay-Svc` twice, once for each tag.
#[actix_web::test]
async fn an_order_by_a_list_repeats_nobody() {
    let mut found = found("order=desc:metadata.tags").await;
    found.sort();
    assert_eq!(found, [PAY, OTHER]);
}

#[actix_web::test]
async fn pages_run_by_ref_and_link_to_the_next() {
    assert_eq!(found("offset=6").await, [CORE, BOB]);
    assert_eq!(found("limit=2&offset=1").await, [OTHER, PAY]);
    let (mut path, mut seen) = (Some("/entities?limit=3&fields=kind".to_owned()), Vec::new());
    while let Some(next) = path.take() {
        let reply = Ask::get(&next).reply().await;
        seen.extend(reply.json().as_array().unwrap().clone());
        path = reply.header("link").map(|link| {
            link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
    }
    assert_eq!(seen.len(), 8);
    let link = |query: &'static str| async move {
        let reply = Ask::get(&format!("/{query}")).reply().await;
        reply.header("link").map(str::to_owned)
    };
    let after = "after=eyJsaW1pdCI6MSwib2Zmc2V0IjoxfQ%3D%3D>; rel=\"next\"";
    for (url, start) in [
        ("entities/?limit=1&fields=kind", "</entities/?limit=1&fields=kind&"),
        ("Entities?limit=1", "</Entities?limit=1&"),
        (
            "entities?filter[]=kind=component&limit=1",
            "</entities?filter%5B%5D=kind%3Dcomponent&limit=1&",
        ),
    ] {
        assert_eq!(link(url).await, Some(format!("{start}{after}")));
    }
    assert_eq!(link("entities?filter=kind=user&limit=1").await, None);
}

#[actix_web::test]
async fn fields_keep_what_upstream_keeps() {
    for (fields, kept) in [
        (
            "fields=metadata.annotations.lunar.app/x.y",
            json!([{}, {"metadata": {"annotations": {"lunar.app/x.y": "AbC"}}}, {}]),
        ),
        ("fields=spec.arr", json!([{"spec": {"arr": ["x", "y", {"z": 1}, [3]]}}, {}, {}])),
        ("fields=spec.arr.0", json!([{"spec": {"arr": ["x"]}}, {}, {}])),
        (
            "fields=metadata.tags&fields=kind",
            json!([
                {"metadata": {"tags": ["go"]}, "kind": "Component"},
                {"metadata": {"tags": ["java", "go"]}, "kind": "Component"},
                {"kind": "Component"},
            ]),
        ),
        ("fields=nope", json!([{}, {}, {}])),
    ] {
        let reply = Ask::get(&format!("/entities?filter=kind=component&{fields}")).reply().await;
        assert_eq!(reply.json(), kept, "{fields}");
    }
}

#[actix_web::test]
async fn a_whole_list_is_made_of_whole_entities() {
    let list = Ask::get("/entities").reply().await.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 8);
    let single = Ask::get("/entities/by-name/component/default/pay-svc").reply().await.json();
    assert!(list.contains(&single));
    let empty = Ask::get("/entities?filter=kind=nothing").reply().await;
    assert_eq!((empty.json(), empty.header("etag")), (Value::Array(vec![]), None));
}

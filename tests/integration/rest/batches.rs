//! By refs, by name, by uid, ancestry and facets.

use serde_json::{Value, json};

use crate::estate::{Ask, LOCATION, PAY_SVC_UID};

async fn by_refs(query: &str, body: Value) -> Value {
    Ask::post(&format!("/entities/by-refs{query}"), &body).reply().await.json()
}

#[actix_web::test]
async fn refs_are_answered_in_their_order_with_null_for_what_is_absent() {
    let items = by_refs(
        "",
        json!({
            "entityRefs": [
                "component:default/pay-svc", "component:pay-svc", "pay-svc", "user:default/none",
                "user:default/bob", "component:default/broken",
            ],
            "fields": ["metadata.name", "kind"],
        }),
    )
    .await;
    let pay = json!({"metadata": {"name": "Pay-Svc"}, "kind": "Component"});
    let bob = json!({"metadata": {"name": "bob"}, "kind": "User"});
    assert_eq!(items, json!({"items": [pay, null, null, null, bob, null]}));
    assert_eq!(by_refs("", json!({"entityRefs": []})).await, json!({"items": []}));
}

/// Mended: upstream finds only refs in lower case.
#[actix_web::test]
async fn refs_are_found_in_any_case() {
    let body = json!({"entityRefs": ["Component:Default/Pay-Svc"], "fields": ["kind"]});
    assert_eq!(by_refs("", body).await, json!({"items": [{"kind": "Component"}]}));
}

#[actix_web::test]
async fn a_batch_is_filtered_by_both_grammars() {
    let refs = json!(["component:default/pay-svc", "user:default/bob"]);
    let fields = json!(["metadata.name"]);
    let bob = json!({"metadata": {"name": "bob"}});
    let body = json!({"entityRefs": refs, "fields": fields});
    assert_eq!(by_refs("?filter=kind=user", body).await, json!({"items": [null, bob]}));
    let body = json!({"entityRefs": refs, "fields": fields, "query": {"kind": "user"}});
    assert_eq!(by_refs("", body.clone()).await, json!({"items": [null, bob]}));
    assert_eq!(by_refs("?filter=kind=api", body).await, json!({"items": [null, null]}));
}

#[actix_web::test]
async fn a_wrong_batch_is_refused_with_upstreams_words() {
    for (body, message) in [
        (json!({}), "request/body must have required property 'entityRefs'"),
        (json!({"entityRefs": "x"}), "request/body/entityRefs must be array"),
        (json!({"entityRefs": [1]}), "request/body/entityRefs/0 must be string"),
    ] {
        let reply = Ask::post("/entities/by-refs", &body).reply().await;
        assert_eq!(reply.refusal(), message, "{body}");
    }
    let text = Ask::post("/entities/by-refs", &json!(null)).body("text/plain", "x");
    let mut reply = text.reply().await;
    assert_eq!(reply.refusal(), "unsupported media type text/plain");
    reply =
        Ask::post("/entities/by-refs", &json!(null)).body("application/json", "{bad").reply().await;
    reply.refusal();
}

#[actix_web::test]
async fn a_batch_may_have_100_kilobytes_and_no_more() {
    let batch = |count: usize| {
        let refs = (0..count).map(|number| format!("component:default/{number:06}"));
        json!({"entityRefs": refs.collect::<Vec<_>>()})
    };
    let reply = Ask::post("/entities/by-refs", &batch(3_600)).reply().await;
    assert_eq!(reply.json()["items"].as_array().unwrap().len(), 3_600);
    let reply = Ask::post("/entities/by-refs", &batch(3_800)).reply().await;
    assert_eq!(reply.refusal(), "request entity too large");
}

#[actix_web::test]
async fn one_entity_is_found_by_name_in_any_case_and_by_uid() {
    let by_name = Ask::get("/entities/by-name/Component/Default/PAY-svc").reply().await;
    assert_eq!((by_name.status, by_name.header("etag")), (200, None));
    assert_eq!(by_name.json()["metadata"]["name"], "Pay-Svc");
    let by_uid = Ask::get(&format!("/entities/by-uid/{PAY_SVC_UID}")).reply().await;
    assert_eq!(by_uid.body, by_name.body);
}

#[actix_web::test]
async fn what_is_absent_or_never_processed_is_404_with_upstreams_words() {
    for (path, message) in [
        (
            "/entities/by-name/component/default/nope",
            "No entity named 'nope' found, with kind 'component' in namespace 'default'",
        ),
        (
            "/entities/by-name/component/default/broken",
            "No entity named 'broken' found, with kind 'component' in namespace 'default'",
        ),
        (
            "/entities/by-name/component/default/a%2Fb",
            "No entity named 'a/b' found, with kind 'component' in namespace 'default'",
        ),
        ("/entities/by-uid/nope", "No entity with uid nope"),
        (
            "/entities/by-name/component/default/nope/ancestry",
            "No such entity component:default/nope",
        ),
    ] {
        let reply = Ask::get(path).reply().await;
        let expected = json!({
            "error": {"name": "NotFoundError", "message": message},
            "request": {"method": "GET", "url": path},
            "response": {"statusCode": 404},
        });
        assert_eq!((reply.status, reply.json()), (404, expected), "{path}");
    }
    let reply = Ask::get("/entities/by-name/component/default/pay-svc?fields=kind").reply().await;
    assert_eq!(reply.refusal(), "Unknown query parameter 'fields'");
}

#[actix_web::test]
async fn the_ancestry_names_every_parent() {
    let path = "/entities/by-name/component/default/pay-svc/ancestry";
    let ancestry = Ask::get(path).reply().await.json();
    assert_eq!(ancestry["rootEntityRef"], "component:default/pay-svc");
    let parents: Vec<_> = ancestry["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["entity"]["metadata"]["name"].clone(), item["parentEntityRefs"].clone()))
        .collect();
    let location = format!("location:default/{LOCATION}");
    assert_eq!(parents, [(json!("Pay-Svc"), json!([location])), (json!(LOCATION), json!([]))]);
}

#[actix_web::test]
async fn facets_are_counted_as_upstream_counts_them() {
    let get = |query: &'static str| async move {
        Ask::get(&format!("/entity-facets?{query}")).reply().await.json()
    };
    let values = |pairs: &[(&str, u32)]| -> Value {
        pairs.iter().map(|(value, count)| json!({"value": value, "count": count})).collect()
    };
    let kinds = values(&[
        ("API", 1),
        ("Component", 3),
        ("Group", 1),
        ("Location", 1),
        ("System", 1),
        ("User", 1),
    ]);
    let tags = values(&[("go", 2), ("java", 1)]);
    assert_eq!(
        get("facet=kind&facet=metadata.tags&facet=nope&facet=kind").await,
        json!({"facets": {"kind": kinds, "metadata.tags": tags, "nope": []}})
    );
    assert_eq!(
        get("facet=KIND&filter=kind=component").await,
        json!({"facets": {"KIND": values(&[("Component", 3)])}})
    );
    assert_eq!(
        get("facet=relations.ownedBy").await["facets"]["relations.ownedBy"],
        values(&[
            ("group:default/squad-a", 3),
            ("group:default/squad-b", 1),
            ("user:default/bob", 1)
        ])
    );
    let body = json!({"facets": ["kind"], "query": {"kind": "component"}});
    let reply = Ask::post("/entity-facets", &body).reply().await;
    assert_eq!(reply.body, r#"{"facets":{"kind":[{"value":"Component","count":3}]}}"#);
}

#[actix_web::test]
async fn wrong_facets_are_refused_with_upstreams_words() {
    for (query, message) in [
        ("", "request/query must have required property 'facet'"),
        ("?facet=", "Empty value found for query parameter 'facet'"),
    ] {
        let reply = Ask::get(&format!("/entity-facets{query}")).reply().await;
        assert_eq!(reply.refusal(), message);
    }
    let reply = Ask::post("/entity-facets", &json!({"facets": []})).reply().await;
    assert_eq!(reply.refusal(), "Missing or empty facets parameter");
    let reply = Ask::post("/entity-facets", &json!({"facets": "kind"})).reply().await;
    assert_eq!(reply.refusal(), "request/body/facets must be array");
}

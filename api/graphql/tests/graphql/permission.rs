//! What a caller may not read does not exist, wherever one looks.

use std::sync::Arc;

use callboard_auth::{Caller, Decision, Principal, SignInMethod};
use callboard_catalog::query::{EntityPredicate, ValueMatch};
use callboard_graphql::AnswerClass;
use callboard_model::EntityRef;
use serde_json::{Value, json};

use crate::support::{TestCatalog, TestPolicy, body, entity, estate, relations};

/// Everything but what is tagged `secret`.
fn public_only() -> Decision {
    Decision::Conditional(Arc::new(EntityPredicate::Not(Box::new(EntityPredicate::Key {
        key: "metadata.tags".into(),
        matches: ValueMatch::In(vec!["secret".into()]),
    }))))
}

/// The estate, and beside it what nobody may read, related to everything in it.
fn with_secrets() -> TestCatalog {
    let mut entities = estate();
    let secret = |kind: &str, name: &str, pairs: &[(&str, &str)]| {
        entity(json!({
            "kind": kind, "metadata": { "name": name, "tags": ["secret"] },
            "spec": { "type": "vault", "lifecycle": "production" }, "relations": relations(pairs),
        }))
    };
    entities.push(secret(
        "Component",
        "payments-secret",
        &[
            ("dependsOn", "component:default/payments"),
            ("ownedBy", "group:default/squad-a"),
            ("partOf", "system:default/bank"),
        ],
    ));
    entities.push(secret("Group", "hidden", &[("ownerOf", "domain:default/cellar")]));
    entities.push(entity(json!({
        "kind": "Domain", "metadata": { "name": "cellar" }, "spec": {},
        "relations": relations(&[
            ("ownedBy", "group:default/hidden"), ("ownedBy", "group:default/squad-a"),
            ("hasPart", "component:default/payments-secret"), ("hasPart", "system:default/nope"),
        ]),
        "parents": ["component:default/payments-secret", "location:default/root"],
    })));
    TestCatalog::with(entities, TestPolicy::new(public_only()))
}

/// The estate with what is left of those entities when the secrets do not exist.
fn without_secrets() -> TestCatalog {
    let mut entities = estate();
    entities.push(entity(json!({
        "kind": "Domain", "metadata": { "name": "cellar" }, "spec": {},
        "relations": relations(&[
            ("ownedBy", "group:default/squad-a"), ("hasPart", "system:default/nope"),
        ]),
        "parents": ["location:default/root"],
    })));
    TestCatalog::with(entities, TestPolicy::new(public_only()))
}

/// Queries that look everywhere.
const QUERIES: [&str; 19] = [
    "{ entities(first: 100) { totalCount nodes { ref uid } edges { cursor } facets(fields: [\"kind\"]) { values { value count } } } }",
    "{ entities(first: 3) { pageInfo { hasNextPage endCursor } nodes { ref } } }",
    "{ entities(last: 3, orderBy: [{field: \"metadata.name\"}]) { pageInfo { hasPreviousPage startCursor } nodes { ref } } }",
    "{ entities(filter: {tag: {eq: \"secret\"}}) { totalCount nodes { ref } } }",
    "{ entities(filter: {relation: [{type: \"dependsOn\"}]}) { nodes { ref } } }",
    "{ facets(fields: [\"kind\", \"spec.type\", \"metadata.tags\"]) { field values { value count } } }",
    "{ search(text: \"payments\") { totalCount nodes { title entity { ref } } } }",
    "{ search(text: \"hidden\") { totalCount nodes { title } } }",
    "{ entity(ref: \"component:payments-secret\") { ref } }",
    "{ entity(ref: \"domain:cellar\") { owner { ref } owners { ref } emittedBy { ref } relations { type targetRef } raw } }",
    "{ entity(ref: \"domain:cellar\") { ... on Domain { parts { totalCount nodes { ref } pageInfo { hasNextPage } facets(fields: [\"kind\"]) { values { value count } } } } } }",
    "{ entity(ref: \"group:squad-a\") { ... on Group { ownerOf { totalCount nodes { ref } } } } }",
    "{ node(id: \"AWVjb21wb25lbnQ6ZGVmYXVsdC9wYXltZW50cy1zZWNyZXQ\") { id } }",
    "{ failedEntities { totalCount nodes { ref } } }",
    "{ facets(fields: [\"relations.ownedBy\", \"relations.hasPart\"]) { field values { value count } } }",
    "{ entities(filter: {owner: {eq: \"hidden\"}}) { totalCount } }",
    "{ entities(filter: {relation: [{type: \"hasPart\", target: \"component:payments-secret\"}]}) { totalCount } }",
    "{ entities(filter: {field: [{path: \"relations.ownedBy\", prefix: \"group:default/hid\"}]}) { totalCount } }",
    "{ entities(orderBy: [{field: \"relations.ownedBy\"}], first: 100) { nodes { ref } edges { cursor } } }",
];

#[tokio::test]
async fn answers_are_the_same_whether_hidden_entities_exist_or_not() {
    let (with, without) = (with_secrets(), without_secrets());
    for query in QUERIES {
        let (with, without) = (with.response(query).await, without.response(query).await);
        assert!(with.get("errors").is_none(), "{query}: {with}");
        assert_eq!(with, without, "{query}");
        assert!(!with.to_string().contains("secret\""), "{query}: {with}");
    }
}

#[tokio::test]
async fn a_caller_who_reads_nothing_sees_nothing() {
    let nothing = TestCatalog::with(estate(), TestPolicy::new(Decision::Deny));
    let empty = TestCatalog::with(Vec::new(), TestPolicy::new(Decision::Allow));
    for query in QUERIES {
        assert_eq!(nothing.response(query).await, empty.response(query).await, "{query}");
    }
    for (query, expected) in [
        (
            "{ entities { totalCount nodes { ref } } }",
            json!({ "entities": { "totalCount": 0, "nodes": [] } }),
        ),
        ("{ entity(ref: \"api:pay\") { ref } }", json!({ "entity": null })),
        (
            "{ facets(fields: [\"kind\"]) { values { value } } }",
            json!({ "facets": [{ "values": [] }] }),
        ),
        ("{ search(text: \"pay\") { totalCount } }", json!({ "search": { "totalCount": 0 } })),
        ("{ failedEntities { totalCount } }", json!({ "failedEntities": { "totalCount": 0 } })),
    ] {
        assert_eq!(nothing.data(query).await, expected);
    }
}

#[tokio::test]
async fn a_caller_without_credentials_is_refused() {
    let catalog = TestCatalog::new();
    let anonymous = Caller::anonymous();
    for query in [
        "{ entities { totalCount } }",
        "{ viewer { via } }",
        "{ __schema { queryType { name } } }",
        "{",
        "",
    ] {
        let answer = catalog.service.execute_public(body(query), &anonymous).await;
        assert_eq!(answer.class, AnswerClass::Unauthenticated);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(answer.get("data"), None);
    }
}

#[tokio::test]
async fn the_portal_reads_nothing_for_a_caller_without_credentials() {
    let catalog = TestCatalog::new();
    let query = body("{ entities { totalCount } viewer { via ref } }");
    let answer = catalog.service.execute_trusted(query, &Caller::anonymous()).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        answer["data"],
        json!({ "entities": { "totalCount": 0 }, "viewer": { "via": "NONE", "ref": null } })
    );
}

#[tokio::test]
async fn a_signed_in_stranger_reads_nothing() {
    let catalog = TestCatalog::new();
    let stranger = Caller {
        principal: Principal::User { entity_ref: EntityRef::new("user", "default", "mallory") },
        via: SignInMethod::Token,
    };
    let answer =
        catalog.service.execute_public(body("{ entities { totalCount } }"), &stranger).await;
    assert_eq!(&answer.body[..], br#"{"data":{"entities":{"totalCount":0}}}"#);
}

//! Following changes.

use std::sync::Arc;

use bytes::Bytes;
use callboard_auth::{Caller, Decision};
use callboard_catalog::{
    query::{EntityPredicate, ValueMatch},
    store::FinalEntityChange,
};
use callboard_model::EntityRef;
use futures_util::stream::{BoxStream, StreamExt};
use serde_json::{Value, json};

use crate::support::{TestCatalog, TestPolicy, body, entity, estate};

const QUERY: &str = "subscription { entityChanged { type ref revision seenAt entity { ref title ... on Component { type } } } }";

fn component(name: &str, title: &str, tag: &str) -> FinalEntityChange {
    FinalEntityChange::Put(entity(json!({
        "kind": "Component", "metadata": { "name": name, "title": title, "tags": [tag] },
        "spec": { "type": "service" },
    })))
}

fn deleted(name: &str) -> FinalEntityChange {
    FinalEntityChange::Delete(EntityRef::new("component", "default", name))
}

/// A subscription of the guest that listens already.
async fn follow(catalog: &TestCatalog, query: &str) -> BoxStream<'static, Bytes> {
    let mut stream = catalog.service.subscribe(&body(query), &Caller::guest()).peekable();
    // Polled once, it subscribes; nothing has changed yet, so that nothing is ready.
    assert!(
        futures_util::poll!(std::pin::pin!(std::pin::Pin::new(&mut stream).peek())).is_pending()
    );
    stream.boxed()
}

async fn next(stream: &mut BoxStream<'static, Bytes>) -> Value {
    serde_json::from_slice(&stream.next().await.unwrap()).unwrap()
}

async fn change(stream: &mut BoxStream<'static, Bytes>) -> (String, String) {
    let event = next(stream).await;
    assert!(event.get("errors").is_none(), "{event}");
    let change = &event["data"]["entityChanged"];
    let text = |key: &str| change[key].as_str().unwrap().to_owned();
    (text("type"), text("ref"))
}

fn is(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), format!("component:default/{name}"))
}

#[tokio::test]
async fn a_subscriber_sees_what_is_created_updated_and_deleted() {
    let catalog = TestCatalog::new();
    let mut stream = follow(&catalog, QUERY).await;
    catalog.apply(2, &[component("new", "One", "x")]);
    let event = next(&mut stream).await["data"]["entityChanged"].take();
    assert_eq!(event["type"], "CREATED");
    assert_eq!(event["revision"], "2");
    assert_eq!(
        event["entity"],
        json!({ "ref": "component:default/new", "title": "One", "type": "service" })
    );
    assert!(event["seenAt"].as_str().unwrap().ends_with('Z'));
    catalog.apply(3, &[component("new", "Two", "x")]);
    let event = next(&mut stream).await["data"]["entityChanged"].take();
    assert_eq!((&event["type"], &event["entity"]["title"]), (&json!("UPDATED"), &json!("Two")));
    catalog.apply(4, &[deleted("new")]);
    let event = next(&mut stream).await["data"]["entityChanged"].take();
    assert_eq!((&event["type"], &event["entity"]), (&json!("DELETED"), &Value::Null));
}

#[tokio::test]
async fn what_enters_or_leaves_the_filter_is_created_or_deleted() {
    let catalog = TestCatalog::new();
    let query = QUERY.replace("entityChanged", "entityChanged(filter: {tag: {eq: \"hot\"}})");
    let mut stream = follow(&catalog, &query).await;
    catalog.apply(2, &[component("a", "A", "cold"), component("b", "B", "hot")]);
    assert_eq!(change(&mut stream).await, is("CREATED", "b"));
    catalog.apply(3, &[component("a", "A", "hot"), component("b", "B", "cold")]);
    assert_eq!(change(&mut stream).await, is("CREATED", "a"));
    assert_eq!(change(&mut stream).await, is("DELETED", "b"));
}

#[tokio::test]
async fn permission_is_judged_at_every_change() {
    let policy = TestPolicy::new(Decision::Conditional(Arc::new(EntityPredicate::Key {
        key: "metadata.tags".into(),
        matches: ValueMatch::In(vec!["open".into()]),
    })));
    let catalog = TestCatalog::with(estate(), Arc::<TestPolicy>::clone(&policy));
    let mut stream = follow(&catalog, QUERY).await;
    catalog.apply(2, &[component("a", "A", "open"), component("b", "B", "closed")]);
    assert_eq!(change(&mut stream).await, is("CREATED", "a"));
    catalog.apply(3, &[component("a", "A", "closed"), deleted("b")]);
    assert_eq!(change(&mut stream).await, is("DELETED", "a"));
    *policy.0.lock().unwrap() = Decision::Allow;
    catalog.apply(4, &[component("a", "A", "closed")]);
    assert_eq!(change(&mut stream).await, is("CREATED", "a"));
    *policy.0.lock().unwrap() = Decision::Deny;
    catalog.apply(5, &[component("a", "A", "open")]);
    assert_eq!(change(&mut stream).await, is("DELETED", "a"));
}

#[tokio::test]
async fn a_subscriber_that_lags_is_told_and_goes_on() {
    let catalog = TestCatalog::new();
    let mut stream = follow(&catalog, QUERY).await;
    for n in 2..20 {
        catalog.apply(n, &[component("a", &n.to_string(), "x")]);
    }
    let event = next(&mut stream).await;
    assert_eq!(event["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert!(event["errors"][0]["message"].as_str().unwrap().contains("missed"), "{event}");
    assert_eq!(change(&mut stream).await, is("CREATED", "a"));
    catalog.apply(20, &[deleted("a")]);
    assert_eq!(change(&mut stream).await, is("DELETED", "a"));
}

#[tokio::test]
async fn a_stream_carries_queries_too_and_ends_with_its_source() {
    let catalog = TestCatalog::new();
    let query = body("{ viewer { via } }");
    let answers: Vec<Bytes> = catalog.service.subscribe(&query, &Caller::guest()).collect().await;
    assert_eq!(answers, [Bytes::from_static(br#"{"data":{"viewer":{"via":"GUEST"}}}"#)]);
}

#[tokio::test]
async fn a_subscription_is_refused_where_it_cannot_be() {
    let catalog = TestCatalog::new();
    let first = async |query: &str, caller: &Caller| -> Value {
        let body = catalog.service.subscribe(&body(query), caller).next().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    };
    let guest = Caller::guest();
    for (query, caller, code) in [
        (QUERY, &Caller::anonymous(), "UNAUTHENTICATED"),
        (
            "subscription { a: entityChanged { ref } b: entityChanged { ref } }",
            &guest,
            "BAD_USER_INPUT",
        ),
        ("subscription { nope }", &guest, "BAD_USER_INPUT"),
        ("subscription {", &guest, "BAD_USER_INPUT"),
        (
            "subscription { entityChanged(filter: {owner: {eq: \"\"}}) { ref } }",
            &guest,
            "BAD_USER_INPUT",
        ),
    ] {
        let answer = first(query, caller).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
    }
    let answer = catalog.public(QUERY).await;
    assert_eq!(answer.class.status(), 400, "{:?}", answer.body);
}

//! Every route × every caller.

use actix_web::http::Method;
use callboard_http::Audience;
use callboard_rest::route_table;
use serde_json::{Value, json};

use crate::estate::{Ask, PAY_SVC_UID, Who};

/// A route, a request to it, and the status for each of [`Who::ALL`].
struct Row {
    method: Method,
    path: &'static str,
    uri: String,
    body: Option<Value>,
    statuses: [u16; 9],
}

/// A list: what a caller may not read is not in it.
const LIST: [u16; 9] = [401, 200, 200, 200, 200, 200, 403, 401, 401];
/// One thing: it does not exist for those who may not read it.
const ONE: [u16; 9] = [401, 200, 200, 200, 200, 404, 403, 401, 401];
/// Anybody, whatever their credentials.
const PUBLIC: [u16; 9] = [200; 9];

const BY_NAME: &str = "/api/catalog/entities/by-name/{kind}/{namespace}/{name}";
const ANCESTRY: &str = "/api/catalog/entities/by-name/{kind}/{namespace}/{name}/ancestry";

fn rows() -> Vec<Row> {
    let get = |path: &'static str, uri: &str, statuses| Row {
        method: Method::GET,
        path,
        uri: uri.to_owned(),
        body: None,
        statuses,
    };
    let post = |path: &'static str, body: Value, statuses| Row {
        method: Method::POST,
        path,
        uri: path.to_owned(),
        body: Some(body),
        statuses,
    };
    let name = "/api/catalog/entities/by-name/component/default/pay-svc";
    vec![
        get(BY_NAME, name, ONE),
        get(ANCESTRY, &format!("{name}/ancestry"), ONE),
        get(
            "/api/catalog/entities/by-uid/{uid}",
            &format!("/api/catalog/entities/by-uid/{PAY_SVC_UID}"),
            ONE,
        ),
        get("/api/catalog/entities", "/api/catalog/entities", LIST),
        get("/api/catalog/entities/by-query", "/api/catalog/entities/by-query", LIST),
        post("/api/catalog/entities/by-query", json!({}), LIST),
        post("/api/catalog/entities/by-refs", json!({"entityRefs": ["user:default/bob"]}), LIST),
        get("/api/catalog/entity-facets", "/api/catalog/entity-facets?facet=kind", LIST),
        post("/api/catalog/entity-facets", json!({"facets": ["kind"]}), LIST),
        get("/api/catalog/openapi.json", "/api/catalog/openapi.json", LIST),
        get("/.backstage/health/v1/readiness", "/.backstage/health/v1/readiness", PUBLIC),
        get("/.backstage/health/v1/liveness", "/.backstage/health/v1/liveness", PUBLIC),
    ]
}

impl Row {
    async fn ask(&self, who: Who) -> crate::estate::Reply {
        let mut ask = Ask::of(self.method.clone(), &self.uri).by(who);
        if let Some(body) = &self.body {
            ask = ask.body("application/json", &body.to_string());
        }
        ask.reply().await
    }
}

#[test]
fn the_table_of_callers_has_a_row_for_every_route_and_no_other() {
    let rows = rows();
    for entry in route_table().entries() {
        let count = rows.iter().filter(|row| row.path == entry.path && row.method == entry.method);
        assert_eq!(count.count(), 1, "{entry:?} must have one row in this table");
    }
    assert_eq!(rows.len(), route_table().entries().len());
}

#[actix_web::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    for row in rows() {
        for (who, status) in Who::ALL.into_iter().zip(row.statuses) {
            let reply = row.ask(who).await;
            let Row { method, uri, .. } = &row;
            assert_eq!(reply.status, status, "{method} {uri} by {who:?}: {}", reply.body);
        }
    }
}

#[test]
fn only_health_is_public() {
    for entry in route_table().entries() {
        let is_public = entry.audience == Audience::Public;
        assert_eq!(is_public, entry.path.starts_with("/.backstage/health/"), "{entry:?}");
    }
}

#[actix_web::test]
async fn a_caller_without_the_permission_reads_nothing_anywhere() {
    for row in rows().into_iter().filter(|row| row.statuses == LIST) {
        let reply = row.ask(Who::RefresherToken).await;
        assert!(
            !reply.body.contains("pay-svc") && !reply.body.contains("Component\""),
            "{}",
            row.uri
        );
    }
}

#[actix_web::test]
async fn refusals_say_what_upstream_says() {
    for (who, name, message) in [
        (Who::Anonymous, "AuthenticationError", "Missing credentials"),
        (Who::BadToken, "AuthenticationError", "Illegal token"),
        (Who::BadTokenOfGuest, "AuthenticationError", "Illegal token"),
        (
            Who::OtherToken,
            "NotAllowedError",
            "This token's access is restricted to plugin(s) 'search'",
        ),
    ] {
        let reply = Ask::get("/entities?limit=1").by(who).reply().await;
        let expected = json!({
            "error": {"name": name, "message": message},
            "request": {"method": "GET", "url": "/entities?limit=1"},
            "response": {"statusCode": reply.status},
        });
        assert_eq!(reply.json(), expected, "{who:?}");
    }
    let basic = Ask::get("/entities").by(Who::Anonymous).header("authorization", "Basic eDp5");
    assert_eq!(basic.reply().await.json()["error"]["message"], "Missing credentials");
}

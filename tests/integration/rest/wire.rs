//! What every route shares: entity tags, headers, methods, paths and limits.

use actix_web::http::Method;

use crate::estate::{Ask, Who};

#[actix_web::test]
async fn projected_answers_have_a_weak_tag_and_ready_made_ones_none() {
    let projected = Ask::get("/entities?limit=1&fields=kind").reply().await;
    assert_eq!(projected.body, r#"[{"kind":"API"}]"#);
    // Recorded from Backstage: the body is the same, so the tag is.
    let tag = "W/\"10-fbxgzKufRhMcOsvuO/d84lJLiCA\"";
    assert_eq!(projected.header("etag"), Some(tag));
    assert_eq!(projected.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(Ask::get("/entities?limit=1").reply().await.header("etag"), None);
    assert_eq!(Ask::get("/entities/by-query?limit=0").reply().await.header("etag"), None);
    let known = Ask::get("/entities?limit=1&fields=kind").header("if-none-match", tag);
    let known = known.reply().await;
    assert_eq!((known.status, &*known.body), (304, ""));
    assert!(known.header("link").is_some());
}

#[actix_web::test]
async fn paths_ignore_case_and_a_slash_at_the_end() {
    for path in ["/entities/by-query/?limit=0", "/ENTITIES/by-QUERY?limit=0"] {
        let reply = Ask::get(path).reply().await;
        assert_eq!(reply.body, r#"{"items":[],"totalItems":8,"pageInfo":{}}"#, "{path}");
    }
}

#[actix_web::test]
async fn an_unknown_path_or_method_is_404_without_a_body() {
    for (method, uri) in [
        (Method::GET, "/api/catalog/nosuch"),
        (Method::PATCH, "/api/catalog/entities"),
        (Method::PUT, "/api/catalog/entities"),
        (Method::GET, "/api/none/x"),
        (Method::GET, "/api"),
        (Method::GET, "/.backstage/instanceMetadata/v1/features/installed"),
    ] {
        for who in Who::ALL {
            let reply = Ask::of(method.clone(), uri).by(who).reply().await;
            assert_eq!((reply.status, &*reply.body), (404, ""), "{method} {uri} by {who:?}");
        }
    }
}

#[actix_web::test]
async fn head_and_options_answer_as_in_express() {
    let head = Ask::of(Method::HEAD, "/api/catalog/entities?limit=1&fields=kind").reply().await;
    assert_eq!(head.status, 200);
    // Mended: upstream's HEAD links to a page that does not exist.
    assert!(head.header("link").unwrap().contains("after=eyJsaW1pdCI6MSwib2Zmc2V0IjoxfQ%3D%3D"));
    let options = Ask::of(Method::OPTIONS, "/api/catalog/entities").reply().await;
    assert_eq!((options.status, options.header("allow")), (200, Some("GET,HEAD")));
    assert_eq!(options.header("etag"), Some("W/\"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg\""));
    let both = Ask::of(Method::OPTIONS, "/api/catalog/entities/by-query").reply().await;
    assert_eq!(both.header("allow"), Some("GET,HEAD,POST"));
    let anonymous = Ask::of(Method::OPTIONS, "/api/catalog/entities").by(Who::Anonymous);
    assert_eq!(anonymous.reply().await.status, 401);
}

#[actix_web::test]
async fn security_headers_stand_on_every_answer() {
    for ask in [
        Ask::get("/entities?limit=1"),
        Ask::get("/nosuch"),
        Ask::get("/entities").by(Who::Anonymous),
    ] {
        let reply = ask.reply().await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("x-frame-options"), Some("SAMEORIGIN"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert!(reply.header("content-security-policy").is_some());
    }
}

#[actix_web::test]
async fn long_urls_are_refused_where_node_refuses_them() {
    for (length, status) in [(8_000, 200), (15_000, 200), (17_000, 431)] {
        let filter = "x".repeat(length);
        let reply = Ask::get(&format!("/entities?filter=a={filter}")).reply().await;
        assert_eq!(reply.status, status, "{length}");
    }
}

#[actix_web::test]
async fn health_is_upstreams() {
    for name in ["readiness", "liveness"] {
        let health = Ask::of(Method::GET, &format!("/.backstage/health/v1/{name}"));
        let health = health.by(Who::Anonymous).reply().await;
        assert_eq!((health.status, &*health.body), (200, r#"{"status":"ok"}"#));
        assert_eq!(health.header("etag"), Some("W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\""));
    }
}

#[actix_web::test]
async fn the_document_of_the_routes_is_served() {
    let document = Ask::get("/openapi.json").reply().await.json();
    assert!(document["paths"]["/api/catalog/entities/by-query"]["post"].is_object());
}

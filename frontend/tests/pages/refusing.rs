//! Who may look, what is not there, and the headers of every answer.

use actix_web::http::Method;
use callboard_http::AnonymousAccess;
use serde_json::{Value, json};

use super::{
    html::tags,
    portal::{ask, recorded, show},
};

const GUARDED: [&str; 10] = [
    "/catalog",
    "/catalog/default/component/x",
    "/catalog/default/component/x/runs-on",
    "/catalog/default/component/x/mesh",
    "/clusters",
    "/clusters/x",
    "/mesh",
    "/mesh/path",
    "/problems",
    "/workloads/unknown",
];

fn failure(code: &str, message: &str) -> Value {
    json!({ "data": null, "errors": [{ "message": message, "extensions": { "code": code } }] })
}

#[actix_web::test]
async fn without_credentials_there_is_the_start_page_alone() {
    for uri in GUARDED {
        let shown = ask(Method::GET, uri, AnonymousAccess::Refused, &json!({})).await;
        assert_eq!(shown.status, 401, "{uri}");
        assert_eq!(shown.header("www-authenticate"), Some("Bearer"));
        assert_eq!(shown.variables, None, "the API is not asked");
        shown.has("<h1>You are not signed in</h1>");
    }
    for uri in ["/", "/assets/portal.css", "/assets/icon.svg"] {
        let shown = ask(Method::GET, uri, AnonymousAccess::Refused, &json!({})).await;
        assert_eq!(shown.status, 200, "{uri}");
    }
}

#[actix_web::test]
async fn the_banner_tells_of_the_demo_and_stands_nowhere_else() {
    let banner = "This is the demo";
    show("/", &json!({})).await.has(banner);
    let shown = ask(Method::GET, "/", AnonymousAccess::Refused, &json!({})).await;
    assert!(!shown.html.contains(banner));
}

#[actix_web::test]
async fn what_does_not_exist_is_404() {
    let nothing = json!({ "data": { "viewer": { "displayName": "guest" }, "entity": null } });
    let shown = show("/catalog/default/component/nope", &nothing).await;
    assert_eq!(shown.status, 404);
    shown.has("There is no “component:default/nope”.");
    for (tab, name) in [("runs-on", "runs-on"), ("mesh", "entity-mesh")] {
        let mut answer = recorded(name);
        answer["data"]["entity"] = Value::Null;
        let shown = show(&format!("/catalog/default/component/nope/{tab}"), &answer).await;
        assert_eq!(shown.status, 404);
        shown.has("There is no “component:default/nope”.");
    }
    let mut answer = recorded("cluster");
    answer["data"]["cluster"] = Value::Null;
    let shown = show("/clusters/%3Cnope%3E", &answer).await;
    assert_eq!(shown.status, 404);
    shown.has("There is no cluster “&#60;nope&#62;”.");
    let refused = failure("BAD_USER_INPUT", "not a ref");
    for uri in ["/catalog/a/b/%3Cscript%3E", "/catalog/a/b/c%2Fd", "/catalog/a%3Ab/c/d"] {
        let shown = show(uri, &refused).await;
        assert_eq!(shown.status, 404, "{uri}");
        assert!(!shown.html.contains("<script>"));
    }
    assert_eq!(show("/assets/nope.css", &json!({})).await.status, 404);
    assert_eq!(show("/assets/..%2fCargo.toml", &json!({})).await.status, 404);
}

#[actix_web::test]
async fn an_error_of_the_api_is_never_shown_as_an_empty_page() {
    for (code, status) in [
        ("BAD_USER_INPUT", 400),
        ("UNAUTHENTICATED", 401),
        ("FORBIDDEN", 403),
        ("UNAVAILABLE", 503),
        ("INTERNAL", 500),
        ("ELSE", 500),
    ] {
        let shown = show("/catalog", &failure(code, "<b>why</b>")).await;
        assert_eq!(shown.status, status, "{code}");
        assert!(!shown.html.contains("<b>"), "{code}");
        assert_eq!(shown.html.contains("why"), status != 500, "{code}: ours is not told");
    }
    let mut half = recorded("catalog");
    half["errors"] = json!([{ "message": "late", "extensions": { "code": "UNAVAILABLE" } }]);
    assert_eq!(show("/catalog", &half).await.status, 503);
    half["data"].as_object_mut().unwrap().shift_remove("entities");
    half["errors"][0]["extensions"]["code"] = json!("BAD_USER_INPUT");
    assert_eq!(show("/catalog", &half).await.status, 400, "the API leaves out what failed");
    assert_eq!(show("/catalog", &json!({ "data": null })).await.status, 500);
    assert_eq!(show("/catalog", &json!("nonsense")).await.status, 500);
}

#[actix_web::test]
async fn a_system_that_does_not_answer_takes_its_own_field_only() {
    let mut answer = recorded("clusters");
    answer["data"]["clusters"][1]["version"] = Value::Null;
    answer["errors"] = json!([{
        "message": "the API server of <b>x</b> does not answer",
        "path": ["clusters", 1, "version"],
        "extensions": { "code": "UNAVAILABLE" },
    }]);
    let shown = show("/clusters", &answer).await;
    assert_eq!(shown.status, 200);
    shown.has("Some of this page is not known");
    shown.has("<code>clusters.1.version</code>, because <bdi>the API server of &#60;b&#62;x");
    shown.has("<span class=\"quiet\">not known</span>");
    answer["errors"][0]["extensions"]["code"] = json!("INTERNAL");
    let shown = show("/clusters", &answer).await;
    assert!(!shown.html.contains("API server of"), "ours is not told");
    answer["errors"][0]["extensions"]["code"] = json!("FORBIDDEN");
    assert_eq!(show("/clusters", &answer).await.status, 403);
    answer["errors"][0]["extensions"]["code"] = json!("UNAVAILABLE");
    answer["data"]["clusters"] = Value::Null;
    assert_eq!(show("/clusters", &answer).await.status, 503, "there is nothing to show");
}

#[actix_web::test]
async fn a_path_from_what_is_no_ref_is_asked_again() {
    let refused = failure("BAD_USER_INPUT", "“a b” is no ref");
    let shown = show("/mesh/path?from=a+b&to=c", &refused).await;
    assert_eq!(shown.status, 400);
    shown.has("This cannot be asked: <bdi>“a b” is no ref</bdi>");
    shown.has("value=\"component:a b\"");
}

#[actix_web::test]
async fn every_page_is_private_and_runs_nothing() {
    let failed = failure("INTERNAL", "x");
    for (uri, answer) in [
        ("/", &failed),
        ("/catalog", &recorded("catalog")),
        ("/catalog", &failed),
        ("/catalog/default/component/x", &recorded("component")),
        ("/problems", &recorded("problems")),
        ("/clusters", &recorded("clusters")),
        ("/clusters/x", &recorded("cluster")),
        ("/catalog/default/component/x/mesh", &recorded("entity-mesh")),
        ("/mesh", &recorded("mesh")),
        ("/mesh", &failed),
        ("/workloads/unknown", &recorded("unknown-workloads")),
    ] {
        let shown = show(uri, answer).await;
        assert_eq!(shown.header("cache-control"), Some("private, no-cache"), "{uri}");
        assert_eq!(shown.header("vary"), Some("Authorization, Cookie"));
        assert_eq!(shown.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = shown.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    }
}

#[actix_web::test]
async fn head_is_answered_where_get_is_and_nothing_else_is() {
    for (uri, name) in [("/", "catalog"), ("/catalog", "catalog"), ("/problems", "problems")] {
        let answer = recorded(name);
        let shown = ask(Method::HEAD, uri, AnonymousAccess::Guest, &answer).await;
        assert_eq!(shown.status, 200, "{uri}");
        let shown = ask(Method::POST, uri, AnonymousAccess::Guest, &answer).await;
        assert_eq!(shown.status, 405, "{uri}");
    }
}

#[actix_web::test]
async fn assets_may_be_kept_for_good_because_their_address_changes() {
    let page = show("/", &json!({})).await;
    let address = tags(&page.html)
        .iter()
        .filter_map(|tag| tag.attribute("href").map(str::to_owned))
        .find(|address| address.starts_with("/assets/portal.css?v="));
    let shown = show(&address.unwrap(), &json!({})).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(shown.header("content-type"), Some("text/css; charset=utf-8"));
}

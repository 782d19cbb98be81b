//! A13: what a hostile client can send. Everything is refused before it is executed, in an answer
//! that does not repeat it.

use bytes::Bytes;
use callboard_auth::{Caller, Decision};
use serde_json::{Value, json};

use crate::support::{TestCatalog, TestPolicy, body, entity, relations};

/// The standard introspection query of graphql-js 16.
const INTROSPECTION: &str = r"
query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name } } } } } } } } } }";

/// Sends a body and checks that it was refused.
async fn refused(catalog: &TestCatalog, body: Bytes, what: &str) -> Value {
    let answer = catalog.service.execute_public(body, &Caller::guest()).await;
    let status = answer.class.status();
    assert!((400..500).contains(&status), "{what}: {status}");
    assert!(answer.body.len() < 2000, "{what}: an answer of {} bytes", answer.body.len());
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.get("data"), None, "{what}");
    for error in answer["errors"].as_array().unwrap() {
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{what}: {error}");
        assert!(error["message"].as_str().unwrap().chars().count() <= 200, "{what}: {error}");
    }
    answer
}

async fn all_refused(queries: &[String]) {
    let catalog = TestCatalog::new();
    assert!(queries.len() >= 6);
    for query in queries {
        let start: String = query.chars().take(80).collect();
        refused(&catalog, body(query), &start).await;
    }
}

#[tokio::test]
async fn many_aliases_are_refused() {
    let field = |n: usize| format!("a{n}: viewer {{ via }} ");
    let nested = |n: usize| format!("a{n}: ref ");
    let many: String = (0..10_000).map(field).collect();
    let some: String = (0..51).map(nested).collect();
    let few: String = (0..26).map(nested).collect();
    all_refused(&[
        format!("{{ {many} }}"),
        format!("{{ {} }}", (0..21).map(field).collect::<String>()),
        format!("{{ entities {{ nodes {{ {some} }} }} }}"),
        format!("query Q {{ entities {{ nodes {{ {some} }} }} }}"),
        format!("{{ entities {{ nodes {{ ...F }} }} }} fragment F on Entity {{ {some} }}"),
        format!("{{ entities {{ nodes {{ {few} ... on Entity {{ {few} }} }} }} }}"),
        format!("{{ {} }}", "x:viewer{via}".repeat(60)),
    ])
    .await;
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let nest = |field: &str, levels: usize| {
        format!(
            "{{ entity(ref: \"a:b\") {}{{ ref }}{} }}",
            format!("{{ {field} ").repeat(levels),
            " }".repeat(levels)
        )
    };
    all_refused(&[
        nest("owner", 500),
        nest("owner", 17),
        nest("... on Entity", 25),
        nest("... on Component { system", 30),
        format!("{{ {} }}", "{".repeat(500)),
        format!("{{ entity(ref: {}1{}) {{ ref }} }}", "[".repeat(900), "]".repeat(900)),
        format!(
            "{{ entities(filter: {}{}) {{ totalCount }} }}",
            "{not: ".repeat(600),
            "}".repeat(600)
        ),
        nest("relations { target", 16),
    ])
    .await;
}

#[tokio::test]
async fn fragments_that_repeat_or_contain_themselves_are_refused() {
    let bomb = |depth: usize| -> String {
        let parts = (0..depth).map(|n| {
            format!(
                " fragment F{n} on Entity {{ a: owner {{ ...F{m} }} b: owner {{ ...F{m} }} }}",
                m = n + 1
            )
        });
        format!("{} fragment F{depth} on Entity {{ ref }}", parts.collect::<String>())
    };
    let chain = |n: usize| format!(" fragment C{n} on Query {{ ...C{} }}", n + 1);
    let chain = (0..60).map(chain).collect::<Vec<_>>().concat();
    all_refused(&[
        "{ ...A } fragment A on Query { ...A }".to_owned(),
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        "{ entity(ref: \"a:b\") { ...A } } fragment A on Entity { owner { ...A } }".to_owned(),
        format!("{{ entity(ref: \"a:b\") {{ ...F0 }} }} {}", bomb(18)),
        format!("{{ entity(ref: \"a:b\") {{ ...F0 }} }} {}", bomb(12)),
        format!("{{ ...C0 }} {chain} fragment C60 on Query {{ viewer {{ via }} }}"),
        "{ ...Unknown }".to_owned(),
        "{ viewer { via } } fragment Unused on Query { viewer { via } }".to_owned(),
    ])
    .await;
}

#[tokio::test]
async fn many_directives_are_refused() {
    let include = "@include(if: true) ";
    all_refused(&[
        format!("{{ viewer {} {{ via }} }}", "@aa ".repeat(100_000 / 8)),
        format!("{{ viewer {} {{ via }} }}", include.repeat(21)),
        format!("{{ viewer {} {{ via }} }}", include.repeat(6)),
        format!("query {} {{ viewer {{ via }} }}", "@skip(if: false) ".repeat(21)),
        format!("{{ viewer {{ via {} }} }}", include.repeat(6)),
        format!("{{ ... {} {{ viewer {{ via }} }} }}", include.repeat(30)),
        "{ viewer @unknown { via } }".to_owned(),
        "{ ... @defer { viewer { via } } }".to_owned(),
        "{ entities { nodes @stream(initialCount: 1) { ref } } }".to_owned(),
    ])
    .await;
}

#[tokio::test]
async fn large_pages_and_fan_out_are_refused() {
    let nodes =
        |page: &str| format!("{{ entities({page}) {{ nodes {{ ref name kind title tags }} }} }}");
    let fan = "dependencyOf(first: 100) { nodes { ... on Component { ";
    all_refused(&[
        nodes("first: 2147483647"),
        nodes("last: 2147483647"),
        nodes("first: 500"),
        format!("query($n: Int! = 2147483647) {}", nodes("first: $n")),
        format!("{{ entities(first: 100) {{ nodes {{ ... on Component {{ {fan} {fan} ref }} }} }} }} }} }} }} }} }}"),
        "{ entities(first: 100) { nodes { ... on DependencySource { dependsOn(first: 100) { nodes { ref } } } } } }".to_owned(),
        "{ entities(first: 100) { edges { node { owners { relations { target { ref } } } } } } }".to_owned(),
        "{ entities { nodes { owner { ownerOf { nodes { owner { ownerOf { nodes { ref } } } } } } } } }".to_owned(),
        (0..15).map(|n| format!("q{n}: entities(first: 70) {{ nodes {{ ref name }} }} ")).fold("{ ".to_owned(), |all, one| all + &one) + "}",
    ])
    .await;
}

#[tokio::test]
async fn a_field_that_is_repeated_is_refused_by_its_tokens() {
    all_refused(&[
        format!("{{ viewer {{ {} }} }}", "via ".repeat(10_000)),
        format!("{{ {} }}", "viewer { via } ".repeat(3000)),
        format!("{{ entities {{ {} }} }}", "nodes { ref } ".repeat(600)),
        format!("{{ viewer {{ ...{{ {} }} }} }}", "via, ".repeat(2001)),
        format!("{} {{ viewer {{ via }} }}", "query A { viewer { via } } ".repeat(400)),
        format!("query Q({}) {{ viewer {{ via }} }}", "$a: Int, ".repeat(600)),
    ])
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_one_is_refused() {
    let catalog = TestCatalog::new();
    let deep = format!(
        "{{\"query\":\"{{ viewer {{ via }} }}\",\"variables\":{}{}}}",
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    for (text, status) in [
        ("", 400),
        ("null", 400),
        ("[]", 400),
        ("{}", 400),
        ("\"{ viewer { via } }\"", 400),
        ("{ viewer { via } }", 400),
        ("query=%7Bviewer%7Bvia%7D%7D", 400),
        (r#"{"query": 3}"#, 400),
        (r#"{"query": "{ viewer { via } }", "variables": "x"}"#, 400),
        (r#"{"query": "{ viewer { via } }", "operationName": "Nope"}"#, 400),
        (r#"{"query": "\ud800"}"#, 400),
        (deep.as_str(), 400),
        (&format!("{{\"query\":\"#{}\"}}", "x".repeat(10 * 1024 * 1024)), 413),
        (
            &format!(
                "{{\"query\":\"{{viewer{{via}}}}\",\"variables\":{{\"a\":\"{}\"}}}}",
                "x".repeat(64 * 1024)
            ),
            413,
        ),
    ] {
        let answer =
            catalog.service.execute_public(Bytes::from(text.to_owned()), &Caller::guest()).await;
        let start: String = text.chars().take(60).collect();
        assert_eq!(answer.class.status(), status, "{start}");
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{start}");
    }
}

#[tokio::test]
async fn a_batch_shares_one_budget_and_is_refused_as_a_whole() {
    let catalog = TestCatalog::new();
    let batch = |queries: &[&str]| -> Bytes {
        queries.iter().map(|query| json!({ "query": query })).collect::<Value>().to_string().into()
    };
    let (cheap, dear) =
        ("{ viewer { via } }", "{ entities(first: 100) { nodes { ref name kind title uid } } }");
    for refused_batch in [
        vec![cheap; 11],
        vec![cheap; 1000],
        vec![dear; 4],
        vec![cheap, cheap, "{ syntax"],
        vec![
            cheap,
            "{ viewer @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a @a { via } }",
        ],
        vec![dear, dear, dear, dear, cheap],
        vec![],
    ] {
        refused(&catalog, batch(&refused_batch), &format!("{} requests", refused_batch.len()))
            .await;
    }
    let answer =
        catalog.service.execute_public(batch(&[cheap, "{ nope }", dear]), &Caller::guest()).await;
    assert_eq!(answer.class.status(), 200);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer[0], json!({ "data": { "viewer": { "via": "GUEST" } } }));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(answer[2]["data"]["entities"]["nodes"].as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn refusals_suggest_nothing_and_quote_nothing() {
    let catalog = TestCatalog::new();
    let secret = "hunter2".repeat(100);
    for query in [
        "{ viewr { via } }".to_owned(),
        "{ entities { nodes { reff } } }".to_owned(),
        "{ entities(frist: 1) { totalCount } }".to_owned(),
        "{ entities(filter: {knd: {eq: \"a\"}}) { totalCount } }".to_owned(),
        "{ search(text: \"a\", types: [ENTITIE]) { totalCount } }".to_owned(),
        "fragment F on Componant { ref } { entities { nodes { ...F } } }".to_owned(),
        format!("{{ {secret}( "),
        format!("query {{ a(b: \"{secret}\" }}"),
        format!("{{ viewer {{ via }} }} }} {secret}"),
        format!("{{ entities(first: \"{secret}\") {{ totalCount }} }}"),
    ] {
        let answer = refused(&catalog, body(&query), &query).await.to_string();
        assert!(!answer.contains("Did you mean"), "{answer}");
        assert!(!answer.contains(&secret), "{answer}");
    }
}

#[tokio::test]
async fn standard_introspection_works_for_callers_who_signed_in() {
    let catalog = TestCatalog::new();
    let data = catalog.data(INTROSPECTION).await;
    let types = data["__schema"]["types"].as_array().unwrap();
    let named = |name: &str| types.iter().find(|ty| ty["name"] == name).unwrap();
    assert_eq!(named("Component")["interfaces"].as_array().unwrap().len(), 6);
    assert_eq!(named("Entity")["possibleTypes"].as_array().unwrap().len(), 11);
    assert_eq!(named("Owner")["possibleTypes"].as_array().unwrap().len(), 2);
    let loops = format!(
        "{{ __schema {{ types {{ {} name {} }} }} }}",
        "fields { type { ".repeat(10),
        "} }".repeat(10)
    );
    refused(&catalog, body(&loops), "circular introspection").await;
}

#[tokio::test]
async fn an_answer_that_grows_beyond_its_limit_ends_in_an_error() {
    let definition = "x".repeat(1_000_000);
    let many: Vec<(String, String)> =
        (0..300).map(|n| ("dependsOn".to_owned(), format!("component:default/c{n}"))).collect();
    let pairs: Vec<(&str, &str)> = many.iter().map(|(kind, target)| (&**kind, &**target)).collect();
    let mut entities: Vec<_> = (0..300)
        .map(|n| {
            entity(json!({
                "kind": "Component", "metadata": { "name": format!("c{n}") }, "spec": {},
                "relations": relations(&pairs),
            }))
        })
        .collect();
    entities.extend((0..10).map(|n| {
        entity(json!({
            "kind": "API", "metadata": { "name": format!("a{n}") },
            "spec": { "type": "openapi", "definition": definition },
        }))
    }));
    let catalog = TestCatalog::with(entities, TestPolicy::new(Decision::Allow));
    for query in [
        "{ entities(filter: {kind: {eq: \"api\"}}) { nodes { raw } } }",
        "{ entities(filter: {kind: {eq: \"api\"}}) { nodes { ... on Api { definition } } } }",
        "{ entities(filter: {kind: {eq: \"component\"}}, first: 10) { nodes { relations { target { relations { type } } } } } }",
        "{ entity(ref: \"component:c1\") { relations { target { relations { target { relations { type } } } } } } }",
    ] {
        let (code, message) = catalog.error(query).await;
        assert_eq!(code, "BAD_USER_INPUT", "{query}: {message}");
        assert!(message.contains("limit"), "{message}");
    }
    let trusted = body("{ entities(filter: {kind: {eq: \"api\"}}) { nodes { raw } } }");
    let answer = catalog.service.execute_trusted(trusted, &Caller::guest()).await;
    assert!(answer.len() > 10_000_000);
}

#[tokio::test]
async fn the_portals_documents_are_not_counted() {
    let catalog = TestCatalog::new();
    let field = |n: usize| format!("a{n}: entities(first: 500) {{ nodes {{ ref }} }} ");
    let fields = (0..100).map(field).collect::<Vec<_>>().concat();
    let answer =
        catalog.service.execute_trusted(body(&format!("{{ {fields} }}")), &Caller::guest()).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer.get("errors"), None);
    assert_eq!(answer["data"]["a99"]["nodes"].as_array().unwrap().len(), 13);
    let answer = catalog.service.execute_trusted(body("{ nope }"), &Caller::guest()).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

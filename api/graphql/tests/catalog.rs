//! What the schema answers over a small catalog in memory.

#[path = "support/catalog.rs"]
mod support;

use callboard_auth::{Caller, Principal, SignInMethod};
use callboard_model::EntityRef;
use serde_json::{Value, json};

use crate::support::{TestCatalog, body, refs};

#[tokio::test]
async fn an_entity_is_found_by_its_ref_in_any_case() {
    let catalog = TestCatalog::new();
    let data = catalog
        .data(
            r#"{ entity(ref: "Component:Default/PAYMENTS") {
                __typename ref apiVersion kind namespace name title description uid tags
                labels { key value } links { url title icon type } isOrphan
                viewUrl editUrl sourceUrl annotation(key: "backstage.io/view-url")
                owner { __typename ref displayName } owners { ref } emittedBy { ref }
                relations(type: "providesApi") { type targetRef target { ref } }
                ... on Component {
                    type lifecycle system { ref name domain { ref } }
                    subcomponents { nodes { ref } totalCount }
                    providesApis { nodes { ref } totalCount }
                }
                ... on Ownable { owner { ref } } ... on DependencySource { dependsOn { totalCount } }
            } }"#,
        )
        .await;
    assert_eq!(
        data["entity"],
        json!({
            "__typename": "Component", "ref": "component:default/payments",
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "namespace": "default",
            "name": "Payments", "title": "Payments service", "description": "Moves money",
            "uid": "uid-component:default/payments", "tags": ["rust", "tier1"],
            "labels": [{ "key": "tier", "value": "1" }],
            "links": [
                { "url": "https://runbook.example", "title": "Runbook", "icon": "book", "type": null },
                { "url": "mailto:a@b.example", "title": null, "icon": null, "type": null },
            ],
            "isOrphan": false,
            "viewUrl": "https://git.example/payments", "editUrl": null,
            "sourceUrl": "https://git.example/payments/",
            "annotation": "https://git.example/payments",
            "owner": {
                "__typename": "Group", "ref": "group:default/squad-a", "displayName": "The A squad",
            },
            "owners": [{ "ref": "group:default/squad-a" }],
            "emittedBy": [{ "ref": "location:default/root" }],
            "relations": [
                { "type": "providesApi", "targetRef": "api:default/gone", "target": null },
                {
                    "type": "providesApi", "targetRef": "api:default/pay",
                    "target": { "ref": "api:default/pay" },
                },
            ],
            "type": "service", "lifecycle": "production",
            "system": {
                "ref": "system:default/bank", "name": "bank",
                "domain": { "ref": "domain:default/money" },
            },
            "subcomponents": { "nodes": [], "totalCount": 0 },
            "providesApis": { "nodes": [{ "ref": "api:default/pay" }], "totalCount": 1 },
            "dependsOn": { "totalCount": 2 },
        })
    );
}

#[tokio::test]
async fn relations_are_fields_named_by_the_domain() {
    let catalog = TestCatalog::new();
    for (entity_ref, fields, expected) in [
        (
            "component:ledger",
            "... on Component { subcomponentOf { ref } }",
            "component:default/payments",
        ),
        (
            "component:ledger",
            "... on Component { consumesApis { nodes { ref } } }",
            "api:default/pay",
        ),
        (
            "component:ledger",
            "... on DependencyTarget { dependencyOf { nodes { ref } } }",
            "component:default/payments",
        ),
        ("component:ledger", "owner { ref }", "user:default/alice"),
        ("api:pay", "... on Api { providers { nodes { ref } } }", "component:default/payments"),
        ("api:pay", "... on Api { consumers { nodes { ref } } }", "component:default/ledger"),
        ("api:pay", "... on Api { system { ref } }", "system:default/bank"),
        (
            "resource:db",
            "... on Resource { dependencyOf { nodes { ref } } }",
            "component:default/payments",
        ),
        ("system:bank", "... on System { domain { ref } }", "domain:default/money"),
        (
            "system:bank",
            "... on System { components { nodes { ref } } }",
            "component:default/payments",
        ),
        ("system:bank", "... on System { apis { nodes { ref } } }", "api:default/pay"),
        ("domain:money", "... on Domain { systems { nodes { ref } } }", "system:default/bank"),
        ("group:squad-a", "... on Group { parent { ref } }", "group:default/division"),
        ("group:squad-a", "... on Group { members { nodes { ref } } }", "user:default/alice"),
        ("group:division", "... on Group { children { nodes { ref } } }", "group:default/squad-a"),
        ("user:alice", "... on User { memberOf { nodes { ref } } }", "group:default/squad-a"),
        ("user:alice", "... on Owner { ownerOf { nodes { ref } } }", "component:default/ledger"),
        (
            "gadget:lab/drone",
            "... on CustomEntity { related(relation: \"partOf\") { nodes { ref } } }",
            "system:default/bank",
        ),
    ] {
        let data =
            catalog.data(&format!("{{ entity(ref: \"{entity_ref}\") {{ {fields} }} }}")).await;
        let field = data["entity"].as_object().unwrap().values().next().unwrap();
        let found = if field["nodes"].is_array() {
            field["nodes"][0]["ref"].clone()
        } else {
            field["ref"].clone()
        };
        assert_eq!(found, expected, "{entity_ref} {fields}");
    }
}

#[tokio::test]
async fn every_kind_has_its_own_type_and_kinds_of_configuration_share_one() {
    let catalog = TestCatalog::new();
    for (entity_ref, fields, expected) in [
        (
            "api:pay",
            "... on Api { type definition }",
            json!({ "type": "openapi", "definition": "openapi: 3.1.0" }),
        ),
        ("resource:db", "... on Resource { type }", json!({ "type": "database" })),
        ("system:bank", "... on System { type }", json!({ "type": null })),
        (
            "group:squad-a",
            "... on Group { type displayName }",
            json!({ "type": "team", "displayName": "The A squad" }),
        ),
        (
            "user:alice",
            "... on User { displayName email picture }",
            json!({ "displayName": "Alice", "email": "alice@bank.example", "picture": null }),
        ),
        (
            "location:root",
            "... on Location { type target targets presence }",
            json!({
                "type": "url", "target": null, "targets": ["./a.yaml", "./b.yaml"], "presence": null,
            }),
        ),
        (
            "template:new-service",
            "... on Template { type spec }",
            json!({
                "type": "service", "spec": { "type": "service", "steps": [{ "action": "x" }] },
            }),
        ),
        (
            "airesource:reviewer",
            "... on AiResource { type lifecycle }",
            json!({ "type": "skill", "lifecycle": "production" }),
        ),
        (
            "gadget:lab/drone",
            "__typename kind ... on CustomEntity { spec owner { ref } }",
            json!({
                "__typename": "CustomEntity", "kind": "Gadget",
                "spec": { "weight": 1.50, "partOf": "bank" }, "owner": { "ref": "group:default/squad-a" },
            }),
        ),
    ] {
        let data =
            catalog.data(&format!("{{ entity(ref: \"{entity_ref}\") {{ {fields} }} }}")).await;
        assert_eq!(data["entity"], expected, "{entity_ref}");
    }
}

#[tokio::test]
async fn raw_is_answered_byte_for_byte() {
    let catalog = TestCatalog::new();
    let answer = catalog.public("{ entity(ref: \"gadget:lab/drone\") { raw } }").await;
    let text = std::str::from_utf8(&answer.body).unwrap();
    let raw = text.strip_prefix(r#"{"data":{"entity":{"raw":"#).unwrap();
    assert!(raw.starts_with(r#"{"metadata":{"name":"drone","namespace":"lab""#), "{raw}");
    assert!(raw.contains(r#""weight":1.5"#), "{raw}");
}

#[tokio::test]
async fn a_node_comes_back_by_its_id_and_an_unknown_one_is_null() {
    let catalog = TestCatalog::new();
    let data = catalog.data("{ entity(ref: \"api:pay\") { id } }").await;
    let id = data["entity"]["id"].as_str().unwrap();
    let query = format!(
        "{{ node(id: \"{id}\") {{ id __typename ... on Entity {{ ref }} ... on Api {{ type }} }}
           nodes(ids: [\"{id}\", \"x\", \"\", \"AWVhcGk6ZGVmYXVsdC9ub3BlCg\"]) {{ id }} }}"
    );
    let data = catalog.data(&query).await;
    assert_eq!(
        data["node"],
        json!({ "id": id, "__typename": "Api", "ref": "api:default/pay", "type": "openapi" })
    );
    assert_eq!(data["nodes"], json!([{ "id": id }, null, null, null]));
    let data = catalog.data("{ entity(ref: \"api:nope\") { ref } node(id: \"e30\") { id } }").await;
    assert_eq!(data, json!({ "entity": null, "node": null }));
}

#[tokio::test]
async fn a_list_is_paged_both_ways_and_the_pages_are_the_list() {
    let catalog = TestCatalog::new();
    for order in [
        "",
        "orderBy: [{field: \"spec.type\"}]",
        "orderBy: [{field: \"spec.type\", direction: DESC}, {field: \"metadata.name\"}]",
    ] {
        let list = |page: &str| {
            format!(
                "{{ entities({order} {page}) {{ nodes {{ ref }} totalCount
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            )
        };
        let whole = catalog.data(&list("first: 100")).await["entities"].clone();
        let all = refs(&whole);
        assert_eq!(whole["totalCount"], 13);
        assert_eq!(all.len(), 13);
        let (mut forward, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = catalog.data(&list(&format!("first: 4 {cursor}"))).await["entities"].clone();
            assert_eq!(page["pageInfo"]["hasPreviousPage"], !forward.is_empty());
            forward.extend(refs(&page));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            cursor = format!("after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(forward, all, "{order}");
        let (mut backward, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = catalog.data(&list(&format!("last: 4 {cursor}"))).await["entities"].clone();
            assert_eq!(page["pageInfo"]["hasNextPage"], !backward.is_empty());
            backward.splice(0..0, refs(&page));
            if page["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
            cursor = format!("before: {}", page["pageInfo"]["startCursor"]);
        }
        assert_eq!(backward, all, "{order}");
    }
}

#[tokio::test]
async fn a_list_of_relations_is_paged() {
    let catalog = TestCatalog::new();
    let list = |page: &str| {
        format!("{{ entity(ref: \"group:squad-a\") {{ ... on Group {{ ownerOf({page}) {{
            edges {{ cursor node {{ ref }} }} totalCount facets(fields: [\"kind\"]) {{ values {{ value count }} }}
            pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }} }} }}")
    };
    let first = catalog.data(&list("first: 2")).await["entity"]["ownerOf"].clone();
    assert_eq!(first["edges"][1]["node"]["ref"], "component:default/payments");
    assert_eq!(first["edges"][1]["cursor"], first["pageInfo"]["endCursor"]);
    assert_eq!(first["totalCount"], 3);
    assert_eq!(
        first["facets"][0]["values"],
        json!([{ "value": "API", "count": 1 }, { "value": "Component", "count": 1 }, { "value": "System", "count": 1 }])
    );
    let after = format!("first: 2, after: {}", first["pageInfo"]["endCursor"]);
    let second = catalog.data(&list(&after)).await["entity"]["ownerOf"].clone();
    assert_eq!(second["edges"].as_array().unwrap().len(), 1);
    assert_eq!(second["edges"][0]["node"]["ref"], "system:default/bank");
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let none = catalog.data(&list("first: 0")).await["entity"]["ownerOf"].clone();
    assert_eq!((&none["edges"], &none["totalCount"]), (&json!([]), &json!(3)));
}

#[tokio::test]
async fn a_bad_page_is_refused() {
    let catalog = TestCatalog::new();
    let ranked = catalog.data("{ search(text: \"pay\") { pageInfo { endCursor } } }").await;
    let ranked = ranked["search"]["pageInfo"]["endCursor"].to_string();
    let sorted = catalog.data("{ entities(first: 1) { pageInfo { endCursor } } }").await;
    let sorted = sorted["entities"]["pageInfo"]["endCursor"].to_string();
    for page in [
        "entities(first: -1)",
        "entities(first: 501)",
        "entities(last: -1)",
        "entities(last: 501)",
        "entities(first: 1, last: 1)",
        "entities(first: 1, before: \"x\")",
        "entities(after: \"x\", before: \"x\")",
        "entities(after: \"\")",
        "entities(after: \"e30=\")",
        "entities(before: \"component:default/payments\")",
        "search(text: \"a\", after: \"x\")",
        "search(text: \"a\", first: -5)",
        "failedEntities(after: \"x\")",
        &format!("entities(after: {ranked})"),
        &format!("search(text: \"a\", after: {sorted})"),
        &format!("entities(after: {sorted}, orderBy: [{{field: \"kind\"}}])"),
    ] {
        let (code, message) = catalog.error(&format!("{{ {page} {{ totalCount }} }}")).await;
        assert_eq!(code, "BAD_USER_INPUT", "{page}: {message}");
    }
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let catalog = TestCatalog::new();
    let payments = "component:default/payments";
    let ledger = "component:default/ledger";
    for (filter, expected) in [
        ("kind: {eq: \"component\"}", vec![ledger, payments]),
        ("kind: {in: [\"API\", \"resource\"]}", vec!["api:default/pay", "resource:default/db"]),
        ("kind: {prefix: \"te\"}", vec!["template:default/new-service"]),
        ("namespace: {eq: \"LAB\"}", vec!["gadget:lab/drone"]),
        ("name: {prefix: \"pay\"}", vec!["api:default/pay", payments]),
        ("type: {eq: \"Service\"}", vec![payments, "template:default/new-service"]),
        ("lifecycle: {eq: \"experimental\"}", vec![ledger]),
        ("lifecycle: {exists: false}, kind: {eq: \"domain\"}", vec!["domain:default/money"]),
        ("owner: {eq: \"user:Alice\"}", vec![ledger]),
        ("owner: {eq: \"squad-a\"}, kind: {eq: \"component\"}", vec![payments]),
        ("owner: {prefix: \"squad\"}, kind: {eq: \"api\"}", vec!["api:default/pay"]),
        (
            "owner: {in: [\"default/squad-a\", \"user:alice\"]}, kind: {eq: \"component\"}",
            vec![ledger, payments],
        ),
        ("system: {eq: \"bank\"}", vec!["api:default/pay", payments, "gadget:lab/drone"]),
        ("system: {exists: true}, kind: {eq: \"component\"}", vec![payments]),
        ("tag: {eq: \"rust\"}", vec!["api:default/pay", payments]),
        ("tag: {eq: \"rust\"}, kind: {eq: \"api\"}", vec!["api:default/pay"]),
        ("field: [{path: \"metadata.labels.tier\"}]", vec![payments]),
        (
            "field: [{path: \"metadata.annotations.backstage.io/view-url\", exists: true}]",
            vec![payments],
        ),
        ("field: [{path: \"spec.weight\", eq: \"1.5\"}]", vec!["gadget:lab/drone"]),
        ("field: [{path: \"spec.lifecycle\", in: [\"experimental\"]}]", vec![ledger]),
        ("relation: [{type: \"dependsOn\", target: \"component:ledger\"}]", vec![payments]),
        ("relation: [{type: \"dependencyOf\"}]", vec![ledger, "resource:default/db"]),
        ("text: \"MOVES\"", vec![payments]),
        ("text: \"pay money\"", vec![payments]),
        ("text: \"tier1\"", vec![payments]),
        ("text: \"%\"", vec![]),
        ("hasProblems: true", vec![ledger]),
        ("hasProblems: false, kind: {eq: \"component\"}", vec![payments]),
        ("orphan: true", vec![ledger]),
        ("orphan: false, kind: {eq: \"component\"}", vec![payments]),
        ("and: [{kind: {eq: \"component\"}}, {tag: {eq: \"rust\"}}]", vec![payments]),
        (
            "or: [{kind: {eq: \"api\"}}, {kind: {eq: \"domain\"}}]",
            vec!["api:default/pay", "domain:default/money"],
        ),
        ("or: []", vec![]),
        ("not: {not: {kind: {eq: \"api\"}}}", vec!["api:default/pay"]),
        ("kind: {eq: \"component\"}, not: {tag: {exists: true}}", vec![ledger]),
        ("kind: {eq: \"component\", prefix: \"x\"}", vec![]),
        ("kind: {in: []}", vec![]),
        ("kind: {eq: \"__proto__\"}", vec![]),
    ] {
        let query = format!("{{ entities(filter: {{ {filter} }}) {{ nodes {{ ref }} }} }}");
        assert_eq!(catalog.refs(&query).await, expected, "{filter}");
    }
    assert_eq!(
        catalog.refs("{ entities(filter: {kind: {}}, first: 100) { nodes { ref } } }").await.len(),
        13
    );
}

#[tokio::test]
async fn a_filter_that_is_too_large_or_names_nothing_is_refused() {
    let catalog = TestCatalog::new();
    for filter in [
        "owner: {eq: \"\"}".to_owned(),
        "owner: {eq: \"group:\"}".to_owned(),
        "system: {in: [\"a//\", \":\"]}".to_owned(),
        "relation: [{type: \"dependsOn\", target: \"no-kind\"}]".to_owned(),
        "text: \"a b c d e f g h i j k\"".to_owned(),
        format!("and: [{}]", "{}".repeat(300)),
    ] {
        let query = format!("{{ entities(filter: {{ {filter} }}) {{ totalCount }} }}");
        assert_eq!(catalog.error(&query).await.0, "BAD_USER_INPUT", "{filter}");
    }
    let (code, _) = catalog.error("{ entities(orderBy: [{field: \"a\"}, {field: \"b\"}, {field: \"c\"}, {field: \"d\"}]) { totalCount } }").await;
    assert_eq!(code, "BAD_USER_INPUT");
}

#[tokio::test]
async fn facets_count_over_the_list_and_not_over_the_page() {
    let catalog = TestCatalog::new();
    let data = catalog
        .data(
            "{ facets(fields: [\"kind\", \"spec.type\", \"nope\"], filter: {owner: {eq: \"squad-a\"}}) { field values { value count } }
               entities(filter: {kind: {eq: \"component\"}}, first: 1) { facets(fields: [\"spec.lifecycle\"]) { field values { value count } } } }",
        )
        .await;
    assert_eq!(
        data["facets"],
        json!([
            { "field": "kind", "values": [
                { "value": "API", "count": 1 }, { "value": "Component", "count": 1 },
                { "value": "Gadget", "count": 1 }, { "value": "System", "count": 1 },
            ] },
            { "field": "spec.type", "values": [
                { "value": "openapi", "count": 1 }, { "value": "service", "count": 1 },
            ] },
            { "field": "nope", "values": [] },
        ])
    );
    assert_eq!(
        data["entities"]["facets"][0]["values"],
        json!([{ "value": "experimental", "count": 1 }, { "value": "production", "count": 1 }])
    );
    let many = "\"kind\",".repeat(11);
    assert_eq!(
        catalog.error(&format!("{{ facets(fields: [{many}]) {{ field }} }}")).await.0,
        "BAD_USER_INPUT"
    );
}

#[tokio::test]
async fn search_puts_the_exact_name_first_and_forgives_one_typo() {
    let catalog = TestCatalog::new();
    let hits = |data: &Value| -> Vec<String> {
        let nodes = data["search"]["nodes"].as_array().unwrap();
        nodes.iter().map(|hit| hit["entity"]["ref"].as_str().unwrap().to_owned()).collect()
    };
    let query = |arguments: &str| {
        format!(
            "{{ search({arguments}) {{ nodes {{ type title score entity {{ ref }} }} totalCount pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
        )
    };
    let exact = catalog.data(&query("text: \"pay\"")).await;
    assert_eq!(hits(&exact)[0], "api:default/pay");
    assert!(hits(&exact).contains(&"component:default/payments".to_owned()), "{exact}");
    let typo = catalog.data(&query("text: \"paymants\"")).await;
    assert_eq!(hits(&typo), ["component:default/payments"]);
    assert_eq!(typo["search"]["nodes"][0]["title"], "Payments service");
    let filtered = catalog.data(&query("text: \"pay\", filter: {kind: {eq: \"component\"}}")).await;
    assert_eq!(hits(&filtered), ["component:default/payments"]);
    let first = catalog.data(&query("text: \"pay\", first: 1")).await;
    assert_eq!(first["search"]["pageInfo"]["hasNextPage"], true);
    let after =
        format!("text: \"pay\", first: 1, after: {}", first["search"]["pageInfo"]["endCursor"]);
    let second = catalog.data(&query(&after)).await;
    assert_eq!(hits(&second)[0], hits(&exact)[1]);
    assert_eq!(second["search"]["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(hits(&catalog.data(&query("text: \"pay\", types: []")).await), Vec::<String>::new());
    let long = format!("text: \"{}\"", "x".repeat(201));
    assert_eq!(catalog.error(&query(&long)).await.0, "BAD_USER_INPUT");
}

#[tokio::test]
async fn problems_are_shown_and_what_never_processed_is_listed_apart() {
    let catalog = TestCatalog::new();
    let data = catalog
        .data(
            "{ entity(ref: \"component:ledger\") { isOrphan problems { type level message } }
               broken: entity(ref: \"component:broken\") { ref }
               failedEntities { totalCount nodes { ref kind namespace name location raw problems { level message } } } }",
        )
        .await;
    assert_eq!(
        data["entity"],
        json!({ "isOrphan": true, "problems": [{
            "type": "backstage.io/catalog-processing", "level": "ERROR",
            "message": "InputError: the file is gone",
        }] })
    );
    assert_eq!(data["broken"], Value::Null);
    let failed = &data["failedEntities"];
    assert_eq!(failed["totalCount"], 1);
    assert_eq!(failed["nodes"][0]["ref"], "component:default/broken");
    assert_eq!(failed["nodes"][0]["name"], "Broken");
    assert_eq!(failed["nodes"][0]["location"], "file:/x.yaml");
    assert_eq!(failed["nodes"][0]["raw"]["kind"], "Component");
    assert_eq!(
        failed["nodes"][0]["problems"],
        json!([{ "level": "ERROR", "message": "InputError: spec.owner is missing" }])
    );
}

#[tokio::test]
async fn the_viewer_is_the_caller() {
    let catalog = TestCatalog::new();
    let query = body("{ viewer { ref via displayName ownershipRefs entity { ref } } }");
    let service = Caller {
        principal: Principal::Service { subject: "external:ci".into(), restrictions: None },
        via: SignInMethod::Service,
    };
    let alice = Caller {
        principal: Principal::User { entity_ref: EntityRef::new("user", "default", "alice") },
        via: SignInMethod::Guest,
    };
    for (caller, expected) in [
        (
            Caller::guest(),
            json!({
                "ref": "user:development/guest", "via": "GUEST", "displayName": "guest",
                "ownershipRefs": ["user:development/guest"], "entity": null,
            }),
        ),
        (
            service,
            json!({
                "ref": null, "via": "SERVICE", "displayName": "external:ci", "ownershipRefs": [],
                "entity": null,
            }),
        ),
        (
            alice,
            json!({
                "ref": "user:default/alice", "via": "GUEST", "displayName": "Alice",
                "ownershipRefs": ["user:default/alice", "group:default/division", "group:default/squad-a"],
                "entity": { "ref": "user:default/alice" },
            }),
        ),
    ] {
        let answer = catalog.service.execute_public(query.clone(), &caller).await;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["data"]["viewer"], expected);
    }
}

//! What the schema answers about one entity, over a small catalog in memory.

use callboard_auth::{Caller, Principal, SignInMethod};
use callboard_model::EntityRef;
use serde_json::{Value, json};

use crate::support::{TestCatalog, body};

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

//! What a Backstage backend 4.0.0 answered, row by row, and what only we have.

use serde_json::json;

use super::*;
use crate::Relation;

fn registry() -> KindRegistry {
    KindRegistry::new(&KindModule::ALL, Vec::new()).unwrap()
}

fn entity(api_version: &str, kind: &str, spec: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "ns"}, "spec": spec})
}

fn component(change: Value) -> Value {
    let mut spec = json!({"type": "service", "lifecycle": "production", "owner": "team"});
    for (key, value) in change.as_object().unwrap() {
        spec[key] = value.clone();
    }
    entity("backstage.io/v1alpha1", "Component", spec)
}

fn verdict(entity: &Value) -> String {
    match registry().check(entity) {
        Ok(kind) => match kind.relations(entity) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(KindError::Unknown { .. }) => "unknown".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn verdicts_are_backstages() {
    let base = json!({"type": "t", "lifecycle": "l", "owner": "o"});
    for (entity, expected) in [
        (component(json!({})), "ok"),
        (entity("backstage.io/v1beta1", "Component", base.clone()), "ok"),
        (entity("backstage.io/v1", "Component", base.clone()), "unknown"),
        (entity("backstage.io/v1alpha1", "component", base.clone()), "unknown"),
        (component(json!({"owner": []})), "/spec/owner must be string - type: string"),
        (
            component(json!({"owner": ""})),
            "/spec/owner must NOT have fewer than 1 characters - limit: 1",
        ),
        (component(json!({"more": 1})), "ok"),
        (component(json!({"dependsOn": "a"})), "/spec/dependsOn must be array - type: array"),
        (
            component(json!({"dependsOn": ["a"]})),
            "Entity reference \"a\" had missing or empty kind (e.g. did not start with \"component:\" or similar)",
        ),
        (
            entity("backstage.io/v1alpha1", "Group", json!({"type": "t"})),
            "/spec must have required property 'children' - missingProperty: children",
        ),
        (
            entity("backstage.io/v1alpha1", "User", json!({})),
            "/spec must have required property 'memberOf' - missingProperty: memberOf",
        ),
        (entity("backstage.io/v1alpha1", "Location", json!({})), "ok"),
        (
            entity(
                "scaffolder.backstage.io/v1beta3",
                "Template",
                json!({"type": "t", "steps": []}),
            ),
            "ok",
        ),
        (
            entity(
                "scaffolder.backstage.io/v1beta3",
                "Template",
                json!({"type": "t", "steps": [{}]}),
            ),
            "/spec/steps/0 must have required property 'action' - missingProperty: action",
        ),
    ] {
        assert_eq!(verdict(&entity), expected, "{entity}");
    }
}

#[test]
fn a_spec_is_needed() {
    let mut entity = component(json!({}));
    entity.as_object_mut().unwrap().remove("spec");
    assert_eq!(
        verdict(&entity),
        "<root> must have required property 'spec' - missingProperty: spec"
    );
}

#[test]
fn modules_are_switched() {
    let plain = KindRegistry::new(&[], Vec::new()).unwrap();
    let template =
        entity("scaffolder.backstage.io/v1beta3", "Template", json!({"type": "t", "steps": []}));
    assert!(matches!(plain.check(&template), Err(KindError::Unknown { .. })));
    let mcp = json!({"type": "mcp-server", "lifecycle": "l", "owner": "o", "remotes": [{"type": "t", "url": "u"}]});
    let mcp = entity("backstage.io/v1alpha1", "API", mcp);
    assert_eq!(
        plain.check(&mcp).unwrap_err().to_string(),
        "/spec must have required property 'definition' - missingProperty: definition"
    );
    assert_eq!(verdict(&mcp), "ok");
}

fn relations(entity: &Value) -> Vec<String> {
    let registry = registry();
    let relations: Vec<Relation> = registry.check(entity).unwrap().relations(entity).unwrap();
    relations.iter().map(|r| format!("{} {} {}", r.source, r.kind, r.target)).collect()
}

#[test]
fn every_field_emits_both_directions_in_the_namespace_of_the_entity() {
    let entity = component(json!({
        "owner": "User:A", "system": "other/s", "providesApis": ["p", "p"], "dependsOn": ["resource:db"],
        "dependencyOf": "component:default/caller",
    }));
    assert_eq!(
        relations(&entity),
        [
            "api:ns/p apiProvidedBy component:ns/x",
            "component:default/caller dependsOn component:ns/x",
            "component:ns/x dependencyOf component:default/caller",
            "component:ns/x dependsOn resource:ns/db",
            "component:ns/x ownedBy user:ns/a",
            "component:ns/x partOf system:other/s",
            "component:ns/x providesApi api:ns/p",
            "resource:ns/db dependencyOf component:ns/x",
            "system:other/s hasPart component:ns/x",
            "user:ns/a ownerOf component:ns/x",
        ]
    );
}

#[test]
fn a_subtype_drops_refs_of_kinds_that_it_does_not_allow() {
    let skill = json!({
        "type": "skill", "lifecycle": "l", "owner": "component:c", "dependsOn": ["base", "component:c"],
    });
    assert_eq!(
        relations(&entity("backstage.io/v1alpha1", "AiResource", skill)),
        [
            "airesource:ns/base dependencyOf airesource:ns/x",
            "airesource:ns/x dependsOn airesource:ns/base"
        ]
    );
}

fn gadget() -> Value {
    json!({
        "kind": "Gadget", "apiVersions": ["acme.example/v1"],
        "schema": {"type": "object", "required": ["spec"], "properties": {
            "spec": {"type": "object", "required": ["owner"], "properties": {"size": {"minimum": 1}}},
        }},
        "relations": [{"field": "spec.owner", "defaultKind": "Group", "type": "ownedBy", "inverse": "ownerOf"}],
    })
}

#[test]
fn kinds_of_the_configuration_are_judged_and_related() {
    let definition: KindDefinition = serde_json::from_value(gadget()).unwrap();
    let registry = KindRegistry::new(&[], vec![definition]).unwrap();
    let good = entity("acme.example/v1", "Gadget", json!({"owner": "team"}));
    let kind = registry.check(&good).unwrap();
    assert_eq!(kind.relations(&good).unwrap().len(), 2);
    let bad = entity("acme.example/v1", "Gadget", json!({"owner": "team", "size": 0}));
    assert_eq!(
        registry.check(&bad).unwrap_err().to_string(),
        "/spec/size must be >= 1 - comparison: >=, limit: 1"
    );
}

#[test]
fn a_bad_definition_names_what_is_wrong() {
    for (change, message) in [
        (json!({"kind": "a-b"}), "kind \"a-b\" is not valid"),
        (json!({"apiVersions": []}), "kind \"Gadget\" has the apiVersion \"\""),
        (json!({"apiVersions": ["a/b/c"]}), "kind \"Gadget\" has the apiVersion \"a/b/c\""),
        (json!({"schema": {"type": "objec"}}), "the schema of kind \"Gadget\" cannot be used"),
        (
            json!({"relations": [{"field": "spec..a", "type": "a", "inverse": "b"}]}),
            "kind \"Gadget\" has the relation field \"spec..a\"",
        ),
        (
            json!({"kind": "Component", "apiVersions": ["backstage.io/v1alpha1"]}),
            "kind \"Component\" with apiVersion \"backstage.io/v1alpha1\" is defined twice",
        ),
    ] {
        let mut definition = gadget();
        for (key, value) in change.as_object().unwrap() {
            definition[key] = value.clone();
        }
        let definition: KindDefinition = serde_json::from_value(definition).unwrap();
        let error = KindRegistry::new(&[], vec![definition]).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

//! One row per rule, measured on a Backstage backend 4.0.0.

use serde_json::json;

use super::*;

fn component(metadata: Value) -> Value {
    json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata, "spec": {}})
}

fn verdict(mut entity: Value) -> Result<Value, String> {
    enforce_policies(&mut entity).map_err(|error| error.to_string())?;
    Ok(entity)
}

fn refusal(entity: Value) -> String {
    verdict(entity).unwrap_err()
}

#[test]
fn the_envelope_names_the_first_thing_that_is_missing() {
    for (entity, message) in [
        (
            json!({}),
            "<root> must have required property 'apiVersion' - missingProperty: apiVersion",
        ),
        (
            json!({"apiVersion": "v1"}),
            "<root> must have required property 'kind' - missingProperty: kind",
        ),
        (
            json!({"apiVersion": "v1", "kind": "", "metadata": {"name": "a"}}),
            "/kind must NOT have fewer than 1 characters - limit: 1",
        ),
        (
            json!({"apiVersion": "v1", "kind": "K", "metadata": {}}),
            "/metadata must have required property 'name' - missingProperty: name",
        ),
        (
            json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": 1}}),
            "/metadata/name must be string - type: string",
        ),
        (
            json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a", "namespace": ""}}),
            "/metadata/namespace must NOT have fewer than 1 characters - limit: 1",
        ),
    ] {
        assert_eq!(check_envelope(&entity).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_namespace_is_filled_in_first() {
    let entity =
        verdict(component(json!({"name": "a", "uid": "u", "etag": "e", "foo": 1}))).unwrap();
    assert_eq!(
        entity.to_string(),
        r#"{"metadata":{"namespace":"default","name":"a","uid":"u","etag":"e","foo":1},"apiVersion":"backstage.io/v1alpha1","kind":"Component","spec":{}}"#
    );
}

#[test]
fn a_given_namespace_leaves_the_order_alone() {
    let entity = component(json!({"name": "a", "namespace": "b"}));
    assert_eq!(verdict(entity.clone()).unwrap().to_string(), entity.to_string());
}

#[test]
fn the_schema_refuses_with_the_words_of_ajv() {
    for (metadata, message) in [
        (
            json!({"name": "a", "labels": {"a": 1}}),
            "Malformed envelope, /metadata/labels/a must be string",
        ),
        (
            json!({"name": "a", "annotations": {"a/b": 1}}),
            "Malformed envelope, /metadata/annotations/a~1b must be string",
        ),
        (
            json!({"name": "a", "title": ""}),
            "Malformed envelope, /metadata/title must NOT have fewer than 1 characters",
        ),
        (
            json!({"name": "a", "links": [{}]}),
            "Malformed envelope, /metadata/links/0 must have required property 'url'",
        ),
        (json!({"name": "a", "tags": null}), "Malformed envelope, /metadata/tags must be array"),
    ] {
        assert_eq!(refusal(component(metadata)), message);
    }
}

#[test]
fn foreign_root_fields_are_refused() {
    let mut entity = component(json!({"name": "a"}));
    entity["other"] = json!(1);
    assert_eq!(refusal(entity), "Malformed envelope, <root> must NOT have additional properties");
    for field in ["relations", "status"] {
        let mut entity = component(json!({"name": "a"}));
        entity[field] = if field == "status" { json!({}) } else { json!([]) };
        assert_eq!(refusal(entity), format!("Unknown field {field}"));
    }
}

#[test]
fn field_formats_are_refused_with_what_was_found() {
    let more = " To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md";
    for (metadata, message) in [
        (
            json!({"name": "a b"}),
            "\"metadata.name\" is not valid; expected a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total but found \"a b\".",
        ),
        (
            json!({"name": "a", "namespace": "B"}),
            "\"metadata.namespace\" is not valid; expected a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total but found \"B\".",
        ),
        (
            json!({"name": "a", "tags": ["ok", "Java"]}),
            "\"tags.1\" is not valid; expected a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total but found \"Java\".",
        ),
        (
            json!({"name": "a", "labels": {"a/b/c": "x"}}),
            "\"labels.a/b/c\" is not valid; expected a valid prefix and/or suffix but found \"a/b/c\".",
        ),
        (
            json!({"name": "a", "links": [{"url": "/foo"}]}),
            "\"links.0.url\" is not valid; expected a string that is a valid url but found \"/foo\".",
        ),
        (
            json!({"name": "a", "links": [{"url": "https://x.example", "title": " "}]}),
            "\"links.0.title\" is not valid; expected a non empty string but found \" \".",
        ),
    ] {
        assert_eq!(refusal(component(metadata)), format!("{message}{more}"));
    }
}

#[test]
fn what_looks_odd_but_is_legal_passes() {
    for metadata in [
        json!({"name": "a..b"}),
        json!({"name": "a", "tags": []}),
        json!({"name": "a", "tags": ["c++", "go:1"]}),
        json!({"name": "a", "labels": {"a": ""}}),
        json!({"name": "a", "links": [{"url": "javascript:alert(1)"}]}),
    ] {
        assert!(verdict(component(metadata.clone())).is_ok(), "{metadata}");
    }
}

//! The life of one entity, step by step.

use callboard_model::KindModule;
use serde_json::json;

use super::*;
use crate::reading::{ReadError, ReadFile};

const LOCATION: &str = "url:https://github.com/o/r/tree/main/a/catalog-info.yaml";
const ORIGIN: &str = "url:https://github.com/o/r/blob/main/all.yaml";

fn orchestrator() -> ProcessingOrchestrator {
    let kinds = KindRegistry::new(&KindModule::ALL, Vec::new()).unwrap();
    ProcessingOrchestrator::new(ProcessingOptions::new(Arc::new(kinds)))
}

fn entity_from(location: &str, kind: &str, spec: Value) -> Entity {
    let entity = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x", "annotations": {
            annotation::MANAGED_BY_LOCATION: location,
            annotation::MANAGED_BY_ORIGIN_LOCATION: if location.starts_with("url") { ORIGIN } else { location },
        }},
        "spec": spec,
    });
    serde_json::from_value(entity).unwrap()
}

fn entity(kind: &str, spec: Value) -> Entity {
    entity_from(LOCATION, kind, spec)
}

fn component(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: t\n  lifecycle: l\n  owner: o\n"
    )
}

fn read(request: &ReadRequest, content: &str) -> ReadFile {
    ReadFile::new(Arc::clone(&request.target), content.to_owned(), None)
}

/// Reads whose targets end with the given names; everything else is not found.
fn reads(orchestrator: &ProcessingOrchestrator, entity: &Entity, files: &[(&str, &str)]) -> Reads {
    let requests = orchestrator.reads(entity);
    let outcome = |request: &ReadRequest| {
        let found = files.iter().find(|(name, _)| request.target.ends_with(name));
        found.map(|(_, content)| vec![read(request, content)]).ok_or_else(|| ReadError::NotFound {
            target: Arc::clone(&request.target),
            reason: "404".to_owned(),
        })
    };
    requests.into_iter().map(|request| (request.clone(), outcome(&request))).collect()
}

fn process(entity: &Entity, files: &[(&str, &str)]) -> ProcessingResult {
    let orchestrator = orchestrator();
    let reads = reads(&orchestrator, entity, files);
    orchestrator.process(entity, &reads)
}

fn emitted(result: &ProcessingResult) -> Vec<String> {
    result.deferred.iter().map(|deferred| deferred.entity.entity_ref().to_string()).collect()
}

#[test]
fn a_component_is_annotated_sorted_and_related() {
    let spec = json!({"type": "t", "lifecycle": "l", "owner": "o", "dependsOn": ["resource:b", "resource:a"]});
    let result = process(&entity("Component", spec), &[]);
    let completed = result.completed.unwrap();
    assert_eq!(completed.namespace(), "default");
    for (key, value) in [
        (annotation::MANAGED_BY_LOCATION, LOCATION),
        (annotation::MANAGED_BY_ORIGIN_LOCATION, ORIGIN),
        (annotation::VIEW_URL, "https://github.com/o/r/tree/main/a/catalog-info.yaml"),
        (annotation::EDIT_URL, "https://github.com/o/r/edit/main/a/catalog-info.yaml"),
        (annotation::SOURCE_LOCATION, "url:https://github.com/o/r/tree/main/a/"),
    ] {
        assert_eq!(completed.annotation(key), Some(value));
    }
    assert_eq!(completed.spec().unwrap()["dependsOn"], json!(["resource:a", "resource:b"]));
    assert_eq!(result.relations.len(), 6);
    assert_eq!(result.errors, []);
}

#[test]
fn a_placeholder_is_asked_for_and_replaced() {
    let spec = json!({"type": "t", "lifecycle": "l", "owner": "o", "definition": {"$text": "./openapi.yaml"}});
    let api = entity("API", spec);
    let targets: Vec<_> =
        orchestrator().reads(&api).iter().map(|request| request.target.to_string()).collect();
    assert_eq!(targets, ["https://github.com/o/r/tree/main/a/openapi.yaml"]);
    let result = process(&api, &[("openapi.yaml", "openapi: 3.1.0\n")]);
    assert_eq!(result.completed.unwrap().spec_text("definition"), Some("openapi: 3.1.0\n"));
    assert_eq!(&*result.refresh_keys[0], "url:https://github.com/o/r/tree/main/a/openapi.yaml");
}

#[test]
fn each_refusal_says_which_step_refused() {
    let base = json!({"type": "t", "lifecycle": "l", "owner": "o"});
    let with = |key: &str, value: Value| {
        let mut spec = base.clone();
        spec[key] = value;
        spec
    };
    for (entity, stage, message) in [
        (
            entity("component", base.clone()),
            "unknown-kind",
            "No processor recognized the entity component:default/x",
        ),
        (
            entity("Component", with("owner", json!(1))),
            "kind",
            "Processor BuiltinKindsEntityProcessor threw",
        ),
        (
            entity("Component", with("dependsOn", json!(["a"]))),
            "postprocess",
            "Processor BuiltinKindsEntityProcessor threw an error while postprocessing",
        ),
        (
            entity("API", with("definition", json!({"$text": 1}))),
            "preprocess",
            "Processor PlaceholderProcessor threw",
        ),
        (
            entity("API", with("definition", json!({"$text": "./x"}))),
            "preprocess",
            "Processor PlaceholderProcessor threw",
        ),
    ] {
        let result = process(&entity, &[]);
        assert_eq!(result.completed, None);
        assert_eq!(result.errors[0].stage, stage);
        assert!(result.errors[0].message.starts_with(message), "{:?}", result.errors);
    }
}

#[test]
fn one_bad_target_of_a_location_fails_alone() {
    let location =
        entity("Location", json!({"targets": ["./good.yaml", "./missing.yaml", "./half.yaml"]}));
    let half = format!("{}---\na: [1\n---\n{}", component("b"), component("c"));
    let result = process(&location, &[("good.yaml", &component("a")), ("half.yaml", &half)]);
    assert!(result.completed.is_some());
    assert_eq!(
        emitted(&result),
        ["component:default/a", "component:default/b", "component:default/c"]
    );
    let targets: Vec<_> = result.errors.iter().filter_map(|error| error.target.clone()).collect();
    assert_eq!(
        targets,
        [
            "https://github.com/o/r/tree/main/a/missing.yaml",
            "https://github.com/o/r/tree/main/a/half.yaml",
        ]
    );
    let first = &result.deferred[0];
    assert_eq!(
        first.location_key.as_deref(),
        Some("url:https://github.com/o/r/tree/main/a/good.yaml")
    );
    assert_eq!(first.entity.annotation(annotation::MANAGED_BY_ORIGIN_LOCATION), Some(ORIGIN));
}

#[test]
fn an_optional_target_may_be_missing() {
    let location = entity("Location", json!({"target": "./missing.yaml", "presence": "optional"}));
    let result = process(&location, &[]);
    assert!(result.completed.is_some());
    assert_eq!(result.errors, []);
}

#[test]
fn rules_refuse_one_entity_and_not_its_siblings() {
    let people = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: u\nspec:\n  memberOf: []\n";
    let file = format!("{people}---\n{}", component("a"));
    let result = process(&entity("Location", json!({"target": "./x.yaml"})), &[("x.yaml", &file)]);
    assert_eq!(emitted(&result), ["component:default/a"]);
    assert_eq!(result.errors[0].name, "NotAllowedError");
    assert!(result.errors[0].message.starts_with("Entity user:default/u at "));
}

#[test]
fn a_location_from_a_url_does_not_reach_files() {
    for spec in [
        json!({"type": "file", "target": "/etc/passwd"}),
        json!({"type": "file", "targets": ["./x"]}),
    ] {
        let location = entity("Location", spec);
        assert_eq!(orchestrator().reads(&location), []);
        let result = process(&location, &[]);
        assert_eq!(result.deferred, []);
        assert_eq!(
            result.errors[0].message,
            "Registered locations must be of an allowed type [\"url\"]"
        );
    }
}

#[test]
fn a_location_from_a_file_reads_beside_itself() {
    let location = entity_from(
        "file:/srv/all.yaml",
        "Location",
        json!({"targets": ["./a/*.yaml", "/b.yaml"]}),
    );
    let targets: Vec<_> =
        orchestrator().reads(&location).iter().map(|request| request.target.to_string()).collect();
    assert_eq!(targets, ["/srv/a/*.yaml", "/b.yaml"]);
}

#[test]
fn a_dangerous_link_is_dropped_with_a_warning() {
    let mut entity = entity("Component", json!({"type": "t", "lifecycle": "l", "owner": "o"}));
    entity.0["metadata"]["links"] =
        json!([{"url": "javascript:alert(1)"}, {"url": "https://ok.example"}]);
    let result = process(&entity, &[]);
    assert_eq!(
        result.completed.unwrap().metadata().unwrap()["links"],
        json!([{"url": "https://ok.example"}])
    );
    assert_eq!(result.warnings.len(), 1);
}

#[test]
fn the_fingerprint_tells_options_apart() {
    let other = KindRegistry::new(&[], Vec::new()).unwrap();
    let other = ProcessingOrchestrator::new(ProcessingOptions::new(Arc::new(other)));
    assert_eq!(orchestrator().fingerprint(), orchestrator().fingerprint());
    assert_ne!(orchestrator().fingerprint(), other.fingerprint());
}

#[test]
fn what_nobody_waits_for_any_more_is_given_up() {
    let location = entity("Location", json!({"targets": ["./a.yaml", "./b.yaml", "./c.yaml"]}));
    let (a, b) = (component("a"), component("b"));
    let files = [("a.yaml", a.as_str()), ("b.yaml", b.as_str()), ("c.yaml", "a: [")];
    let orchestrator = orchestrator();
    let reads = reads(&orchestrator, &location, &files);
    let asked = std::cell::Cell::new(0);
    let is_wanted = || {
        asked.set(asked.get() + 1);
        asked.get() < 4
    };
    let input = ProcessingInput { is_wanted: &is_wanted, ..ProcessingInput::all(&reads) };
    let result = orchestrator.process_input(&location, &input);
    assert_eq!(emitted(&result), ["component:default/a"]);
    assert!(result.errors.is_empty());
}

#[test]
fn the_errors_of_targets_that_were_not_chosen_are_not_made_up() {
    let location = entity("Location", json!({"targets": ["./a.yaml", "./b.yaml"]}));
    let orchestrator = orchestrator();
    let mut reads = reads(&orchestrator, &location, &[("a.yaml", "a: [")]);
    reads.retain(|request, _| request.target.ends_with("a.yaml"));
    let is_wanted = &|| true;
    let input = ProcessingInput { reads: &reads, chosen: Chosen::WhatWasRead, is_wanted };
    let result = orchestrator.process_input(&location, &input);
    assert_eq!(result.errors.len(), 1, "{:?}", result.errors);
}

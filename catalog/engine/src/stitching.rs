//! From a processed entity, its relations and its errors to the entity as it is served.

use std::{fmt::Write as _, sync::Arc};

use callboard_model::{Entity, EntityRef};
use serde_json::{Map, Value};

use crate::{
    processing::{MAX_PROBLEMS, ProcessingError},
    refresh_graph::Digest,
};

/// Set on an entity that no source emits any more. Source: Backstage `ORPHAN`.
const ORPHAN_ANNOTATION: &str = "backstage.io/orphan";

/// The type of the only status that processing writes.
const STATUS_TYPE: &str = "backstage.io/catalog-processing";

/// A completed entity as text, cut where stitching adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedJson {
    /// The members of `metadata` without braces, without `uid`, and without `etag` unless the
    /// descriptor gave one.
    pub metadata: Box<str>,
    /// Whether the descriptor gave an `etag`, which is then kept.
    pub has_etag: bool,
    /// The members of the root after `metadata`, each with a leading comma.
    pub rest: Box<str>,
}

impl CompletedJson {
    /// The texts of `entity`; `uid`, `relations` and `status` are left out.
    pub fn of(entity: &Entity) -> Self {
        let metadata = entity.metadata();
        let members = metadata.into_iter().flatten().filter(|(key, _)| *key != "uid");
        let rest = entity
            .0
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "metadata" | "relations" | "status"));
        Self {
            has_etag: metadata.is_some_and(|metadata| metadata.contains_key("etag")),
            metadata: join(members, Comma::Between),
            rest: join(rest, Comma::Before),
        }
    }

    /// Takes apart an entity that was served, so that it can be stitched anew.
    ///
    /// # Errors
    ///
    /// If `body` is not a JSON object.
    pub fn of_served(body: &[u8]) -> Result<Self, serde_json::Error> {
        let mut entity: Entity = serde_json::from_slice(body)?;
        if let Some(metadata) = entity.0.get_mut("metadata").and_then(Value::as_object_mut) {
            // Ours stands behind the uid, one of the descriptor before it.
            let position = |key: &str| metadata.keys().position(|known| known == key);
            if position("etag") > position("uid") {
                metadata.shift_remove("etag");
            }
            if let Some(annotations) =
                metadata.get_mut("annotations").and_then(Value::as_object_mut)
            {
                annotations.shift_remove(ORPHAN_ANNOTATION);
            }
        }
        Ok(Self::of(&entity))
    }

    /// How many bytes of text it holds.
    pub fn size_bytes(&self) -> usize {
        self.metadata.len() + self.rest.len()
    }

    /// The same with the orphan annotation.
    fn as_orphan(&self) -> Self {
        let text = format!("{{{}}}", self.metadata);
        let Ok(metadata) = serde_json::from_str::<Map<String, Value>>(&text) else {
            return self.clone();
        };
        let mut entity = Entity(Map::from_iter([("metadata".to_owned(), Value::Object(metadata))]));
        entity.set_annotation(ORPHAN_ANNOTATION, "true");
        Self { rest: self.rest.clone(), ..Self::of(&entity) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Comma {
    Before,
    Between,
}

fn join<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, comma: Comma) -> Box<str> {
    let mut text = String::new();
    for (key, value) in members {
        if comma == Comma::Before || !text.is_empty() {
            text.push(',');
        }
        push_json(&mut text, key);
        text.push(':');
        push_json(&mut text, value);
    }
    text.into()
}

/// Appends `value` as JSON; texts and JSON values cannot fail to serialise.
fn push_json(text: &mut String, value: &(impl serde::Serialize + ?Sized)) {
    if let Ok(json) = serde_json::to_string(value) {
        text.push_str(&json);
    }
}

/// What is stitched together.
#[derive(Debug)]
pub struct StitchInput<'a> {
    /// The entity.
    pub completed: &'a CompletedJson,
    /// Its uid.
    pub entity_id: &'a str,
    /// Its relations, ordered by type, then target, distinct.
    pub relations: &'a [(&'a Arc<str>, &'a EntityRef)],
    /// Its errors.
    pub errors: &'a [&'a ProcessingError],
    /// What its owner should know and what keeps nothing from being served.
    pub warnings: &'a [ProcessingError],
    /// How many more problems there are.
    pub omitted_errors: usize,
    /// Whether it is an orphan.
    pub is_orphan: bool,
}

/// The JSON text to serve. The same input gives the same bytes. Source: Backstage
/// `performStitching`.
pub fn stitch(input: &StitchInput<'_>) -> Arc<str> {
    let orphan;
    let completed = if input.is_orphan {
        orphan = input.completed.as_orphan();
        &orphan
    } else {
        input.completed
    };
    let mut tail = String::with_capacity(completed.rest.len() + 64 * input.relations.len() + 64);
    tail.push_str(&completed.rest);
    push_relations(&mut tail, input.relations);
    push_status(&mut tail, input);
    tail.push('}');

    let mut body = String::with_capacity(completed.metadata.len() + tail.len() + 140);
    body.push_str("{\"metadata\":{");
    body.push_str(&completed.metadata);
    if !completed.metadata.is_empty() {
        body.push(',');
    }
    body.push_str("\"uid\":");
    push_json(&mut body, input.entity_id);
    if !completed.has_etag {
        let etag = Digest::of([completed.metadata.as_bytes(), tail.as_bytes()]);
        // Writing to a String cannot fail.
        let _infallible = write!(body, ",\"etag\":\"{etag}\"");
    }
    body.push('}');
    body.push_str(&tail);
    body.into()
}

fn push_relations(text: &mut String, relations: &[(&Arc<str>, &EntityRef)]) {
    text.push_str(",\"relations\":[");
    for (at, (kind, target)) in relations.iter().enumerate() {
        text.push_str(if at == 0 { "{\"type\":" } else { ",{\"type\":" });
        push_json(text, &***kind);
        text.push_str(",\"targetRef\":");
        push_json(text, target.as_str());
        text.push('}');
    }
    text.push(']');
}

/// The problems, errors first: [`MAX_PROBLEMS`] of them, and how many more there are.
fn push_status(text: &mut String, input: &StitchInput<'_>) {
    let errors = input.errors.iter().map(|error| status_item("error", error));
    let warnings = input.warnings.iter().map(|warning| status_item("warning", warning));
    let mut items: Vec<_> = errors.chain(warnings).take(MAX_PROBLEMS).collect();
    let known = input.errors.len() + input.warnings.len();
    let omitted = known.saturating_sub(MAX_PROBLEMS) + input.omitted_errors;
    if omitted > 0 {
        let shown = items.len();
        items.push(status_item(
            "error",
            &ProcessingError {
                name: "Error".to_owned(),
                message: format!(
                    "and {omitted} more; the first {shown} are shown: mend those first"
                ),
                stage: "location",
                target: None,
            },
        ));
    }
    if !items.is_empty() {
        text.push_str(",\"status\":{\"items\":");
        push_json(text, &items);
        text.push('}');
    }
}

fn status_item(level: &str, error: &ProcessingError) -> Value {
    serde_json::json!({
        "type": STATUS_TYPE,
        "level": level,
        "message": format!("{}: {}", error.name, error.message),
        "error": { "name": error.name, "message": error.message },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(json: &str) -> Entity {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_stitched_entity_comes_apart_into_what_it_was_made_of() {
        let source = entity(
            r#"{"apiVersion":"v1","kind":"Component","metadata":{"name":"a","uid":"x","annotations":{"k":"v"}},"spec":{"n":1.50}}"#,
        );
        let completed = CompletedJson::of(&source);
        let owner = EntityRef::new("group", "default", "g");
        let kind: Arc<str> = "ownedBy".into();
        let error = ProcessingError {
            name: "InputError".to_owned(),
            message: "bad \"thing\"".to_owned(),
            stage: "policies",
            target: None,
        };
        let input = StitchInput {
            completed: &completed,
            entity_id: "u-1",
            relations: &[(&kind, &owner)],
            errors: &[&error],
            warnings: &[],
            omitted_errors: 0,
            is_orphan: false,
        };
        let body = stitch(&input);
        let served: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(served["metadata"]["uid"], "u-1");
        assert_eq!(served["relations"][0]["targetRef"], "group:default/g");
        assert_eq!(served["status"]["items"][0]["message"], "InputError: bad \"thing\"");
        assert_eq!(CompletedJson::of_served(body.as_bytes()).unwrap(), completed);

        let orphan = stitch(&StitchInput { is_orphan: true, ..input });
        let served: Value = serde_json::from_str(&orphan).unwrap();
        assert_eq!(served["metadata"]["annotations"]["backstage.io/orphan"], "true");
        assert_eq!(CompletedJson::of_served(orphan.as_bytes()).unwrap(), completed);
    }

    #[test]
    fn an_etag_of_the_descriptor_is_kept() {
        let completed =
            CompletedJson::of(&entity(r#"{"metadata":{"name":"a","etag":"mine"},"kind":"K"}"#));
        let input = StitchInput {
            completed: &completed,
            entity_id: "u",
            relations: &[],
            errors: &[],
            warnings: &[],
            omitted_errors: 0,
            is_orphan: false,
        };
        let body = stitch(&input);
        assert!(body.contains(r#""etag":"mine","uid":"u"}"#));
        assert_eq!(CompletedJson::of_served(body.as_bytes()).unwrap(), completed);
    }

    #[test]
    fn of_many_problems_the_first_hundred_are_shown_and_the_rest_is_counted() {
        let error = |number: usize| ProcessingError {
            name: "InputError".to_owned(),
            message: format!("problem {number}"),
            stage: "location",
            target: None,
        };
        let errors: Vec<_> = (0..MAX_PROBLEMS).map(error).collect();
        let warnings: Vec<_> = (0..7).map(error).collect();
        let body = stitch(&StitchInput {
            completed: &CompletedJson::of(&entity(r#"{"metadata":{"name":"a"},"kind":"K"}"#)),
            entity_id: "u",
            relations: &[],
            errors: &errors.iter().collect::<Vec<_>>(),
            warnings: &warnings,
            omitted_errors: 9_900,
            is_orphan: false,
        });
        let served: Value = serde_json::from_str(&body).unwrap();
        let items = served["status"]["items"].as_array().unwrap();
        assert_eq!(items.len(), MAX_PROBLEMS + 1);
        let last = items[MAX_PROBLEMS]["error"]["message"].as_str().unwrap();
        assert!(last.starts_with("and 9907 more; the first 100 are shown"), "{last}");
    }
}

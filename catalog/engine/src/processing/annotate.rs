//! The annotations that say where an entity comes from.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `AnnotateLocationEntityProcessor`.

use callboard_model::{LocationRef, annotation, move_metadata_first};
use serde_json::{Map, Value};

use super::scm::ScmHosts;

/// Adds the annotations that are not there yet, before all others, as the merge of Backstage does.
pub(super) fn annotate(
    entity: &mut Value,
    hosts: &ScmHosts,
    location: &LocationRef,
    origin: &LocationRef,
) {
    let Some(fields) = entity.as_object_mut() else { return };
    let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let mut annotations = Map::new();
    for (key, value) in annotations_of(hosts, location, origin) {
        annotations.insert(key.to_owned(), Value::String(value));
    }
    let old = metadata.shift_remove("annotations");
    match old {
        Some(Value::Object(own)) => annotations.extend(own),
        None => {}
        Some(other) => {
            metadata.insert("annotations".to_owned(), other);
            return;
        }
    }
    let rest = std::mem::take(metadata);
    metadata.insert("annotations".to_owned(), Value::Object(annotations));
    metadata.extend(rest);
    move_metadata_first(fields);
}

fn annotations_of(
    hosts: &ScmHosts,
    location: &LocationRef,
    origin: &LocationRef,
) -> Vec<(&'static str, String)> {
    let mut annotations = vec![
        (annotation::MANAGED_BY_LOCATION, location.to_string()),
        (annotation::MANAGED_BY_ORIGIN_LOCATION, origin.to_string()),
    ];
    if location.kind != "url" {
        return annotations;
    }
    let target = &location.target;
    annotations.push((annotation::VIEW_URL, target.clone()));
    if hosts.kind_of(target).is_none() {
        return annotations;
    }
    if !has_commit(target) {
        let edit = hosts.edit_url(target);
        annotations.extend(edit.map(|edit| (annotation::EDIT_URL, edit)));
    }
    if let Ok(source) = hosts.resolve("./", target) {
        annotations.push((annotation::SOURCE_LOCATION, format!("url:{source}")));
    }
    annotations
}

/// True if a commit stands in `url`: then what it shows cannot be edited. `\b[0-9a-f]{40,}\b`.
fn has_commit(url: &str) -> bool {
    url.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').any(
        |word| {
            word.len() >= 40
                && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        },
    )
}

//! Is everything there, and is it the same?

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{estate::Manifest, http::Client, pause::pause};

/// How many refs one request asks for.
const REFS_A_REQUEST: usize = 100;

/// The final entities by ref, without what may differ between two catalogs of the same estate.
pub(crate) type FinalEntities = BTreeMap<String, Value>;

/// Waits until every entity of the estate is served with all its relations.
pub(crate) fn wait_complete(
    client: &mut Client,
    manifest: &Manifest,
    limit: Duration,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let missing = match total(client) {
            Ok(total) if total == manifest.total => wrong_relations(client, manifest)?,
            Ok(total) => Some(format!("{total} of {} entities", manifest.total)),
            Err(error) => Some(format!("{error:#}")),
        };
        let Some(missing) = missing else { return Ok(()) };
        if Instant::now() >= deadline {
            bail!("not complete after {:.0} s: {missing}", limit.as_secs_f64());
        }
        pause(Duration::from_millis(10));
    }
}

/// How many entities the catalog serves.
pub(crate) fn total(client: &mut Client) -> anyhow::Result<u64> {
    let answer = client.get_json("/api/catalog/entities/by-query?limit=0")?;
    answer.get("totalItems").and_then(Value::as_u64).context("an answer without totalItems")
}

fn wrong_relations(client: &mut Client, manifest: &Manifest) -> anyhow::Result<Option<String>> {
    let expected: Vec<(&String, &usize)> = manifest.expected_relations.iter().collect();
    for part in expected.chunks(REFS_A_REQUEST) {
        let refs: Vec<&String> = part.iter().map(|(entity_ref, _)| *entity_ref).collect();
        let body = json!({ "entityRefs": refs, "fields": ["relations"] });
        let answer = client.post("/api/catalog/entities/by-refs", &body)?.json()?;
        let items = answer.get("items").and_then(Value::as_array).context("no items")?;
        for ((entity_ref, count), item) in part.iter().zip(items) {
            let found = item.get("relations").and_then(Value::as_array).map_or(0, Vec::len);
            if found != **count {
                return Ok(Some(format!("{entity_ref} has {found} relations of {count}")));
            }
        }
    }
    Ok(None)
}

/// Every entity that is served, as two catalogs of one estate must agree on it: without `uid` and
/// `etag`, relations sorted.
pub(crate) fn final_entities(client: &mut Client) -> anyhow::Result<FinalEntities> {
    let mut entities = BTreeMap::new();
    for mut entity in all(client, "")? {
        let entity_ref = entity_ref(&entity);
        if let Some(metadata) = entity.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("uid");
            metadata.remove("etag");
        }
        if let Some(relations) = entity.get_mut("relations").and_then(Value::as_array_mut) {
            relations.sort_by_cached_key(Value::to_string);
        }
        entities.insert(entity_ref, entity);
    }
    Ok(entities)
}

/// The uid of every entity that is served, by ref.
pub(crate) fn served_uids(client: &mut Client) -> anyhow::Result<BTreeMap<String, String>> {
    let fields = "?fields=kind,metadata.namespace,metadata.name,metadata.uid";
    let uid = |entity: &Value| {
        let uid = entity.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        (entity_ref(entity), uid.to_owned())
    };
    Ok(all(client, fields)?.iter().map(uid).collect())
}

fn all(client: &mut Client, query: &str) -> anyhow::Result<Vec<Value>> {
    match client.get_json(&format!("/api/catalog/entities{query}"))? {
        Value::Array(entities) => Ok(entities),
        other => bail!("not a list of entities: {other}"),
    }
}

fn entity_ref(entity: &Value) -> String {
    let text = |pointer: &str| entity.pointer(pointer).and_then(Value::as_str);
    format!(
        "{}:{}/{}",
        text("/kind").unwrap_or_default(),
        text("/metadata/namespace").unwrap_or("default"),
        text("/metadata/name").unwrap_or_default()
    )
    .to_lowercase()
}

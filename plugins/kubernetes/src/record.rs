//! Writes what a live cluster serves into a folder that serves the same answers again.

use std::path::{Path, PathBuf};

use callboard_model::Clock;
use callboard_plugin::{ClusterName, ObservationState};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};

use crate::{
    bounded::or_default,
    client::{ApiClient, PageOf},
    config::ClusterConfig,
    connect::connect,
    failure::{Failure, shortened},
    kinds::{KindRow, TABLE},
    plan::{Decision, plan},
    recorded::{MANIFEST, Manifest, ManifestResource, VERSION},
};

/// Objects asked for at once.
const PAGE_SIZE: u32 = 200;

/// Why a cluster was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The cluster gives no usable answer.
    #[error("cluster {cluster} cannot be recorded: {reason}")]
    Cluster {
        /// The cluster.
        cluster: ClusterName,
        /// In words.
        reason: String,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// One kind of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedKind {
    /// Kubernetes' name.
    pub kind: &'static str,
    /// How it is at the recording: `LIVE` = its file holds every object.
    pub state: ObservationState,
    /// Why it is not `LIVE`.
    pub reason: Option<String>,
    /// How many objects its file holds.
    pub objects: usize,
}

/// Writes the folder of a cluster: `snapshot.json`, `version.json` and one file for each watched
/// resource, with the objects as `kubectl get --all-namespaces -o json` prints them.
///
/// Left out on the way to the disk: `managedFields`, the annotation
/// `last-applied-configuration`, and the **values** of environment variables, which may hold
/// secrets; their names stay. Secrets and ConfigMaps are never asked for. A resource that is not
/// granted or not served is noted as such and has no file.
///
/// # Errors
///
/// [`RecordError::Cluster`] if the server does not answer; [`RecordError::Write`].
pub async fn record_snapshot(
    config: &ClusterConfig,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<Vec<RecordedKind>, RecordError> {
    let failed = |failure: Failure| RecordError::Cluster {
        cluster: config.name.clone(),
        reason: failure.to_string(),
    };
    let client = connect(config).await.map_err(failed)?;
    let version = client.get("/version").await.map_err(failed)?;
    let all: Vec<_> = TABLE.iter().map(|row| row.kind).collect();
    let plan = plan(&client, &all).await.map_err(failed)?;
    let recorded_at = clock.now().into();
    fs::create_dir_all(folder).await.map_err(|source| unwritten(folder, source))?;
    write(&folder.join(VERSION), &version).await?;
    let mut kinds = Vec::new();
    let mut resources = Vec::new();
    for (row, (_, decision)) in TABLE.iter().zip(plan) {
        let (kind, version) = record_kind(&client, row, decision, folder).await?;
        resources.push(ManifestResource {
            resource: row.plural.to_owned(),
            group: row.group.to_owned(),
            version,
            kind: row.name.to_owned(),
            state: kind.state.name().to_owned(),
            reason: kind.reason.clone(),
        });
        kinds.push(kind);
    }
    let manifest = Manifest { cluster: config.name.to_string(), recorded_at, resources };
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap_or_else(|_| Vec::new());
    write(&folder.join(MANIFEST), &manifest).await?;
    Ok(kinds)
}

/// One kind, and the version that it was read in.
async fn record_kind(
    client: &ApiClient,
    row: &'static KindRow,
    decision: Decision,
    folder: &Path,
) -> Result<(RecordedKind, String), RecordError> {
    let path = folder.join(format!("{}.json", row.file_stem()));
    // What an earlier recording left must not be taken for this one's.
    for old in [path.clone(), path.with_extension("json.gz")] {
        match fs::remove_file(&old).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unwritten(&old, error));
            }
            _ => {}
        }
    }
    let usual = || row.usual_version().to_owned();
    let without =
        |state, reason: Option<String>| RecordedKind { kind: row.name, state, reason, objects: 0 };
    Ok(match decision {
        Decision::Watch(version) => match record_objects(client, row, &version, &path).await? {
            Ok(objects) => {
                let kind = without(ObservationState::Live, None);
                (RecordedKind { objects, ..kind }, version)
            }
            Err(failure) => {
                fs::remove_file(&path).await.map_err(|source| unwritten(&path, source))?;
                (without(failure.state(false), Some(failure.to_string())), version)
            }
        },
        Decision::Refused { version, verbs } => {
            let reason = format!("not granted: {} of {}", verbs.join(" and "), row.plural);
            (without(ObservationState::Forbidden, Some(reason)), version)
        }
        Decision::Absent => {
            let reason = format!("the cluster does not serve {}", row.file_stem());
            (without(ObservationState::Absent, Some(reason)), usual())
        }
        Decision::Untold(failure) => {
            (without(failure.state(false), Some(failure.to_string())), usual())
        }
    })
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    #[serde(default, deserialize_with = "or_default")]
    items: Vec<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
}

/// Writes every object; the inner result is the cluster's.
async fn record_objects(
    client: &ApiClient,
    row: &KindRow,
    version: &str,
    path: &Path,
) -> Result<Result<usize, Failure>, RecordError> {
    let mut file = File::create(path).await.map_err(|source| unwritten(path, source))?;
    let mut text: Vec<u8> = b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[".to_vec();
    let mut count = 0;
    let mut token = None;
    loop {
        let page = client.whole_page(row, version, PageOf { limit: PAGE_SIZE, token }).await;
        let list: List = match page.and_then(|page| {
            serde_json::from_slice(&page)
                .map_err(|error| Failure::Garbage(shortened(&error.to_string())))
        }) {
            Ok(list) => list,
            Err(failure) => return Ok(Err(failure)),
        };
        for item in list.items {
            text.extend_from_slice(if count == 0 { b"\n" } else { b",\n" });
            count += 1;
            text.extend(recordable(item, row, version).to_string().into_bytes());
        }
        file.write_all(&text).await.map_err(|source| unwritten(path, source))?;
        text.clear();
        token = list.metadata.continue_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    file.write_all(b"\n]}\n").await.map_err(|source| unwritten(path, source))?;
    file.flush().await.map_err(|source| unwritten(path, source))?;
    Ok(Ok(count))
}

/// An object as it may lie on a disk, with the type that items of a list leave out.
fn recordable(mut item: Map<String, Value>, row: &KindRow, version: &str) -> Value {
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), row.api_version(version).into());
    object.insert("kind".to_owned(), row.name.into());
    object.extend(item);
    let mut object = Value::Object(object);
    strip(&mut object);
    object
}

/// Takes the values of environment variables, and the annotation that repeats them, out of an
/// object, wherever they stand in it.
fn strip(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(strip),
        Value::Object(fields) => {
            fields.remove("kubectl.kubernetes.io/last-applied-configuration");
            if let Some(Value::Array(variables)) = fields.get_mut("env") {
                for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
                    variable.remove("value");
                }
            }
            fields.values_mut().for_each(strip);
        }
        _ => {}
    }
}

async fn write(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    fs::write(path, bytes).await.map_err(|source| unwritten(path, source))
}

fn unwritten(path: &Path, source: std::io::Error) -> RecordError {
    RecordError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> &'static KindRow {
        TABLE.iter().find(|row| row.name == "Deployment").unwrap()
    }

    #[test]
    fn values_of_the_environment_never_reach_the_disk() {
        let container = json!({
            "name": "app",
            "env": [{"name": "PASSWORD", "value": "hunter2"}, {"name": "HOST", "valueFrom": {}}],
        });
        let item = json!({
            "metadata": {
                "name": "ledger",
                "managedFields": [{"manager": "kubectl"}],
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "hunter2",
                    "team": "ledger",
                },
            },
            "spec": {"template": {"spec": {
                "containers": [container.clone()], "initContainers": [container],
            }}},
        });
        let Value::Object(item) = item else { unreachable!() };
        let recorded = recordable(item, row(), "v1");
        let text = recorded.to_string();
        assert!(!text.contains("hunter2") && !text.contains("managedFields"));
        assert!(text.starts_with(r#"{"apiVersion":"apps/v1","kind":"Deployment","#));
        assert!(text.contains(r#"{"name":"PASSWORD"}"#));
        assert!(text.contains(r#""team":"ledger""#));
    }
}

//! A cluster that is read from a folder: true as of its recording.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use callboard_plugin::ObservationState;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::task::spawn_blocking;

use crate::{
    config::Budget,
    decode::Head,
    failure::{Failure, shortened},
    intern::Interner,
    kinds::{Kind, KindRow, TABLE},
    object::Object,
    runtime::ClusterState,
};

/// Tells what the folder holds.
pub(crate) const MANIFEST: &str = "snapshot.json";

/// The answer of `GET /version`.
pub(crate) const VERSION: &str = "version.json";

/// Longest file that is read, unpacked.
const LONGEST_FILE: u64 = 512 << 20;

/// What the folder holds, and how each kind was when it was recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) cluster: String,
    /// RFC 3339.
    pub(crate) recorded_at: chrono::DateTime<chrono::Utc>,
    pub(crate) resources: Vec<ManifestResource>,
}

/// One kind of the recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManifestResource {
    pub(crate) resource: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    /// `LIVE` = its file holds every object.
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
}

/// One kind as it was read.
struct Recorded {
    kind: Kind,
    api_version: Option<String>,
    state: ObservationState,
    reason: Option<String>,
    /// `None` = there is no file of it, or none that can be read.
    objects: Option<Vec<Object>>,
}

/// Everything that was read.
struct Folder {
    recorded_at: SystemTime,
    version: Result<String, String>,
    kinds: Vec<Recorded>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// Loads a folder and tells readers of it.
///
/// A file that is missing or cut short degrades its kind, by name; the rest is served.
///
/// # Errors
///
/// [`Failure::Configuration`] if `snapshot.json` cannot be read.
pub(crate) async fn load(
    state: &mut ClusterState,
    folder: PathBuf,
    budget: Budget,
    now: SystemTime,
) -> Result<(), Failure> {
    let read = spawn_blocking(move || read_folder(&folder, budget));
    let folder = read.await.map_err(|_| wrong("the folder cannot be read".to_owned()))??;
    match folder.version {
        Ok(version) => state.version = Some(version.into()),
        Err(reason) => state.statuses.note(&reason),
    }
    for Recorded { kind, api_version, state: was, reason, objects } in folder.kinds {
        if let Some(api_version) = api_version {
            state.statuses.set_version(kind, &api_version);
        }
        if let Some(objects) = objects {
            state.index.reset(kind, objects);
        }
        if was == ObservationState::Live {
            state.statuses.recorded(kind, folder.recorded_at, now);
        } else {
            state.statuses.set(kind, was, reason.as_deref(), now);
        }
    }
    state.publish(now);
    Ok(())
}

fn read_folder(folder: &Path, budget: Budget) -> Result<Folder, Failure> {
    let manifest = read_file(&folder.join(MANIFEST)).map_err(wrong)?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|error| wrong(said(&folder.join(MANIFEST), &error)))?;
    let mut left = budget.objects;
    let kinds = TABLE.iter().map(|row| {
        let recorded = read_kind(folder, row, &manifest, left);
        left = left.saturating_sub(recorded.objects.as_ref().map_or(0, Vec::len));
        recorded
    });
    Ok(Folder {
        kinds: kinds.collect(),
        recorded_at: manifest.recorded_at.into(),
        version: read_version(folder),
    })
}

fn read_version(folder: &Path) -> Result<String, String> {
    let path = folder.join(VERSION);
    let version: Version =
        serde_json::from_slice(&read_file(&path)?).map_err(|error| said(&path, &error))?;
    Ok(shortened(&version.git_version))
}

fn read_kind(folder: &Path, row: &KindRow, manifest: &Manifest, most: usize) -> Recorded {
    let is_row = |one: &&ManifestResource| one.resource == row.plural && one.group == row.group;
    let degraded = |reason: String| Recorded {
        kind: row.kind,
        api_version: None,
        state: ObservationState::Unreachable,
        reason: Some(reason),
        objects: None,
    };
    let Some(resource) = manifest.resources.iter().find(is_row) else {
        return degraded(format!("{MANIFEST} does not name {}", row.file_stem()));
    };
    let was = ObservationState::ALL.into_iter().find(|state| state.name() == resource.state);
    let Some(was) = was else {
        return degraded(format!("{MANIFEST}: {:?} is no state", shortened(&resource.state)));
    };
    let mut recorded = match read_objects(folder, row, most) {
        Ok(objects) => Recorded {
            kind: row.kind,
            api_version: None,
            state: was,
            reason: resource.reason.clone(),
            objects: Some(objects),
        },
        Err(reason) if was == ObservationState::Live => degraded(reason),
        Err(_) => Recorded { state: was, ..degraded(resource.reason.clone().unwrap_or_default()) },
    };
    recorded.api_version = Some(row.api_version(&resource.version));
    recorded
}

/// The objects of a kind's file.
fn read_objects(folder: &Path, row: &KindRow, most: usize) -> Result<Vec<Object>, String> {
    let plain = folder.join(format!("{}.json", row.file_stem()));
    let packed = folder.join(format!("{}.json.gz", row.file_stem()));
    let path = if packed.exists() && !plain.exists() { packed } else { plain };
    let bytes = read_file(&path)?;
    let list: List<'_> = serde_json::from_slice(&bytes).map_err(|error| said(&path, &error))?;
    if list.items.len() > most {
        return Err(format!("LIMIT: {} holds more than {most} objects", path.display()));
    }
    let mut interner = Interner::default();
    let mut objects = Vec::with_capacity(list.items.len());
    for item in list.items {
        let head: Head = serde_json::from_str(item.get()).map_err(|error| said(&path, &error))?;
        if head.kind != row.name {
            return Err(format!("{}: it holds a {:?}", path.display(), shortened(&head.kind)));
        }
        let object = (row.object)(item.get(), &mut interner);
        objects.extend(object.map_err(|error| said(&path, &error))?);
    }
    Ok(objects)
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|error| said(path, &error))?;
    let mut bytes = Vec::new();
    let read = if path.extension().is_some_and(|extension| extension == "gz") {
        read_up_to(GzDecoder::new(file), &mut bytes)
    } else {
        read_up_to(file, &mut bytes)
    };
    read.map_err(|error| said(path, &error))?;
    Ok(bytes)
}

fn read_up_to(reader: impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    reader.take(LONGEST_FILE).read_to_end(bytes)
}

fn said(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {}", path.display(), shortened(&error.to_string()))
}

fn wrong(reason: String) -> Failure {
    Failure::Configuration(reason)
}

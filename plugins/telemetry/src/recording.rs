//! The folder of a recording: which query has which file.
//!
//! `snapshot.json` is
//! ```json
//! {"recordedAt": "2026-11-25T12:00:00Z",
//!  "matchers": [{"label": "cluster", "value": "aws-prod-1"}],
//!  "queries": [{"query": "up{cluster=\"aws-prod-1\"}", "file": "0001.json"}]}
//! ```
//! and each file holds the answer's body as it was, `FILE.gz` in place of `FILE` if that is
//! compressed. `matchers` is absent where there were none.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_plugin::LabelMatcher;
use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

/// The table of contents.
pub(crate) const MANIFEST: &str = "snapshot.json";

/// How large a file of a recording may be, in bytes, after decompression.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a recording cannot be read. Each variant names the file.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It is not there, or the system does not give it.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is larger than 64 MiB.
    #[error("{} is larger than {MAX_FILE_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is cut off or is not what it should be.
    #[error("{} is not a table of contents of recorded queries", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// It names a file outside of its folder.
    #[error("{} names the file {file:?}, which is not one of its folder", path.display())]
    Outside {
        /// The table of contents.
        path: PathBuf,
        /// The name.
        file: String,
    },
}

/// `snapshot.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) recorded_at: DateTime<Utc>,
    /// Since when calls had been watched by then, so that it can be said what was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) observed_since: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) matchers: Vec<RecordedMatcher>,
    pub(crate) queries: Vec<RecordedQuery>,
}

/// One equality that every query carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedMatcher {
    pub(crate) label: Arc<str>,
    pub(crate) value: Arc<str>,
}

/// One query with the file of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedQuery {
    pub(crate) query: String,
    pub(crate) file: String,
}

impl Manifest {
    /// What the folder says of itself. Blocks.
    pub(crate) fn read(folder: &Path) -> Result<Self, RecordingError> {
        let path = folder.join(MANIFEST);
        let text = read_file(folder, MANIFEST)?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|source| RecordingError::Manifest { path: path.clone(), source })?;
        match manifest.queries.iter().find(|query| !is_name(&query.file)) {
            Some(query) => Err(RecordingError::Outside { path, file: query.file.clone() }),
            None => Ok(manifest),
        }
    }

    /// The matchers, as sources give them.
    pub(crate) fn label_matchers(&self) -> Vec<LabelMatcher> {
        let matcher = |one: &RecordedMatcher| LabelMatcher {
            label: Arc::clone(&one.label),
            value: Arc::clone(&one.value),
        };
        self.matchers.iter().map(matcher).collect()
    }
}

/// Reads a file of the folder, or its compressed form. Blocks.
pub(crate) fn read_file(folder: &Path, name: &str) -> Result<Vec<u8>, RecordingError> {
    let plain = folder.join(name);
    let compressed = folder.join(format!("{name}.gz"));
    let path = if !plain.exists() && compressed.exists() { compressed } else { plain };
    let failed = |source| RecordingError::Read { path: path.clone(), source };
    let file = std::fs::File::open(&path).map_err(failed)?;
    let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
    let mut content = Vec::new();
    let limited = MAX_FILE_BYTES + 1;
    let read = if is_compressed {
        MultiGzDecoder::new(file).take(limited).read_to_end(&mut content)
    } else {
        file.take(limited).read_to_end(&mut content)
    };
    read.map_err(failed)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err(RecordingError::TooLarge { path });
    }
    Ok(content)
}

/// Whether `file` is a plain name.
fn is_name(file: &str) -> bool {
    !file.is_empty()
        && !file.starts_with('.')
        && file.chars().all(|one| one.is_ascii_alphanumeric() || "._-".contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_contents_is_written_and_read_alike() {
        let text = r#"{"recordedAt":"2026-11-25T12:00:00Z","queries":[{"query":"up","file":"0001.json"}]}"#;
        let manifest: Manifest = serde_json::from_str(text).unwrap();
        assert!(manifest.matchers.is_empty());
        assert_eq!(serde_json::to_string(&manifest).unwrap(), text);
    }

    #[test]
    fn a_recording_may_tell_since_when_calls_were_watched() {
        let text = r#"{"recordedAt":"2026-11-25T12:00:00Z","observedSince":"2026-10-25T09:00:00Z","queries":[]}"#;
        let manifest: Manifest = serde_json::from_str(text).unwrap();
        assert!(manifest.observed_since.is_some_and(|since| since < manifest.recorded_at));
        assert_eq!(serde_json::to_string(&manifest).unwrap(), text);
    }

    #[test]
    fn files_are_plain_names() {
        for name in ["0001.json", "a-b_c.json.gz"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "é", ".hidden"] {
            assert!(!is_name(name), "{name}");
        }
    }
}

//! Writes a recording.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_plugin::{InstantQuery, LabelMatcher, MetricsError, MetricsSource as _};
use chrono::{DateTime, Utc};

use crate::{
    prometheus_source::PrometheusSource,
    recording::{MANIFEST, Manifest, RecordedMatcher, RecordedQuery},
};

/// Why nothing was recorded. A query that fails is not among them.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file or the folder cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The table of contents cannot be written as JSON.
    #[error("the table of contents cannot be written")]
    Manifest {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// A query that has no answer to be recorded.
#[derive(Debug)]
pub struct FailedQuery {
    /// The PromQL.
    pub promql: String,
    /// Why.
    pub error: MetricsError,
}

/// What was recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// How many answers.
    pub answers: usize,
    /// Which queries failed; the recording does not hold them.
    pub failed: Vec<FailedQuery>,
}

/// Asks `source` each of `queries`, one after the other, and writes the answers, as they come,
/// into `folder`, which is made if it is missing. The table of contents comes last: a recording
/// that was broken off is none.
///
/// # Errors
///
/// [`RecordError`] if files cannot be written.
pub async fn record(
    source: &PrometheusSource,
    queries: &[InstantQuery],
    folder: &Path,
) -> Result<Recorded, RecordError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| RecordError::Write { path, source }
    };
    tokio::fs::create_dir_all(folder).await.map_err(failed(folder))?;
    let mut recorded = Recorded::default();
    let mut contents: Vec<RecordedQuery> = Vec::new();
    let mut recorded_at: Option<DateTime<Utc>> = None;
    for query in queries {
        if contents.iter().any(|known| known.query == query.promql) {
            continue;
        }
        match source.raw(query).await {
            Ok(answer) => {
                let file = format!("{:04}.json", contents.len() + 1);
                let path = folder.join(&file);
                tokio::fs::write(&path, &answer.body).await.map_err(failed(&path))?;
                recorded_at.get_or_insert_with(|| answer.asked_at.into());
                contents.push(RecordedQuery { query: query.promql.clone(), file });
            }
            Err(error) => {
                recorded.failed.push(FailedQuery { promql: query.promql.clone(), error });
            }
        }
    }
    recorded.answers = contents.len();
    let manifest = Manifest {
        recorded_at: recorded_at.unwrap_or_else(|| source.now().into()),
        observed_since: None,
        matchers: matchers_of(source),
        queries: contents,
    };
    let text =
        serde_json::to_vec_pretty(&manifest).map_err(|source| RecordError::Manifest { source })?;
    let path = folder.join(MANIFEST);
    tokio::fs::write(&path, text).await.map_err(failed(&path))?;
    Ok(recorded)
}

fn matchers_of(source: &PrometheusSource) -> Vec<RecordedMatcher> {
    let recorded = |matcher: &LabelMatcher| RecordedMatcher {
        label: Arc::clone(&matcher.label),
        value: Arc::clone(&matcher.value),
    };
    source.matchers().iter().map(recorded).collect()
}

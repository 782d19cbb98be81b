//! A recording that answers as the source did.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use async_trait::async_trait;
use callboard_plugin::{InstantQuery, InstantVector, LabelMatcher, MetricsError, MetricsSource};
use http::StatusCode;

use crate::{
    answer,
    failure::Failure,
    recording::{Manifest, RecordingError, read_file},
};

/// Answers the queries of a folder that [`crate::record`] wrote; every other one is
/// [`MetricsError::NotRecorded`].
///
/// Files are read when their query is asked: one that is missing or cut off is
/// [`MetricsError::Malformed`] with its name, and the others are served.
#[derive(Debug)]
pub struct RecordedMetrics {
    name: Arc<str>,
    folder: Arc<Path>,
    recorded_at: SystemTime,
    observed_since: Option<SystemTime>,
    matchers: Vec<LabelMatcher>,
    files: HashMap<String, String>,
}

impl RecordedMetrics {
    /// Reads the table of contents of `folder`. `name` is as a live source's, such as
    /// `prometheus/aws-prod-1`.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] if that cannot be done.
    pub async fn open(name: &str, folder: PathBuf) -> Result<Self, RecordingError> {
        let path = folder.clone();
        let manifest = blocking(&folder, move || Manifest::read(&path)).await?;
        Ok(Self {
            name: name.into(),
            folder: folder.into(),
            recorded_at: manifest.recorded_at.into(),
            observed_since: manifest.observed_since.map(Into::into),
            matchers: manifest.label_matchers(),
            files: manifest.queries.into_iter().map(|one| (one.query, one.file)).collect(),
        })
    }
}

#[async_trait]
impl MetricsSource for RecordedMetrics {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn matchers(&self) -> &[LabelMatcher] {
        &self.matchers
    }

    fn recorded_at(&self) -> Option<SystemTime> {
        Some(self.recorded_at)
    }

    fn observed_since(&self) -> Option<SystemTime> {
        self.observed_since
    }

    async fn instant(&self, query: &InstantQuery) -> Result<InstantVector, MetricsError> {
        let Some(file) = self.files.get(&query.promql).cloned() else {
            return Err(MetricsError::NotRecorded { source_name: Arc::clone(&self.name) });
        };
        let (folder, name) = (Arc::clone(&self.folder), file.clone());
        let body = blocking(&self.folder, move || read_file(&folder, &name)).await;
        let body = body.map_err(|error| Failure::Malformed(with_causes(&error)).of(&self.name))?;
        let decoded = answer::decode(StatusCode::OK, &body, query.max_series);
        let decoded = decoded.map_err(|failure| in_file(failure, &file).of(&self.name))?;
        Ok(decoded.evaluated_at(self.recorded_at))
    }
}

/// Runs what blocks where it may. A program that ends gives up what it reads.
async fn blocking<T: Send + 'static>(
    folder: &Path,
    read: impl FnOnce() -> Result<T, RecordingError> + Send + 'static,
) -> Result<T, RecordingError> {
    let path = folder.to_owned();
    let outcome = tokio::task::spawn_blocking(read).await;
    outcome.unwrap_or_else(|error| Err(RecordingError::Read { path, source: error.into() }))
}

/// The failure of a file: it says which.
fn in_file(failure: Failure, file: &str) -> Failure {
    match failure {
        Failure::Malformed(reason) => Failure::Malformed(format!("{file}: {reason}")),
        Failure::Refused { reason, .. } => {
            Failure::Malformed(format!("{file} holds an error of the source: {reason}"))
        }
        other => other,
    }
}

fn with_causes(error: &RecordingError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

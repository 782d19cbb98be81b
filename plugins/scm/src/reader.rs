//! Files and URLs as one reader.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_catalog::reading::{ReadError, ReadOutcome, ReadRequest, UrlReader};

use crate::{file_reader::FileReader, url_target_reader::UrlTargetReader};

/// Reads what a descriptor or the configuration names, by the type of its target.
#[derive(Debug, Clone)]
pub struct ScmReader {
    files: FileReader,
    urls: UrlTargetReader,
}

impl ScmReader {
    /// A reader of both.
    pub fn new(files: FileReader, urls: UrlTargetReader) -> Self {
        Self { files, urls }
    }
}

#[async_trait]
impl UrlReader for ScmReader {
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        match &*request.kind {
            "file" => self.files.read(request).await,
            "url" => self.urls.read(request).await,
            kind => Err(ReadError::NotAllowed {
                target: Arc::clone(&request.target),
                reason: format!("Nothing reads targets of the type {kind}"),
            }),
        }
    }
}

//! Targets of the type `file`.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest};
use tokio::sync::Semaphore;

use crate::{
    content_hash,
    file_watcher::{Registration, WatchList},
    glob_pattern::GlobPattern,
    stamp::Stamp,
};

/// How many parts the files of one pattern are read in at once, at most.
const GLOB_TASKS: usize = 4;

/// Reads files and patterns of files.
///
/// A path is that of the operator: links are followed wherever they lead. A pattern is safe for
/// folders that others write to: a link that leads out of the folder above the pattern does not
/// match, and `**` follows no links to folders.
#[derive(Debug, Clone)]
pub struct FileReader {
    limit_bytes: u64,
    permits: Arc<Semaphore>,
    watch_list: Option<WatchList>,
}

/// A file that was read, and what it looked like.
type Stamped = (ReadFile, Option<Stamp>);

impl FileReader {
    /// A reader that refuses files of more than `limit_bytes` and reads at most `concurrency` at
    /// once.
    pub fn new(limit_bytes: u64, concurrency: usize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        Self { limit_bytes, permits, watch_list: None }
    }

    /// The same, with everything that it reads watched.
    #[must_use]
    pub fn watched(self, watch_list: WatchList) -> Self {
        Self { watch_list: Some(watch_list), ..self }
    }

    /// Reads the file or pattern of `request`. Blocking calls run beside the executor.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotAllowed`] for a relative path and for anything that is not a regular file,
    /// [`ReadError::NotFound`], [`ReadError::TooLarge`] by the file's size before it is read,
    /// [`ReadError::Unavailable`] for what the operating system says.
    pub async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let target = &request.target;
        if !target.starts_with('/') {
            let reason = "A file is named by its absolute path".to_owned();
            return Err(ReadError::NotAllowed { target: Arc::clone(target), reason });
        }
        if GlobPattern::is_pattern(target) {
            let path = PathBuf::from(&**target);
            let is_file = self.blocking(target, move |_| Ok(path.is_file())).await?;
            if !is_file {
                return self.read_pattern(target).await;
            }
        }
        self.read_one(request).await
    }

    async fn read_one(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let target = Arc::clone(&request.target);
        let outcome = self
            .blocking(&request.target, move |limit| {
                let path = Path::new(&*target).to_path_buf();
                let stamp = Stamp::of(&path);
                Ok((stamp, read_file(&target, &path, limit)))
            })
            .await?;
        let (stamp, file) = outcome;
        if let Some(watch_list) = &self.watch_list {
            watch_list.add(&request.target, Registration::File { stamp });
        }
        let (file, _) = file?;
        if request.etag.is_some() && request.etag == file.etag {
            return Ok(ReadOutcome::NotModified);
        }
        Ok(ReadOutcome::Files(vec![file]))
    }

    async fn read_pattern(&self, target: &Arc<str>) -> Result<ReadOutcome, ReadError> {
        let pattern = GlobPattern::parse(target).map_err(|error| ReadError::NotFound {
            target: Arc::clone(target),
            reason: error.to_string(),
        })?;
        let pattern = Arc::new(pattern);
        let walked = Arc::clone(&pattern);
        let walk = self.blocking(target, move |_| Ok(walked.walk(walked.base()))).await?;
        let chunk = walk.files.len().div_ceil(GLOB_TASKS).max(64);
        let tasks = walk.files.chunks(chunk).map(|paths| {
            let paths = paths.to_vec();
            self.blocking(target, move |limit| {
                Ok(paths.iter().map(|path| read_match(path, limit)).collect::<Vec<Stamped>>())
            })
        });
        let stamped: Vec<Stamped> =
            futures_util::future::try_join_all(tasks).await?.into_iter().flatten().collect();
        if let Some(watch_list) = &self.watch_list {
            let files = stamped
                .iter()
                .map(|(file, stamp)| (PathBuf::from(&*file.target), *stamp))
                .collect();
            let directories = walk.directories;
            watch_list.add(target, Registration::Pattern { pattern, directories, files });
        }
        let failures = walk.failures.into_iter().map(|(folder, kind)| {
            let target: Arc<str> = folder.to_string_lossy().into();
            let reason = io::Error::from(kind).to_string();
            failed(ReadError::Unavailable { target, reason })
        });
        Ok(ReadOutcome::Files(stamped.into_iter().map(|(file, _)| file).chain(failures).collect()))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        target: &Arc<str>,
        work: impl FnOnce(u64) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let stopped = |reason: &str| ReadError::Unavailable {
            target: Arc::clone(target),
            reason: reason.to_owned(),
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| stopped("the process is ending"))?;
        let limit_bytes = self.limit_bytes;
        let task = tokio::task::spawn_blocking(move || {
            let _held = permit;
            work(limit_bytes)
        });
        task.await.map_err(|_| stopped("the process is ending"))?
    }
}

/// One file of a pattern; a failure stays its own.
fn read_match(path: &Path, limit_bytes: u64) -> Stamped {
    let target: Arc<str> = path.to_string_lossy().into();
    read_file(&target, path, limit_bytes).unwrap_or_else(|error| (failed(error), Stamp::of(path)))
}

fn failed(error: ReadError) -> ReadFile {
    let target = match &error {
        ReadError::NotFound { target, .. }
        | ReadError::NotAllowed { target, .. }
        | ReadError::TooLarge { target, .. }
        | ReadError::Unavailable { target, .. } => Arc::clone(target),
    };
    ReadFile { target, content: Bytes::new(), etag: None, failure: Some(error) }
}

fn read_file(target: &Arc<str>, path: &Path, limit_bytes: u64) -> Result<Stamped, ReadError> {
    let failure = |error: &io::Error| {
        let (target, reason) = (Arc::clone(target), error.to_string());
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                ReadError::NotFound { target, reason: "there is no such file".to_owned() }
            }
            _ => ReadError::Unavailable { target, reason },
        }
    };
    let refuse_unless_readable = |metadata: &Metadata| {
        let target = Arc::clone(target);
        if !metadata.is_file() {
            let reason = "It is not a regular file".to_owned();
            return Err(ReadError::NotAllowed { target, reason });
        }
        match metadata.len() {
            size_bytes if size_bytes > limit_bytes => {
                Err(ReadError::TooLarge { target, size_bytes, limit_bytes })
            }
            _ => Ok(()),
        }
    };
    // Before the file is opened: opening a pipe waits for somebody to write to it.
    refuse_unless_readable(&std::fs::metadata(path).map_err(|error| failure(&error))?)?;
    let file = File::open(path).map_err(|error| failure(&error))?;
    let metadata = file.metadata().map_err(|error| failure(&error))?;
    refuse_unless_readable(&metadata)?;
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    // A file that grows while it is read ends at the limit.
    file.take(limit_bytes + 1).read_to_end(&mut content).map_err(|error| failure(&error))?;
    let size_bytes = content.len() as u64;
    if size_bytes > limit_bytes {
        let target = Arc::clone(target);
        return Err(ReadError::TooLarge { target, size_bytes, limit_bytes });
    }
    let etag = Some(content_hash::of(&content).into());
    let stamp = Some(Stamp::from(&metadata));
    let content = Bytes::from(content);
    Ok((ReadFile { target: Arc::clone(target), content, etag, failure: None }, stamp))
}

//! Targets of the type `file`.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    content_hash,
    file_watcher::{Registration, WatchList},
    glob_pattern::GlobPattern,
    glob_walk::{Walk, is_made_up, walk},
    stamp::Stamp,
};

/// How many parts the files of one pattern are read in at once, at most.
const GLOB_TASKS: usize = 4;

/// Reads files and patterns of files.
///
/// A path or pattern is that of the operator: links are followed wherever they lead, but never to
/// the kernel's own files (`/proc`, `/sys`). What a descriptor includes is confined: it must really
/// be in the folder that the request names.
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
    /// [`ReadError::NotAllowed`] for a relative path, for anything that is not a regular file and
    /// for one outside of its confines, [`ReadError::NotFound`], also for a pattern whose folder is
    /// missing, [`ReadError::TooLarge`] by the file's size before it is read,
    /// [`ReadError::Unavailable`] for what the operating system says.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends what runs beside the executor, too, at the next file or folder.
    pub async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let target = &request.target;
        if !target.starts_with('/') {
            let reason = "A file is named by its absolute path".to_owned();
            return Err(ReadError::NotAllowed { target: Arc::clone(target), reason });
        }
        if request.confined_to.is_none() && GlobPattern::is_pattern(target) {
            let path = PathBuf::from(&**target);
            let is_file = self.blocking(target, move |_, _| Ok(path.is_file())).await?;
            if !is_file {
                return self.read_pattern(target).await;
            }
        }
        self.read_one(request).await
    }

    async fn read_one(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        let (target, confines) = (Arc::clone(&request.target), request.confined_to.clone());
        let outcome = self
            .blocking(&request.target, move |limit_bytes, _| {
                let stamp = Stamp::of(Path::new(&*target));
                let wanted = Wanted { target: &target, confines: confines.as_deref(), limit_bytes };
                Ok((stamp, wanted.read()))
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
        let found = self
            .blocking(target, move |_, cancelled| Ok(walk(&walked, walked.base(), cancelled)))
            .await?;
        if found.failures.iter().any(|(folder, _)| folder == pattern.base()) {
            return Err(self.base_failure(target, pattern, found));
        }
        let chunk = found.files.len().div_ceil(GLOB_TASKS).max(64);
        let tasks = found.files.chunks(chunk).map(|paths| {
            let paths = paths.to_vec();
            self.blocking(target, move |limit, cancelled| {
                let wanted = paths.iter().take_while(|_| !cancelled.is_cancelled());
                Ok(wanted.map(|path| read_match(path, limit)).collect::<Vec<Stamped>>())
            })
        });
        let stamped: Vec<Stamped> =
            futures_util::future::try_join_all(tasks).await?.into_iter().flatten().collect();
        let Walk { directories, links, failures, .. } = found;
        if let Some(watch_list) = &self.watch_list {
            let files = stamped
                .iter()
                .map(|(file, stamp)| (PathBuf::from(file.target.trim_end_matches('/')), *stamp))
                .collect();
            watch_list.add(target, Registration::Pattern { pattern, directories, links, files });
        }
        let failures = failures.into_iter().map(|(folder, error)| {
            let target: Arc<str> = format!("{}/", folder.to_string_lossy()).into();
            ReadFile::failed(Arc::clone(&target), failure(&target, &error))
        });
        Ok(ReadOutcome::Files(stamped.into_iter().map(|(file, _)| file).chain(failures).collect()))
    }

    /// Why nothing is known of the pattern; it is watched all the same.
    fn base_failure(&self, target: &Arc<str>, pattern: Arc<GlobPattern>, found: Walk) -> ReadError {
        let base = pattern.base().to_path_buf();
        let error = found.failures.into_iter().find(|(folder, _)| *folder == base);
        let error = error.map_or_else(|| io::ErrorKind::NotFound.into(), |(_, error)| error);
        if let Some(watch_list) = &self.watch_list {
            let registration = Registration::Pattern {
                pattern,
                directories: if base.exists() { Vec::new() } else { vec![(base, None)] },
                links: Vec::new(),
                files: Vec::new(),
            };
            watch_list.add(target, registration);
        }
        failure(target, &error)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        target: &Arc<str>,
        work: impl FnOnce(u64, &CancellationToken) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let stopped = |reason: &str| ReadError::Unavailable {
            target: Arc::clone(target),
            reason: reason.to_owned(),
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| stopped("the process is ending"))?;
        let limit_bytes = self.limit_bytes;
        let cancelled = CancellationToken::new();
        let _cancelled_when_dropped = cancelled.clone().drop_guard();
        let task = tokio::task::spawn_blocking(move || {
            let _held = permit;
            work(limit_bytes, &cancelled)
        });
        task.await.map_err(|_| stopped("the process is ending"))?
    }
}

/// One file of a pattern; a failure stays its own.
fn read_match(path: &Path, limit_bytes: u64) -> Stamped {
    let target: Arc<str> = path.to_string_lossy().into();
    let wanted = Wanted { target: &target, confines: None, limit_bytes };
    wanted
        .read()
        .unwrap_or_else(|error| (ReadFile::failed(Arc::clone(&target), error), Stamp::of(path)))
}

fn failure(target: &Arc<str>, error: &io::Error) -> ReadError {
    let target = Arc::clone(target);
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            ReadError::NotFound { target, reason: "there is no such file".to_owned() }
        }
        _ => ReadError::Unavailable { target, reason: error.to_string() },
    }
}

/// A file that is to be read.
struct Wanted<'a> {
    target: &'a Arc<str>,
    confines: Option<&'a str>,
    limit_bytes: u64,
}

impl Wanted<'_> {
    fn read(&self) -> Result<Stamped, ReadError> {
        let (path, limit_bytes) = (Path::new(&**self.target), self.limit_bytes);
        let failed = |error: io::Error| failure(self.target, &error);
        // Before the file is opened: opening a pipe waits for somebody to write to it.
        self.check_metadata(&std::fs::metadata(path).map_err(failed)?)?;
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        self.check_metadata(&metadata)?;
        let real = real_path(&file, path).map_err(failed)?;
        self.check_place(&real)?;
        let mut content =
            Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        // A file that grows while it is read ends at the limit.
        file.take(limit_bytes + 1).read_to_end(&mut content).map_err(failed)?;
        let size_bytes = content.len() as u64;
        if size_bytes > limit_bytes {
            let target = Arc::clone(self.target);
            return Err(ReadError::TooLarge { target, size_bytes, limit_bytes });
        }
        let etag = Some(content_hash::of(&content).into());
        let stamp = Some(Stamp::from(&metadata));
        let read = ReadFile::new(Arc::clone(self.target), Bytes::from(content), etag);
        Ok((ReadFile { may_be_quoted: is_descriptor(&real), ..read }, stamp))
    }

    fn check_metadata(&self, metadata: &Metadata) -> Result<(), ReadError> {
        let (target, limit_bytes) = (Arc::clone(self.target), self.limit_bytes);
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
    }

    fn check_place(&self, real: &Path) -> Result<(), ReadError> {
        let refuse =
            |reason: String| Err(ReadError::NotAllowed { target: Arc::clone(self.target), reason });
        if is_made_up(real) {
            return refuse("It is not a regular file".to_owned());
        }
        let Some(confines) = self.confines else { return Ok(()) };
        let folder = Path::new(confines).canonicalize();
        if folder.is_ok_and(|folder| real.starts_with(folder)) {
            return Ok(());
        }
        refuse(format!("A link leads it out of {confines}"))
    }
}

/// Where an open file really is, whatever links led to it.
fn real_path(file: &File, path: &Path) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
        .or_else(|_| path.canonicalize())
}

/// Whether the name is that of a descriptor: of others, errors quote nothing.
fn is_descriptor(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

//! Notices when files that were read change.
//!
//! The folders of the files are watched, not the files: an editor that saves by renaming a new file
//! over the old one would leave a watch on the old one.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    mem,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use notify::{EventHandler, EventKind, event::ModifyKind};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    glob_pattern::GlobPattern,
    stamp::Stamp,
    watched_files::{Happening, Kind, WatchedFiles},
};

/// Registrations that are taken over at once; between two batches, changes are reported.
const REGISTRATION_BATCH: usize = 512;

/// More paths than this in one batch count as "anything may have changed".
const MAX_PENDING: usize = 50_000;

/// What was read for a target.
#[derive(Debug, Clone)]
pub(crate) enum Registration {
    /// One file.
    File {
        /// As it was before it was read.
        stamp: Option<Stamp>,
    },
    /// A pattern.
    Pattern {
        /// The pattern.
        pattern: Arc<GlobPattern>,
        /// The folders that were looked at, as they were before.
        directories: Vec<(PathBuf, Option<Stamp>)>,
        /// The links that decide what matches.
        links: Vec<PathBuf>,
        /// The files that matched.
        files: Vec<(PathBuf, Option<Stamp>)>,
    },
}

/// Where a reader says what it read. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct WatchList(Arc<WatchListState>);

#[derive(Debug, Default)]
struct WatchListState {
    targets: Mutex<Targets>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Targets {
    known: HashSet<Arc<str>>,
    new: VecDeque<(Arc<str>, Registration)>,
}

impl WatchList {
    /// Watches `target` from now on; again is nothing.
    pub(crate) fn add(&self, target: &Arc<str>, registration: Registration) {
        let mut targets = lock(&self.0.targets);
        if targets.known.insert(Arc::clone(target)) {
            targets.new.push_back((Arc::clone(target), registration));
            self.0.added.notify_one();
        }
    }

    fn take(&self) -> Vec<(Arc<str>, Registration)> {
        let mut targets = lock(&self.0.targets);
        let count = targets.new.len().min(REGISTRATION_BATCH);
        let batch = targets.new.drain(..count).collect();
        if !targets.new.is_empty() {
            self.0.added.notify_one();
        }
        batch
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChanges {
    /// Sorted and distinct: targets as they were asked for, a path or a pattern, and the paths of
    /// files that match such a pattern. What they hold may be the same as before.
    pub targets: Vec<Arc<str>>,
}

impl FileChanges {
    /// The refresh keys of the targets, such as `file:/srv/catalog/catalog-info.yaml`.
    pub fn refresh_keys(&self) -> Vec<Box<str>> {
        self.targets.iter().map(|target| format!("file:{target}").into()).collect()
    }
}

/// How files are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMode {
    /// By inotify; by polling where that cannot be had.
    Automatic,
    /// By polling alone: for file systems whose changes the kernel does not see, such as NFS.
    Polling,
}

/// What can be set.
#[derive(Debug, Clone, Copy)]
pub struct FileWatcherOptions {
    /// How files are watched.
    pub mode: WatchMode,
    /// How long changes are collected before they are reported. Default: 15 ms.
    pub coalesce: Duration,
    /// How often files are looked at where they are polled, at least 20 times what a look takes.
    /// Default: 2 s.
    pub poll_interval: Duration,
}

impl Default for FileWatcherOptions {
    fn default() -> Self {
        Self {
            mode: WatchMode::Automatic,
            coalesce: Duration::from_millis(15),
            poll_interval: Duration::from_secs(2),
        }
    }
}

/// Reports changes of the files on its [`WatchList`].
#[derive(Debug)]
pub struct FileWatcher {
    options: FileWatcherOptions,
    watch_list: WatchList,
    changes: mpsc::Sender<FileChanges>,
}

/// What the kernel reported since the last look.
#[derive(Debug, Default)]
struct Inbox {
    happenings: Mutex<Happenings>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Happenings {
    paths: HashSet<Happening>,
    is_everything: bool,
}

impl FileWatcher {
    /// A watcher, and where it reports.
    pub fn new(options: FileWatcherOptions) -> (Self, mpsc::Receiver<FileChanges>) {
        let (changes, receiver) = mpsc::channel(64);
        (Self { options, watch_list: WatchList::default(), changes }, receiver)
    }

    /// For the reader whose files are to be watched.
    pub fn watch_list(&self) -> WatchList {
        self.watch_list.clone()
    }

    /// Watches and reports until `stop`, or until nobody listens to the reports.
    pub async fn run(self, stop: CancellationToken) {
        let inbox = Arc::new(Inbox::default());
        let mut files = WatchedFiles::new(self.notifier(&inbox));
        let mut next_poll = Instant::now() + self.options.poll_interval;
        loop {
            let poll_at = tokio::time::Instant::from_std(next_poll);
            let (back, changed) = tokio::select! {
                () = stop.cancelled() => return,
                () = self.watch_list.0.added.notified() => {
                    let new = self.watch_list.take();
                    blocking(files, move |files| files.register(new)).await
                }
                () = inbox.arrived.notified() => {
                    tokio::time::sleep(self.options.coalesce).await;
                    let Happenings { paths, is_everything } = mem::take(&mut *lock(&inbox.happenings));
                    blocking(files, move |files| {
                        if is_everything { files.everything() } else { files.changed_by(paths) }
                    })
                    .await
                }
                () = tokio::time::sleep_until(poll_at), if files.is_polling() => {
                    let begin = Instant::now();
                    let polled = blocking(files, WatchedFiles::poll).await;
                    let pause = self.options.poll_interval.max(begin.elapsed() * 20);
                    next_poll = Instant::now() + pause;
                    polled
                }
            };
            let Some(back) = back else { return };
            files = back;
            if !changed.is_empty() && !self.report(changed, &stop).await {
                return;
            }
        }
    }

    async fn report(&self, changed: BTreeSet<Arc<str>>, stop: &CancellationToken) -> bool {
        let changes = FileChanges { targets: changed.into_iter().collect() };
        tokio::select! {
            () = stop.cancelled() => false,
            sent = self.changes.send(changes) => sent.is_ok(),
        }
    }

    /// The kernel's notifications; `None` if files are polled.
    fn notifier(&self, inbox: &Arc<Inbox>) -> Option<notify::INotifyWatcher> {
        if self.options.mode == WatchMode::Polling {
            return None;
        }
        let handler = Handler(Arc::clone(inbox));
        match notify::Watcher::new(handler, notify::Config::default()) {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "files are looked at every few seconds: no notifications");
                None
            }
        }
    }
}

/// Runs `work` beside the executor; `None` for the files if the process is ending.
async fn blocking(
    mut files: WatchedFiles,
    work: impl FnOnce(&mut WatchedFiles) -> BTreeSet<Arc<str>> + Send + 'static,
) -> (Option<WatchedFiles>, BTreeSet<Arc<str>>) {
    let task = tokio::task::spawn_blocking(move || {
        let changed = work(&mut files);
        (files, changed)
    });
    match task.await {
        Ok((files, changed)) => (Some(files), changed),
        Err(_) => (None, BTreeSet::new()),
    }
}

struct Handler(Arc<Inbox>);

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<notify::Event>) {
        let Ok(event) = event else { return };
        let kind = match event.kind {
            EventKind::Create(_)
            | EventKind::Remove(_)
            | EventKind::Modify(ModifyKind::Name(_)) => Kind::Structure,
            EventKind::Modify(_) => Kind::Content,
            _ if event.need_rescan() => Kind::Structure,
            _ => return,
        };
        let mut happenings = lock(&self.0.happenings);
        if event.need_rescan() || happenings.paths.len() >= MAX_PENDING {
            happenings.is_everything = true;
            happenings.paths.clear();
        }
        if !happenings.is_everything {
            happenings.paths.extend(event.paths.into_iter().map(|path| Happening { path, kind }));
        }
        drop(happenings);
        self.0.arrived.notify_one();
    }
}

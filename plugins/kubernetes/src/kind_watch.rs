//! The list and the watch of one kind of one cluster.
//!
//! kube's `watcher` is not used, because what a person must be told needs what it hides: that
//! the watch is open (it is silent until the first event), that a page or an event is longer or
//! slower than its budget, that the answer is of another kind. It also resumes where the server
//! cannot follow: one that came back with an older state leaves it waiting in silence for a
//! version that is long gone. Here, whatever ends otherwise than the server meant is read anew,
//! and the index keeps what is the same.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, mpsc, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    backoff::Backoff,
    client::{ApiClient, Lines, PageOf},
    decode::{DecodeError, Head, Page, Status, WatchEvent},
    failure::{Failure, shortened},
    index::Size,
    intern::Interner,
    kinds::{Kind, KindRow, TABLE},
    object::{Name, Object},
};

/// Objects asked for at once, and what is asked for when an answer is too long.
const PAGE_SIZES: [u32; 4] = [500, 100, 20, 5];

/// Waits between attempts.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The wait after a connection was cut.
const AFTER_CUT: Duration = Duration::from_millis(100);

/// The wait after a budget ended a list: it will end the next one, too.
const LIMIT_WAIT: Duration = Duration::from_secs(30);

/// How long a watch may be silent, given that the server sends a bookmark a minute, or that it
/// does not.
const SILENCE_WITH_BOOKMARKS: Duration = Duration::from_secs(150);
const SILENCE: Duration = Duration::from_mins(5);

/// What the kinds of one cluster share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: ApiClient,
    /// In the order of the table.
    usage: [Usage; TABLE.len()],
    /// One page is in memory at once, so that each knows what is left of the budget.
    pages: Semaphore,
    /// Rung when a connection breaks: the server should be looked at now.
    pub(crate) alarm: Notify,
    /// Counts what lists and watches brought.
    pub(crate) signs_of_life: AtomicU64,
    /// Whether the server can list what it grants us, so that a change is noticed.
    pub(crate) lists_rules: AtomicBool,
}

/// What one kind costs now.
#[derive(Debug, Default)]
struct Usage {
    kept: AtomicSize,
    /// By the list that is under way.
    listed: AtomicSize,
    /// What its objects share.
    shared_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct AtomicSize {
    objects: AtomicUsize,
    bytes: AtomicUsize,
}

impl AtomicSize {
    fn set(&self, size: Size) {
        self.objects.store(size.objects, Ordering::Relaxed);
        self.bytes.store(size.bytes, Ordering::Relaxed);
    }

    fn get(&self) -> Size {
        Size {
            objects: self.objects.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

impl Usage {
    /// A list replaces what is kept.
    fn size(&self) -> Size {
        let (kept, listed) = (self.kept.get(), self.listed.get());
        Size {
            objects: kept.objects.max(listed.objects),
            bytes: kept.bytes.max(listed.bytes) + self.shared_bytes.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    pub(crate) fn new(client: ApiClient) -> Self {
        Self {
            client,
            usage: std::array::from_fn(|_| Usage::default()),
            pages: Semaphore::new(1),
            alarm: Notify::new(),
            signs_of_life: AtomicU64::new(0),
            lists_rules: AtomicBool::new(false),
        }
    }

    /// Says what is kept of a kind now.
    pub(crate) fn set_kept(&self, kind: Kind, size: Size) {
        if let Some(usage) = self.usage.get(kind as usize) {
            usage.kept.set(size);
        }
    }

    fn set_listed(&self, kind: Kind, size: Size, shared_bytes: usize) {
        if let Some(usage) = self.usage.get(kind as usize) {
            usage.listed.set(size);
            usage.shared_bytes.store(shared_bytes, Ordering::Relaxed);
        }
    }

    /// What all kinds cost together.
    fn size(&self) -> Size {
        self.usage.iter().map(Usage::size).fold(Size::default(), |sum, size| Size {
            objects: sum.objects + size.objects,
            bytes: sum.bytes + size.bytes,
        })
    }

    fn check_budget(&self) -> Result<(), Failure> {
        let (size, budget) = (self.size(), self.client.budget());
        if size.objects > budget.objects {
            let most = budget.objects;
            return Err(Failure::Limit(format!("more than {most} objects in the cluster")));
        }
        if size.bytes > budget.bytes {
            let most = budget.bytes;
            return Err(Failure::Limit(format!("objects of more than {most} bytes together")));
        }
        Ok(())
    }
}

/// What happened to a kind.
#[derive(Debug)]
pub(crate) enum Change {
    /// All its objects.
    Listed(Vec<Object>),
    /// Its watch is open.
    Watching,
    /// An object came or changed.
    Applied(Object),
    /// An object is gone.
    Deleted(Name),
    /// The server gave a sign of life, such as a bookmark or a page.
    Heard,
    /// It does not advance; it will be tried again.
    Failed(Failure),
}

/// Why a kind is no longer tried.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It is refused.
    Forbidden(Failure),
    /// It is not served, at least not in this version.
    NotFound,
    /// Nobody listens.
    Unheard,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct KindWatch {
    pub(crate) row: &'static KindRow,
    pub(crate) version: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) changes: mpsc::Sender<(Kind, Change)>,
    /// Changes when watches are not to be trusted any more.
    pub(crate) rearm: watch::Receiver<u64>,
    pub(crate) interner: Interner,
}

/// What ended one watch.
enum End {
    /// The server meant it, or we did: go on from this version.
    Resume,
    Failed(Failure),
    Unheard,
}

impl KindWatch {
    /// Keeps the kind up to date until it is refused or not served.
    pub(crate) async fn run(mut self) -> Ended {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            let failure = match self.list().await {
                Ok((version, objects)) => {
                    if !self.tell(Change::Listed(objects)).await {
                        return Ended::Unheard;
                    }
                    match self.follow(version, &mut backoff).await {
                        // A connection that is cut, or a version that is gone, is no fault yet:
                        // if there is one, the list will meet it.
                        Some(Failure::Gone | Failure::Unreachable(_)) => {
                            self.shared.alarm.notify_one();
                            sleep(AFTER_CUT).await;
                            continue;
                        }
                        Some(failure) => failure,
                        None => return Ended::Unheard,
                    }
                }
                Err(failure) => failure,
            };
            let wait = match &failure {
                Failure::Forbidden(_) => return Ended::Forbidden(failure),
                Failure::NotFound => return Ended::NotFound,
                Failure::Limit(_) => LIMIT_WAIT,
                _ => backoff.next(rand::random()),
            };
            if matches!(failure, Failure::Unreachable(_) | Failure::Unauthorized) {
                self.shared.alarm.notify_one();
            }
            if !self.tell(Change::Failed(failure)).await {
                return Ended::Unheard;
            }
            sleep(wait).await;
        }
    }

    async fn tell(&self, change: Change) -> bool {
        if !matches!(change, Change::Failed(_)) {
            self.shared.signs_of_life.fetch_add(1, Ordering::Relaxed);
        }
        self.changes.send((self.row.kind, change)).await.is_ok()
    }

    /// Every object, and the version to watch from.
    async fn list(&mut self) -> Result<(String, Vec<Object>), Failure> {
        // What the objects of the list before this one share goes with them.
        self.interner = Interner::default();
        let listed = self.pages().await;
        if listed.is_err() {
            self.interner = Interner::default();
        }
        // From here on, what is listed counts as kept, or not at all.
        self.shared.set_listed(self.row.kind, Size::default(), self.interner.bytes());
        listed
    }

    async fn pages(&mut self) -> Result<(String, Vec<Object>), Failure> {
        let begun = Instant::now();
        let list_time = self.shared.client.budget().list_time;
        let mut objects = Vec::new();
        let mut token = None;
        let mut sizes = PAGE_SIZES.into_iter();
        let mut limit = sizes.next().unwrap_or(1);
        loop {
            let page = match self.page(PageOf { limit, token: token.clone() }).await {
                Ok(page) => page,
                Err(failure @ Failure::Limit(_)) => match sizes.next() {
                    Some(smaller) if !self.interner.is_full() => {
                        limit = smaller;
                        continue;
                    }
                    _ => return Err(failure),
                },
                Err(failure) => return Err(failure),
            };
            self.tell(Change::Heard).await;
            objects.extend(page.objects);
            self.keep_newest(&mut objects);
            let bytes = objects.iter().map(Object::weight).sum();
            let size = Size { objects: objects.len(), bytes };
            self.shared.set_listed(self.row.kind, size, self.interner.bytes());
            self.shared.check_budget()?;
            match page.continue_token {
                Some(next) => token = Some(next),
                None => return Ok((page.resource_version, objects)),
            }
            if begun.elapsed() > list_time {
                let seconds = list_time.as_secs();
                return Err(Failure::Limit(format!("the list takes more than {seconds} s")));
            }
        }
    }

    async fn page(&mut self, page: PageOf) -> Result<Page, Failure> {
        // Held until the page is decoded and its bytes are let go.
        let shared = Arc::clone(&self.shared);
        let Ok(_permit) = shared.pages.acquire().await else {
            return Err(Failure::Unreachable("the session is over".to_owned()));
        };
        let body = shared.client.page(self.row, &self.version, page).await?;
        self.decode(&body).and_then(|page| page.of_kind(self.row.name)).map_err(|error| match error
        {
            DecodeError::TooHeavy => {
                let most = self.shared.client.budget().bytes;
                Failure::Limit(format!("objects of more than {most} bytes together"))
            }
            error => Failure::Garbage(format!("{}: {error}", self.row.plural)),
        })
    }

    /// Decodes a page as long as the budget lasts.
    fn decode(&mut self, body: &[u8]) -> Result<Page, DecodeError> {
        let kind = self.row.kind;
        let most = self.shared.client.budget().bytes;
        self.interner.allow(most.saturating_sub(self.shared.size().bytes));
        let page = (self.row.page)(body, &mut self.interner);
        if let Some(usage) = self.shared.usage.get(kind as usize) {
            usage.shared_bytes.store(self.interner.bytes(), Ordering::Relaxed);
        }
        page
    }

    /// Of a kind of which the newest suffice, the others are let go as they come.
    fn keep_newest(&self, objects: &mut Vec<Object>) {
        let Some(most) = self.row.newest else { return };
        if objects.len() > most {
            let last_seen = |object: &Object| match object {
                Object::Event(event) => event.warning.last_seen,
                _ => None,
            };
            objects.sort_by_key(|object| std::cmp::Reverse(last_seen(object)));
            objects.truncate(most);
        }
    }

    /// Watches from a version on; gives what went wrong, or nothing if nobody listens.
    async fn follow(&mut self, mut version: String, backoff: &mut Backoff) -> Option<Failure> {
        let mut vain = 0;
        loop {
            self.rearm.mark_unchanged();
            let watch = self.shared.client.watch(self.row, &self.version, &version).await;
            let lines = match watch {
                Ok(lines) => lines,
                Err(failure) => return Some(failure),
            };
            if !self.tell(Change::Watching).await {
                return None;
            }
            backoff.reset();
            let begun = Instant::now();
            match self.events(lines, &mut version).await {
                End::Resume => {}
                End::Failed(failure) => return Some(failure),
                End::Unheard => return None,
            }
            // A server that ends every watch at once is not watched but asked.
            vain = if begun.elapsed() < FIRST_WAIT { vain + 1 } else { 0 };
            if vain > 3 {
                return Some(Failure::Garbage("every watch ends at once".to_owned()));
            }
        }
    }

    async fn events(&mut self, mut lines: Lines, version: &mut String) -> End {
        let mut silence = SILENCE;
        loop {
            let line = tokio::select! {
                line = timeout(silence, lines.next()) => line,
                _ = self.rearm.changed() => return End::Resume,
            };
            let line = match line {
                Err(_) | Ok(Ok(None)) => return End::Resume,
                Ok(Err(failure)) => return End::Failed(failure),
                Ok(Ok(Some(line))) => line,
            };
            match self.event(&line, version) {
                Ok(change) => {
                    if matches!(change, Change::Heard) {
                        silence = SILENCE_WITH_BOOKMARKS;
                    }
                    if !self.tell(change).await {
                        return End::Unheard;
                    }
                }
                Err(failure) => return End::Failed(failure),
            }
        }
    }

    /// What one line of a watch says; moves the version on.
    fn event(&mut self, line: &[u8], version: &mut String) -> Result<Change, Failure> {
        let garbage = |error: &dyn std::fmt::Display| {
            let what = shortened(&error.to_string());
            Failure::Garbage(format!("an event of {}: {what}", self.row.plural))
        };
        let event: WatchEvent<'_> = serde_json::from_slice(line).map_err(|e| garbage(&e))?;
        let json = event.object.get();
        if event.what == "ERROR" {
            let status: Status = serde_json::from_str(json).map_err(|e| garbage(&e))?;
            return Err(Failure::of_status(status.code, Some(&status.message)));
        }
        let head: Head = serde_json::from_str(json).map_err(|e| garbage(&e))?;
        if !head.is_of_kind(self.row.name) {
            return Err(garbage(&format!("it is a {:?}", head.kind)));
        }
        if head.metadata.resource_version.is_empty() {
            return Err(garbage(&"it has no resourceVersion"));
        }
        version.clone_from(&head.metadata.resource_version);
        match event.what {
            "BOOKMARK" => Ok(Change::Heard),
            "DELETED" => Ok(Change::Deleted(Name {
                namespace: self.interner.text(&head.metadata.namespace),
                name: head.metadata.name.into(),
            })),
            "ADDED" | "MODIFIED" => {
                let object =
                    (self.row.object)(json, &mut self.interner).map_err(|e| garbage(&e))?;
                let Some(object) = object else { return Ok(Change::Heard) };
                let shared_bytes = self.interner.bytes();
                self.shared.set_listed(self.row.kind, Size::default(), shared_bytes);
                self.shared.check_budget()?;
                Ok(Change::Applied(object))
            }
            other => Err(garbage(&format!("{other:?} is no event"))),
        }
    }
}

//! The jobs that are under way.

use std::collections::{HashMap, VecDeque};

use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{FuturesOrdered, FuturesUnordered},
};

use super::{
    job::{Job, JobContext, JobOutcome},
    queue::Task,
};
use crate::refresh_graph::RefId;

/// Jobs that read files: enough to read while others are processed.
const LOCAL_AT_ONCE: usize = 16;

/// Jobs that ask other hosts: enough that a few silent ones do not hold up the rest.
const REMOTE_AT_ONCE: usize = 64;

type Running = BoxFuture<'static, (RefId, JobOutcome)>;

/// Large jobs that read files.
const LARGE_AT_ONCE: usize = 2;

/// Jobs in three lanes. What is read from disk is recorded in the order in which it was started, so
/// that who comes first does not depend on who reads faster; a Location of many files keeps that
/// order with its like alone, and the rest need not wait for it. Another host may take its time, or
/// never answer, and holds up nobody.
#[derive(Debug)]
pub(super) struct Jobs {
    context: JobContext,
    local: FuturesOrdered<Running>,
    large: FuturesOrdered<Running>,
    remote: FuturesUnordered<Running>,
    large_backlog: VecDeque<Job>,
    remote_backlog: VecDeque<Job>,
    /// What is to be done for an entity once its job has ended.
    running: HashMap<RefId, Option<Task>>,
}

impl Jobs {
    pub(super) fn new(context: JobContext) -> Self {
        Self {
            context,
            local: FuturesOrdered::new(),
            large: FuturesOrdered::new(),
            remote: FuturesUnordered::new(),
            large_backlog: VecDeque::new(),
            remote_backlog: VecDeque::new(),
            running: HashMap::new(),
        }
    }

    /// How many more jobs may be started.
    pub(super) fn room(&self) -> usize {
        LOCAL_AT_ONCE.saturating_sub(self.local.len())
    }

    /// Whether nothing is under way that will end soon.
    pub(super) fn is_idle(&self) -> bool {
        self.local.is_empty()
    }

    /// Whether nothing of the disk is under way, however large.
    pub(super) fn has_read_files(&self) -> bool {
        self.local.is_empty() && self.large.is_empty()
    }

    /// Whether nothing is under way at all.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Keeps `task` for later if there is a job for this entity: two at once could end in the wrong
    /// order.
    pub(super) fn postpone(&mut self, id: RefId, task: &Task) -> bool {
        let Some(later) = self.running.get_mut(&id) else { return false };
        let both = later.take().map_or_else(|| task.clone(), |later| later.and(task.clone()));
        *later = Some(both);
        true
    }

    pub(super) fn start(&mut self, job: Job) {
        self.running.insert(job.id, None);
        if job.is_remote() {
            self.remote_backlog.push_back(job);
        } else if job.is_large() {
            self.large_backlog.push_back(job);
        } else {
            self.local.push_back(self.context.clone().run(job).boxed());
        }
        self.fill_lanes();
    }

    fn fill_lanes(&mut self) {
        while self.remote.len() < REMOTE_AT_ONCE
            && let Some(job) = self.remote_backlog.pop_front()
        {
            self.remote.push(self.context.clone().run(job).boxed());
        }
        while self.large.len() < LARGE_AT_ONCE
            && let Some(job) = self.large_backlog.pop_front()
        {
            self.large.push_back(self.context.clone().run(job).boxed());
        }
    }

    /// The next job that ends, and what is to be done for its entity now. Never ends where nothing
    /// is under way.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn next(&mut self) -> Ended {
        let (id, outcome) = tokio::select! {
            biased;
            Some(ended) = self.local.next() => ended,
            Some(ended) = self.large.next() => ended,
            Some(ended) = self.remote.next() => ended,
            else => std::future::pending().await,
        };
        self.fill_lanes();
        let then = self.running.remove(&id).flatten();
        Ended { id, outcome, then }
    }
}

/// A job that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: RefId,
    pub(super) outcome: JobOutcome,
    pub(super) then: Option<Task>,
}

impl Ended {
    /// Whether the entity became another while the job was under way, so that its outcome is of no
    /// use.
    pub(super) fn is_outdated(&self) -> bool {
        self.then == Some(Task::Process)
    }
}

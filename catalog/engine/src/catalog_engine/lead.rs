//! Ingesting, while this process holds the lease.

use std::{sync::Arc, time::Duration};

use callboard_model::EntityRef;
use futures_util::TryStreamExt;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    OrphanStrategy, Session, figures,
    follow::offload,
    job::{self, Job, JobContext, JobOutcome},
    jobs::{Ended, Jobs},
    queue::{Queue, Task},
};
use crate::{
    ingestion::{Command, EntityProviderConnection, EntityProviderMutation},
    refresh_graph::{RefId, RefreshGraph, RestoreError},
    store::{Fence, Lease, StoreError},
};

/// Commands that may wait; more make providers wait.
const COMMAND_BUFFER: usize = 256;

/// The shortest time between two commits while other hosts are being read, which may take long.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);

/// Texts that may wait in memory before they are written, in bytes.
const STAGED_BYTES: usize = 32 << 20;

/// Why a process stopped ingesting.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeadError {
    /// The store.
    #[error("the store does not go along")]
    Store(#[source] StoreError),
    /// A stored refresh state.
    #[error("a refresh state cannot be taken back")]
    Restore(#[source] RestoreError),
}

/// What belongs to one term of ingesting.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) fence: Fence,
    pub(super) graph: RefreshGraph,
    pub(super) queue: Queue,
    /// Who waits for the next commit.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    /// When something was last written.
    pub(super) last_flush: Instant,
    lease_end: Instant,
    next_reread: Option<Instant>,
}

impl Session<'_> {
    /// Ingests until `stop`, or until another process has taken over.
    pub(super) async fn lead(
        &mut self,
        lease: Lease,
        stop: &CancellationToken,
    ) -> Result<(), LeadError> {
        let lease_end = Instant::now() + lease.time_to_live;
        let graph = self.load_graph().await?;
        let mut term = Term {
            fence: lease.fence,
            graph,
            queue: Queue::default(),
            waiting: Vec::new(),
            last_flush: Instant::now(),
            lease_end,
            next_reread: None,
        };
        self.retire_providers(&mut term);
        term.queue_all_reads();
        let (sender, commands) = mpsc::channel(COMMAND_BUFFER);
        let term_stop = stop.child_token();
        let mut providers = self.start_providers(&sender, &term_stop);
        drop(sender);
        let result = self.ingest(&mut term, lease, commands, stop).await;
        term_stop.cancel();
        providers.shutdown().await;
        if stop.is_cancelled()
            && let Err(error) = self.engine.ports.store.release_lease(term.fence).await
        {
            super::follow::log_fault(&error, "the ingestion lease cannot be given back");
        }
        result
    }

    /// Takes back what providers emitted that are no longer configured.
    fn retire_providers(&self, term: &mut Term) {
        if self.engine.options.orphan_strategy == OrphanStrategy::Keep {
            return;
        }
        for name in term.graph.providers() {
            if !self.engine.ports.providers.iter().any(|provider| provider.name() == &*name) {
                tracing::info!(provider.name = %name, "the entities of provider {name} are retired");
                term.graph.replace_roots(&name, Vec::new());
            }
        }
    }

    fn start_providers(
        &self,
        commands: &mpsc::Sender<Command>,
        stop: &CancellationToken,
    ) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for provider in &self.engine.ports.providers {
            let provider = Arc::clone(provider);
            let connection = EntityProviderConnection {
                provider: provider.name().into(),
                commands: commands.clone(),
            };
            let stop = stop.clone();
            running.spawn(async move { provider.run(connection, stop).await });
        }
        running
    }

    async fn load_graph(&self) -> Result<RefreshGraph, LeadError> {
        let rules: Arc<str> = self.engine.ports.orchestrator.fingerprint().into();
        let mut graph = RefreshGraph::default();
        let mut chunks =
            self.engine.ports.store.refresh_states().await.map_err(LeadError::Store)?;
        while let Some(rows) = chunks.try_next().await.map_err(LeadError::Store)? {
            let rules = Arc::clone(&rules);
            graph = offload(move || graph.restore(rows, &rules).map(|()| graph))
                .await
                .map_err(LeadError::Restore)?;
        }
        graph.finish_restore();
        Ok(graph)
    }

    async fn ingest(
        &mut self,
        term: &mut Term,
        lease: Lease,
        mut commands: mpsc::Receiver<Command>,
        stop: &CancellationToken,
    ) -> Result<(), LeadError> {
        let mut jobs = Jobs::new(JobContext {
            reader: Arc::clone(&self.engine.ports.reader),
            orchestrator: Arc::clone(&self.engine.ports.orchestrator),
        });
        let mut renewal = interval(lease.time_to_live / 4);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut clean_up = interval(self.engine.options.orphan_interval);
        clean_up.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clean_up.reset();
        let mut are_commands_open = true;
        loop {
            self.start_jobs(term, &mut jobs, stop).await?;
            let is_idle = jobs.is_idle() && term.queue.is_empty();
            let flush_at = term.flush_at(&jobs);
            if flush_at.is_some_and(|at| at <= Instant::now()) {
                self.flush(term, "ingestion", stop).await?;
                continue;
            }
            self.report(term);
            let reread = term.next_reread;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                _ = renewal.tick() => self.renew(term).await?,
                command = commands.recv(), if are_commands_open => match command {
                    Some(command) => self.obey(term, command).await,
                    None => are_commands_open = false,
                },
                ended = jobs.next() => self.record(term, ended),
                () = sleep_until(flush_at), if flush_at.is_some() => {}
                () = sleep_until(reread), if is_idle && reread.is_some() => {
                    term.next_reread = None;
                    term.queue_remote_reads();
                }
                // Who still reads may emit what is an orphan now.
                _ = clean_up.tick(), if is_idle && jobs.has_read_files() => self.clean_up(term),
            }
        }
    }

    /// Keeps the lease; without the database it lasts as long as nobody else can take it either.
    async fn renew(&self, term: &mut Term) -> Result<(), LeadError> {
        match self.engine.ports.store.acquire_lease(Some(term.fence)).await {
            Ok(Some(lease)) if lease.fence == term.fence => {
                term.lease_end = Instant::now() + lease.time_to_live;
                Ok(())
            }
            Ok(_) | Err(StoreError::Fenced) => Err(LeadError::Store(StoreError::Fenced)),
            Err(error) => {
                super::follow::log_fault(&error, "the ingestion lease cannot be renewed yet");
                Ok(())
            }
        }
    }

    async fn obey(&mut self, term: &mut Term, command: Command) {
        match command {
            Command::Mutate { provider, mutation, done } => {
                self.mutate(term, &provider, mutation).await;
                term.waiting.push(done);
            }
            Command::Refresh(keys) => {
                for key in keys {
                    for id in term.graph.by_refresh_key(&key) {
                        term.queue.push(*id, Task::Files([Arc::from(&*key)].into()));
                    }
                }
            }
        }
        term.take_due();
    }

    async fn mutate(&self, term: &mut Term, provider: &Arc<str>, mutation: EntityProviderMutation) {
        let orchestrator = Arc::clone(&self.engine.ports.orchestrator);
        let emit = move |deferred: Vec<_>| {
            deferred.into_iter().map(|one| job::emitted(&orchestrator, one)).collect::<Vec<_>>()
        };
        match mutation {
            EntityProviderMutation::Full(entities) => {
                let entities = offload(move || emit(entities)).await;
                term.graph.replace_roots(provider, entities);
            }
            EntityProviderMutation::Delta { added, removed } => {
                let added = offload(move || emit(added)).await;
                term.graph.change_roots(provider, added, &removed);
            }
        }
    }

    /// Starts as many jobs as may run, oldest task first.
    async fn start_jobs(
        &mut self,
        term: &mut Term,
        jobs: &mut Jobs,
        stop: &CancellationToken,
    ) -> Result<(), LeadError> {
        while jobs.room() > 0 && !term.queue.is_empty() {
            let mut batch = Vec::new();
            while batch.len() < jobs.room()
                && let Some((id, task, since)) = term.queue.pop()
            {
                if term.graph.node(id).is_some() && !jobs.postpone(id, &task) {
                    batch.push((id, task, since));
                }
            }
            let texts = self.unprocessed(term, &batch, stop).await?;
            for (waiting, unprocessed) in batch.into_iter().zip(texts) {
                let node = term.graph.node(waiting.0);
                let (Some(unprocessed), Some(node)) = (unprocessed, node) else { continue };
                let orchestrator = &self.engine.ports.orchestrator;
                if let Some(job) = Job::of(orchestrator, waiting, node, &unprocessed) {
                    jobs.start(job);
                }
            }
        }
        Ok(())
    }

    /// What the sources emitted: from what is not yet written, else from the store.
    async fn unprocessed(
        &self,
        term: &Term,
        batch: &[(RefId, Task, std::time::Instant)],
        stop: &CancellationToken,
    ) -> Result<Vec<Option<Arc<str>>>, LeadError> {
        let staged = |id: &RefId| term.graph.staged().unprocessed.get(id).cloned();
        let absent: Vec<_> = batch
            .iter()
            .filter(|(id, _, _)| staged(id).is_none())
            .map(|(id, _, _)| term.graph.entity_ref(*id).clone())
            .collect();
        let mut stored = std::collections::HashMap::new();
        if !absent.is_empty() {
            let found = self.read_unprocessed(&absent, stop).await?;
            stored.extend(found);
        }
        let text =
            |id: &RefId| staged(id).or_else(|| stored.get(term.graph.entity_ref(*id)).cloned());
        Ok(batch.iter().map(|(id, _, _)| text(id)).collect())
    }

    /// Waits for the database as long as it takes; nothing if stopped before it answers.
    async fn read_unprocessed(
        &self,
        entity_refs: &[EntityRef],
        stop: &CancellationToken,
    ) -> Result<Vec<(EntityRef, Arc<str>)>, LeadError> {
        loop {
            match self.engine.ports.store.unprocessed(entity_refs).await {
                Err(error @ StoreError::Unavailable { .. }) => {
                    super::follow::log_fault(&error, "processing waits for the database");
                }
                result => return result.map_err(LeadError::Store),
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
                () = stop.cancelled() => return Ok(Vec::new()),
            }
        }
    }

    fn record(&mut self, term: &mut Term, ended: Ended) {
        let is_outdated = ended.is_outdated();
        let Ended { id, outcome, then } = ended;
        if let Some(task) = then {
            term.queue.push(id, task);
        }
        if is_outdated {
            return;
        }
        let errors = match outcome {
            JobOutcome::Unchanged => 0,
            JobOutcome::Processed(processed) => {
                let errors = processed.errors.len();
                term.graph.record(id, *processed);
                errors
            }
            JobOutcome::Files(processed) => {
                let errors = processed.errors.len();
                term.graph.record_files(id, *processed);
                errors
            }
        };
        self.engine.status.send_modify(|status| {
            status.processed_total += 1;
            status.failed_total += u64::from(errors > 0);
        });
        self.schedule_reread(term, id);
        term.take_due();
    }

    /// Remote descriptors are read again after the processing interval, spread out.
    fn schedule_reread(&self, term: &mut Term, id: RefId) {
        let Some(processing_interval) = self.engine.options.processing_interval else { return };
        let is_remote = term
            .graph
            .node(id)
            .is_some_and(|node| node.reads.keys().any(|key| !key.starts_with("file:")));
        if is_remote && term.next_reread.is_none() {
            let spread = processing_interval.mul_f64(jitter() / 2.0);
            term.next_reread = Some(Instant::now() + processing_interval + spread);
        }
    }

    fn clean_up(&self, term: &mut Term) {
        if self.engine.options.orphan_strategy == OrphanStrategy::Delete {
            let orphans = term.graph.orphans();
            let names = orphans.iter().map(|id| term.graph.entity_ref(*id).as_str());
            if let Some(names) = some_of(names) {
                tracing::info!(catalog.orphans = orphans.len(), "orphans are deleted: {names}");
            }
            for id in orphans {
                term.graph.delete(id);
            }
        }
        term.take_due();
    }

    fn report(&self, term: &Term) {
        let queue_length = term.queue.len();
        figures::waiting(queue_length, term.graph.staged().stitch.len());
        self.engine.status.send_if_modified(|status| {
            let is_other = status.queue_length != queue_length;
            status.queue_length = queue_length;
            is_other
        });
    }
}

impl Term {
    /// What was read while nobody watched may have changed since.
    fn queue_all_reads(&mut self) {
        let mut readers: Vec<_> = self
            .graph
            .nodes()
            .filter(|(id, node)| !node.reads.is_empty() || self.is_location(*id))
            .map(|(id, _)| id)
            .collect();
        readers.sort_unstable_by(|one, other| {
            self.graph.entity_ref(*one).cmp(self.graph.entity_ref(*other))
        });
        for id in readers {
            self.queue.push(id, Task::Reread);
        }
        self.take_due();
    }

    /// A Location with a pattern that matched nothing has read nothing, and may match now.
    fn is_location(&self, id: RefId) -> bool {
        self.graph.entity_ref(id).kind() == "location"
    }

    /// What turned out to be due waits in the queue.
    fn take_due(&mut self) {
        for id in self.graph.take_due() {
            self.queue.push(id, Task::Process);
        }
    }

    fn queue_remote_reads(&mut self) {
        let mut remote: Vec<_> = self
            .graph
            .nodes()
            .filter(|(_, node)| node.reads.keys().any(|key| !key.starts_with("file:")))
            .map(|(id, _)| id)
            .collect();
        remote.sort_unstable();
        for id in remote {
            self.queue.push(id, Task::Reread);
        }
    }

    /// When what has changed is to be written: once nothing more is to be expected soon. A host
    /// that is slow to answer holds up no change of others.
    fn flush_at(&self, jobs: &Jobs) -> Option<Instant> {
        let has_changes = !self.graph.staged().is_empty() || !self.waiting.is_empty();
        let is_idle = jobs.is_idle() && self.queue.is_empty();
        if self.graph.staged().bytes > STAGED_BYTES || has_changes && is_idle && jobs.is_empty() {
            return Some(Instant::now());
        }
        (has_changes && is_idle).then(|| self.last_flush + FLUSH_INTERVAL)
    }

    /// Whether the lease is still this process's by its own clock.
    pub(super) fn holds_lease(&self) -> bool {
        Instant::now() < self.lease_end
    }
}

/// The first few of many names, and how many there are besides: a log line for them all.
pub(crate) fn some_of<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 5;
    let mut names = names.peekable();
    names.peek()?;
    let shown: Vec<_> = names.by_ref().take(SHOWN).collect();
    let shown = shown.join(", ");
    match names.count() {
        0 => Some(shown),
        more => Some(format!("{shown} and {more} more")),
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    let deadline = deadline.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
    tokio::time::sleep_until(deadline).await;
}

/// A number in 0..1 that differs between processes and calls.
pub(super) fn jitter() -> f64 {
    let random = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    #[expect(clippy::cast_precision_loss, reason = "a million fits")]
    let fraction = random as f64 / 1e6;
    fraction
}

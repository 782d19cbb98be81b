//! The loop around the pure steps: it takes what sources say, has it read and processed, stitches
//! it, makes it durable and publishes it.
//!
//! Every process follows the revisions of the store. One at a time holds the lease and ingests.

mod flush;
mod follow;
mod job;
mod lead;
mod queue;

use std::{sync::Arc, time::Duration};

use callboard_model::EntityRef;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    index::{IndexWriter, SharedIndex},
    ingestion::EntityProvider,
    processing::ProcessingOrchestrator,
    reading::UrlReader,
    store::{CatalogStore, Revision},
};

/// How many change notices a slow subscriber may lag behind before it is told that it lost some.
const NOTICE_BUFFER: usize = 4096;

/// What becomes of an entity that no source emits any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrphanStrategy {
    /// It is annotated, and deleted by the next clean-up.
    #[default]
    Delete,
    /// It is annotated and stays.
    Keep,
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// See [`OrphanStrategy`].
    pub orphan_strategy: OrphanStrategy,
    /// How often orphans are cleaned up. Default: 30 s, as upstream.
    pub orphan_interval: Duration,
    /// How often remote descriptors are read again, at least; the longest is half as much again.
    /// `None` = only on a refresh. Default: 100 s, as upstream.
    pub processing_interval: Option<Duration>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            orphan_strategy: OrphanStrategy::default(),
            orphan_interval: Duration::from_secs(30),
            processing_interval: Some(Duration::from_secs(100)),
        }
    }
}

/// What happened to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new or another.
    Changed,
    /// It is gone.
    Deleted,
}

/// One entity changed, and readers see it.
#[derive(Debug, Clone)]
pub struct EntityChangeNotice {
    /// The revision in which it did.
    pub revision: Revision,
    /// Which one.
    pub entity_ref: EntityRef,
    /// What happened.
    pub kind: ChangeKind,
}

/// What an engine needs.
#[derive(Debug)]
pub struct EnginePorts {
    /// The durable truth.
    pub store: Arc<dyn CatalogStore>,
    /// Reads files and URLs.
    pub reader: Arc<dyn UrlReader>,
    /// The pure steps.
    pub orchestrator: Arc<ProcessingOrchestrator>,
    /// Where entities come from.
    pub providers: Vec<Arc<dyn EntityProvider>>,
}

/// See the module.
#[derive(Debug)]
pub struct CatalogEngine {
    ports: EnginePorts,
    options: EngineOptions,
    index: IndexWriter,
    notices: broadcast::Sender<EntityChangeNotice>,
    status: watch::Sender<EngineStatus>,
}

/// What the engine is doing, for the health of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStatus {
    /// Whether reads are answered.
    pub is_ready: bool,
    /// Whether this process ingests.
    pub is_ingesting: bool,
    /// Entities that wait to be processed.
    pub queue_length: usize,
    /// Entities that were processed since the start.
    pub processed_total: u64,
    /// Entities of which processing gave errors since the start.
    pub failed_total: u64,
    /// Entities that were stitched since the start.
    pub stitched_total: u64,
}

impl CatalogEngine {
    /// An engine that has not yet read anything.
    pub fn new(ports: EnginePorts, options: EngineOptions) -> Self {
        let (notices, _) = broadcast::channel(NOTICE_BUFFER);
        let (status, _) = watch::channel(EngineStatus::default());
        Self { ports, options, index: IndexWriter::default(), notices, status }
    }

    /// The catalog as readers see it.
    pub fn catalog(&self) -> SharedIndex {
        self.index.shared()
    }

    /// The changes as they become visible.
    pub fn notices(&self) -> broadcast::Sender<EntityChangeNotice> {
        self.notices.clone()
    }

    /// What the engine is doing.
    pub fn status(&self) -> watch::Receiver<EngineStatus> {
        self.status.subscribe()
    }

    /// Loads the index, then follows and, when this process holds the lease, ingests, until
    /// `stop`. Faults of the database are waited out: reads go on meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing that was acknowledged; `stop` gives the lease back besides.
    pub async fn run(mut self, stop: CancellationToken) {
        if !self.load_index(&stop).await {
            return;
        }
        self.status.send_modify(|status| status.is_ready = true);
        while !stop.is_cancelled() {
            let Some(lease) = self.follow_until_lease(&stop).await else { break };
            self.status.send_modify(|status| status.is_ingesting = true);
            tracing::info!(lease.fence = lease.fence.0, "this process ingests from now on");
            let end = self.lead(lease, &stop).await;
            self.status.send_modify(|status| status.is_ingesting = false);
            match end {
                Ok(()) => {}
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "this process has stopped ingesting");
                    let pause = tokio::time::sleep(Duration::from_secs(1));
                    tokio::select! { () = pause => {}, () = stop.cancelled() => {} }
                }
            }
        }
    }
}

//! The loop around the pure steps: it takes what sources say, has it read and processed, stitches
//! it, makes it durable and publishes it.
//!
//! Every process follows the revisions of the store. One at a time holds the lease and ingests.

mod figures;
mod flush;
mod follow;
mod job;
mod jobs;
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
    store::{CatalogStore, Fence, Revision},
};

/// How many change notices a slow subscriber may lag behind before it is told that it lost some.
const NOTICE_BUFFER: usize = 256;

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

/// Readers see a new revision.
#[derive(Debug, Clone)]
pub struct ChangeNotice {
    /// The revision.
    pub revision: Revision,
    /// The entities that are new, changed or gone in it.
    pub entity_refs: Arc<[EntityRef]>,
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

/// See the module. One lives as long as the process; [`CatalogEngine::run`] may be started again.
#[derive(Debug)]
pub struct CatalogEngine {
    ports: EnginePorts,
    options: EngineOptions,
    catalog: Arc<SharedIndex>,
    notices: broadcast::Sender<ChangeNotice>,
    status: watch::Sender<EngineStatus>,
}

/// One run of the engine.
#[derive(Debug)]
struct Session<'engine> {
    engine: &'engine CatalogEngine,
    index: IndexWriter,
}

/// What the engine is doing, for the health of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStatus {
    /// Whether reads are answered.
    pub is_ready: bool,
    /// Whether this process ingests.
    pub is_ingesting: bool,
    /// Under which fence, while it does: what else the ingesting process writes needs it.
    pub fence: Option<Fence>,
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
        Self { ports, options, catalog: Arc::default(), notices, status }
    }

    /// The catalog as readers see it.
    pub fn catalog(&self) -> Arc<SharedIndex> {
        Arc::clone(&self.catalog)
    }

    /// The changes as they become visible.
    pub fn notices(&self) -> broadcast::Sender<ChangeNotice> {
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
    pub async fn run(&self, stop: CancellationToken) {
        let mut session =
            Session { engine: self, index: IndexWriter::publishing_to(self.catalog()) };
        if !session.load_index(&stop).await {
            return;
        }
        self.status.send_modify(|status| status.is_ready = true);
        while !stop.is_cancelled() {
            let Some(lease) = session.follow_until_lease(&stop).await else { break };
            self.tell_lease(Some(lease.fence));
            tracing::info!(lease.fence = lease.fence.0, "this process ingests from now on");
            let end = session.lead(lease, &stop).await;
            self.tell_lease(None);
            if let Err(error) = end {
                log_end(&error);
                let pause = tokio::time::sleep(Duration::from_secs(1));
                tokio::select! { () = pause => {}, () = stop.cancelled() => {} }
            }
        }
    }
}

impl CatalogEngine {
    fn tell_lease(&self, fence: Option<Fence>) {
        self.status.send_modify(|status| {
            status.is_ingesting = fence.is_some();
            status.fence = fence;
        });
    }
}

fn log_end(error: &lead::LeadError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "this process has stopped ingesting");
}

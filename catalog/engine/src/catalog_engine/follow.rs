//! Loading the index, and following what another process commits.

use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::{ChangeNotice, Session, figures};
use crate::index::{IndexBuilder, IndexWriter};
use crate::store::{FinalEntityChange, Lease, Revision, StoreError};

/// Pause after a fault of the database.
const RETRY: Duration = Duration::from_millis(500);

/// How often a process that does not hold the lease tries to take it.
const LEASE_INTERVAL: Duration = Duration::from_secs(1);

/// Revisions that are taken over at a time.
const REVISIONS_AT_ONCE: u64 = 100;

/// Changes of an empty catalog from which on building the index beats changing it.
const BULK: usize = 500;

impl Session<'_> {
    /// Loads the index from the store; `false` if stopped before it succeeded.
    pub(super) async fn load_index(&mut self, stop: &CancellationToken) -> bool {
        loop {
            match self.try_load_index().await {
                Ok(()) => return true,
                Err(error) => log_fault(&error, "the catalog cannot be loaded yet"),
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = stop.cancelled() => return false,
            }
        }
    }

    async fn try_load_index(&mut self) -> Result<(), StoreError> {
        let (revision, mut chunks) = self.engine.ports.store.final_entities().await?;
        let mut builder = IndexBuilder::default();
        while let Some(chunk) = chunks.try_next().await? {
            builder = offload(move || {
                builder.push(chunk);
                builder
            })
            .await;
        }
        self.change_index(move |index| index.replace(builder.finish(revision))).await;
        let catalog = self.engine.catalog.newest();
        tracing::info!(
            catalog.revision = revision,
            catalog.entities = catalog.len(),
            "the catalog is loaded",
        );
        Ok(())
    }

    /// Follows revisions until this process holds the lease; `None` if stopped.
    pub(super) async fn follow_until_lease(&mut self, stop: &CancellationToken) -> Option<Lease> {
        loop {
            match self.engine.ports.store.acquire_lease(None).await {
                Ok(Some(lease)) => return self.caught_up(stop).await.then_some(lease),
                Ok(None) => {}
                Err(error) => log_fault(&error, "the ingestion lease cannot be asked for"),
            }
            let until = tokio::time::Instant::now() + LEASE_INTERVAL;
            loop {
                if let Err(error) = self.catch_up().await {
                    log_fault(&error, "the revisions cannot be followed");
                    tokio::time::sleep(RETRY).await;
                }
                tokio::select! {
                    () = self.engine.ports.store.changed() => {}
                    () = tokio::time::sleep_until(until) => break,
                    () = stop.cancelled() => return None,
                }
            }
        }
    }

    /// Takes over what was committed by who held the lease before: whoever ingests without that
    /// would never see it. `false` if stopped before it succeeded.
    async fn caught_up(&mut self, stop: &CancellationToken) -> bool {
        loop {
            match self.catch_up().await {
                Ok(()) => return true,
                Err(error) => log_fault(&error, "the revisions cannot be followed"),
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = stop.cancelled() => return false,
            }
        }
    }

    /// Takes over every revision that was committed since the last one.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        loop {
            let last = self.index.revision();
            let revisions =
                self.engine.ports.store.revisions_after(last, REVISIONS_AT_ONCE).await?;
            if revisions.is_empty() {
                return Ok(());
            }
            for changes in revisions {
                self.publish(changes.revision, changes.changes).await;
            }
        }
    }

    /// Makes changes visible to readers, then tells the subscribers.
    pub(super) async fn publish(&mut self, revision: Revision, changes: Vec<FinalEntityChange>) {
        let newest = self.engine.catalog.newest();
        let is_first_load = newest.is_empty() && newest.failed.is_empty() && changes.len() > BULK;
        let changes = if is_first_load {
            self.change_index(move |index| {
                let entities = changes.iter().filter_map(|change| match change {
                    FinalEntityChange::Put(entity) => Some(entity.clone()),
                    FinalEntityChange::Delete(_) => None,
                });
                index.replace(IndexBuilder::build(revision, entities));
                changes
            })
            .await
        } else {
            self.change_index(move |index| {
                index.apply(revision, &changes);
                changes
            })
            .await
        };
        figures::served(&self.engine.catalog);
        let entity_refs = changes.into_iter().map(|change| match change {
            FinalEntityChange::Put(entity) => entity.entity_ref,
            FinalEntityChange::Delete(entity_ref) => entity_ref,
        });
        // Without subscribers there is nobody to tell.
        let _no_subscriber =
            self.engine.notices.send(ChangeNotice { revision, entity_refs: entity_refs.collect() });
    }
}

impl Session<'_> {
    async fn change_index<T: Send + 'static>(
        &mut self,
        change: impl FnOnce(&mut IndexWriter) -> T + Send + 'static,
    ) -> T {
        let mut index = std::mem::take(&mut self.index);
        let (index, result) = offload(move || {
            let result = change(&mut index);
            (index, result)
        })
        .await;
        self.index = index;
        result
    }
}

/// Runs a long pure step off the executor's threads.
pub(super) async fn offload<T: Send + 'static>(step: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(step).await {
        Ok(result) => result,
        // A step that panicked has left no state behind that could be gone on with.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

pub(super) fn log_fault(error: &StoreError, what: &'static str) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "{what}");
}

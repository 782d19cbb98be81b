//! Stores that do what tests tell them, over the real one.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use callboard_catalog::{
    final_entity::FinalEntity,
    store::{
        CatalogStore, Commit, Fence, Lease, RefreshStateRow, Revision, RevisionChanges, StoreError,
    },
};
use callboard_model::EntityRef;
use callboard_store::Store;
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A store whose commits can be held up at a given step.
#[derive(Debug)]
pub(crate) struct TestStore {
    pub(crate) inner: Store,
    /// Steps that commits may still take, in all.
    steps: AtomicI64,
    /// Cancelled when a commit has come to its last step, where it stays.
    pub(crate) stuck: CancellationToken,
    /// Whether commits may begin.
    pub(crate) gate: watch::Sender<bool>,
    /// How many reads of revisions fail from now on.
    pub(crate) failing_reads: AtomicI64,
}

impl TestStore {
    /// A store whose commits end for ever after `steps` steps.
    pub(crate) fn with_steps(inner: Store, steps: i64) -> Arc<Self> {
        Arc::new(Self {
            inner,
            steps: AtomicI64::new(steps),
            stuck: CancellationToken::new(),
            gate: watch::channel(true).0,
            failing_reads: AtomicI64::new(0),
        })
    }

    /// A store that does all that it is asked.
    pub(crate) fn new(inner: Store) -> Arc<Self> {
        Self::with_steps(inner, i64::MAX)
    }
}

#[async_trait]
impl CatalogStore for TestStore {
    async fn final_entities(
        &self,
    ) -> Result<(Revision, BoxStream<'static, Result<Vec<FinalEntity>, StoreError>>), StoreError>
    {
        self.inner.final_entities().await
    }

    async fn refresh_states(
        &self,
    ) -> Result<BoxStream<'static, Result<Vec<RefreshStateRow>, StoreError>>, StoreError> {
        self.inner.refresh_states().await
    }

    async fn unprocessed(
        &self,
        entity_refs: &[EntityRef],
    ) -> Result<Vec<(EntityRef, Arc<str>)>, StoreError> {
        self.inner.unprocessed(entity_refs).await
    }

    async fn commit(&self, fence: Fence, commit: &Commit) -> Result<Option<Revision>, StoreError> {
        let mut gate = self.gate.subscribe();
        gate.wait_for(|is_open| *is_open).await.expect("the store has its gate");
        let mut work = self.inner.commit(fence, commit);
        poll_fn(|context| {
            if self.steps.fetch_sub(1, Ordering::SeqCst) <= 0 {
                self.stuck.cancel();
                return Poll::Pending;
            }
            work.as_mut().poll(context)
        })
        .await
    }

    async fn revisions_after(
        &self,
        revision: Revision,
        limit: u64,
    ) -> Result<Vec<RevisionChanges>, StoreError> {
        if self.failing_reads.fetch_sub(1, Ordering::SeqCst) > 0 {
            let source = "the test says so".into();
            return Err(StoreError::Unavailable { doing: "reading revisions", source });
        }
        self.inner.revisions_after(revision, limit).await
    }

    async fn changed(&self) {
        self.inner.changed().await;
    }

    async fn acquire_lease(&self, held: Option<Fence>) -> Result<Option<Lease>, StoreError> {
        self.inner.acquire_lease(held).await
    }

    async fn release_lease(&self, fence: Fence) -> Result<(), StoreError> {
        self.inner.release_lease(fence).await
    }
}

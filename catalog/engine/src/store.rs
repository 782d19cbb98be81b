//! The port to the durable truth.
//!
//! One process at a time ingests: it holds the lease, and every write carries the lease's fencing
//! number. Every process may read and follow revisions.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_model::EntityRef;
use futures_util::stream::BoxStream;

use crate::final_entity::FinalEntity;

/// Number of a commit; they become visible in order and without gaps that are filled later.
pub type Revision = u64;

/// Proof of being the one that ingests, as of when it was given. A later holder has a higher one,
/// and writes with a lower one are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// The durable state of one entity that some source emitted. Source: Backstage `refresh_state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshStateRow {
    /// The canonical ref; unique.
    pub entity_ref: EntityRef,
    /// The uid.
    pub entity_id: Arc<str>,
    /// Who may write it.
    pub location_key: Option<Arc<str>>,
    /// Hash of what the source emitted.
    pub unprocessed_hash: Arc<str>,
    /// What processing last gave, so that an unchanged result stops there; `None` = due.
    pub result_hash: Option<Arc<str>>,
    /// Outgoing relations, errors, refresh keys and read cache of the last processing, as JSON
    /// that only the engine reads.
    pub processing: Arc<str>,
    /// The sources that emit it: `entity:<ref>` or `provider:<name>`; empty = orphan.
    pub emitted_by: Arc<[Arc<str>]>,
}

/// A change of one refresh state.
#[derive(Debug, Clone)]
pub enum RefreshStateChange {
    /// Inserts or replaces the row. `unprocessed` is `None` where the stored text stays as it is.
    Put {
        /// The row.
        row: RefreshStateRow,
        /// The entity as its source emitted it, JSON text.
        unprocessed: Option<Arc<str>>,
    },
    /// Removes the row.
    Delete(EntityRef),
}

/// A change of one final entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinalEntityChange {
    /// It is new, or another.
    Put(FinalEntity),
    /// It is gone.
    Delete(EntityRef),
}

/// What one transaction writes. Empty `final_entities` make no revision.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Changes of refresh states.
    pub refresh_states: Vec<RefreshStateChange>,
    /// Changes of final entities, appended to the history with one new revision.
    pub final_entities: Vec<FinalEntityChange>,
    /// Why, for the history: such as `ingestion`, `refresh`, `orphan`.
    pub cause: &'static str,
}

/// The changes of one revision, as a follower sees them.
#[derive(Debug, Clone)]
pub struct RevisionChanges {
    /// The revision.
    pub revision: Revision,
    /// Its changes.
    pub changes: Vec<FinalEntityChange>,
}

/// A lease that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The fencing number for writes.
    pub fence: Fence,
    /// How long it is held without renewal.
    pub time_to_live: Duration,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has taken the lease since: stop ingesting.
    #[error("the ingestion lease was taken over by another process")]
    Fenced,
    /// The database does not answer; trying again may help.
    #[error("the database is not available while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database refused; trying again will not help.
    #[error("the database refused while {doing}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored row is not what this version writes.
    #[error("a stored row of {table} cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Which row and what is wrong.
        reason: String,
    },
}

/// The catalog's part of the database.
#[async_trait]
pub trait CatalogStore: Send + Sync + std::fmt::Debug {
    /// Every final entity, in chunks of some thousand, and the revision they are of: a consistent
    /// picture even while others write.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; an item of the stream may fail likewise.
    async fn final_entities(
        &self,
    ) -> Result<(Revision, BoxStream<'static, Result<Vec<FinalEntity>, StoreError>>), StoreError>;

    /// Every refresh state, in chunks of some thousand.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; an item of the stream may fail likewise.
    async fn refresh_states(
        &self,
    ) -> Result<BoxStream<'static, Result<Vec<RefreshStateRow>, StoreError>>, StoreError>;

    /// The unprocessed JSON text of these entities; the absent are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn unprocessed(
        &self,
        entity_refs: &[EntityRef],
    ) -> Result<Vec<(EntityRef, Arc<str>)>, StoreError>;

    /// Writes `commit` in one transaction, if `fence` still holds, and announces the revision.
    /// Gives the revision, or `None` if no final entity changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] and nothing written; [`StoreError::Unavailable`] with the outcome
    /// unknown: writing the same commit again is right.
    async fn commit(&self, fence: Fence, commit: &Commit) -> Result<Option<Revision>, StoreError>;

    /// The changes after `revision`, oldest first, at most `limit` revisions.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn revisions_after(
        &self,
        revision: Revision,
        limit: u64,
    ) -> Result<Vec<RevisionChanges>, StoreError>;

    /// Waits until another process may have committed (or a few seconds have passed); the caller
    /// then asks for [`CatalogStore::revisions_after`]. Where no other process can write, it never
    /// returns.
    ///
    /// # Cancel safety
    ///
    /// A notice that comes while nobody waits is kept for the next call.
    async fn changed(&self);

    /// Takes the lease to ingest, or renews it; `None` if another process holds it. By the
    /// database's clock.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn acquire_lease(&self, held: Option<Fence>) -> Result<Option<Lease>, StoreError>;

    /// Gives the lease back, so that another need not wait for its end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn release_lease(&self, fence: Fence) -> Result<(), StoreError>;
}

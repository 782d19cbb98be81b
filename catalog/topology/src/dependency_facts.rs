//! The port to the durable record of which entities were seen to call which.

use std::time::SystemTime;

use async_trait::async_trait;
use callboard_catalog::store::{Fence, StoreError};
use callboard_model::EntityRef;
use chrono::NaiveDate;

/// A caller and what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DependencyPair {
    /// Who calls.
    pub from: EntityRef,
    /// What is called.
    pub to: EntityRef,
}

/// Calls of one day (UTC) from one entity to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDependency {
    /// The day.
    pub day: NaiveDate,
    /// Who called whom.
    pub pair: DependencyPair,
    /// When first on that day.
    pub first_seen: SystemTime,
    /// When last on that day.
    pub last_seen: SystemTime,
}

/// When calls were seen, over all days that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPair {
    /// Who called whom.
    pub pair: DependencyPair,
    /// When first.
    pub first_seen: SystemTime,
    /// When last.
    pub last_seen: SystemTime,
}

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DependencyRecord {
    /// One for each pair, ordered.
    pub pairs: Vec<SeenPair>,
    /// When anything was first seen; `None` = never.
    pub since: Option<SystemTime>,
}

/// Keeps daily facts of observed calls. Every process reads; the one that holds the ingestion
/// lease writes.
#[async_trait]
pub trait DependencyFacts: Send + Sync + std::fmt::Debug {
    /// Everything that is kept, summed up by pair.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    async fn load(&self) -> Result<DependencyRecord, StoreError>;

    /// Writes facts in one transaction, if `fence` still holds. A fact of the same day and pair is
    /// widened, so that writing the same facts again changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] and nothing written; [`StoreError::Unavailable`] with the outcome
    /// unknown: writing the same facts again is right.
    async fn record(&self, fence: Fence, facts: &[ObservedDependency]) -> Result<(), StoreError>;

    /// Removes the facts of days before `before`, if `fence` still holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`], [`StoreError::Unavailable`].
    async fn prune(&self, fence: Fence, before: NaiveDate) -> Result<(), StoreError>;
}

//! The loop that makes facts of observed calls durable.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_catalog::{
    catalog_engine::EngineStatus,
    store::{Fence, StoreError},
};
use callboard_model::Clock;
use chrono::NaiveDate;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    dependency_facts::{DependencyFacts, DependencyPair, ObservedDependency},
    dependency_history::day,
    estate::{EstateOptions, SharedEstate},
};

/// The shortest time between two writes.
const PAUSE: Duration = Duration::from_secs(30);

/// By how much a fact must have grown to be written again on the same day: the last call of a day
/// need not be known to the second.
const STEP: Duration = Duration::from_mins(15);

/// Writes what the estate shows of calls, in the process that holds the ingestion lease. New facts
/// within half a minute, grown ones every quarter of an hour.
#[derive(Debug)]
pub struct DependencyRecorder {
    estate: Arc<SharedEstate>,
    facts: Arc<dyn DependencyFacts>,
    status: watch::Receiver<EngineStatus>,
    options: EstateOptions,
    clock: Arc<dyn Clock>,
}

/// What this process has written.
#[derive(Debug, Default)]
struct Written {
    last_seen: HashMap<(NaiveDate, DependencyPair), SystemTime>,
    pruned_on: Option<NaiveDate>,
}

impl DependencyRecorder {
    /// A recorder of what `estate` shows. `status` tells under which fence to write.
    pub fn new(
        estate: Arc<SharedEstate>,
        facts: Arc<dyn DependencyFacts>,
        status: watch::Receiver<EngineStatus>,
        options: EstateOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { estate, facts, status, options, clock }
    }

    /// Writes until `stop`. May be started again.
    ///
    /// # Cancel safety
    ///
    /// What was not written is written by the next run, as long as the estate still knows it.
    pub async fn run(&self, stop: CancellationToken) {
        let mut written = Written::default();
        let mut changes = self.estate.changes();
        let mut status = self.status.clone();
        loop {
            let fence = status.borrow_and_update().fence;
            changes.mark_unchanged();
            let outcome = match fence {
                Some(fence) => self.flush(fence, &mut written).await,
                None => Ok(()),
            };
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = &outcome {
                log_fault(error);
                continue;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = lease_taken(&mut status) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn flush(&self, fence: Fence, written: &mut Written) -> Result<(), StoreError> {
        let picture = self.estate.newest();
        let due = written.due(picture.inputs().history.recent());
        if !due.is_empty() {
            self.facts.record(fence, &due).await?;
            written.note(due);
        }
        let today = day(self.clock.now());
        if written.pruned_on != Some(today) {
            let oldest = self.clock.now().checked_sub(self.options.retention);
            if let Some(oldest) = oldest {
                self.facts.prune(fence, day(oldest)).await?;
            }
            written.pruned_on = Some(today);
        }
        Ok(())
    }
}

fn log_fault(error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "facts of observed calls could not be written");
}

/// Waits until this process holds the lease.
async fn lease_taken(status: &mut watch::Receiver<EngineStatus>) {
    loop {
        if status.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if status.borrow_and_update().fence.is_some() {
            return;
        }
    }
}

impl Written {
    /// The facts that the store does not know, or knows as much shorter.
    fn due(&self, facts: impl Iterator<Item = ObservedDependency>) -> Vec<ObservedDependency> {
        let is_due = |fact: &ObservedDependency| {
            let known = self.last_seen.get(&(fact.day, fact.pair.clone()));
            known.is_none_or(|known| {
                fact.last_seen.duration_since(*known).is_ok_and(|grown| grown >= STEP)
            })
        };
        facts.filter(is_due).collect()
    }

    fn note(&mut self, facts: Vec<ObservedDependency>) {
        let newest = facts.iter().map(|fact| fact.day).max();
        for fact in facts {
            self.last_seen.insert((fact.day, fact.pair), fact.last_seen);
        }
        let oldest = newest.and_then(|day| day.checked_sub_days(chrono::Days::new(2)));
        self.last_seen.retain(|(day, _), _| oldest.is_none_or(|oldest| *day >= oldest));
    }
}

//! How often each rule forbade a request.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
};

use callboard_plugin::BlockReason;

/// Counters since the start; one set may be shared by several clients. They are the series
/// `egress_blocked_total{reason}`.
#[derive(Debug)]
pub struct BlockedCounts([AtomicU64; BlockReason::ALL.len()]);

impl Default for BlockedCounts {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl BlockedCounts {
    /// Every reason with its count.
    pub fn snapshot(&self) -> [(BlockReason, u64); BlockReason::ALL.len()] {
        let mut counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        BlockReason::ALL.map(|reason| (reason, counts.next().unwrap_or_default()))
    }

    /// The count of one reason.
    pub fn of(&self, reason: BlockReason) -> u64 {
        self.counter(reason).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, reason: BlockReason) {
        if let Some(count) = self.counter(reason) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter(&self, reason: BlockReason) -> Option<&AtomicU64> {
        BlockReason::ALL
            .iter()
            .zip(&self.0)
            .find(|(one, _)| **one == reason)
            .map(|(_, count)| count)
    }
}

//! Where a fact comes from and how old it is.

use async_graphql::{Enum, Object};

use crate::scalar::Timestamp;

/// How far an answer of an outside system can be trusted to be the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_plugin::ObservationState")]
pub(crate) enum ObservationState {
    /// The first answer is under way; no failure yet.
    Syncing,
    /// Complete, and the source still answers.
    Live,
    /// There is data and the source answers, but the data does not advance.
    Stale,
    /// The source refuses: the grant is missing.
    Forbidden,
    /// The source answers that it has no such thing.
    Absent,
    /// No usable answer from the source.
    Unreachable,
    /// Read from a snapshot: true as of then.
    Recorded,
}

/// Where a fact comes from and how old it is.
#[derive(Debug, Clone)]
pub(crate) struct Observation(pub(crate) callboard_plugin::Observation);

/// Where a fact comes from and how old it is.
#[Object]
impl Observation {
    /// Who says so, such as `kubernetes/aws-prod-1` or `prometheus/aws-prod-1`.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// When it was last known to be true; null if it never was.
    async fn observed_at(&self) -> Option<Timestamp> {
        self.0.observed_at.map(Timestamp)
    }

    /// How far it can be trusted to be the present.
    async fn state(&self) -> ObservationState {
        self.0.state.into()
    }

    /// Why the state is not `LIVE`, in words that a person can act on.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Since when the state holds.
    async fn since(&self) -> Timestamp {
        Timestamp(self.0.since)
    }
}

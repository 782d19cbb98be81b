//! What is known of an outside system's answer: from whom, how old, and whether it still comes.

use std::{fmt, sync::Arc, time::SystemTime};

/// How far an answer can be trusted to be the present. The names are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObservationState {
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

impl ObservationState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Syncing,
        Self::Live,
        Self::Stale,
        Self::Forbidden,
        Self::Absent,
        Self::Unreachable,
        Self::Recorded,
    ];

    /// The name on the wire, such as `LIVE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syncing => "SYNCING",
            Self::Live => "LIVE",
            Self::Stale => "STALE",
            Self::Forbidden => "FORBIDDEN",
            Self::Absent => "ABSENT",
            Self::Unreachable => "UNREACHABLE",
            Self::Recorded => "RECORDED",
        }
    }

    /// Whether what was observed is the present, or the whole of a recording.
    pub const fn is_current(self) -> bool {
        matches!(self, Self::Live | Self::Recorded)
    }
}

impl fmt::Display for ObservationState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where a fact comes from and how old it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Who said so, such as `kubernetes/aws-prod-1` or `prometheus/aws-prod-1`.
    pub source: Arc<str>,
    /// How far it can be trusted.
    pub state: ObservationState,
    /// Why the state is not `LIVE`, in words that a person can act on; without secrets.
    pub reason: Option<Arc<str>>,
    /// Since when the state holds.
    pub since: SystemTime,
    /// When the data was last known to be true; `None` if there never was any.
    pub observed_at: Option<SystemTime>,
}

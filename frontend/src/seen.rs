//! How far a fact can be trusted: its source's state, why, since when, and how old it is.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::moment::Moment;

/// The state of a source, as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ObservationState {
    Syncing,
    Live,
    Stale,
    Forbidden,
    Absent,
    Unreachable,
    Recorded,
    #[serde(other)]
    Unknown,
}

impl ObservationState {
    /// The word on the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Syncing => "Syncing",
            Self::Live => "Live",
            Self::Stale => "Stale",
            Self::Forbidden => "Forbidden",
            Self::Absent => "Absent",
            Self::Unreachable => "Unreachable",
            Self::Recorded => "Recorded",
            Self::Unknown => "Not known",
        }
    }

    /// The shape beside the word: colour alone tells nothing.
    pub(crate) const fn shape(self) -> &'static str {
        match self {
            Self::Syncing => "◌",
            Self::Live => "●",
            Self::Stale => "◆",
            Self::Forbidden => "⊘",
            Self::Absent => "○",
            Self::Unreachable => "▲",
            Self::Recorded => "■",
            Self::Unknown => "?",
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Live => "good",
            Self::Stale | Self::Forbidden => "warn",
            Self::Unreachable => "bad",
            Self::Syncing | Self::Absent | Self::Recorded | Self::Unknown => "quiet",
        }
    }

    /// Whether what was observed is the present, or the whole of a recording.
    pub(crate) const fn is_current(self) -> bool {
        matches!(self, Self::Live | Self::Recorded)
    }
}

/// A fact's observation as the page shows it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) state: ObservationState,
    /// Who says so, such as `kubernetes/aws-prod-1`.
    pub(crate) source: String,
    pub(crate) reason: Option<String>,
    /// Since when the state holds.
    pub(crate) since: Moment,
    /// When it was last known to be true; `None` = never.
    pub(crate) at: Option<Moment>,
}

/// What the API says of an observation; each document has a type of its own for it.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) state: ObservationState,
    pub(crate) source: String,
    pub(crate) reason: Option<String>,
    pub(crate) since: DateTime<Utc>,
    pub(crate) last_true: Option<DateTime<Utc>>,
}

impl Observed {
    /// As it is seen now.
    pub(crate) fn at(self, now: DateTime<Utc>) -> Seen {
        Seen {
            state: self.state,
            source: self.source,
            reason: self.reason.filter(|reason| !reason.trim().is_empty()),
            since: Moment::new(self.since, now),
            at: self.last_true.map(|at| Moment::new(at, now)),
        }
    }
}

/// A document's observation as the page shows it.
macro_rules! seen {
    ($node:expr, $now:expr) => {{
        let node = $node;
        $crate::seen::Observed {
            state: node.state,
            source: node.source,
            reason: node.reason,
            since: node.since,
            last_true: node.observed_at,
        }
        .at($now)
    }};
}

pub(crate) use seen;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_and_a_shape_of_its_own() {
        let names =
            ["SYNCING", "LIVE", "STALE", "FORBIDDEN", "ABSENT", "UNREACHABLE", "RECORDED", "NEW"];
        let states = names.map(|name| {
            serde_json::from_value::<ObservationState>(serde_json::json!(name)).unwrap()
        });
        for (index, state) in states.iter().enumerate() {
            for other in &states[..index] {
                assert_ne!(state.word(), other.word());
                assert_ne!(state.shape(), other.shape());
            }
        }
        assert_eq!(states[7], ObservationState::Unknown);
    }
}

//! The port to a Prometheus-compatible API.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

/// An equality that every selector of a query must carry, such as the cluster label of a central
/// store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMatcher {
    /// The label.
    pub label: Arc<str>,
    /// The value that it must have.
    pub value: Arc<str>,
}

impl fmt::Display for LabelMatcher {
    /// PromQL, with the value escaped.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.label, quoted(&self.value))
    }
}

/// `text` as a PromQL string literal.
/// Source: Prometheus, querying/basics, string literals (as Go's).
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            other if other.is_control() => {
                let digits = [12, 8, 4, 0].map(|shift| u32::from(other) >> shift & 0xF);
                literal.push_str("\\u");
                literal.extend(digits.iter().filter_map(|digit| char::from_digit(*digit, 16)));
            }
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// One instant query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantQuery {
    /// The PromQL.
    pub promql: String,
    /// How long the answer may take.
    pub deadline: Duration,
    /// How many series of the answer are kept; the rest is counted in
    /// [`InstantVector::dropped_series`].
    pub max_series: usize,
}

/// One series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels, ordered by name.
    pub labels: Box<[(Arc<str>, Arc<str>)]>,
    /// Its value; may be NaN or infinite, as the source says.
    pub value: f64,
}

impl Sample {
    /// The value of a label; `None` if it is absent or empty, which Prometheus does not tell
    /// apart.
    pub fn label(&self, name: &str) -> Option<&Arc<str>> {
        let found = self.labels.iter().find(|(label, _)| &**label == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }
}

/// The answer of an instant query.
#[derive(Debug, Clone, PartialEq)]
pub struct InstantVector {
    /// The series that were kept, in the order of the answer.
    pub samples: Vec<Sample>,
    /// When it was evaluated; of a recording, when that was made.
    pub evaluated_at: SystemTime,
    /// What the source warns of: an answer with warnings may be incomplete.
    pub warnings: Vec<String>,
    /// How many series the answer had beyond the limit.
    pub dropped_series: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MetricsError {
    /// No usable answer: connection, TLS, deadline, redirect.
    #[error("{source_name} does not answer: {reason}")]
    Unreachable {
        /// The source.
        source_name: Arc<str>,
        /// In words.
        reason: String,
    },
    /// 401 or 403.
    #[error("{source_name} refuses with status {status}")]
    Forbidden {
        /// The source.
        source_name: Arc<str>,
        /// The status.
        status: u16,
    },
    /// An error that the source words, or another status.
    #[error("{source_name} failed with status {status}: {reason}")]
    Refused {
        /// The source.
        source_name: Arc<str>,
        /// The status.
        status: u16,
        /// In words: the source's own, cut short.
        reason: String,
    },
    /// The answer is not what the API gives: HTML, another result type, cut off, too large.
    #[error("the answer of {source_name} cannot be understood: {reason}")]
    Malformed {
        /// The source.
        source_name: Arc<str>,
        /// In words.
        reason: String,
    },
    /// A recording that does not hold the answer of this query.
    #[error("the recording {source_name} does not hold this query")]
    NotRecorded {
        /// The recording.
        source_name: Arc<str>,
    },
}

/// Answers PromQL. One per cluster; a central store has one for each of its clusters.
#[async_trait]
pub trait MetricsSource: Send + Sync + fmt::Debug {
    /// Its name, such as `prometheus/aws-prod-1`.
    fn name(&self) -> &Arc<str>;

    /// What every selector must carry.
    fn matchers(&self) -> &[LabelMatcher];

    /// When the answers were recorded; `None` if the source is asked live.
    fn recorded_at(&self) -> Option<SystemTime>;

    /// Since when calls had been watched when the answers were recorded, if the recording tells;
    /// `None` of a source that is asked live.
    fn observed_since(&self) -> Option<SystemTime> {
        None
    }

    /// Answers one instant query.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] as its variants say. An answer with warnings is an answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the query up.
    async fn instant(&self, query: &InstantQuery) -> Result<InstantVector, MetricsError>;
}

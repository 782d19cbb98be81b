//! When something was, for people and exactly.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// A moment in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// How long ago, such as `3 min`; empty for less than two seconds.
    pub(crate) age: String,
    /// When, such as `2026-01-31T08:15:00Z`.
    pub(crate) exact: String,
}

impl Moment {
    /// A moment as it is seen now. What lies ahead, by clocks that differ, is now.
    pub(crate) fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self { age: span(now - at), exact }
    }

    /// How long ago, in words.
    pub(crate) fn ago(&self) -> String {
        if self.age.is_empty() { "just now".to_owned() } else { format!("{} ago", self.age) }
    }
}

/// A span in the one unit that tells most.
fn span(span: TimeDelta) -> String {
    match span.num_seconds() {
        ..2 => String::new(),
        seconds @ 2..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", seconds / 60),
        seconds @ 5_400..129_600 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        let now = "2026-01-31T08:15:00Z".parse().unwrap();
        let age = |at: &str| Moment::new(at.parse().unwrap(), now).ago();
        assert_eq!(age("2026-01-31T08:14:59.5Z"), "just now");
        assert_eq!(age("2026-01-31T09:00:00Z"), "just now", "clocks differ");
        assert_eq!(age("2026-01-31T08:14:30Z"), "30 s ago");
        assert_eq!(age("2026-01-31T08:05:00Z"), "10 min ago");
        assert_eq!(age("2026-01-31T05:15:00Z"), "3 h ago");
        assert_eq!(age("2026-01-01T00:00:00Z"), "30 days ago");
        assert_eq!(Moment::new(now, now).exact, "2026-01-31T08:15:00Z");
    }
}

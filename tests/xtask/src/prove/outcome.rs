//! What a row gave.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// The bar holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be measured here.
    NotRun,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::NotRun => "NOT RUN",
        })
    }
}

/// A verdict and the figure that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The figure, or why there is none.
    pub(crate) figure: String,
}

impl Outcome {
    /// It could not be measured, because of `why`.
    pub(crate) fn not_run(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotRun, figure: why.into() }
    }
}

/// Collects figures; one that misses its bar fails the row.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    parts: Vec<String>,
    misses: u32,
}

impl Figures {
    /// A figure with an upper bar.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, bar: f64, unit: &str) {
        self.compare(format!("{name} {}{unit} (≤ {bar})", short(value)), value <= bar);
    }

    /// A figure with a lower bar.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, bar: f64, unit: &str) {
        self.compare(format!("{name} {}{unit} (≥ {bar})", short(value)), value >= bar);
    }

    /// A figure without a bar.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.parts.push(text.into());
    }

    /// Something that must hold; `problem` says how it does not.
    pub(crate) fn must(&mut self, name: &str, problem: Option<String>) {
        match problem {
            None => self.parts.push(name.to_owned()),
            Some(problem) => self.compare(format!("{name}: {problem}"), false),
        }
    }

    fn compare(&mut self, part: String, holds: bool) {
        self.misses += u32::from(!holds);
        self.parts.push(if holds { part } else { format!("MISSED {part}") });
    }

    /// The verdict over all of them.
    pub(crate) fn outcome(self) -> Outcome {
        let verdict = if self.misses == 0 { Verdict::Pass } else { Verdict::Fail };
        Outcome { verdict, figure: self.parts.join(", ") }
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missed_bar_fails_the_row() {
        let mut figures = Figures::default();
        figures.at_most("wall", 2.0, 3.0, " s");
        figures.at_least("share", 0.3, 0.4, "");
        let outcome = figures.outcome();
        assert_eq!(outcome.verdict, Verdict::Fail);
        assert_eq!(outcome.figure, "wall 2.00 s (≤ 3), MISSED share 0.300 (≥ 0.4)");
    }

    #[test]
    fn not_a_number_is_a_miss() {
        let mut figures = Figures::default();
        figures.at_most("wall", f64::NAN, 3.0, " s");
        assert_eq!(figures.outcome().verdict, Verdict::Fail);
    }
}

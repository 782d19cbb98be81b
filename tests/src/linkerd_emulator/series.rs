//! Series and how they grow.

use std::{fmt::Write as _, time::Duration};

/// One series of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name and labels, as the page has them.
    pub identity: String,
    /// Its value.
    pub growth: Growth,
}

/// How a value changes with the time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// A counter that grows by so much a second.
    PerSecond(f64),
    /// A counter of a proxy that restarts again and again, so many seconds apart.
    Restarting {
        /// By how much it grows a second.
        per_second: f64,
        /// The lives of the proxy.
        every: Duration,
    },
    /// A gauge that stays.
    Constant(f64),
}

impl Growth {
    /// The value after `age`.
    pub fn at(self, age: Duration) -> f64 {
        match self {
            Self::PerSecond(rate) => rate * age.as_secs_f64(),
            Self::Restarting { per_second, every } => {
                per_second * (age.as_secs_f64() % every.as_secs_f64())
            }
            Self::Constant(value) => value,
        }
    }
}

/// Labels of a series under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(String);

impl Labels {
    /// These and one more; an empty value is no label.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        let separator = if self.0.is_empty() { "" } else { "," };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        // Writing to a string does not fail.
        let _always = write!(self.0, "{separator}{name}=\"{value}\"");
        self
    }

    /// These and those.
    pub(super) fn and(mut self, other: &Self) -> Self {
        if !self.0.is_empty() && !other.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&other.0);
        self
    }

    /// The series of that name.
    pub(super) fn series(&self, name: &str, growth: Growth) -> Series {
        Series { identity: format!("{name}{{{}}}", self.0), growth }
    }
}

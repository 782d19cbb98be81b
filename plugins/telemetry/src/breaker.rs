//! Leaves a source alone for a while after it failed.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// One failure is that of a query, which may have been too heavy. So many in a row are the source's.
const PATIENCE: u32 = 3;

/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Counts failures in a row. Plain data: the time and the chance come from outside.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// Until then nobody asks.
    closed_at: Option<Instant>,
    reason: Arc<str>,
}

impl Breaker {
    /// Whether the source may be asked at `now`; otherwise why it failed.
    ///
    /// Once the wait is over one asks, and the others wait on until it is known how that went.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), Arc<str>> {
        match self.closed_at {
            Some(closed_at) if now < closed_at => Err(Arc::clone(&self.reason)),
            Some(_) => {
                self.closed_at = Some(now + LONGEST_WAIT);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The source answered.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The source did not answer. `chance` is a number in 0..1.
    pub(crate) fn failed(&mut self, now: Instant, reason: &str, chance: f64) {
        self.failures = self.failures.saturating_add(1);
        let Some(doublings) = self.failures.checked_sub(PATIENCE) else { return };
        let doublings = doublings.min(8);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        self.closed_at = Some(now + wait.mul_f64(f64::midpoint(1.0, chance)));
        self.reason = reason.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..PATIENCE {
            assert!(breaker.admit(now).is_ok());
            breaker.failed(now, "refused", 1.0);
        }
        breaker
    }

    #[test]
    fn waits_double_up_to_the_cap_and_are_spread() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        let mut waits = Vec::new();
        for chance in [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5] {
            breaker.failed(now, "refused", chance);
            let closed_at = breaker.closed_at.unwrap_or(now);
            waits.push(closed_at.duration_since(now).as_millis());
        }
        assert_eq!(waits, [0, 0, 125, 500, 1000, 2000, 4000, 5000, 5000, 3750]);
        for _ in 0..1000 {
            breaker.failed(now, "refused", 1.0);
        }
        assert_eq!(breaker.closed_at.unwrap() - now, LONGEST_WAIT);
    }

    #[test]
    fn one_tries_again_after_the_wait_and_a_success_opens_for_all() {
        let now = Instant::now();
        let mut breaker = broken(now);
        assert_eq!(breaker.admit(now).unwrap_err().as_ref(), "refused");
        let later = now + Duration::from_secs(1);
        assert!(breaker.admit(later).is_ok());
        assert!(breaker.admit(later).is_err());
        breaker.succeeded();
        assert!(breaker.admit(later).is_ok());
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_heavy_query_stops_no_other() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(now, "too slow", 1.0);
            assert!(breaker.admit(now).is_ok());
            breaker.succeeded();
        }
    }

    #[test]
    fn a_try_that_is_given_up_blocks_nobody_for_ever() {
        let now = Instant::now();
        let mut breaker = broken(now);
        assert!(breaker.admit(now + Duration::from_secs(1)).is_ok());
        assert!(breaker.admit(now + Duration::from_secs(6)).is_ok());
    }
}

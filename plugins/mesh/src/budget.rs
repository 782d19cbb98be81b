//! How often a cluster's metrics may be asked.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// At most so many queries …
const QUERIES: usize = 8;

/// … begin within so long: 30 seconds, and a second for those that are delayed on their way.
const SPAN: Duration = Duration::from_secs(31);

/// Gives out the moments at which queries may begin, in the order of asking.
#[derive(Debug, Default)]
pub(crate) struct QueryBudget {
    /// The last moments that were given out, oldest first.
    given: VecDeque<Instant>,
}

impl QueryBudget {
    /// The earliest moment, not before `now`, at which one more query may begin. It counts as
    /// used.
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        let mut moment = now;
        if self.given.len() >= QUERIES
            && let Some(oldest) = self.given.pop_front()
        {
            moment = moment.max(oldest + SPAN);
        }
        if let Some(last) = self.given.back() {
            moment = moment.max(*last);
        }
        self.given.push_back(moment);
        moment
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn eight_begin_at_once_and_the_next_when_the_first_is_old() {
        let now = Instant::now();
        let mut budget = QueryBudget::default();
        let waits: Vec<u64> = (0..18).map(|_| (budget.reserve(now) - now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 31, 31, 31, 31, 31, 31, 31, 31, 62, 62]);
    }

    proptest! {
        #[test]
        fn no_thirty_seconds_hold_more_than_eight(pauses in prop::collection::vec(0_u64..9_000, 1..200)) {
            let mut now = Instant::now();
            let mut budget = QueryBudget::default();
            let mut given = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                let moment = budget.reserve(now);
                prop_assert!(moment >= now);
                given.push(moment);
            }
            for nine in given.windows(9) {
                prop_assert!(nine[8] - nine[0] > Duration::from_secs(30));
            }
        }
    }
}

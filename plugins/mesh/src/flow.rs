//! What goes along one edge, added up over the series that tell of it.

use std::sync::Arc;

use callboard_plugin::{InsecureShare, Sample};

use crate::edge::shown;

/// Reasons for missing TLS that are told apart; the proxy knows about ten.
const MAX_REASONS: usize = 12;

/// Stands for the reasons beyond those, and for one that is not given.
const OTHER: &str = "unknown";

/// Requests a second, or open connections.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Flow {
    amount: f64,
    successes: f64,
    failures: f64,
    secured: f64,
    insecure: Vec<(Arc<str>, f64)>,
    /// Some series of it had no number, so that no sum is true.
    has_gaps: bool,
}

impl Flow {
    /// Adds a series; says whether it had a number.
    pub(crate) fn add(&mut self, sample: &Sample) -> Number {
        let amount = sample.value;
        if !amount.is_finite() || amount < 0.0 {
            self.has_gaps = true;
            return Number::Missing;
        }
        self.amount += amount;
        match sample.label("classification").map(|value| &**value) {
            Some("success") => self.successes += amount,
            Some("failure") => self.failures += amount,
            _ => {}
        }
        match (sample.label("tls"), sample.label("no_tls_reason")) {
            (Some(tls), _) if &**tls == "true" => self.secured += amount,
            (_, Some(reason)) | (Some(reason), None) => self.add_insecure(reason, amount),
            // The proxy does not say: that is neither.
            (None, None) => {}
        }
        Number::Present
    }

    fn add_insecure(&mut self, reason: &Arc<str>, amount: f64) {
        let reason = shown(reason);
        let is_full = self.insecure.len() >= MAX_REASONS;
        let known = |(known, _): &&mut (Arc<str>, f64)| *known == reason;
        if let Some((_, sum)) = self.insecure.iter_mut().find(known) {
            *sum += amount;
        } else if !is_full {
            self.insecure.push((reason, amount));
        } else if let Some((reason, sum)) = self.insecure.last_mut() {
            *reason = OTHER.into();
            *sum += amount;
        }
    }

    /// How much there is; `None` = not known.
    pub(crate) fn amount(&self) -> Option<f64> {
        (!self.has_gaps).then_some(self.amount)
    }

    /// How much is known to be without TLS.
    pub(crate) fn insecure_amount(&self) -> f64 {
        self.insecure.iter().map(|(_, amount)| amount).sum()
    }

    /// The share that succeeded.
    pub(crate) fn success_ratio(&self) -> Option<f64> {
        self.share(self.successes, self.successes + self.failures)
    }

    /// The share under mutual TLS of what is known of.
    pub(crate) fn secured_ratio(&self) -> Option<f64> {
        self.share(self.secured, self.secured + self.insecure_amount())
    }

    /// Why not all of it is under TLS, largest share first.
    pub(crate) fn insecure_shares(&self) -> Vec<InsecureShare> {
        let all = self.secured + self.insecure_amount();
        let share = |(reason, amount): &(Arc<str>, f64)| {
            let ratio = self.share(*amount, all).filter(|ratio| *ratio > 0.0)?;
            Some(InsecureShare { reason: Arc::clone(reason), ratio })
        };
        let mut shares: Vec<InsecureShare> = self.insecure.iter().filter_map(share).collect();
        shares.sort_by(|one, other| {
            other.ratio.total_cmp(&one.ratio).then_with(|| one.reason.cmp(&other.reason))
        });
        shares
    }

    fn share(&self, part: f64, all: f64) -> Option<f64> {
        (!self.has_gaps && all > 0.0).then(|| (part / all).clamp(0.0, 1.0))
    }
}

/// Whether a series had a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// It had one that can be true.
    Present,
    /// NaN, infinite or negative.
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::tests::sample;

    fn flow(series: &[(&str, f64)]) -> Flow {
        let mut flow = Flow::default();
        for (labels, value) in series {
            flow.add(&sample(labels, *value));
        }
        flow
    }

    #[test]
    fn outcomes_and_tls_are_shares_of_the_whole() {
        let flow = flow(&[
            ("classification=success,tls=true", 6.0),
            ("classification=failure,tls=true", 1.0),
            ("classification=success,tls=no_identity,no_tls_reason=not_provided_by_remote", 2.0),
            ("classification=success,tls=disabled", 1.0),
        ]);
        assert_eq!(flow.amount(), Some(10.0));
        assert_eq!(flow.success_ratio(), Some(0.9));
        assert_eq!(flow.secured_ratio(), Some(0.7));
        let shares = flow.insecure_shares();
        let shares: Vec<_> = shares.iter().map(|one| (&*one.reason, one.ratio)).collect();
        assert_eq!(shares, [("not_provided_by_remote", 0.2), ("disabled", 0.1)]);
    }

    #[test]
    fn what_the_proxy_does_not_say_is_unknown() {
        let flow = flow(&[("", 3.0)]);
        assert_eq!((flow.success_ratio(), flow.secured_ratio()), (None, None));
        assert!(flow.insecure_shares().is_empty());
    }

    #[test]
    fn a_series_without_a_number_makes_the_sum_unknown_never_zero() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            let flow = flow(&[
                ("classification=success,tls=true", 5.0),
                ("classification=failure,tls=true", wrong),
            ]);
            assert_eq!(
                (flow.amount(), flow.success_ratio(), flow.secured_ratio()),
                (None, None, None)
            );
        }
    }

    #[test]
    fn reasons_are_bounded() {
        let series: Vec<(String, f64)> =
            (0..1000).map(|number| (format!("no_tls_reason=r{number}"), 1.0)).collect();
        let series: Vec<(&str, f64)> =
            series.iter().map(|(labels, value)| (labels.as_str(), *value)).collect();
        let flow = flow(&series);
        assert_eq!(flow.insecure_shares().len(), MAX_REASONS);
        assert_eq!(&*flow.insecure_shares()[0].reason, OTHER);
        assert!((flow.insecure_amount() - 1000.0).abs() < f64::EPSILON);
        assert_eq!(flow.secured_ratio(), Some(0.0));
    }
}

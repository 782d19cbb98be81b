//! Numbers of the traffic: how much, how well, how fast.

use super::Requests;
use crate::estate::random::Random;

/// The share of the whole; both are small.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^52")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    rounded(part as f64 / whole as f64)
}

/// How much of production's traffic an environment has.
pub(super) fn share(environment: &str) -> f64 {
    match environment {
        "production" => 1.0,
        "staging" => 0.02,
        _ => 0.004,
    }
}

/// What a call is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallShape<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) cluster: &'a str,
    /// Requests a second in production, roughly.
    pub(super) size: f64,
    /// [`share`] of the environment.
    pub(super) share: f64,
    /// What the way itself takes, in milliseconds.
    pub(super) distance: f64,
    /// The share of the callee's pods that is ready.
    pub(super) ready: f64,
}

/// The rates of a call.
pub(super) fn requests(shape: &CallShape<'_>) -> Requests {
    let CallShape { from, to, cluster, size, share, distance, ready } = *shape;
    let mut pair = Random::of(&format!("rate/{from}/{to}"));
    let mut here = Random::of(&format!("rate/{from}/{to}/{cluster}"));
    let busy = fraction(&mut pair, 10, 160) / 10.0;
    let rps = rounded(size * busy * share * fraction(&mut here, 70, 130));
    let is_flawed = here.happens(7);
    let failed = fraction(&mut here, 0, if is_flawed { 600 } else { 12 }) / 100.0;
    let success = 1.0 - failed - 0.06 * (1.0 - ready);
    let floor = 0.6 + fraction(&mut pair, 20, 900) / 100.0;
    let p50 = distance + floor * fraction(&mut here, 90, 130);
    let p95 = p50 * fraction(&mut pair, 160, 420);
    let p99 = p95 * fraction(&mut here, 125, 320);
    if ready > 0.0 {
        let [p50, p95, p99] = [p50, p95, p99].map(|value| Some(rounded(value)));
        Requests { rps, success: rounded(success), p50, p95, p99 }
    } else {
        Requests { rps, success: 0.0, p50: None, p95: None, p99: None }
    }
}

/// A number of hundredths between `low` and `high`.
fn fraction(random: &mut Random, low: u32, high: u32) -> f64 {
    let above = random.below(u64::from(high.saturating_sub(low)));
    f64::from(low.saturating_add(u32::try_from(above).unwrap_or(0))) / 100.0
}

/// Four digits are enough for every number here, and short to write down.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        let texts = [12.34567, 0.000_123_456, 98_765.4].map(|value| rounded(value).to_string());
        assert_eq!(texts, ["12.35", "0.0001235", "98770"]);
    }
}

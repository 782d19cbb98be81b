//! Order statistics of small samples.

/// Measured values, sorted when they are asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    values: Vec<f64>,
}

impl Sample {
    /// Adds one.
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    /// Adds those of another.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value below which `share` (0–1) of them lie, the nearest rank; NaN if there is none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among some thousand values"
    )]
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }

    /// The largest; NaN if there is none.
    pub(crate) fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::NAN, f64::max)
    }
}

/// The middle one of `values` (the upper of two); NaN if there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut sample = Sample::default();
        (1..=100).rev().for_each(|value| sample.push(f64::from(value)));
        assert!((sample.percentile(0.99) - 99.0).abs() < 1e-9);
        assert!((sample.percentile(0.5) - 50.0).abs() < 1e-9);
        assert!((sample.max() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_three_is_the_middle_one() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}

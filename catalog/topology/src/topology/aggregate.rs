//! The golden metrics of several calls together.

use callboard_plugin::GoldenMetrics;

/// A ratio of which each part weighs what it is of.
#[derive(Debug, Clone, Copy, Default)]
struct WeightedRatio {
    weighted: f64,
    weight: f64,
    /// Mean of parts without weight, for where no part has any.
    plain: f64,
    parts: f64,
}

impl WeightedRatio {
    fn add(&mut self, ratio: Option<f64>, weight: Option<f64>) {
        let Some(ratio) = ratio else { return };
        let weight = weight.unwrap_or(0.0).max(0.0);
        self.weighted += ratio * weight;
        self.weight += weight;
        self.plain += ratio;
        self.parts += 1.0;
    }

    fn value(&self) -> Option<f64> {
        if self.weight > 0.0 {
            Some(self.weighted / self.weight)
        } else {
            (self.parts > 0.0).then(|| self.plain / self.parts)
        }
    }
}

/// Adds up metrics: rates and connections are summed, success is weighted by requests, latencies
/// are the largest part's (an upper bound of the whole's quantile), and what was not measured in
/// any part stays not measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MetricsSum {
    requests_per_second: Option<f64>,
    open_connections: Option<f64>,
    latencies_ms: [Option<f64>; 3],
    success: WeightedRatio,
    secured_requests: WeightedRatio,
    secured_connections: WeightedRatio,
}

impl MetricsSum {
    /// Adds a part.
    pub(crate) fn add(&mut self, part: &GoldenMetrics) {
        self.requests_per_second = sum(self.requests_per_second, part.requests_per_second);
        self.open_connections = sum(self.open_connections, part.open_connections);
        let latencies = [part.latency_p50_ms, part.latency_p95_ms, part.latency_p99_ms];
        for (mine, theirs) in self.latencies_ms.iter_mut().zip(latencies) {
            *mine = largest(*mine, theirs);
        }
        self.success.add(part.success_ratio, part.requests_per_second);
        if part.requests_per_second.is_some_and(|rate| rate > 0.0) {
            self.secured_requests.add(part.secured_ratio, part.requests_per_second);
        } else {
            self.secured_connections.add(part.secured_ratio, part.open_connections);
        }
    }

    /// The metrics of everything that was added.
    pub(crate) fn metrics(&self) -> GoldenMetrics {
        let [latency_p50_ms, latency_p95_ms, latency_p99_ms] = self.latencies_ms;
        GoldenMetrics {
            requests_per_second: self.requests_per_second,
            success_ratio: self.success.value(),
            latency_p50_ms,
            latency_p95_ms,
            latency_p99_ms,
            open_connections: self.open_connections,
            secured_ratio: self
                .secured_requests
                .value()
                .or_else(|| self.secured_connections.value()),
        }
    }
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

fn largest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(parts: &[GoldenMetrics]) -> GoldenMetrics {
        let mut sum = MetricsSum::default();
        for part in parts {
            sum.add(part);
        }
        sum.metrics()
    }

    #[test]
    fn rates_are_summed_and_success_is_weighted_by_them() {
        let busy = GoldenMetrics {
            requests_per_second: Some(90.0),
            success_ratio: Some(1.0),
            latency_p95_ms: Some(10.0),
            secured_ratio: Some(1.0),
            ..GoldenMetrics::default()
        };
        let slow = GoldenMetrics {
            requests_per_second: Some(10.0),
            success_ratio: Some(0.5),
            latency_p95_ms: Some(80.0),
            secured_ratio: Some(0.0),
            ..GoldenMetrics::default()
        };
        let whole = total(&[busy, slow]);
        assert_eq!(whole.requests_per_second, Some(100.0));
        assert_eq!(whole.success_ratio, Some(0.95));
        assert_eq!(whole.latency_p95_ms, Some(80.0));
        assert_eq!(whole.secured_ratio, Some(0.9));
    }

    #[test]
    fn what_nobody_measured_stays_unknown() {
        let tcp = GoldenMetrics {
            open_connections: Some(4.0),
            secured_ratio: Some(0.25),
            ..GoldenMetrics::default()
        };
        let whole = total(&[tcp, GoldenMetrics::default()]);
        assert_eq!(whole, tcp);
        assert_eq!(total(&[GoldenMetrics::default()]), GoldenMetrics::default());
    }

    #[test]
    fn a_rate_of_zero_is_a_measurement() {
        let idle = GoldenMetrics {
            requests_per_second: Some(0.0),
            success_ratio: Some(1.0),
            ..GoldenMetrics::default()
        };
        assert_eq!(total(&[idle, GoldenMetrics::default()]), idle);
    }
}

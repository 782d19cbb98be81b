//! How calls go.

use async_graphql::{Enum, SimpleObject};
use callboard_plugin as plugin;

/// What span metrics are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_plugin::MetricsWindow")]
pub(crate) enum Window {
    /// Five minutes.
    M5,
    /// One hour.
    H1,
    /// One day.
    H24,
}

/// The window of a field that was asked for without one.
pub(crate) fn window_or_default(window: Option<Window>) -> plugin::MetricsWindow {
    window.unwrap_or(Window::M5).into()
}

/// The golden metrics of calls. Null = not measured; never zero instead.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct GoldenMetrics {
    /// Requests a second.
    requests_per_second: Option<f64>,
    /// The share of them that succeeded, 0–1.
    success_ratio: Option<f64>,
    /// Half of the answers came within this many milliseconds.
    latency_p50_ms: Option<f64>,
    /// 95 % of the answers came within this many milliseconds.
    latency_p95_ms: Option<f64>,
    /// 99 % of the answers came within this many milliseconds.
    latency_p99_ms: Option<f64>,
    /// TCP connections that are open now.
    open_connections: Option<f64>,
    /// The share of requests (of connections where there are no requests) under mutual TLS, 0–1.
    secured_ratio: Option<f64>,
}

impl GoldenMetrics {
    /// The metrics as they are answered; `None` if nothing was measured.
    pub(crate) fn of(metrics: &plugin::GoldenMetrics) -> Option<Self> {
        is_measured(metrics).then_some(Self {
            requests_per_second: finite(metrics.requests_per_second),
            success_ratio: finite(metrics.success_ratio),
            latency_p50_ms: finite(metrics.latency_p50_ms),
            latency_p95_ms: finite(metrics.latency_p95_ms),
            latency_p99_ms: finite(metrics.latency_p99_ms),
            open_connections: finite(metrics.open_connections),
            secured_ratio: finite(metrics.secured_ratio),
        })
    }
}

/// Whether anything of it was measured.
pub(crate) fn is_measured(metrics: &plugin::GoldenMetrics) -> bool {
    *metrics != plugin::GoldenMetrics::default()
}

/// A number as JSON can have it: what is not one is not known.
pub(crate) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

//! The client of every Prometheus-compatible API, and of recordings of its answers.
//!
//! [`PrometheusSource`] asks a live API, [`RecordedMetrics`] answers from a folder that
//! [`record`] wrote; both are a [`callboard_plugin::MetricsSource`].

mod answer;
mod breaker;
mod credentials;
mod failure;
mod prometheus_source;
mod recorded_metrics;
mod recorder;
mod recording;

pub use credentials::MetricsCredentials;
pub use prometheus_source::{PrometheusConfigError, PrometheusOptions, PrometheusSource};
pub use recorded_metrics::RecordedMetrics;
pub use recorder::{FailedQuery, RecordError, Recorded, record};
pub use recording::RecordingError;

//! The client of every Prometheus-compatible API, and of recordings of its answers.

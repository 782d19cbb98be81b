//! One series of an answer.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Labels and a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Series {
    /// The same series with one more label; an empty one is none, as in Prometheus.
    #[must_use]
    pub(super) fn with(mut self, label: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.labels.insert(label.to_owned(), value.to_owned());
        }
        self
    }

    /// The same series with the labels of a workload, `namespace/Kind/name`. What is called has
    /// them with `dst_` before each.
    #[must_use]
    pub(super) fn with_workload(self, prefix: &str, key: &str) -> Self {
        let mut parts = key.splitn(3, '/');
        let (Some(namespace), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return self;
        };
        // Source: linkerd-viz, which renames the label of the proxy's owner.
        let owner = if kind == "Job" { "k8s_job".to_owned() } else { kind.to_lowercase() };
        self.with(&format!("{prefix}namespace"), namespace).with(&format!("{prefix}{owner}"), name)
    }

    /// The same series with this value.
    #[must_use]
    pub(super) fn valued(mut self, value: f64) -> Self {
        self.value = value;
        self
    }

    /// The entry of `data.result`: the value is a text of at most six digits.
    pub(super) fn sample(&self, moment: i64) -> Value {
        let labels = self.labels.iter();
        let metric: Map<String, Value> =
            labels.map(|(label, value)| (label.clone(), Value::from(value.as_str()))).collect();
        let rounded: f64 = format!("{:.5e}", self.value).parse().unwrap_or(self.value);
        json!({ "metric": metric, "value": [moment, rounded.to_string()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_as_prometheus_writes_it() {
        let series = Series::default().with_workload("dst_", "bank/StatefulSet/ledger");
        let sample = series.with("tls", "").valued(0.000_012_345_678).sample(1_795_395_590);
        let expected = r#"{"metric":{"dst_namespace":"bank","dst_statefulset":"ledger"},"value":[1795395590,"0.0000123457"]}"#;
        assert_eq!(sample.to_string(), expected);
    }
}

//! Gateways to other clusters.

use std::{collections::BTreeMap, sync::Arc};

use callboard_plugin::{GatewayProbe, InstantVector};

use crate::{
    answers::{Reading, Unread},
    edge::shown,
};

/// The gateways that the answer of [`crate::Question::Gateways`] tells of, ordered by target.
///
/// A link that is disabled is not probed: whether its gateway is alive is not known. A latency
/// without a word on whether the gateway is alive does not tell either.
pub fn gateways(answer: &InstantVector) -> Vec<GatewayProbe> {
    let mut probes: BTreeMap<Arc<str>, GatewayProbe> = BTreeMap::new();
    for sample in &answer.samples {
        let Some(target_cluster) = sample.label("target_cluster_name").map(shown) else { continue };
        let unknown = || GatewayProbe {
            target_cluster: Arc::clone(&target_cluster),
            is_alive: None,
            latency_p95_ms: None,
        };
        let probe = probes.entry(Arc::clone(&target_cluster)).or_insert_with(unknown);
        let value = Some(sample.value).filter(|value| value.is_finite() && *value >= 0.0);
        match sample.label("part").map(|part| &**part) {
            Some("alive") => probe.is_alive = value.map(|value| value > 0.0),
            Some("latency_p95_ms") => probe.latency_p95_ms = value,
            _ => {}
        }
    }
    probes.into_values().collect()
}

/// [`gateways`], kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Gateways(pub(crate) Arc<[GatewayProbe]>);

impl Reading for Gateways {
    fn of(answer: &InstantVector) -> Self {
        Self(gateways(answer).into())
    }

    fn unread(&self) -> Unread {
        Unread::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::edge::tests::sample;

    #[test]
    fn a_gateway_is_alive_dead_or_not_known() {
        let samples = vec![
            sample("part=alive,target_cluster_name=azure", 1.0),
            sample("part=enabled,target_cluster_name=azure", 1.0),
            sample("part=latency_p95_ms,target_cluster_name=azure", 42.5),
            sample("part=alive,target_cluster_name=gcp", 0.0),
            sample("part=latency_p95_ms,target_cluster_name=gcp", f64::NAN),
            sample("part=enabled,target_cluster_name=off", 0.0),
            sample("part=alive,target_cluster_name=odd", f64::NAN),
            sample("part=alive", 1.0),
        ];
        let evaluated_at = SystemTime::UNIX_EPOCH;
        let answer =
            InstantVector { samples, evaluated_at, warnings: Vec::new(), dropped_series: 0 };
        let found = gateways(&answer);
        let found: Vec<_> = found
            .iter()
            .map(|probe| (&*probe.target_cluster, probe.is_alive, probe.latency_p95_ms))
            .collect();
        assert_eq!(
            found,
            [
                ("azure", Some(true), Some(42.5)),
                ("gcp", Some(false), None),
                ("odd", None, None),
                ("off", None, None),
            ]
        );
    }
}

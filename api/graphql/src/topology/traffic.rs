//! Calls to and from one entity, together.

use std::sync::Arc;

use async_graphql::SimpleObject;
use callboard_model::EntityRef;
use callboard_plugin::{ClusterName, MetricsWindow};
use callboard_topology::{TopologyGrouping, TopologyScope};

use super::{GoldenMetrics, Window};
use crate::{error::FieldError, estate::Observation, scope::Scope};

/// Calls to and from an entity, together.
#[derive(Debug, SimpleObject)]
pub(crate) struct Traffic {
    /// What its callers measure of it; null if nothing was measured.
    inbound: Option<GoldenMetrics>,
    /// What it measures of what it calls; null if nothing was measured.
    outbound: Option<GoldenMetrics>,
    /// What span that is over.
    window: Window,
    /// How old the oldest part is; null if nothing was measured.
    observation: Option<Observation>,
}

impl Traffic {
    /// The traffic of an entity; `None` if it runs nowhere and nobody calls it.
    ///
    /// # Errors
    ///
    /// [`FieldError::ClusterUnavailable`] if it runs only where calls cannot be seen.
    pub(crate) fn of(
        scope: &Arc<Scope>,
        entity_ref: &EntityRef,
        window: MetricsWindow,
    ) -> Result<Option<Self>, FieldError> {
        let reader = scope.topology()?;
        let traffic = reader.traffic(entity_ref, window);
        if traffic.observation.is_none() {
            let placements = reader.placements(entity_ref).placements;
            let whole =
                reader.topology(&TopologyScope::Estate, TopologyGrouping::Component, window);
            let of = |cluster: &ClusterName| {
                whole.coverage.iter().find(|found| found.cluster == *cluster)
            };
            let coverage: Vec<_> =
                placements.iter().filter_map(|placed| of(&placed.cluster)).collect();
            let Some(first) = coverage.first() else { return Ok(None) };
            if !coverage.iter().any(|found| found.speaks) {
                return Err(FieldError::ClusterUnavailable {
                    cluster: Arc::clone(first.cluster.shared()),
                    reason: first.reason.clone().unwrap_or_else(|| "its calls are not seen".into()),
                });
            }
        }
        Ok(Some(Self {
            inbound: GoldenMetrics::of(&traffic.inbound),
            outbound: GoldenMetrics::of(&traffic.outbound),
            window: window.into(),
            observation: traffic.observation.map(Observation),
        }))
    }
}

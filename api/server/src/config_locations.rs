//! The Locations of the configuration (`catalog.locations`), as a provider.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_catalog::{
    ingestion::{EntityProvider, EntityProviderConnection, EntityProviderMutation},
    processing::DeferredEntity,
    refresh_graph::Digest,
};
use callboard_model::Entity;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Emits one Location entity for each configured location.
/// Source: Backstage `ConfigLocationEntityProvider`.
#[derive(Debug)]
pub(crate) struct ConfigLocationProvider {
    locations: Vec<(String, String)>,
}

impl ConfigLocationProvider {
    /// A provider of these locations, each a type and a target.
    pub(crate) fn new(locations: Vec<(String, String)>) -> Self {
        Self { locations }
    }
}

#[async_trait]
impl EntityProvider for ConfigLocationProvider {
    fn name(&self) -> &'static str {
        "ConfigLocationProvider"
    }

    async fn run(&self, connection: EntityProviderConnection, _stop: CancellationToken) {
        let entities =
            self.locations.iter().map(|(kind, target)| location_entity(kind, target)).collect();
        if let Err(error) = connection.apply_mutation(EntityProviderMutation::Full(entities)).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the configured locations were not taken over");
        }
    }
}

/// The Location entity that stands for a location. Source: Backstage
/// `locationSpecToLocationEntity`.
fn location_entity(kind: &str, target: &str) -> DeferredEntity {
    let location = format!("{kind}:{target}");
    let hash = Digest::of_text(&location);
    let value = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {
            "name": format!("generated-{hash}"),
            "namespace": "default",
            "annotations": {
                "backstage.io/managed-by-location": location,
                "backstage.io/managed-by-origin-location": location,
            },
        },
        "spec": { "type": kind, "target": target },
    });
    let entity = Entity(value.as_object().cloned().unwrap_or_default());
    DeferredEntity { entity, location_key: Some(Arc::from(location)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_named_by_the_hash_of_its_type_and_target() {
        let deferred = location_entity("url", "https://github.com/acme/shop/blob/main/a.yaml");
        let name = deferred.entity.name();
        assert!(name.starts_with("generated-") && name.len() == 50, "{name}");
        assert_eq!(deferred.entity.spec_text("type"), Some("url"));
    }
}

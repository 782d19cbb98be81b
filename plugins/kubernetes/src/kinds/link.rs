//! Linkerd's Links, of every served version: `v1alpha1` has no status.

use std::sync::Arc;

use callboard_plugin::{LinkMode, MeshLink};
use serde::Deserialize;

use super::{Lean, metadata::Metadata};
use crate::{
    bounded::{Few, or_default},
    failure::shortened,
    intern::Interner,
    object::{Name, Object},
};

/// How many errors of one Link are shown.
const MOST_ERRORS: usize = 50;

/// See the module.
pub(super) struct Links;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    target_cluster_name: String,
    gateway_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    mirror_services: Few<ServiceStatus>,
    #[serde(default)]
    federated_services: Few<ServiceStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceStatus {
    #[serde(default, deserialize_with = "or_default")]
    remote_ref: RemoteRef,
    #[serde(default)]
    conditions: Few<Condition>,
}

#[derive(Debug, Default, Deserialize)]
struct RemoteRef {
    #[serde(default, deserialize_with = "or_default")]
    namespace: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Condition {
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    reason: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
}

impl Status {
    fn errors(&self) -> Vec<Arc<str>> {
        let services = self.mirror_services.0.iter().chain(&self.federated_services.0);
        let mut errors: Vec<String> = services.flat_map(ServiceStatus::errors).collect();
        errors.sort();
        errors.dedup();
        errors.into_iter().take(MOST_ERRORS).map(Into::into).collect()
    }
}

impl ServiceStatus {
    /// A condition that does not hold, as `namespace/service: reason: message`.
    fn errors(&self) -> impl Iterator<Item = String> {
        let failed = self.conditions.0.iter().filter(|condition| condition.status == "False");
        failed.map(|condition| {
            let RemoteRef { namespace, name } = &self.remote_ref;
            let Condition { reason, message, .. } = condition;
            shortened(&format!("{namespace}/{name}: {reason}: {message}"))
        })
    }
}

impl Lean for Links {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let Name { namespace, name } = wire.metadata.name(interner);
        let gateway_address = interner.optional(wire.spec.gateway_address.as_deref());
        let mode = if gateway_address.is_some() { LinkMode::Gateway } else { LinkMode::Flat };
        Some(Object::Link(MeshLink {
            namespace,
            name,
            target_cluster: interner.text(&wire.spec.target_cluster_name),
            mode,
            gateway_address,
            mirrored_services: None,
            errors: wire.status.errors().into(),
        }))
    }
}

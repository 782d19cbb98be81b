//! Nodes: ready or not, and where they stand.

use callboard_plugin::Cloud;
use serde::Deserialize;

use super::{Lean, metadata::Metadata};
use crate::{
    bounded::{Few, or_default},
    intern::Interner,
    object::{Node, Object},
};

/// The region's label, newest name first.
const REGION_LABELS: [&str; 2] =
    ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];

/// See the module.
pub(super) struct Nodes;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    conditions: Few<Condition>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) reason: Option<String>,
}

impl Lean for Nodes {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let labels = &wire.metadata.labels;
        let region = REGION_LABELS.iter().find_map(|label| labels.get(label));
        let is_ready =
            |condition: &Condition| condition.kind == "Ready" && condition.status == "True";
        Some(Object::Node(Node {
            name: wire.metadata.name.as_str().into(),
            is_ready: wire.status.conditions.0.iter().any(is_ready),
            cloud: wire.spec.provider_id.as_deref().and_then(Cloud::of_provider_id),
            region: interner.optional(region),
        }))
    }
}

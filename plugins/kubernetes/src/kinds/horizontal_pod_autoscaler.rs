//! HorizontalPodAutoscalers and what they scale.

use std::sync::Arc;

use callboard_plugin::{Autoscaler, WorkloadKey, WorkloadKind};
use serde::Deserialize;

use super::{Lean, metadata::Metadata};
use crate::{
    bounded::or_default,
    intern::Interner,
    object::{Object, ScaledWorkload},
};

/// See the module.
pub(super) struct Autoscalers;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    scale_target_ref: Target,
    min_replicas: Option<u32>,
    max_replicas: u32,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    current_replicas: Option<u32>,
    desired_replicas: Option<u32>,
}

impl Lean for Autoscalers {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let name = wire.metadata.name(interner);
        let target = wire.spec.scale_target_ref;
        let kind = WorkloadKind::ALL.into_iter().find(|kind| kind.name() == target.kind);
        let target = kind.map(|kind| WorkloadKey {
            namespace: Arc::clone(&name.namespace),
            kind,
            name: target.name.as_str().into(),
        });
        let autoscaler = Autoscaler {
            name: Arc::clone(&name.name),
            min_replicas: wire.spec.min_replicas.unwrap_or(1),
            max_replicas: wire.spec.max_replicas,
            current_replicas: wire.status.current_replicas,
            desired_replicas: wire.status.desired_replicas,
        };
        Some(Object::Autoscaler(ScaledWorkload { name, target, autoscaler: Arc::new(autoscaler) }))
    }
}

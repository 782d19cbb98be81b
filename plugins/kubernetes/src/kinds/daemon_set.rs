//! DaemonSets: the nodes say how many pods there should be.

use callboard_plugin::WorkloadKind;
use serde::Deserialize;

use super::{Lean, metadata::Metadata, template::PodTemplate};
use crate::{
    bounded::or_default,
    intern::Interner,
    object::{Object, OwnWorkload},
};

/// See the module.
pub(super) struct DaemonSets;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    template: PodTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    observed_generation: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    desired_number_scheduled: u32,
    #[serde(default, deserialize_with = "or_default")]
    number_ready: u32,
}

impl Lean for DaemonSets {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let has_spoken =
            wire.status.observed_generation.is_some() || wire.status.desired_number_scheduled > 0;
        Some(Object::Workload(OwnWorkload {
            key: wire.metadata.workload_key(WorkloadKind::DaemonSet, interner),
            labels: wire.metadata.labels(interner),
            annotations: wire.metadata.annotations(interner),
            pod_labels: wire.spec.template.labels(interner),
            images: wire.spec.template.images(interner),
            desired: has_spoken.then_some(wire.status.desired_number_scheduled),
            reported_ready: has_spoken.then_some(wire.status.number_ready),
            cron_job: None,
            created_at: None,
        }))
    }
}

//! Deployments.

use callboard_plugin::WorkloadKind;
use serde::Deserialize;

use super::{Lean, metadata::Metadata, template::PodTemplate};
use crate::{
    bounded::or_default,
    intern::Interner,
    object::{Object, OwnWorkload},
};

/// See the module.
pub(super) struct Deployments;

/// A Deployment or a StatefulSet, which tell the same in the same places.
#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Spec {
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    template: PodTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    observed_generation: Option<i64>,
    ready_replicas: Option<u32>,
}

impl Status {
    /// A controller that has seen the object leaves a count of zero out.
    fn ready(&self) -> Option<u32> {
        self.ready_replicas.or(self.observed_generation.map(|_| 0))
    }
}

impl Wire {
    pub(super) fn workload(&self, kind: WorkloadKind, interner: &mut Interner) -> OwnWorkload {
        OwnWorkload {
            key: self.metadata.workload_key(kind, interner),
            labels: self.metadata.labels(interner),
            annotations: self.metadata.annotations(interner),
            pod_labels: self.spec.template.labels(interner),
            images: self.spec.template.images(interner),
            desired: Some(self.spec.replicas.unwrap_or(1)),
            reported_ready: self.status.ready(),
            cron_job: None,
            created_at: None,
        }
    }
}

impl Lean for Deployments {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        Some(Object::Workload(wire.workload(WorkloadKind::Deployment, interner)))
    }
}

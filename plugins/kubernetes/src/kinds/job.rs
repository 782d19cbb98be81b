//! Jobs: what they still ask for depends on how far they came.

use callboard_plugin::WorkloadKind;
use serde::Deserialize;

use super::{Lean, metadata::Metadata, node::Condition, template::PodTemplate};
use crate::{
    bounded::{Few, or_default},
    intern::Interner,
    object::{Object, OwnWorkload},
};

/// See the module.
pub(super) struct Jobs;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Spec {
    parallelism: Option<u32>,
    completions: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    suspend: bool,
    #[serde(default, deserialize_with = "or_default")]
    template: PodTemplate,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    ready: Option<u32>,
    #[serde(default, deserialize_with = "or_default")]
    succeeded: u32,
    #[serde(default)]
    conditions: Few<Condition>,
}

impl Wire {
    fn has_condition(&self, kind: &str) -> bool {
        let holds = |one: &Condition| one.kind == kind && one.status == "True";
        self.status.conditions.0.iter().any(holds)
    }

    /// Pods that it asks for now: none once it is complete or while it is suspended; of one that
    /// failed, those that it did not get.
    fn desired(&self) -> u32 {
        if self.has_condition("Complete") || self.spec.suspend {
            return 0;
        }
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let left = self.spec.completions.map(|all| all.saturating_sub(self.status.succeeded));
        left.map_or(parallelism, |left| left.min(parallelism))
    }
}

impl Lean for Jobs {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        Some(Object::Workload(OwnWorkload {
            key: wire.metadata.workload_key(WorkloadKind::Job, interner),
            labels: wire.metadata.labels(interner),
            annotations: wire.metadata.annotations(interner),
            pod_labels: wire.spec.template.labels(interner),
            images: wire.spec.template.images(interner),
            desired: Some(wire.desired()),
            reported_ready: wire.status.ready,
            cron_job: interner.optional(wire.metadata.controller_of_kind("CronJob")),
            created_at: wire.metadata.created_at(),
        }))
    }
}

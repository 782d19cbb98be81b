//! CronJobs: their newest Job tells how they are.

use callboard_plugin::WorkloadKind;
use serde::Deserialize;

use super::{Lean, metadata::Metadata, template::PodTemplate};
use crate::{
    bounded::or_default,
    intern::Interner,
    object::{Object, OwnWorkload},
};

/// See the module.
pub(super) struct CronJobs;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    job_template: JobTemplate,
}

#[derive(Debug, Default, Deserialize)]
struct JobTemplate {
    #[serde(default, deserialize_with = "or_default")]
    spec: JobTemplateSpec,
}

#[derive(Debug, Default, Deserialize)]
struct JobTemplateSpec {
    #[serde(default, deserialize_with = "or_default")]
    template: PodTemplate,
}

impl Lean for CronJobs {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let template = &wire.spec.job_template.spec.template;
        Some(Object::Workload(OwnWorkload {
            key: wire.metadata.workload_key(WorkloadKind::CronJob, interner),
            labels: wire.metadata.labels(interner),
            annotations: wire.metadata.annotations(interner),
            pod_labels: template.labels(interner),
            images: template.images(interner),
            desired: None,
            reported_ready: None,
            cron_job: None,
            created_at: None,
        }))
    }
}

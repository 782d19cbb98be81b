//! Pods: who made them, how they are, what they run, and whether they are in the mesh.

use std::sync::Arc;

use callboard_plugin::{Image, WorkloadKind};
use serde::Deserialize;

use super::{
    Lean,
    metadata::{Metadata, OwnerReference},
    node::Condition,
    template::PodSpec,
};
use crate::{
    bounded::{Few, or_default},
    image::image,
    intern::Interner,
    object::{Controller, Name, Object, Pod, PodLife},
};

const TEMPLATE_HASH: &str = "pod-template-hash";
const CONTROL_PLANE: &str = "linkerd.io/control-plane-ns";
const PROXY_VERSION: &str = "linkerd.io/proxy-version";

/// Labels that controllers put on each pod or each generation of pods; templates have none of
/// them.
const POD_LABELS: &[&str] = &[
    TEMPLATE_HASH,
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
];

/// See the module.
pub(super) struct Pods;

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: PodSpec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, deserialize_with = "or_default")]
    phase: String,
    #[serde(default)]
    conditions: Few<Condition>,
    #[serde(default)]
    container_statuses: Few<ContainerStatus>,
    #[serde(default)]
    init_container_statuses: Few<ContainerStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    #[serde(rename = "imageID", default, deserialize_with = "or_default")]
    image_id: String,
    #[serde(default, deserialize_with = "or_default")]
    restart_count: u32,
    #[serde(default, deserialize_with = "or_default")]
    state: ContainerState,
}

#[derive(Debug, Default, Deserialize)]
struct ContainerState {
    waiting: Option<Waiting>,
}

#[derive(Debug, Deserialize)]
struct Waiting {
    #[serde(default, deserialize_with = "or_default")]
    reason: String,
}

impl Status {
    fn containers(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.container_statuses.0.iter().chain(&self.init_container_statuses.0)
    }

    fn restarts(&self) -> u32 {
        self.containers().fold(0, |sum, container| sum.saturating_add(container.restart_count))
    }

    fn is_ready(&self) -> bool {
        let holds = |one: &Condition| one.kind == "Ready" && one.status == "True";
        self.conditions.0.iter().any(holds)
    }

    /// Why containers wait, and why no node takes the pod.
    fn waiting(&self, interner: &mut Interner) -> Arc<[Arc<str>]> {
        let containers = self.containers().filter_map(|one| one.state.waiting.as_ref());
        let containers = containers.map(|waiting| waiting.reason.as_str());
        let is_refused = |one: &&Condition| one.kind == "PodScheduled" && one.status == "False";
        let refused = self.conditions.0.iter().filter(is_refused);
        let refused = refused.filter_map(|condition| condition.reason.as_deref());
        let reasons = containers.chain(refused).filter(|reason| !reason.is_empty());
        let mut reasons: Vec<Arc<str>> = reasons.map(|reason| interner.text(reason)).collect();
        reasons.sort();
        reasons.dedup();
        interner.list(reasons)
    }
}

impl Wire {
    fn images(&self, interner: &mut Interner) -> Arc<[Image]> {
        let id_of = |name: &str| {
            let status = self.status.containers().find(|status| status.name == name)?;
            Some(status.image_id.as_str())
        };
        let mut images = Vec::new();
        for container in self.spec.lasting() {
            let (name, reference) = (&container.name, &container.image);
            images.push(image(name, reference, id_of(name), interner));
        }
        interner.images(images)
    }

    fn life(&self) -> PodLife {
        match self.status.phase.as_str() {
            "Succeeded" => PodLife::Succeeded,
            "Failed" => PodLife::Failed,
            _ if self.metadata.deletion_timestamp.is_some() => PodLife::Ending,
            _ => PodLife::Active,
        }
    }

    /// A ReplicaSet of a Deployment is called after it and the hash of its template.
    fn deployment(&self) -> Option<&str> {
        let hash = self.metadata.labels.get(TEMPLATE_HASH)?;
        let set = self.metadata.controller_of_kind("ReplicaSet")?;
        set.strip_suffix(hash)?.strip_suffix('-')
    }
}

fn controller(
    owner: &OwnerReference,
    namespace: &Arc<str>,
    interner: &mut Interner,
) -> Option<Controller> {
    use WorkloadKind::{DaemonSet, Job, ReplicaSet, StatefulSet};
    let kinds = [ReplicaSet, StatefulSet, DaemonSet, Job];
    let kind = kinds.into_iter().find(|kind| kind.name() == owner.kind)?;
    let name = Name { namespace: Arc::clone(namespace), name: interner.text(&owner.name) };
    Some(Controller { kind, name })
}

impl Lean for Pods {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let metadata = &wire.metadata;
        let name = metadata.name(interner);
        let owner = metadata.controller();
        let controller = owner.and_then(|owner| controller(owner, &name.namespace, interner));
        let shared = metadata.labels.iter().filter(|(key, _)| !POD_LABELS.contains(key));
        Some(Object::Pod(Pod {
            controller,
            deployment: interner.optional(wire.deployment()),
            labels: interner.labels(shared),
            images: wire.images(interner),
            waiting: wire.status.waiting(interner),
            restarts: wire.status.restarts(),
            life: wire.life(),
            is_ready: wire.status.is_ready(),
            is_meshed: metadata.labels.get(CONTROL_PLANE).is_some(),
            proxy_version: interner.optional(metadata.annotations.0.get(PROXY_VERSION)),
            name,
        }))
    }
}

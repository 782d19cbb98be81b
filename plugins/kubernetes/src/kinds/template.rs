//! Pod templates: their labels and images.

use std::sync::Arc;

use callboard_plugin::{Image, LabelMap};
use serde::Deserialize;

use crate::{
    bounded::{Few, Labels, or_default},
    image::image,
    intern::Interner,
};

/// The container of Linkerd's proxy.
const PROXY: &str = "linkerd-proxy";

#[derive(Debug, Default, Deserialize)]
pub(super) struct PodTemplate {
    #[serde(default, deserialize_with = "or_default")]
    metadata: TemplateMetadata,
    #[serde(default, deserialize_with = "or_default")]
    spec: PodSpec,
}

#[derive(Debug, Default, Deserialize)]
struct TemplateMetadata {
    #[serde(default)]
    labels: Labels,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSpec {
    #[serde(default)]
    containers: Few<Container>,
    #[serde(default)]
    init_containers: Few<Container>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    pub(super) name: String,
    #[serde(default)]
    pub(super) image: String,
    restart_policy: Option<String>,
}

impl PodSpec {
    /// The containers that run as long as the pod does, without the mesh's proxy: sidecars among
    /// the init containers too. Source: Kubernetes, sidecar containers (`restartPolicy: Always`).
    pub(super) fn lasting(&self) -> impl Iterator<Item = &Container> {
        let is_sidecar = |one: &&Container| one.restart_policy.as_deref() == Some("Always");
        let sidecars = self.init_containers.0.iter().filter(is_sidecar);
        self.containers.0.iter().chain(sidecars).filter(|container| container.name != PROXY)
    }
}

impl PodTemplate {
    pub(super) fn labels(&self, interner: &mut Interner) -> Arc<LabelMap> {
        interner.labels(self.metadata.labels.iter())
    }

    pub(super) fn images(&self, interner: &mut Interner) -> Arc<[Image]> {
        let images: Vec<Image> = self
            .spec
            .lasting()
            .map(|container| image(&container.name, &container.image, None, interner))
            .collect();
        interner.images(images)
    }
}

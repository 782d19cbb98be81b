//! What a workload is made of.

use async_graphql::{Enum, SimpleObject};
use callboard_plugin as plugin;

use super::cluster_part::number;
use crate::scalar::Timestamp;

/// How something that runs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_plugin::Health")]
pub(crate) enum Health {
    /// As many ready as asked for.
    Healthy,
    /// Fewer ready than asked for, or containers wait.
    Degraded,
    /// None is ready although some are asked for.
    Failing,
    /// None is asked for.
    Stopped,
    /// What would tell could not be read.
    Unknown,
}

/// Pods of which a container waits for the same reason.
#[derive(Debug, SimpleObject)]
pub(crate) struct WaitingPods {
    /// The reason, such as `ImagePullBackOff`.
    reason: String,
    /// How many pods.
    pods: i32,
}

/// How many pods there are and should be. Null = what tells could not be read.
#[derive(Debug, SimpleObject)]
pub(crate) struct Replicas {
    /// How many are asked for.
    desired: Option<i32>,
    /// How many are ready.
    ready: Option<i32>,
    /// Restarts of the containers of the present pods, together.
    restarts: Option<i32>,
    /// Why containers of the present pods wait, with how many pods; most first.
    waiting: Vec<WaitingPods>,
}

impl Replicas {
    /// The replicas as they are answered.
    pub(crate) fn of(replicas: &plugin::Replicas) -> Self {
        let waiting = replicas.waiting.iter().map(|waiting| WaitingPods {
            reason: waiting.reason.as_ref().to_owned(),
            pods: number(waiting.pods),
        });
        Self {
            desired: replicas.desired.map(number),
            ready: replicas.ready.map(number),
            restarts: replicas.restarts.map(number),
            waiting: waiting.collect(),
        }
    }
}

/// An image of a container, as the pods run it.
#[derive(Debug, SimpleObject)]
pub(crate) struct Image {
    /// The container.
    container: String,
    /// Registry and repository, such as `ghcr.io/bank/payments-api`.
    name: String,
    /// The tag, where the image has one.
    tag: Option<String>,
    /// The digest that runs (`sha256:…`), where it is known.
    digest: Option<String>,
}

impl Image {
    /// The images as they are answered.
    pub(crate) fn all(images: &[plugin::Image]) -> Vec<Self> {
        let text = |text: &std::sync::Arc<str>| text.as_ref().to_owned();
        let image = |image: &plugin::Image| Self {
            container: text(&image.container),
            name: text(&image.name),
            tag: image.tag.as_ref().map(text),
            digest: image.digest.as_ref().map(text),
        };
        images.iter().map(image).collect()
    }
}

/// A `HorizontalPodAutoscaler`'s bounds and state.
#[derive(Debug, SimpleObject)]
pub(crate) struct Autoscaler {
    /// Its name.
    name: String,
    /// The fewest replicas.
    min_replicas: i32,
    /// The most replicas.
    max_replicas: i32,
    /// How many it sees; null if it does not tell.
    current_replicas: Option<i32>,
    /// How many it wants; null if it does not tell.
    desired_replicas: Option<i32>,
}

impl Autoscaler {
    /// The autoscaler as it is answered.
    pub(crate) fn of(autoscaler: &plugin::Autoscaler) -> Self {
        Self {
            name: autoscaler.name.as_ref().to_owned(),
            min_replicas: number(autoscaler.min_replicas),
            max_replicas: number(autoscaler.max_replicas),
            current_replicas: autoscaler.current_replicas.map(number),
            desired_replicas: autoscaler.desired_replicas.map(number),
        }
    }
}

/// A warning that Kubernetes reported on a workload or on one of its pods.
#[derive(Debug, SimpleObject)]
pub(crate) struct WarningEvent {
    /// The reason, such as `BackOff`.
    reason: String,
    /// What happened, as the cluster words it.
    message: String,
    /// The object, as `Pod/payments-api-7c9d-x1`.
    object: String,
    /// How often.
    count: i32,
    /// When last; null if the cluster does not tell.
    last_seen: Option<Timestamp>,
}

impl WarningEvent {
    /// The warning as it is answered.
    pub(crate) fn of(event: &plugin::WarningEvent) -> Self {
        Self {
            reason: event.reason.as_ref().to_owned(),
            message: event.message.as_ref().to_owned(),
            object: event.object.as_ref().to_owned(),
            count: number(event.count),
            last_seen: event.last_seen.map(Timestamp),
        }
    }
}

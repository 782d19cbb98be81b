//! Events that warn, of what belongs to workloads.

use callboard_plugin::WarningEvent;
use serde::Deserialize;

use super::{
    Lean,
    metadata::{Metadata, time},
};
use crate::{
    bounded::or_default,
    failure::shortened,
    intern::Interner,
    object::{About, Event, Name, Object},
};

/// The kinds of which events are shown.
const ABOUT: &[&str] = &[
    "Pod",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
];

/// See the module.
pub(super) struct Events;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    metadata: Metadata,
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    severity: String,
    involved_object: Involved,
    #[serde(default, deserialize_with = "or_default")]
    reason: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
    count: Option<u32>,
    last_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
}

#[derive(Debug, Deserialize)]
struct Involved {
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    namespace: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<u32>,
    last_observed_time: Option<String>,
}

impl Lean for Events {
    type Wire = Wire;

    fn object(wire: Wire, interner: &mut Interner) -> Option<Object> {
        let about = wire.involved_object;
        if !ABOUT.contains(&about.kind.as_str()) || wire.severity != "Warning" {
            return None;
        }
        let series = wire.series.as_ref();
        let times = [
            series.and_then(|series| series.last_observed_time.as_deref()),
            wire.last_timestamp.as_deref(),
            wire.event_time.as_deref(),
        ];
        let last_seen = times.into_iter().find_map(time).or_else(|| wire.metadata.created_at());
        let count = series.and_then(|series| series.count).or(wire.count);
        Some(Object::Event(Event {
            name: wire.metadata.name(interner),
            warning: WarningEvent {
                reason: interner.text(&shortened(&wire.reason)),
                message: interner.text(&shortened(&wire.message)),
                object: format!("{}/{}", about.kind, about.name).into(),
                count: count.unwrap_or(1),
                last_seen,
            },
            about: About {
                kind: interner.text(&about.kind),
                name: Name {
                    namespace: interner.text(&about.namespace),
                    name: about.name.as_str().into(),
                },
            },
        }))
    }
}

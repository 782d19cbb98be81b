//! `running.json`: what runs in the clusters, as far as it does not follow from the catalog.

use super::words;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `running.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RunningWords {
    /// When everything was recorded, in RFC 3339.
    pub(crate) recorded_at: String,
    /// Since when calls have been observed.
    pub(crate) observed_since: String,
    /// Pairs of clusters (`a>b`) with one flat network; all others meet at gateways.
    #[serde(deserialize_with = "words")]
    pub(crate) flat: Vec<String>,
    /// `namespace/name` of Services that several clusters offer under one name. Nobody calls those.
    #[serde(deserialize_with = "lists")]
    pub(crate) federated: BTreeMap<String, Vec<String>>,
    /// `cluster>target` of gateways that do not answer.
    #[serde(deserialize_with = "words")]
    pub(crate) dead_gateways: Vec<String>,
    /// Components by the kind of their workloads, where that is not a Deployment or, for jobs, a
    /// `CronJob`.
    #[serde(deserialize_with = "lists")]
    pub(crate) kinds: BTreeMap<String, Vec<String>>,
    /// Components with a second workload, which works off queues.
    #[serde(deserialize_with = "words")]
    pub(crate) workers: Vec<String>,
    /// Components with a `HorizontalPodAutoscaler` in production besides those of tier 1.
    #[serde(deserialize_with = "words")]
    pub(crate) autoscaled: Vec<String>,
    /// Components without a proxy, by the clusters in which they have none.
    #[serde(deserialize_with = "lists")]
    pub(crate) unmeshed: BTreeMap<String, Vec<String>>,
    /// Components of which only every second pod has a proxy, by cluster.
    #[serde(deserialize_with = "lists")]
    pub(crate) half_meshed: BTreeMap<String, Vec<String>>,
    /// Components with the clusters that are behind the others of their environment.
    #[serde(deserialize_with = "lists")]
    pub(crate) behind: BTreeMap<String, Vec<String>>,
    /// Components with the clusters in which the same tag is another image.
    #[serde(deserialize_with = "lists")]
    pub(crate) retagged: BTreeMap<String, Vec<String>>,
    /// What is wrong with workloads.
    pub(crate) troubles: Vec<TroubleWords>,
    /// What runs without being in the catalog.
    pub(crate) workloads: Vec<WorkloadWords>,
    /// What calls without a proxy.
    pub(crate) callers: Vec<CallerWords>,
}

/// What can be wrong with a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TroubleKind {
    /// Containers end again and again.
    CrashLoopBackOff,
    /// The image cannot be had.
    ImagePullBackOff,
    /// Containers run and do not become ready.
    Unready,
    /// Nobody wants a replica.
    Stopped,
}

/// Trouble of a component's workload in one cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TroubleWords {
    pub(crate) component: String,
    pub(crate) cluster: String,
    pub(crate) what: TroubleKind,
    /// How many pods it concerns.
    #[serde(default)]
    pub(crate) pods: u64,
}

/// A workload that no descriptor claims.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadWords {
    pub(crate) name: String,
    pub(crate) namespace: String,
    #[serde(default = "deployment")]
    pub(crate) kind: String,
    /// With tag.
    pub(crate) image: String,
    /// Names of clusters, clouds or environments, or `all`.
    #[serde(deserialize_with = "words")]
    pub(crate) on: Vec<String>,
    /// 0 = one on each node.
    #[serde(default = "one")]
    pub(crate) replicas: u64,
    /// The value of its label `squad`.
    pub(crate) squad: Option<String>,
    /// Whether it has a proxy.
    #[serde(default)]
    pub(crate) meshed: bool,
    /// The port of its Service, if it has one.
    pub(crate) port: Option<u64>,
    /// Components that it calls.
    #[serde(default, deserialize_with = "words")]
    pub(crate) calls: Vec<String>,
}

/// Calls that only the called side sees.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerWords {
    /// Who it is; the mesh does not know.
    pub(crate) name: String,
    #[serde(deserialize_with = "words")]
    pub(crate) on: Vec<String>,
    /// Components.
    #[serde(deserialize_with = "words")]
    pub(crate) to: Vec<String>,
    /// Requests a second in production.
    pub(crate) rps: f64,
}

fn lists<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    let split = |text: String| text.split_whitespace().map(str::to_owned).collect();
    Ok(texts.into_iter().map(|(key, text)| (key, split(text))).collect())
}

fn deployment() -> String {
    "Deployment".to_owned()
}

const fn one() -> u64 {
    1
}

//! The ground truth of the nine clusters: what runs where, and who truly calls whom.
//!
//! [`of`] derives it from the estate once; `examples/ground-truth.json` is its text, and whatever
//! is recorded of a cluster ([`super::kubernetes`], [`super::prometheus`]) is made of that text
//! alone. So a test that compares Callboard's answers with this file compares it with everything
//! that it was shown.

mod drift;
mod layout;
mod placed;
mod rates;
mod traffic;

use super::model::{Claim, Estate, Rule};
use super::vocabulary::{RunningWords, TroubleKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole truth. Lists are ordered: clusters as the bank lists them, the rest by name.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Truth {
    /// When all of it was recorded.
    pub(crate) recorded_at: String,
    /// Since when calls have been observed.
    pub(crate) observed_since: String,
    /// What every rate below is multiplied with for each window.
    pub(crate) windows: Windows,
    pub(crate) clusters: Vec<ClusterTruth>,
    pub(crate) links: Vec<LinkTruth>,
    /// Clusters that offer the same Service under one name, by `namespace/name`.
    pub(crate) federated: BTreeMap<String, Vec<String>>,
    /// What could run: all components but libraries, apps and command lines.
    pub(crate) components: Vec<ComponentTruth>,
    pub(crate) placements: Vec<WorkloadTruth>,
    pub(crate) unknown_workloads: Vec<WorkloadTruth>,
    pub(crate) calls: Vec<PairTruth>,
    pub(crate) unmeshed_callers: Vec<UnmeshedTruth>,
    /// Called, but not declared.
    pub(crate) undeclared: Vec<Dependency>,
    /// Declared, both run in the mesh, never called.
    pub(crate) dead: Vec<Dependency>,
    /// Declared, and the mesh could not see it if it happened.
    pub(crate) unobservable: Vec<Unobservable>,
    pub(crate) skews: Vec<Skew>,
    /// Components that say they run, and run nowhere.
    pub(crate) missing: Vec<String>,
}

/// A factor for each window.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Windows {
    #[serde(rename = "M5")]
    pub(crate) m5: f64,
    #[serde(rename = "H1")]
    pub(crate) h1: f64,
    #[serde(rename = "H24")]
    pub(crate) h24: f64,
}

/// A cluster.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterTruth {
    pub(crate) name: String,
    pub(crate) cloud: String,
    pub(crate) region: String,
    pub(crate) environment: String,
    pub(crate) kubernetes: String,
    pub(crate) linkerd: String,
    pub(crate) machine: String,
    /// The first two bytes of its addresses.
    pub(crate) network: String,
    pub(crate) nodes: u64,
    /// `<plural>.<group>` of what its API server refuses to list.
    pub(crate) forbidden: Vec<String>,
    /// The same of what it does not know.
    pub(crate) absent: Vec<String>,
    /// `namespace/name` of the Services that other clusters may mirror.
    pub(crate) exports: Vec<String>,
}

/// How calls from one cluster get to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// They do not leave the cluster.
    Local,
    /// Through the other cluster's gateway.
    Gateway,
    /// From pod to pod.
    Flat,
    /// To a public name, behind which the mesh sees nothing.
    External,
}

/// A link from one cluster's mesh to another's.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LinkTruth {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) mode: Mode,
    /// Address and state of the gateway, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gateway: Option<Gateway>,
    /// How many Services are mirrored.
    pub(crate) mirrored_services: u64,
}

/// A gateway as the service mirror sees it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gateway {
    pub(crate) address: String,
    pub(crate) alive: bool,
    /// Milliseconds; absent if it does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p95: Option<f64>,
}

/// A component that could run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentTruth {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) system: String,
    pub(crate) language: String,
    pub(crate) claim: Claim,
}

/// A workload in one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadTruth {
    pub(crate) cluster: String,
    pub(crate) namespace: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Rule>,
    /// The value of its label `squad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) squad: Option<String>,
    pub(crate) image: String,
    pub(crate) tag: String,
    /// Absent where no pod runs: of jobs, of what is stopped, where the image cannot be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// Absent for jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ready: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<TroubleKind>,
    /// The version of its pods' proxies; absent = not in the mesh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,
    /// How many pods have a proxy, where not all or none have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) meshed: Option<u64>,
    /// Its Service, and the port of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u64>,
    /// Fewest and most replicas of its autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) autoscaler: Option<[u64; 2]>,
}

impl WorkloadTruth {
    /// `namespace/Kind/name`.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.kind, self.name)
    }

    /// Whether it ends by itself.
    pub(crate) fn is_job(&self) -> bool {
        matches!(self.kind.as_str(), "CronJob" | "Job")
    }

    /// How many of its pods have a proxy, of how many.
    pub(crate) fn meshed_share(&self) -> f64 {
        match (&self.proxy, self.meshed, self.replicas) {
            (None, ..) => 0.0,
            (Some(_), Some(meshed), Some(all)) if all > 0 => rates::ratio(meshed, all),
            _ => 1.0,
        }
    }
}

/// All calls from one cluster to another, or within one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairTruth {
    pub(crate) from: String,
    /// Absent where the mesh cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) edges: Vec<CallTruth>,
}

/// Whether calls are under mutual TLS, as the calling side sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Tls {
    Secured,
    /// Some are.
    Mixed,
    Plaintext,
    /// Nobody is there to be under TLS with: what is called has no ready pod, or its gateway does
    /// not answer.
    Unknown,
}

/// The calls of one workload to another: one edge.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallTruth {
    /// `namespace/Kind/name` in the calling cluster.
    pub(crate) from: String,
    /// `namespace/Kind/name` in the called cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// `namespace/name` of the Service of the calling cluster that is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    /// `host:port`, where that is no Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<String>,
    /// Absent where the proxy sees connections alone.
    #[serde(flatten)]
    pub(crate) requests: Option<Requests>,
    /// Open now.
    pub(crate) connections: u64,
    /// Whether calls are made once a day, so that only the window of a day has seen any.
    #[serde(default, rename = "daily", skip_serializing_if = "is_false")]
    pub(crate) is_daily: bool,
    pub(crate) tls: Tls,
    /// The share that is secured, where some is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secured: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl CallTruth {
    /// The share of the calls that is secured.
    pub(crate) fn secured_share(&self) -> f64 {
        match self.tls {
            Tls::Secured => 1.0,
            Tls::Mixed => self.secured.unwrap_or(0.5),
            Tls::Plaintext | Tls::Unknown => 0.0,
        }
    }
}

/// Rates of the window M5, and quantiles of every window in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    pub(crate) rps: f64,
    pub(crate) success: f64,
    /// Absent, with the other two, where nothing was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p50: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p95: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p99: Option<f64>,
}

/// Calls that only the called side sees.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnmeshedTruth {
    pub(crate) cluster: String,
    /// `namespace/Kind/name`.
    pub(crate) to: String,
    /// The proxy's word.
    pub(crate) reason: String,
    pub(crate) rps: f64,
    pub(crate) success: f64,
    /// Who it is, which the mesh does not know.
    pub(crate) who: String,
}

/// One component that depends on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dependency {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Why a declared dependency cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Blindness {
    /// It goes by way of Kafka.
    Events,
    /// The caller is in no cluster.
    CallerRunsNowhere,
    /// What is called is in no cluster.
    CalleeRunsNowhere,
    /// Only a cluster without links calls, by a public name.
    PublicName,
}

/// A declared dependency that the mesh could not see if it happened.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unobservable {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) why: Blindness,
}

/// Clusters of one environment that run different images of a component.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skew {
    pub(crate) component: String,
    pub(crate) environment: String,
    /// Cluster, tag and the first digits of the digest, in the order of the clusters.
    pub(crate) images: Vec<[String; 3]>,
}

/// The truth of `estate`.
///
/// # Errors
///
/// If `words` names a component or cluster that does not exist, or asks for two things that
/// exclude each other.
pub(crate) fn of(estate: &Estate, words: &RunningWords) -> anyhow::Result<Truth> {
    let placed = placed::all(estate, words)?;
    let traffic = traffic::all(estate, words, &placed)?;
    let drift = drift::all(estate, &placed.components, &traffic.calls);
    Ok(Truth {
        recorded_at: words.recorded_at.clone(),
        observed_since: words.observed_since.clone(),
        windows: Windows { m5: 1.0, h1: 0.94, h24: 0.61 },
        clusters: placed::clusters(estate, &placed, &traffic.exports),
        links: traffic.links,
        federated: words.federated.clone(),
        components: placed::components(estate),
        skews: drift::skews(estate, &placed.components),
        missing: drift::missing(estate),
        placements: placed.components,
        unknown_workloads: placed.unknown,
        calls: traffic.calls,
        unmeshed_callers: traffic.unmeshed,
        undeclared: drift.undeclared,
        dead: drift.dead,
        unobservable: drift.unobservable,
    })
}

impl Truth {
    /// The text of `examples/ground-truth.json`: one thing a line.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        Ok(layout::text(&serde_json::to_value(self)?))
    }

    /// Reads such a text.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Every workload of `cluster`, known and unknown.
    pub(crate) fn workloads<'a>(
        &'a self,
        cluster: &'a str,
    ) -> impl Iterator<Item = &'a WorkloadTruth> {
        let all = self.placements.iter().chain(&self.unknown_workloads);
        all.filter(move |workload| workload.cluster == cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{assembly, vocabulary::Vocabulary};

    #[test]
    fn the_text_holds_the_whole_truth() -> anyhow::Result<()> {
        let vocabulary = Vocabulary::load()?;
        let truth = of(&assembly::assemble(&vocabulary)?, &vocabulary.running)?;
        assert_eq!(Truth::read(&truth.text()?)?, truth);
        Ok(())
    }
}

//! The ground truth of the example, as far as it is compared.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A workload as `cluster namespace/Kind/name`.
pub(super) type Place = String;

/// What is compared of `examples/ground-truth.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Truth {
    pub(super) clusters: Vec<Named>,
    pub(super) components: Vec<Named>,
    pub(super) placements: Vec<Workload>,
    pub(super) unknown_workloads: Vec<Workload>,
    pub(super) calls: Vec<Pair>,
    pub(super) unmeshed_callers: Vec<Unmeshed>,
    pub(super) undeclared: BTreeSet<Dependency>,
    pub(super) dead: BTreeSet<Dependency>,
    pub(super) missing: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Workload {
    pub(super) cluster: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) component: Option<String>,
    pub(super) rule: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: Option<String>,
    pub(super) mode: String,
    pub(super) edges: Vec<Call>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Call {
    /// `namespace/Kind/name`.
    pub(super) from: String,
    pub(super) to: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) rps: Option<f64>,
    pub(super) tls: String,
    /// Whether only the window of a day has seen it.
    #[serde(default)]
    pub(super) daily: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Unmeshed {
    pub(super) cluster: String,
    pub(super) to: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dependency {
    pub(super) from: String,
    pub(super) to: String,
}

impl Workload {
    pub(super) fn place(&self) -> Place {
        format!("{} {}/{}/{}", self.cluster, self.namespace, self.kind, self.name)
    }
}

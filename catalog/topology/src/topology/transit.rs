//! Gateways between clusters: what they pass on was measured where it was called.

use std::collections::HashSet;

use callboard_plugin::{LinkMode, Workload, WorkloadKey};

use super::node::NodeId;

/// The service account of Linkerd's gateway. Source: the chart `linkerd-multicluster`.
const GATEWAY: &str = "linkerd-gateway";

/// Whether a workload passes calls of other clusters on.
pub(super) fn is_gateway(workload: &Workload) -> bool {
    is_gateway_key(&workload.key)
        || [&workload.labels, &workload.pod_labels]
            .into_iter()
            .any(|labels| labels.get("app").is_some_and(|app| &**app == GATEWAY))
}

/// The same, of a workload that only the mesh names.
pub(super) fn is_gateway_key(key: &WorkloadKey) -> bool {
    &*key.name == GATEWAY
}

/// Whether an identity is that of a gateway: `<service account>.<namespace>.serviceaccount.…`.
pub(super) fn is_gateway_identity(identity: &str) -> bool {
    identity.split('.').next() == Some(GATEWAY)
}

/// Calls that a gateway passes on, put aside until it is known whether their callers are seen.
///
/// Where a target is seen to be called through a gateway from the callers' side, what its own
/// cluster's gateway sends it is the same calls once more. Where no caller's cluster speaks, the
/// gateway's calls are the only trace and stay.
#[derive(Debug, Default)]
pub(super) struct Transit<C> {
    called_from_outside: HashSet<NodeId>,
    passed_on: Vec<(NodeId, C)>,
}

impl<C> Transit<C> {
    pub(super) fn new() -> Self {
        Self { called_from_outside: HashSet::new(), passed_on: Vec::new() }
    }

    /// Notes a call as its caller sees it.
    pub(super) fn note(&mut self, target: &NodeId, mode: Option<LinkMode>) {
        if mode == Some(LinkMode::Gateway) {
            self.called_from_outside.insert(target.clone());
        }
    }

    /// Puts a gateway's call aside.
    pub(super) fn put_aside(&mut self, target: NodeId, call: C) {
        self.passed_on.push((target, call));
    }

    /// The gateways' calls whose callers nobody sees.
    pub(super) fn untold(self) -> impl Iterator<Item = C> {
        let seen = self.called_from_outside;
        let untold = self.passed_on.into_iter().filter(move |(target, _)| !seen.contains(target));
        untold.map(|(_, call)| call)
    }
}

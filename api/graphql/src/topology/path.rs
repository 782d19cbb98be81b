//! How calls get from one entity to another.

use std::sync::Arc;

use async_graphql::Object;
use callboard_topology as estate;

use super::{TopologyEdges, edge::TlsState};
use crate::{facet::count, scope::Scope};

/// Calls that follow each other from one entity to another.
#[derive(Debug)]
pub(crate) struct TopologyPath {
    scope: Arc<Scope>,
    path: estate::TopologyPath,
}

impl TopologyPath {
    /// A path within an answer.
    pub(crate) fn new(scope: &Arc<Scope>, path: estate::TopologyPath) -> Self {
        Self { scope: Arc::clone(scope), path }
    }
}

/// Calls that follow each other from one entity to another.
#[Object]
impl TopologyPath {
    /// The hops between workloads, first to last: each begins where the one before it ended.
    async fn hops(&self) -> TopologyEdges {
        let edges = self.path.hops.iter().map(Arc::clone).collect();
        TopologyEdges { scope: Arc::clone(&self.scope), edges }
    }

    /// How many hops there are.
    async fn length(&self) -> i32 {
        count(self.path.hops.len())
    }

    /// Whether a hop goes from one cluster to another.
    async fn crosses_clusters(&self) -> bool {
        self.path.crosses_clusters()
    }

    /// Whether all of its hops are under mutual TLS: `SECURED` if all are, `PLAINTEXT` if none
    /// is, `UNKNOWN` if one is not measured and none is known not to be, else `MIXED`.
    async fn tls(&self) -> TlsState {
        let states = || self.path.hops.iter().map(|hop| hop.tls);
        if states().all(|tls| tls == estate::TlsState::Secured) {
            TlsState::Secured
        } else if states().all(|tls| tls == estate::TlsState::Plaintext) {
            TlsState::Plaintext
        } else if states()
            .all(|tls| matches!(tls, estate::TlsState::Secured | estate::TlsState::Unknown))
        {
            TlsState::Unknown
        } else {
            TlsState::Mixed
        }
    }
}

//! What the page of clusters shows.

use askama::Template;

use super::document::{ClusterNode, ResponseData};
use crate::{
    frame::Frame,
    gateway::Gap,
    place::{Cloud, ClusterSourceKind},
    scalar::DateTime,
    seen::{ObservationState, Seen, seen},
    standing::{ClusterLink, Shortfall, Strip, shortfalls},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "clusters/clusters.html")]
pub(super) struct ClustersPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    rows: Vec<Row>,
}

/// A cluster.
#[derive(Debug)]
struct Row {
    link: ClusterLink,
    cloud: Cloud,
    region: Option<String>,
    environment: Option<String>,
    version: Option<String>,
    /// Such as `12 of 12`.
    nodes: Option<String>,
    seen: Seen,
    all: i64,
    degraded: i64,
    failing: i64,
    shortfalls: Vec<Shortfall>,
    grants: Vec<String>,
}

impl ClustersPage {
    /// The page of what the API answered.
    pub(super) fn new(frame: Frame, gaps: Vec<Gap>, data: ResponseData, now: DateTime) -> Self {
        let mut standings = Vec::new();
        let mut rows = Vec::new();
        for node in data.clusters {
            let (row, sources) = Row::new(node, now);
            standings.push((row.link.text.clone(), sources));
            rows.push(row);
        }
        Self { frame, gaps, strip: Strip::new(standings.into_iter()), rows }
    }

    /// The number of clusters in words.
    fn total_in_words(&self) -> String {
        match self.rows.len() {
            1 => "1 cluster".to_owned(),
            total => format!("{total} clusters"),
        }
    }
}

impl Row {
    /// The row of a cluster, with the states of its sources.
    fn new(node: ClusterNode, now: DateTime) -> (Self, Vec<(&'static str, Seen)>) {
        let seen = seen!(node.observation, now);
        let sources: Vec<_> =
            node.sources.into_iter().map(|one| (one.kind, seen!(one.observation, now))).collect();
        let kinds: Vec<_> =
            node.resources.into_iter().map(|one| (one.kind, seen!(one.observation, now))).collect();
        // What the cluster as a whole lacks need not be said of each of its kinds.
        let is_own = |one: &Seen| one.state != seen.state || one.reason != seen.reason;
        let others = sources
            .iter()
            .filter(|(kind, _)| *kind != ClusterSourceKind::Kubernetes)
            .map(|(kind, seen)| (kind.word().to_owned(), seen.clone()));
        let lacking = kinds.into_iter().filter(|(_, one)| is_own(one)).chain(others);
        let lacking = lacking.filter(|(_, one)| one.state != ObservationState::Absent);
        let row = Self {
            link: ClusterLink::new(&node.name),
            cloud: node.cloud,
            region: node.region,
            environment: node.environment,
            version: node.version,
            nodes: nodes(node.node_summary.ready, node.node_summary.total),
            shortfalls: shortfalls(lacking),
            grants: node
                .missing_grants
                .iter()
                .map(|one| grant(&one.verb, &one.resource, &one.group))
                .collect(),
            all: node.all.total_count,
            degraded: node.degraded.total_count,
            failing: node.failing.total_count,
            seen,
        };
        let sources = sources.into_iter().map(|(kind, seen)| (kind.word(), seen)).collect();
        (row, sources)
    }

    /// Whether there is more to say of it than that it is well.
    fn has_detail(&self) -> bool {
        !self.seen.state.is_current() || !self.shortfalls.is_empty() || !self.grants.is_empty()
    }

    /// Whether nothing of it was ever read.
    fn is_unseen(&self) -> bool {
        self.seen.at.is_none()
    }
}

/// Ready nodes, such as `11 of 12`.
pub(crate) fn nodes(ready: Option<i64>, total: Option<i64>) -> Option<String> {
    let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
    (ready.is_some() || total.is_some()).then(|| format!("{} of {}", number(ready), number(total)))
}

/// A right in the words of `kubectl auth can-i`, such as `list pods.metrics.k8s.io`.
pub(crate) fn grant(verb: &str, resource: &str, group: &str) -> String {
    let dot = if group.is_empty() { "" } else { "." };
    format!("{verb} {resource}{dot}{group}")
}

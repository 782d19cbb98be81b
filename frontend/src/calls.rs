//! Calls between nodes, as the map, its table and the tabs of components show them.

mod words;

use std::fmt::Write as _;

use crate::{
    entity_link::entity_path,
    measure::{self, Success},
    moment::Moment,
    scalar::DateTime,
    seen::Seen,
    standing::{ClusterLink, cluster_path},
};

pub(crate) use self::words::{Declared, LinkMode, TlsState, TopologyNodeKind, Window};

/// What the API says of an end of calls; each document has a type of its own for it.
#[derive(Debug)]
pub(crate) struct EndNode {
    pub(crate) id: String,
    pub(crate) kind: TopologyNodeKind,
    pub(crate) label: String,
    pub(crate) entity: Option<String>,
    pub(crate) squad: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) reason: Option<String>,
}

/// An end of calls.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) id: String,
    pub(crate) kind: TopologyNodeKind,
    pub(crate) text: String,
    pub(crate) entity: Option<String>,
    pub(crate) squad: Option<String>,
    pub(crate) cluster: Option<ClusterLink>,
    pub(crate) environment: Option<String>,
    pub(crate) reason: Option<String>,
}

impl From<EndNode> for End {
    fn from(node: EndNode) -> Self {
        Self {
            id: node.id,
            kind: node.kind,
            text: node.label,
            entity: node.entity,
            squad: node.squad,
            cluster: node.cluster.map(|name| ClusterLink::new(&name)),
            environment: node.environment,
            reason: node.reason,
        }
    }
}

impl End {
    /// Its page: of a component the one of its calls.
    pub(crate) fn path(&self) -> Option<String> {
        if let Some(entity) = &self.entity {
            let is_component = entity.starts_with("component:");
            let tab = if is_component { "/mesh" } else { "" };
            return Some(format!("{}{tab}", entity_path(entity)));
        }
        let is_cluster = self.kind == TopologyNodeKind::Cluster;
        is_cluster.then(|| cluster_path(&self.text))
    }

    /// In words, for a title.
    pub(crate) fn title(&self) -> String {
        let mut title = format!("{} {}", self.kind.word(), self.text);
        for (word, value) in [
            ("squad", self.squad.as_ref()),
            ("cluster", self.cluster.as_ref().map(|cluster| &cluster.text)),
            ("environment", self.environment.as_ref()),
            ("because", self.reason.as_ref()),
        ] {
            if let Some(value) = value {
                let _infallible = write!(title, ", {word} {value}");
            }
        }
        title
    }
}

/// What the API says of measured calls.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Golden {
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) success_ratio: Option<f64>,
    pub(crate) latency_p50_ms: Option<f64>,
    pub(crate) latency_p95_ms: Option<f64>,
    pub(crate) open_connections: Option<f64>,
    pub(crate) secured_ratio: Option<f64>,
}

/// Measured calls in words; `None` = not known.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Requests a second, for ordering.
    pub(crate) per_second: Option<f64>,
    pub(crate) rate: Option<String>,
    pub(crate) success: Option<String>,
    pub(crate) judged: Success,
    pub(crate) p50: Option<String>,
    pub(crate) p95: Option<String>,
    pub(crate) connections: Option<String>,
    pub(crate) secured: Option<String>,
}

impl From<Golden> for Metrics {
    fn from(golden: Golden) -> Self {
        Self {
            per_second: golden.requests_per_second,
            rate: measure::rate(golden.requests_per_second),
            success: measure::percent(golden.success_ratio),
            judged: Success::of(golden.success_ratio),
            p50: measure::span(golden.latency_p50_ms),
            p95: measure::span(golden.latency_p95_ms),
            connections: measure::number(golden.open_connections),
            secured: measure::percent(golden.secured_ratio),
        }
    }
}

/// Calls from one node to another.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) metrics: Metrics,
    pub(crate) tls: TlsState,
    pub(crate) tls_reason: Option<String>,
    pub(crate) crosses_clusters: bool,
    pub(crate) mode: Option<LinkMode>,
    pub(crate) declared: Declared,
    pub(crate) last_seen: Option<Moment>,
    pub(crate) seen: Seen,
}

impl Call {
    /// In words, for a title.
    pub(crate) fn title(&self) -> String {
        let metrics = &self.metrics;
        let mut title = format!("{} → {}", self.from.text, self.to.text);
        let known = [
            ("", metrics.rate.as_ref()),
            ("success ", metrics.success.as_ref()),
            ("p95 ", metrics.p95.as_ref()),
            ("connections ", metrics.connections.as_ref()),
        ];
        for (word, value) in known.into_iter().filter_map(|(word, v)| Some((word, v?))) {
            let _infallible = write!(title, ", {word}{value}");
        }
        if metrics.rate.is_none() && metrics.connections.is_none() {
            title.push_str(", not measured");
        }
        let _infallible = write!(title, ", {}", self.tls.word());
        if let Some(mode) = self.mode.filter(|_| self.crosses_clusters) {
            let _infallible = write!(title, ", to another cluster {}", mode.word());
        }
        if self.declared == Declared::Missing {
            title.push_str(", not declared");
        }
        title
    }
}

/// What a document says of a time, if it says it.
pub(crate) fn moment(at: Option<DateTime>, now: DateTime) -> Option<Moment> {
    at.map(|at| Moment::new(at, now))
}

/// An end of a document's calls.
macro_rules! end {
    ($node:expr) => {{
        let node = $node;
        $crate::calls::End::from($crate::calls::EndNode {
            id: node.id,
            kind: node.kind,
            label: node.label,
            entity: node.entity.map(|entity| entity.ref_),
            squad: node.squad_name,
            cluster: node.cluster.map(|cluster| cluster.name),
            environment: node.environment,
            reason: node.reason,
        })
    }};
}

/// Calls of a document.
macro_rules! call {
    ($edge:expr, $now:expr) => {{
        let edge = $edge;
        let golden =
            edge.metrics.map_or_else($crate::calls::Golden::default, |one| $crate::calls::Golden {
                requests_per_second: one.requests_per_second,
                success_ratio: one.success_ratio,
                latency_p50_ms: one.latency_p50_ms,
                latency_p95_ms: one.latency_p95_ms,
                open_connections: one.open_connections,
                secured_ratio: one.secured_ratio,
            });
        $crate::calls::Call {
            from: $crate::calls::end!(edge.from),
            to: $crate::calls::end!(edge.to),
            metrics: golden.into(),
            tls: edge.tls,
            tls_reason: edge.tls_reason,
            crosses_clusters: edge.crosses_clusters,
            mode: edge.mode,
            declared: edge.declared,
            last_seen: $crate::calls::moment(edge.last_seen, $now),
            seen: $crate::seen::seen!(edge.observation, $now),
        }
    }};
}

pub(crate) use {call, end};

//! What the page of a cluster shows.

use askama::Template;

use super::{
    document::{ClusterNode, LinkNode, WorkloadNode},
    url_state::ClusterUrl,
};
use crate::{
    calls::LinkMode,
    clusters::{grant, nodes},
    entity_link::EntityLink,
    frame::Frame,
    gateway::Gap,
    measure,
    moment::Moment,
    place::Cloud,
    running::{Health, ImageName, Pods, images, pods},
    scalar::DateTime,
    seen::{Seen, seen},
    standing::ClusterLink,
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "cluster/cluster.html")]
pub(super) struct ClusterPage {
    frame: Frame,
    gaps: Vec<Gap>,
    link: ClusterLink,
    cloud: Cloud,
    region: Option<String>,
    environment: Option<String>,
    version: Option<String>,
    nodes: Option<String>,
    seen: Seen,
    sources: Vec<(&'static str, Seen)>,
    kinds: Vec<Kind>,
    grants: Vec<String>,
    links: Vec<Link>,
    filter: Filter,
    total: i64,
    rows: Vec<Row>,
    first_url: Option<String>,
    next_url: Option<String>,
}

/// A watched kind.
#[derive(Debug)]
struct Kind {
    name: String,
    api_version: String,
    count: Option<String>,
    seen: Seen,
}

/// A Link to another cluster.
#[derive(Debug)]
struct Link {
    name: String,
    /// The other cluster's page; `None` = none of this name is configured.
    target: Option<ClusterLink>,
    target_name: String,
    mode: LinkMode,
    /// `None` for a flat network.
    gateway: Option<Gateway>,
    mirrored: Option<String>,
    errors: Vec<String>,
}

/// The gateway behind a Link.
#[derive(Debug)]
struct Gateway {
    address: Option<String>,
    is_alive: Option<bool>,
    latency: Option<String>,
    seen: Option<Seen>,
}

/// Which workloads are shown.
#[derive(Debug)]
struct Filter {
    url: ClusterUrl,
    path: String,
}

/// A workload.
#[derive(Debug)]
struct Row {
    namespace: String,
    namespace_url: String,
    kind: String,
    name: String,
    entity: Option<EntityLink>,
    squad: Option<String>,
    health: Health,
    pods: Pods,
    images: Vec<ImageName>,
    meshed: Option<bool>,
    proxies: String,
    warnings: Vec<Warning>,
    seen: Seen,
}

/// What Kubernetes warned of.
#[derive(Debug)]
struct Warning {
    reason: String,
    message: String,
    object: String,
    count: i64,
    last_seen: Option<Moment>,
}

impl ClusterPage {
    /// The page of what the API answered to what the URL said.
    pub(super) fn new(
        frame: Frame,
        gaps: Vec<Gap>,
        (url, node): (&ClusterUrl, ClusterNode),
        now: DateTime,
    ) -> Self {
        let list = node.workloads;
        let page = list.page_info;
        let next = page.end_cursor.filter(|_| page.has_next_page);
        let link = ClusterLink::new(&node.name);
        Self {
            frame,
            gaps,
            cloud: node.cloud,
            region: node.region,
            environment: node.environment,
            version: node.version,
            nodes: nodes(node.node_summary.ready, node.node_summary.total),
            seen: seen!(node.observation, now),
            sources: node
                .sources
                .into_iter()
                .map(|one| (one.kind.word(), seen!(one.observation, now)))
                .collect(),
            kinds: node
                .resources
                .into_iter()
                .map(|one| Kind {
                    name: one.kind,
                    api_version: one.api_version,
                    count: one.count.map(|count| count.to_string()),
                    seen: seen!(one.observation, now),
                })
                .collect(),
            grants: node
                .missing_grants
                .iter()
                .map(|one| grant(&one.verb, &one.resource, &one.group))
                .collect(),
            links: node.links.into_iter().map(|one| Link::new(one, now)).collect(),
            filter: Filter { path: link.path.clone(), url: url.clone() },
            total: list.total_count,
            rows: list.nodes.into_iter().map(|one| Row::new(url, one, now)).collect(),
            first_url: page.has_previous_page.then(|| url.url_after(None)),
            next_url: next.map(|cursor| url.url_after(Some(cursor))),
            link,
        }
    }

    /// Every value that health can have, with whether it is chosen.
    fn healths(&self) -> impl Iterator<Item = (Health, bool)> {
        let chosen = self.filter.url.health;
        Health::ALL.into_iter().map(move |one| (one, chosen == Some(one)))
    }

    /// Whether any workload of the page was warned of.
    fn has_warnings(&self) -> bool {
        self.rows.iter().any(|row| !row.warnings.is_empty())
    }
}

impl Link {
    fn new(node: LinkNode, now: DateTime) -> Self {
        Self {
            name: format!("{}/{}", node.namespace, node.name),
            target: node.target.map(|target| ClusterLink::new(&target.name)),
            target_name: node.target_name,
            mode: node.mode,
            gateway: node.gateway.map(|gateway| Gateway {
                address: gateway.address,
                is_alive: gateway.alive,
                latency: measure::span(gateway.latency_p95_ms),
                seen: gateway.observation.map(|one| seen!(one, now)),
            }),
            mirrored: node.mirrored_services.map(|count| count.to_string()),
            errors: node.errors,
        }
    }
}

impl Row {
    fn new(url: &ClusterUrl, node: WorkloadNode, now: DateTime) -> Self {
        Self {
            namespace_url: url.url_of_namespace(&node.namespace),
            namespace: node.namespace,
            kind: node.kind,
            name: node.name,
            entity: node.entity.map(|entity| EntityLink::new(&entity.ref_, None, "component")),
            squad: node.squad_name,
            health: node.health,
            pods: pods!(node.replicas),
            images: images!(node.images),
            meshed: node.meshed,
            proxies: node.proxy_versions.join(", "),
            warnings: node
                .warnings
                .into_iter()
                .map(|one| Warning {
                    reason: one.reason,
                    message: one.message,
                    object: one.object,
                    count: one.count,
                    last_seen: one.last_seen.map(|at| Moment::new(at, now)),
                })
                .collect(),
            seen: seen!(node.observation, now),
        }
    }
}

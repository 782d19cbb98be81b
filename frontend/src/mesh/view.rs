//! What the page of the map shows.

use askama::Template;

use super::{
    Aggregated, MAX_NODES,
    choices::{Choices, Known, words},
    document::{CoverageNode, ResponseData},
    picture::Picture,
    url_state::{MeshUrl, TopologyGrouping, View},
};
use crate::{
    calls::{Call, End, call, end},
    frame::Frame,
    gateway::Gap,
    scalar::DateTime,
    seen::{Seen, seen},
    standing::{ClusterLink, Strip, strip},
};

/// Rows of a page of the table.
const PAGE_SIZE: usize = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "mesh/mesh.html")]
pub(super) struct MeshPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    has_clusters: bool,
    scope: String,
    is_everything: bool,
    choices: Choices,
    grouping: TopologyGrouping,
    instead_of: Option<(TopologyGrouping, i64)>,
    /// How many nodes a map can show.
    max_nodes: usize,
    total_nodes: i64,
    total_edges: i64,
    /// Calls that the API left out.
    cut_edges: i64,
    coverage: Vec<Coverage>,
    map_url: String,
    table_url: String,
    shown: Shown,
}

/// The map or its twin.
#[derive(Debug)]
enum Shown {
    Map(Picture),
    Table(Table),
}

/// A page of the table.
#[derive(Debug)]
struct Table {
    rows: Vec<Call>,
    first: usize,
    previous_url: Option<String>,
    next_url: Option<String>,
}

/// Whether the map speaks for a cluster.
#[derive(Debug)]
struct Coverage {
    /// `None` = it is not for this reader.
    cluster: Option<ClusterLink>,
    speaks: bool,
    reason: Option<String>,
    /// `None` = no metrics are configured.
    seen: Option<Seen>,
    dropped: i64,
}

impl MeshPage {
    /// The page of what the API answered to what the URL said.
    pub(super) fn new(
        (frame, gaps): (Frame, Vec<Gap>),
        (url, aggregated): (MeshUrl, Aggregated),
        data: ResponseData,
        now: DateTime,
    ) -> Self {
        let known = known(&data);
        let topology = data.topology;
        let mut calls: Vec<Call> =
            topology.edges.into_iter().map(|edge| call!(edge, now)).collect();
        let found = i64::try_from(calls.len()).unwrap_or(i64::MAX);
        let nodes: Vec<End> = topology.nodes.into_iter().map(|node| end!(node)).collect();
        let grouping = aggregated.grouping;
        let shown = match url.view {
            View::Map => {
                let lanes = url.lanes.unwrap_or_else(|| grouping.lanes());
                Shown::Map(Picture::new(&url, lanes, nodes, &calls))
            }
            View::Table => {
                calls.sort_by(|one, other| {
                    let rate = |call: &Call| call.metrics.per_second.unwrap_or(-1.0);
                    let names = |call: &Call| (call.from.text.clone(), call.to.text.clone());
                    rate(other).total_cmp(&rate(one)).then_with(|| names(one).cmp(&names(other)))
                });
                Shown::Table(Table::new(&url, calls))
            }
        };
        Self {
            frame,
            gaps,
            has_clusters: !data.clusters.is_empty(),
            strip: strip!(data.clusters, now),
            scope: words(&url.scope),
            is_everything: url.scope.parameter().is_empty(),
            choices: Choices::new(&url, known),
            grouping,
            instead_of: aggregated.instead_of,
            max_nodes: MAX_NODES,
            total_nodes: topology.total_nodes,
            total_edges: topology.total_edges,
            cut_edges: topology.total_edges.saturating_sub(found),
            coverage: topology.coverage.into_iter().map(|one| Coverage::new(one, now)).collect(),
            map_url: url.url_as(View::Map),
            table_url: url.url_as(View::Table),
            shown,
        }
    }

    /// The clusters that it does not speak for, or not wholly.
    fn uncovered(&self) -> usize {
        self.coverage.iter().filter(|one| !one.is_whole()).count()
    }

    /// What is drawn of all there is, such as `40 of 312 edges`.
    fn drawn_in_words(&self, picture: &Picture) -> String {
        let drawn = picture.edges.len();
        let total = self.total_edges;
        if i64::try_from(drawn).is_ok_and(|drawn| drawn == total) {
            return format!("all {total} edges");
        }
        format!("{drawn} of {total} edges, the busiest")
    }
}

impl Table {
    fn new(url: &MeshUrl, calls: Vec<Call>) -> Self {
        let skipped = url.page.saturating_sub(1).saturating_mul(PAGE_SIZE);
        let total = calls.len();
        let rows: Vec<Call> = calls.into_iter().skip(skipped).take(PAGE_SIZE).collect();
        let has_next = skipped.saturating_add(rows.len()) < total && !rows.is_empty();
        Self {
            rows,
            first: skipped.saturating_add(1),
            previous_url: (url.page > 1).then(|| url.url_of_page(url.page - 1)),
            next_url: has_next.then(|| url.url_of_page(url.page + 1)),
        }
    }

    /// The number of the last row.
    fn last(&self) -> usize {
        self.first.saturating_add(self.rows.len()).saturating_sub(1)
    }
}

impl Coverage {
    fn new(node: CoverageNode, now: DateTime) -> Self {
        Self {
            cluster: node.cluster.map(|cluster| ClusterLink::new(&cluster.name)),
            speaks: node.speaks,
            reason: node.reason,
            seen: node.observation.map(|one| seen!(one, now)),
            dropped: node.dropped_series.unwrap_or(0),
        }
    }

    /// Whether everything of the cluster is there and is the present, or a whole recording.
    fn is_whole(&self) -> bool {
        let is_current = self.seen.as_ref().is_some_and(|seen| seen.state.is_current());
        self.speaks && self.dropped == 0 && is_current
    }
}

fn known(data: &ResponseData) -> Known {
    let clusters = &data.clusters;
    let refs = |values: Vec<String>, kind: &str| -> Vec<String> {
        let mut refs: Vec<_> = values.into_iter().filter(|value| value.starts_with(kind)).collect();
        refs.sort_unstable();
        refs
    };
    let owners = data.owners.iter().flat_map(|facet| &facet.values);
    let systems = data.systems.iter().flat_map(|facet| &facet.values);
    Known {
        environments: clusters.iter().filter_map(|one| one.environment.clone()).collect(),
        clouds: clusters.iter().map(|one| one.cloud).collect(),
        clusters: clusters.iter().map(|one| one.name.clone()).collect(),
        squads: refs(owners.map(|one| one.value.clone()).collect(), "group:"),
        systems: refs(systems.map(|one| one.value.clone()).collect(), "system:"),
    }
}

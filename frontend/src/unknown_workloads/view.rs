//! What the page of unknown workloads shows.

use askama::Template;

use super::{
    document::{MissingNode, ResponseData, WorkloadNode},
    url_state::UnknownUrl,
};
use crate::{
    entity_link::EntityLink,
    frame::Frame,
    gateway::Gap,
    running::{Health, ImageName, MissingVerdict, Pods, images, pods},
    scalar::DateTime,
    seen::{Seen, seen},
    standing::{ClusterLink, Strip, strip},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "unknown_workloads/unknown_workloads.html")]
pub(super) struct UnknownWorkloadsPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    url: UnknownUrl,
    clusters: Vec<String>,
    total: i64,
    others: i64,
    others_url: String,
    groups: Vec<Group>,
    blind: Vec<(ClusterLink, Seen)>,
    pages: Pages,
    missing_total: i64,
    missing: Vec<Missing>,
    missing_pages: Pages,
}

/// Workloads of one cluster.
#[derive(Debug)]
struct Group {
    cluster: ClusterLink,
    rows: Vec<Row>,
}

/// A workload.
#[derive(Debug)]
struct Row {
    namespace: String,
    kind: String,
    name: String,
    squad: Option<String>,
    health: Health,
    pods: Pods,
    images: Vec<ImageName>,
    descriptor: Option<String>,
    seen: Seen,
}

/// A component that was not found.
#[derive(Debug)]
struct Missing {
    link: EntityLink,
    owner: Option<EntityLink>,
    annotation: String,
    is_certain: bool,
    spots: Vec<(ClusterLink, String)>,
}

/// Other pages of a list.
#[derive(Debug)]
struct Pages {
    first: Option<String>,
    next: Option<String>,
}

impl UnknownWorkloadsPage {
    /// The page of what the API answered to what the URL said.
    pub(super) fn new(
        (frame, gaps): (Frame, Vec<Gap>),
        url: UnknownUrl,
        data: ResponseData,
        now: DateTime,
    ) -> Self {
        let (list, missing) = (data.unknown_workloads, data.missing_components);
        let (page, missing_page) = (list.page_info, missing.page_info);
        let next = page.end_cursor.filter(|_| page.has_next_page);
        let missing_next = missing_page.end_cursor.filter(|_| missing_page.has_next_page);
        let blind = list.blind_clusters.into_iter();
        Self {
            frame,
            gaps,
            clusters: data.clusters.iter().map(|cluster| cluster.name.clone()).collect(),
            strip: strip!(data.clusters, now),
            total: list.total_count,
            others: data.others.total_count,
            others_url: url.url_of_others(),
            groups: grouped(list.nodes, now),
            blind: blind
                .map(|one| (ClusterLink::new(&one.cluster.name), seen!(one.observation, now)))
                .collect(),
            pages: Pages {
                first: page.has_previous_page.then(|| url.url_after(None)),
                next: next.map(|cursor| url.url_after(Some(cursor))),
            },
            missing_total: missing.total_count,
            missing: missing.nodes.into_iter().map(Missing::new).collect(),
            missing_pages: Pages {
                first: missing_page.has_previous_page.then(|| url.url_missing_after(None)),
                next: missing_next.map(|cursor| url.url_missing_after(Some(cursor))),
            },
            url,
        }
    }
}

/// By cluster, as they come; within each by namespace, then by squad.
fn grouped(nodes: Vec<WorkloadNode>, now: DateTime) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for node in nodes {
        let cluster = ClusterLink::new(&node.cluster.name);
        let row = Row {
            namespace: node.namespace,
            kind: node.kind,
            name: node.name,
            squad: node.squad_name,
            health: node.health,
            pods: pods!(node.replicas),
            images: images!(node.images),
            descriptor: node.descriptor,
            seen: seen!(node.observation, now),
        };
        match groups.last_mut() {
            Some(last) if last.cluster == cluster => last.rows.push(row),
            _ => groups.push(Group { cluster, rows: vec![row] }),
        }
    }
    for group in &mut groups {
        let key = |row: &Row| (row.namespace.clone(), row.squad.clone());
        group.rows.sort_by_cached_key(key);
    }
    groups
}

impl Missing {
    fn new(node: MissingNode) -> Self {
        let owner = node.owner;
        let spots = node.blind_spots.into_iter();
        Self {
            link: match node.entity {
                Some(entity) => EntityLink::new(&node.ref_, entity.title.as_deref(), "component"),
                None => EntityLink::missing(&node.ref_),
            },
            owner: owner.map(|one| EntityLink::new(&one.ref_, Some(&one.display_name), "group")),
            annotation: node.annotation,
            is_certain: node.verdict == MissingVerdict::Missing,
            spots: spots.map(|one| (ClusterLink::new(&one.cluster_name), one.reason)).collect(),
        }
    }
}

//! What the tab *Runs on* shows.

use askama::Template;

use super::{
    document::{KindNode, MissingNode, PlacementNode, PlacementRule, ResponseData},
    versions::Versions,
};
use crate::{
    entity_head::EntityHead,
    entity_link::EntityLink,
    frame::Frame,
    gateway::Gap,
    place::Cloud,
    running::{Health, ImageName, MissingVerdict, Pods, images, pods},
    scalar::DateTime,
    seen::{Seen, seen},
    standing::{ClusterLink, Strip, strip},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "runs_on/runs_on.html")]
pub(super) struct RunsOnPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    head: EntityHead,
    /// Whether its kind can run at all.
    is_component: bool,
    has_clusters: bool,
    rows: Vec<Row>,
    blind: Vec<Blind>,
    missing: Option<Missing>,
    versions: Versions,
}

/// Where a cluster is.
#[derive(Debug)]
struct Place {
    link: ClusterLink,
    cloud: Cloud,
    region: Option<String>,
    environment: Option<String>,
}

/// One workload in one cluster.
#[derive(Debug)]
struct Row {
    place: Place,
    namespace: String,
    kind: String,
    name: String,
    health: Health,
    pods: Pods,
    images: Vec<ImageName>,
    meshed: Option<bool>,
    rule: PlacementRule,
    claimants: Vec<EntityLink>,
    seen: Seen,
}

/// A cluster where it may run, too.
#[derive(Debug)]
struct Blind {
    place: Place,
    seen: Seen,
}

/// What is known of it if it says that it runs and was not found.
#[derive(Debug)]
struct Missing {
    annotation: String,
    is_certain: bool,
    spots: Vec<(ClusterLink, String)>,
}

macro_rules! place {
    ($cluster:expr) => {{
        let cluster = $cluster;
        Place {
            link: ClusterLink::new(&cluster.name),
            cloud: cluster.cloud,
            region: cluster.region,
            environment: cluster.environment,
        }
    }};
}

impl RunsOnPage {
    /// The page of what the API answered; `None` if there is no such entity.
    pub(super) fn new(
        frame: Frame,
        gaps: Vec<Gap>,
        data: ResponseData,
        now: DateTime,
    ) -> Option<Self> {
        let entity = data.entity?;
        let head = EntityHead::new(entity.ref_, entity.kind, entity.name, entity.title);
        let mut page = Self {
            frame,
            gaps,
            head,
            has_clusters: !data.clusters.is_empty(),
            strip: strip!(data.clusters, now),
            is_component: false,
            rows: Vec::new(),
            blind: Vec::new(),
            missing: None,
            versions: Versions::default(),
        };
        if let KindNode::Component(node) = entity.on {
            page.is_component = true;
            page.rows = node.placements.into_iter().map(|one| Row::new(one, now)).collect();
            page.missing = node.missing.map(Missing::new);
            page.versions = Versions::new(node.versions.rows);
            let shown = |name: &str| page.rows.iter().any(|row| row.place.link.text == name);
            let blind = node.blind_clusters.into_iter();
            page.blind = blind
                // A cluster whose last good answer is shown says so in its own rows.
                .filter(|one| !shown(&one.cluster.name))
                .map(|one| Blind { place: place!(one.cluster), seen: seen!(one.observation, now) })
                .collect();
        }
        Some(page)
    }

    /// How many clusters it is known to run in.
    fn clusters(&self) -> usize {
        let mut names: Vec<_> = self.rows.iter().map(|row| &row.place.link.text).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }
}

impl Row {
    fn new(node: PlacementNode, now: DateTime) -> Self {
        let claimants = node.workload.also_claimed_by.iter();
        Self {
            place: place!(node.cluster),
            claimants: claimants.map(|one| EntityLink::new(&one.ref_, None, "component")).collect(),
            namespace: node.workload.namespace,
            kind: node.workload.kind,
            name: node.workload.name,
            health: node.health,
            pods: pods!(node.replicas),
            images: images!(node.images),
            meshed: node.workload.meshed,
            rule: node.matched_by,
            seen: seen!(node.observation, now),
        }
    }
}

impl Missing {
    fn new(node: MissingNode) -> Self {
        let spots = node.blind_spots.into_iter();
        Self {
            annotation: node.annotation,
            is_certain: node.verdict == MissingVerdict::Missing,
            spots: spots.map(|one| (ClusterLink::new(&one.cluster_name), one.reason)).collect(),
        }
    }
}

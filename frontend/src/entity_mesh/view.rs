//! What the tab *Mesh* shows.

use askama::Template;

use super::{
    document::{ImpactNode, KindNode, ResponseData},
    drift::Drift,
};
use crate::{
    calls::{Call, Window, call},
    entity_head::EntityHead,
    entity_link::EntityLink,
    frame::Frame,
    gateway::Gap,
    mesh::url_state::MeshUrl,
    scalar::DateTime,
    standing::{Strip, strip},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "entity_mesh/entity_mesh.html")]
pub(super) struct EntityMeshPage {
    frame: Frame,
    gaps: Vec<Gap>,
    strip: Strip,
    head: EntityHead,
    has_clusters: bool,
    window: Window,
    map_url: String,
    impact: Impact,
    /// `None` = its kind calls nobody.
    seen: Option<Calls>,
}

/// Calls and drift of a component.
#[derive(Debug)]
struct Calls {
    callers: Vec<Call>,
    callees: Vec<Call>,
    drift: Drift,
}

/// Who is hit when it fails.
#[derive(Debug)]
struct Impact {
    total: i64,
    squads: Vec<ImpactedSquad>,
}

/// A squad that is hit.
#[derive(Debug)]
struct ImpactedSquad {
    name: String,
    link: Option<EntityLink>,
    callers: i64,
    distance: i64,
}

impl EntityMeshPage {
    /// The page of what the API answered; `None` if there is no such entity.
    pub(super) fn new(
        (frame, gaps): (Frame, Vec<Gap>),
        window: Window,
        data: ResponseData,
        now: DateTime,
    ) -> Option<Self> {
        let entity = data.entity?;
        let head = EntityHead::new(entity.ref_, entity.kind, entity.name, entity.title);
        let seen = match entity.on {
            KindNode::Component(node) => Some(Calls {
                callers: node.callers.into_iter().map(|one| call!(one, now)).collect(),
                callees: node.callees.into_iter().map(|one| call!(one, now)).collect(),
                drift: Drift::new(node.dependency_drift, now),
            }),
            _ => None,
        };
        Some(Self {
            frame,
            gaps,
            has_clusters: !data.clusters.is_empty(),
            strip: strip!(data.clusters, now),
            window,
            map_url: MeshUrl::around(&head.entity_ref, window).url(),
            impact: Impact::new(data.impact),
            head,
            seen,
        })
    }

    /// Every window, with its address and whether it is chosen.
    fn windows(&self) -> impl Iterator<Item = (Window, String, bool)> {
        let address = |one: Window| format!("{}/mesh?window={}", self.head.path, one.parameter());
        Window::ALL.into_iter().map(move |one| (one, address(one), one == self.window))
    }
}

impl Impact {
    fn new(node: ImpactNode) -> Self {
        let squads = node.squads.into_iter().map(|one| ImpactedSquad {
            link: one.group.map(|group| EntityLink::new(&group.ref_, Some(&one.name), "group")),
            name: one.name,
            callers: one.total_callers,
            distance: one.distance,
        });
        Self { total: node.total_callers, squads: squads.collect() }
    }
}

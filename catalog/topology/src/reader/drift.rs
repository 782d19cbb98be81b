//! What is known of one entity's calls, gathered from a picture.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use callboard_model::EntityRef;
use callboard_plugin::{GoldenMetrics, MetricsWindow, Observation, ObservationState};

use crate::{
    dependency_history::Seen,
    drift::{DependencyDrift, DriftInput, drift},
    estate::EstatePicture,
    topology::{
        Declaration, Declared, EdgeId, NodeId, TlsState, TopologyEdge, TopologyGrouping,
        TopologyNode, TopologyNodeKind, declarations, declared,
    },
};

/// The drift of one entity; empty if there is none of this ref.
pub(super) fn drift_of(picture: &EstatePicture, entity_ref: &EntityRef) -> DependencyDrift {
    let options = picture.inputs().options;
    let (facts, visibility) = (picture.facts(), picture.visibility());
    let known = facts.get(entity_ref).filter(|_| visibility.reads(facts, entity_ref));
    let Some(known) = known else {
        return DependencyDrift {
            unseen_after: options.unseen_after,
            ..DependencyDrift::default()
        };
    };
    let history = &picture.inputs().history;
    let runs = |target: &EntityRef| picture.is_placed(target);
    let last_seen = |targets: &[EntityRef]| {
        targets.iter().filter_map(|target| history.seen(entity_ref, target)).map(|s| s.last).max()
    };
    let declared = declarations(facts, visibility, known).into_iter().filter_map(|declaration| {
        let targets: Vec<EntityRef> =
            declaration.targets.into_iter().filter(|target| runs(target)).collect();
        let is_seen = (!targets.is_empty() && runs(entity_ref)).then(|| last_seen(&targets))?;
        Some((Declaration { targets, ..declaration }, is_seen))
    });
    drift(&DriftInput {
        facts: known,
        undeclared: undeclared(picture, entity_ref),
        declared: declared.collect(),
        blind: blind(picture, entity_ref),
        observed_since: history.since(),
        as_of: picture.as_of(),
        unseen_after: options.unseen_after,
    })
}

/// The undeclared calls that were seen within the span that counts, by the called entity.
fn undeclared(picture: &EstatePicture, from: &EntityRef) -> Vec<Arc<TopologyEdge>> {
    let (facts, visibility) = (picture.facts(), picture.visibility());
    let mut edges: BTreeMap<EntityRef, Arc<TopologyEdge>> = BTreeMap::new();
    let all = picture.all_edges(TopologyGrouping::Component);
    let mut from_node = None;
    for edge in all.iter().filter(|edge| edge.from.entity.as_ref() == Some(from)) {
        from_node = Some(Arc::clone(&edge.from));
        let Some(to) = edge.to.entity.clone().filter(|_| edge.has_traffic()) else { continue };
        edges.insert(to, Arc::clone(edge));
    }
    let span = picture.inputs().options.unseen_after;
    let oldest = picture.as_of().and_then(|as_of| as_of.checked_sub(span));
    for (to, seen) in picture.inputs().history.callees(from) {
        let is_meant = oldest.is_some_and(|oldest| seen.last >= oldest)
            && !edges.contains_key(to)
            && visibility.reads(facts, to);
        if is_meant {
            let from_node = from_node.clone().unwrap_or_else(|| entity_node(picture, from));
            let declared = declared(facts, visibility, Some(from), Some(to));
            edges.insert(to.clone(), Arc::new(past_edge(picture, from_node, to, (seen, declared))));
        }
    }
    edges.into_values().filter(|edge| edge.declared == Declared::Undeclared).collect()
}

/// Calls that were seen before and are not in any window now.
fn past_edge(
    picture: &EstatePicture,
    from: Arc<TopologyNode>,
    to: &EntityRef,
    (seen, declared): (Seen, Declared),
) -> TopologyEdge {
    let to = entity_node(picture, to);
    TopologyEdge {
        id: EdgeId::between(&from.id, &to.id),
        from,
        to,
        metrics: GoldenMetrics::default(),
        tls: TlsState::Unknown,
        tls_reason: Some("no calls were measured lately".into()),
        crosses_clusters: false,
        mode: None,
        declared,
        first_seen: Some(seen.first),
        last_seen: Some(seen.last),
        observation: recorded(seen.last),
    }
}

fn recorded(at: SystemTime) -> Observation {
    Observation {
        source: "callboard/observed-dependencies".into(),
        state: ObservationState::Recorded,
        reason: Some("from the record of observed calls".into()),
        since: at,
        observed_at: Some(at),
    }
}

fn entity_node(picture: &EstatePicture, entity: &EntityRef) -> Arc<TopologyNode> {
    let facts = picture.facts().get(entity);
    let title = facts.and_then(|facts| facts.title.clone());
    let may_name = |owner: &EntityRef| picture.visibility().names(picture.facts(), owner);
    Arc::new(TopologyNode {
        entity: Some(entity.clone()),
        owner: facts.and_then(|facts| facts.owner.clone()).filter(may_name),
        system: facts.and_then(|facts| facts.system.clone()).filter(may_name),
        ..TopologyNode::bare(
            NodeId::of_entity("component", entity),
            TopologyNodeKind::Component,
            title.unwrap_or_else(|| entity.name().into()),
        )
    })
}

/// Why the calls of an entity cannot be seen; `None` if those of one of its clusters can.
fn blind(picture: &EstatePicture, entity: &EntityRef) -> Option<Arc<str>> {
    let placements = picture.placements(entity);
    let mut reason: Option<Arc<str>> = None;
    for (input, shape, _) in picture.clusters() {
        if !placements.iter().any(|placed| placed.cluster == shape.name) {
            continue;
        }
        let Some(mesh) = &input.mesh else {
            reason.get_or_insert_with(|| {
                format!("no metrics are configured for {}", shape.name).into()
            });
            continue;
        };
        let observation = &mesh.window(MetricsWindow::M5).observation;
        if mesh.windows.iter().any(|window| window.observation.observed_at.is_some()) {
            return None;
        }
        let why = observation.reason.as_deref().unwrap_or("nothing has been read yet");
        reason.get_or_insert_with(|| format!("the mesh of {}: {why}", shape.name).into());
    }
    reason
}

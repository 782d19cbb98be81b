//! Stitching what has changed, making it durable and publishing it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Session, figures,
    follow::{log_fault, offload},
    lead::{LeadError, Term, jitter},
};
use crate::{
    final_entity::{FinalEntity, FinalState},
    index::{EntityIndex, IndexedEntity},
    processing::ProcessingError,
    refresh_graph::{Conflict, RefId, RefreshGraph, Staged},
    stitching::{CompletedJson, StitchInput, stitch},
    store::{Commit, FinalEntityChange, RefreshStateChange, StoreError},
};

/// The longest pause between two tries to write, while the database does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Writes everything that is staged in one transaction, then publishes it. Waits for the
    /// database as long as it takes: what is staged is kept, and readers go on.
    pub(super) async fn flush(
        &mut self,
        term: &mut Term,
        cause: &'static str,
        stop: &CancellationToken,
    ) -> Result<(), LeadError> {
        let started = Instant::now();
        let graph = std::mem::take(&mut term.graph);
        let rules: Arc<str> = self.engine.ports.orchestrator.fingerprint().into();
        let served = self.engine.catalog.newest();
        let (graph, commit) = offload(move || {
            let mut graph = graph;
            let mut staged = graph.take_staged();
            let due = std::mem::take(&mut staged.due);
            let commit = prepare(&graph, staged, &served, &rules, cause);
            graph.set_due(due);
            (graph, commit)
        })
        .await;
        term.graph = graph;
        figures::known(term.graph.relation_count(), term.graph.location_count());
        let written = self.write(term, &commit, stop).await?;
        let Some(revision) = written else { return Ok(()) };
        let stitched = commit.final_entities.len();
        self.engine.status.send_modify(|status| status.stitched_total += stitched as u64);
        figures::stitched(stitched as u64, started.elapsed());
        if let Some(revision) = revision {
            self.publish(revision, commit.final_entities).await;
            tracing::info!(
                catalog.revision = revision,
                catalog.changes = stitched,
                duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                "revision {revision}: {stitched} entities changed",
            );
        }
        for waiting in term.waiting.drain(..) {
            // Whoever no longer waits need not be told.
            let _gone = waiting.send(());
        }
        term.last_flush = Instant::now();
        Ok(())
    }

    /// `None` if stopped before it was written.
    async fn write(
        &self,
        term: &mut Term,
        commit: &Commit,
        stop: &CancellationToken,
    ) -> Result<Option<Option<u64>>, LeadError> {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.engine.ports.store.commit(term.fence, commit).await {
                Ok(revision) => return Ok(Some(revision)),
                Err(error @ StoreError::Unavailable { .. }) => {
                    log_fault(&error, "a commit waits for the database");
                }
                Err(error) => return Err(LeadError::Store(error)),
            }
            if !term.holds_lease() {
                tracing::warn!("the ingestion lease has run out; its fencing number decides");
            }
            tokio::select! {
                () = tokio::time::sleep(pause.mul_f64(0.5 + jitter())) => {}
                () = stop.cancelled() => return Ok(None),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// What is staged, as one transaction. Pure.
fn prepare(
    graph: &RefreshGraph,
    mut staged: Staged,
    served: &EntityIndex,
    rules: &str,
    cause: &'static str,
) -> Commit {
    let mut refresh_states: Vec<_> =
        staged.deleted.iter().cloned().map(RefreshStateChange::Delete).collect();
    for id in &staged.dirty {
        if let Some(row) = graph.row(*id, rules) {
            let unprocessed = staged.unprocessed.remove(id);
            refresh_states.push(RefreshStateChange::Put { row, unprocessed });
        }
    }
    let stitch = std::mem::take(&mut staged.stitch);
    let stitch_one = |id: &RefId| stitch_one(graph, &mut staged, served, *id);
    let final_entities = stitch.iter().filter_map(stitch_one).collect();
    Commit { refresh_states, final_entities, cause }
}

/// The change of one final entity; `None` if it stays as it is.
fn stitch_one(
    graph: &RefreshGraph,
    staged: &mut Staged,
    served: &EntityIndex,
    id: RefId,
) -> Option<FinalEntityChange> {
    let entity_ref = graph.entity_ref(id);
    let old = served.stored(entity_ref);
    let Some(node) = graph.node(id) else {
        return old.map(|_| FinalEntityChange::Delete(entity_ref.clone()));
    };
    let (state, completed) = completed_of(staged, id, old)?;
    let notes = conflict_errors(graph, &node.conflicts);
    let errors: Vec<_> = node.errors.iter().chain(&node.stale).chain(&notes).collect();
    let relations = match state {
        FinalState::Completed => graph.relations_of(id),
        FinalState::Failed => Vec::new(),
    };
    let body = stitch(&StitchInput {
        completed: &completed,
        entity_id: &node.entity_id,
        relations: &relations,
        errors: &errors,
        warnings: &node.warnings,
        omitted_errors: node.omitted_errors,
        is_orphan: node.is_orphan(),
    });
    let parents: Arc<[_]> = graph.parents(id).into();
    let is_same = old.is_some_and(|old| {
        old.1.json == body.as_bytes() && old.1.parents == parents && old.0 == state
    });
    (!is_same).then(|| {
        FinalEntityChange::Put(FinalEntity {
            entity_ref: entity_ref.clone(),
            entity_id: Arc::clone(&node.entity_id),
            state,
            body,
            parents,
        })
    })
}

/// The last good entity: of this processing, else as it is served; else what failed. Takes it out
/// of what is staged, so that a large load is not held twice.
fn completed_of(
    staged: &mut Staged,
    id: RefId,
    old: Option<(FinalState, &Arc<IndexedEntity>)>,
) -> Option<(FinalState, CompletedJson)> {
    if let Some(completed) = staged.completed.remove(&id) {
        return Some((FinalState::Completed, completed));
    }
    match (old, staged.failed.remove(&id)) {
        (None | Some((FinalState::Failed, _)), Some(failed)) => Some((FinalState::Failed, failed)),
        (Some((state, old)), _) => Some((state, CompletedJson::of_served(&old.json).ok()?)),
        (None, None) => None,
    }
}

/// What its owner is told of the entities that a Location emits in vain.
fn conflict_errors(graph: &RefreshGraph, conflicts: &[Conflict]) -> Vec<ProcessingError> {
    let distinct: BTreeSet<_> = conflicts
        .iter()
        .map(|conflict| {
            let entity_ref = graph.entity_ref(conflict.entity);
            let Conflict { location_key, owner_key, .. } = conflict;
            if location_key == owner_key {
                format!("{entity_ref} stands more than once in {location_key}; the first is used")
            } else {
                format!(
                    "{location_key} defines {entity_ref}, which already belongs to {owner_key}; \
                     remove or rename one of the two"
                )
            }
        })
        .collect();
    let error = |message| ProcessingError {
        name: "ConflictError".to_owned(),
        message,
        stage: "location",
        target: None,
    };
    distinct.into_iter().map(error).collect()
}

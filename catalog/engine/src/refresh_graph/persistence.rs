//! Refresh states as rows of the store, and back.

use std::{collections::HashMap, sync::Arc};

use callboard_model::{EntityRef, Relation};
use serde::{Deserialize, Serialize};

use super::{Conflict, Digest, Node, RefId, RefreshGraph, Source};
use crate::{processing::ProcessingError, store::RefreshStateRow};

/// The JSON of [`RefreshStateRow::processing`].
#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredProcessing<'a> {
    /// Fingerprint of the rules that gave the result: under others it is due.
    #[serde(borrow, rename = "v")]
    rules: std::borrow::Cow<'a, str>,
    /// Relations from this entity: type, target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    out: Vec<(String, String)>,
    /// Relations to this entity: type, source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    r#in: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<StoredError>,
    #[serde(default, skip_serializing_if = "is_zero")]
    omitted: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<StoredError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale: Option<StoredError>,
    /// Entity, location key, owner's key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<(String, String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<String>,
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    reads: HashMap<String, Option<String>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredError {
    name: String,
    message: String,
    #[serde(default)]
    stage: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

impl StoredError {
    fn of(error: &ProcessingError) -> Self {
        Self {
            name: error.name.clone(),
            message: error.message.clone(),
            stage: error.stage.to_owned(),
            target: error.target.clone(),
        }
    }

    fn restore(self) -> ProcessingError {
        const STAGES: [&str; 8] = [
            "parse",
            "envelope",
            "preprocess",
            "policy",
            "kind",
            "unknown-kind",
            "location",
            "postprocess",
        ];
        let stage = STAGES.into_iter().find(|stage| *stage == self.stage).unwrap_or("processing");
        ProcessingError { name: self.name, message: self.message, stage, target: self.target }
    }
}

/// A row that cannot be taken back.
#[derive(Debug, thiserror::Error)]
#[error("the refresh state of {entity_ref} cannot be read")]
pub struct RestoreError {
    /// Whose.
    pub entity_ref: EntityRef,
    /// Why.
    #[source]
    source: serde_json::Error,
}

impl RefreshGraph {
    /// The row of an entity, as of the rules with this fingerprint.
    pub fn row(&self, id: RefId, rules: &str) -> Option<RefreshStateRow> {
        let node = self.nodes.get(&id)?;
        let stored = self.stored(id, node, rules);
        // Maps and texts always serialise.
        let processing = serde_json::to_string(&stored).unwrap_or_default();
        let emitted_by = node.sources.iter().map(|source| match source {
            Source::Provider(name) => Arc::from(format!("provider:{name}")),
            Source::Entity(parent) => Arc::from(format!("entity:{}", self.entity_ref(*parent))),
        });
        Some(RefreshStateRow {
            entity_ref: self.entity_ref(id).clone(),
            entity_id: Arc::clone(&node.entity_id),
            location_key: node.location_key.clone(),
            unprocessed_hash: node.unprocessed_hash.to_string().into(),
            result_hash: node.result_hash.map(|hash| hash.to_string().into()),
            processing: processing.into(),
            emitted_by: emitted_by.collect(),
        })
    }

    fn stored<'a>(&self, id: RefId, node: &Node, rules: &'a str) -> StoredProcessing<'a> {
        let text = |id: RefId| self.entity_ref(id).as_str().to_owned();
        let mut stored = StoredProcessing { rules: rules.into(), ..StoredProcessing::default() };
        for relation in &node.relations {
            let kind = self.refs.relation_type(relation.kind).to_string();
            if relation.source == id {
                stored.out.push((kind, text(relation.target)));
            } else {
                stored.r#in.push((kind, text(relation.source)));
            }
        }
        stored.errors = node.errors.iter().map(StoredError::of).collect();
        stored.omitted = node.omitted_errors;
        stored.warnings = node.warnings.iter().map(StoredError::of).collect();
        stored.stale = node.stale.as_ref().map(StoredError::of);
        stored.conflicts = node
            .conflicts
            .iter()
            .map(|conflict| {
                let keys = (conflict.location_key.to_string(), conflict.owner_key.to_string());
                (text(conflict.entity), keys.0, keys.1)
            })
            .collect();
        stored.keys = node.refresh_keys.iter().map(ToString::to_string).collect();
        stored.reads = node
            .reads
            .iter()
            .map(|(target, hash)| (target.to_string(), hash.as_ref().map(ToString::to_string)))
            .collect();
        stored
    }

    /// Takes rows back. What was processed under other rules, or never, is due.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] for a row that this version did not write.
    pub fn restore(&mut self, rows: Vec<RefreshStateRow>, rules: &str) -> Result<(), RestoreError> {
        for row in rows {
            self.restore_row(&row, rules)?;
        }
        Ok(())
    }

    fn restore_row(&mut self, row: &RefreshStateRow, rules: &str) -> Result<(), RestoreError> {
        let stored: StoredProcessing<'_> = serde_json::from_str(&row.processing)
            .map_err(|source| RestoreError { entity_ref: row.entity_ref.clone(), source })?;
        let id = self.refs.intern(&row.entity_ref);
        let is_current = stored.rules == rules;
        let result_hash = row.result_hash.as_deref().and_then(Digest::parse);
        let sources = row.emitted_by.iter().filter_map(|source| self.restore_source(id, source));
        let node = Node {
            entity_id: Arc::clone(&row.entity_id),
            location_key: row.location_key.clone(),
            unprocessed_hash: Digest::parse(&row.unprocessed_hash)
                .unwrap_or_else(|| Digest::of([row.unprocessed_hash.as_bytes()])),
            result_hash: result_hash.filter(|_| is_current),
            sources: sources.collect(),
            children: Vec::new(),
            relations: Box::default(),
            errors: stored.errors.into_iter().map(StoredError::restore).collect(),
            omitted_errors: stored.omitted,
            warnings: stored.warnings.into_iter().map(StoredError::restore).collect(),
            conflicts: Vec::new(),
            stale: stored.stale.map(StoredError::restore),
            refresh_keys: Box::default(),
            reads: HashMap::new(),
        };
        let is_due = node.result_hash.is_none();
        self.nodes.insert(id, node);
        self.restore_relations(id, &row.entity_ref, stored.out, stored.r#in);
        self.restore_conflicts(id, stored.conflicts);
        self.replace_refresh_keys(id, stored.keys.into_iter().map(Into::into).collect());
        if is_current && let Some(node) = self.nodes.get_mut(&id) {
            let reads = stored.reads.into_iter();
            node.reads = reads.map(|(key, hash)| (key.into(), hash.map(Into::into))).collect();
        }
        if is_due {
            self.staged.due.push(id);
        }
        self.staged.stitch.remove(&id);
        Ok(())
    }

    fn restore_source(&mut self, id: RefId, text: &str) -> Option<Source> {
        if let Some(name) = text.strip_prefix("provider:") {
            let name: Arc<str> = name.into();
            self.roots.entry(Arc::clone(&name)).or_default().push(id);
            return Some(Source::Provider(name));
        }
        let parent = EntityRef::from_canonical(text.strip_prefix("entity:")?)?;
        Some(Source::Entity(self.refs.intern(&parent)))
    }

    fn restore_relations(
        &mut self,
        id: RefId,
        entity_ref: &EntityRef,
        out: Vec<(String, String)>,
        r#in: Vec<(String, String)>,
    ) {
        let relation = |kind: String, source: EntityRef, target: EntityRef| Relation {
            source,
            kind: kind.into(),
            target,
        };
        let out = out.into_iter().filter_map(|(kind, target)| {
            Some(relation(kind, entity_ref.clone(), EntityRef::from_canonical(&target)?))
        });
        let r#in = r#in.into_iter().filter_map(|(kind, source)| {
            Some(relation(kind, EntityRef::from_canonical(&source)?, entity_ref.clone()))
        });
        let relations: Vec<_> = out.chain(r#in).collect();
        let relations = self.intern_relations(&relations);
        self.replace_relations(id, relations);
    }

    fn restore_conflicts(&mut self, id: RefId, conflicts: Vec<(String, String, String)>) {
        for (entity, location_key, owner_key) in conflicts {
            let Some(entity) = EntityRef::from_canonical(&entity) else { continue };
            let entity = self.refs.intern(&entity);
            self.losers.entry(entity).or_default().push(id);
            if let Some(node) = self.nodes.get_mut(&id) {
                let (location_key, owner_key) = (location_key.into(), owner_key.into());
                node.conflicts.push(Conflict { entity, location_key, owner_key });
            }
        }
    }

    /// Ends taking rows back: connects children with their parents, and forgets what restoring
    /// staged, but for what is due.
    pub fn finish_restore(&mut self) {
        let mut children: HashMap<RefId, Vec<RefId>> = HashMap::new();
        for (id, node) in &self.nodes {
            for source in &node.sources {
                if let Source::Entity(parent) = source {
                    children.entry(*parent).or_default().push(*id);
                }
            }
        }
        for (parent, mut ids) in children {
            ids.sort_unstable();
            if let Some(node) = self.nodes.get_mut(&parent) {
                node.children = ids;
            }
        }
        let mut due = std::mem::take(&mut self.staged).due;
        due.sort_unstable_by(|one, other| self.entity_ref(*one).cmp(self.entity_ref(*other)));
        self.staged.due = due;
    }
}

//! What processing one entity gave, and how the graph takes it over.

use std::{collections::HashMap, sync::Arc};

use callboard_model::Relation;

use super::{Digest, Emission, RefId, RefreshGraph};
use crate::{
    processing::{MAX_PROBLEMS, ProcessingError},
    stitching::CompletedJson,
};

/// What processing one entity gave.
#[derive(Debug, Clone, Default)]
pub struct Processed {
    /// The entity; `None` if it was refused.
    pub completed: Option<CompletedJson>,
    /// What stands for it among the problems if it never processed.
    pub failed: Option<CompletedJson>,
    /// Both directions of its relations.
    pub relations: Vec<Relation>,
    /// Its errors, as many as are kept.
    pub errors: Vec<ProcessingError>,
    /// How many more problems there were.
    pub omitted_errors: usize,
    /// What its owner should know besides.
    pub warnings: Vec<ProcessingError>,
    /// Keys whose change makes it due.
    pub refresh_keys: Vec<Box<str>>,
    /// What was read, with the hash of the content.
    pub reads: HashMap<Arc<str>, Option<Arc<str>>>,
    /// What a Location emits.
    pub emission: Option<Emission>,
}

impl RefreshGraph {
    /// Takes over what processing gave. An unchanged result changes nothing.
    pub fn record(&mut self, id: RefId, processed: Processed) {
        let hash = result_hash(&processed);
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.reads = processed.reads;
        let is_unchanged = node.result_hash == Some(hash);
        node.result_hash = Some(hash);
        self.staged.dirty.insert(id);
        if !is_unchanged {
            node.errors = processed.errors;
            node.omitted_errors = processed.omitted_errors;
            node.warnings = processed.warnings;
            self.staged.stitch.insert(id);
            self.replace_refresh_keys(id, processed.refresh_keys);
            match (processed.completed, processed.failed) {
                (Some(completed), _) => {
                    self.staged.bytes += completed.size_bytes();
                    self.staged.completed.insert(id, completed);
                    let relations = self.intern_relations(&processed.relations);
                    self.replace_relations(id, relations);
                }
                (None, Some(failed)) => {
                    self.staged.bytes += failed.size_bytes();
                    self.staged.failed.insert(id, failed);
                }
                (None, None) => {}
            }
        }
        if let Some(emission) = processed.emission {
            self.apply_emission(id, emission);
        }
    }

    /// Takes over what processing some files of a Location gave: the rest of it stays as it is.
    pub fn record_files(&mut self, id: RefId, processed: Processed) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let is_refreshed = |error: &ProcessingError| {
            error.target.as_deref().is_some_and(|target| {
                let is_of =
                    |key: &Arc<str>| key.split_once(':').is_some_and(|(_, file)| file == target);
                processed.reads.keys().any(is_of)
            })
        };
        let mut errors: Vec<_> =
            node.errors.iter().filter(|error| !is_refreshed(error)).cloned().collect();
        errors.extend(processed.errors);
        let excess = errors.len().saturating_sub(MAX_PROBLEMS) + processed.omitted_errors;
        errors.truncate(MAX_PROBLEMS);
        if errors != node.errors || excess > 0 {
            node.errors = errors;
            node.omitted_errors += excess;
            // The whole may give again what it gave before this file changed: that is no longer
            // what is known, so that it must not count as unchanged.
            node.result_hash = Some(Digest::of([b"files".as_slice()]));
            self.staged.stitch.insert(id);
            // It may have failed until now for the very file that is good again.
            if let Some(completed) = processed.completed {
                self.staged.bytes += completed.size_bytes();
                self.staged.completed.insert(id, completed);
            }
        }
        node.reads.extend(processed.reads);
        self.staged.dirty.insert(id);
        if let Some(emission) = processed.emission {
            self.apply_emission(id, emission);
        }
    }
}

fn result_hash(processed: &Processed) -> Digest {
    let mut text = String::new();
    for relation in &processed.relations {
        for part in [relation.source.as_str(), &relation.kind, relation.target.as_str()] {
            text.push_str(part);
            text.push('\n');
        }
    }
    for error in processed.errors.iter().chain(&processed.warnings) {
        text.push_str(&error.name);
        text.push_str(&error.message);
        text.push('\n');
    }
    if processed.omitted_errors > 0 {
        text.push_str(&processed.omitted_errors.to_string());
    }
    let mut keys = String::new();
    for key in &processed.refresh_keys {
        keys.push_str(key);
        keys.push('\n');
    }
    let parts = |json: &Option<CompletedJson>| {
        json.as_ref().map(|json| (json.metadata.clone(), json.rest.clone())).unwrap_or_default()
    };
    let (completed, failed) = (parts(&processed.completed), parts(&processed.failed));
    Digest::of([
        completed.0.as_bytes(),
        completed.1.as_bytes(),
        failed.0.as_bytes(),
        failed.1.as_bytes(),
        text.as_bytes(),
        keys.as_bytes(),
    ])
}

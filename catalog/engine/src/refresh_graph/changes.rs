//! What has changed since the last commit.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use callboard_model::EntityRef;

use super::RefId;
use crate::stitching::CompletedJson;

/// Changes that are in memory and not yet durable.
#[derive(Debug, Default)]
pub struct Staged {
    /// Refresh states to write.
    pub dirty: BTreeSet<RefId>,
    /// Refresh states to delete.
    pub deleted: HashSet<EntityRef>,
    /// What sources emitted, where it is new or another.
    pub unprocessed: HashMap<RefId, Arc<str>>,
    /// What processing gave, where it is new or another.
    pub completed: HashMap<RefId, CompletedJson>,
    /// What stands for an entity that never processed.
    pub failed: HashMap<RefId, CompletedJson>,
    /// Entities to stitch.
    pub stitch: BTreeSet<RefId>,
    /// Entities to process, in the order they were found.
    pub due: Vec<RefId>,
    /// Bytes held by the texts above.
    pub bytes: usize,
}

impl Staged {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.dirty.is_empty() && self.deleted.is_empty() && self.stitch.is_empty()
    }
}

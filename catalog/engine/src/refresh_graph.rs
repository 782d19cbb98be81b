//! What the ingesting process knows of every entity that some source emits: who emits it, what
//! processing gave, and how entities are related.
//!
//! Plain data in memory, rebuilt from the store when a process takes over ingestion. Every change
//! is recorded in [`Staged`], so that one transaction can make it durable.

mod changes;
mod digest;
mod emission;
mod persistence;
mod processed;
mod ref_table;
mod relations;
mod roots;

use std::{collections::HashMap, sync::Arc};

use callboard_model::EntityRef;
use smallvec::SmallVec;

pub use changes::Staged;
pub use digest::Digest;
pub use emission::{Emission, EmissionOutcome, Emitted, Scope};
pub use persistence::RestoreError;
pub use processed::Processed;
pub use ref_table::{RefId, RelationType};
pub use relations::RelationSet;

use crate::processing::ProcessingError;
use ref_table::RefTable;

/// Who emits an entity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A provider, by name.
    Provider(Arc<str>),
    /// A Location entity.
    Entity(RefId),
}

/// One relation that an entity's processing emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmittedRelation {
    /// Who serves it.
    pub source: RefId,
    /// Its type.
    pub kind: RelationType,
    /// What it points to.
    pub target: RefId,
}

/// An entity that a Location emits and that belongs to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The entity.
    pub entity: RefId,
    /// What tried to write it, such as `url:https://…`.
    pub location_key: Arc<str>,
    /// Who owns it.
    pub owner_key: Arc<str>,
}

/// The refresh state of one entity. Source: Backstage `refresh_state`.
#[derive(Debug, Clone)]
pub struct Node {
    /// The uid.
    pub entity_id: Arc<str>,
    /// Who may write it.
    pub location_key: Option<Arc<str>>,
    /// Hash of what its source emitted.
    pub unprocessed_hash: Digest,
    /// Hash of what processing gave; `None` = due.
    pub result_hash: Option<Digest>,
    /// Who emits it; empty = orphan.
    pub sources: SmallVec<[Source; 1]>,
    /// What it emits, each with the file it comes from (its location key).
    pub children: Vec<RefId>,
    /// The relations of its last good processing.
    pub relations: Box<[EmittedRelation]>,
    /// The errors of its last processing, the first [`crate::processing::MAX_PROBLEMS`] of them.
    pub errors: Vec<ProcessingError>,
    /// How many more problems there were.
    pub omitted_errors: usize,
    /// What its owner should know besides.
    pub warnings: Vec<ProcessingError>,
    /// Entities that it emits and that are another's.
    pub conflicts: Vec<Conflict>,
    /// The error of the file it comes from, while that file's broken state hides it.
    pub stale: Option<ProcessingError>,
    /// Keys whose change makes it due.
    pub refresh_keys: Box<[Box<str>]>,
    /// What it read, with the hash of the content; `None` = the read failed.
    pub reads: HashMap<Arc<str>, Option<Arc<str>>>,
}

impl Node {
    /// Whether nobody emits it any more.
    pub fn is_orphan(&self) -> bool {
        self.sources.is_empty()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct RefreshGraph {
    refs: RefTable,
    nodes: HashMap<RefId, Node>,
    relations: HashMap<RefId, RelationSet>,
    by_refresh_key: HashMap<Box<str>, SmallVec<[RefId; 2]>>,
    roots: HashMap<Arc<str>, Vec<RefId>>,
    losers: HashMap<RefId, SmallVec<[RefId; 2]>>,
    staged: Staged,
}

impl RefreshGraph {
    /// The state of an entity.
    pub fn node(&self, id: RefId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// How many entities there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every entity, in no order.
    pub fn nodes(&self) -> impl Iterator<Item = (RefId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// How many relations are served in all.
    pub fn relation_count(&self) -> usize {
        self.relations.values().map(RelationSet::len).sum()
    }

    /// How many entities are emitted by providers rather than by Locations.
    pub fn location_count(&self) -> usize {
        self.roots.values().map(Vec::len).sum()
    }

    /// The providers that emit or have emitted something.
    pub fn providers(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.roots.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The ref of an id.
    pub fn entity_ref(&self, id: RefId) -> &EntityRef {
        self.refs.entity_ref(id)
    }

    /// The id of a ref, if it was ever seen.
    pub fn id(&self, entity_ref: &EntityRef) -> Option<RefId> {
        self.refs.find(entity_ref)
    }

    /// The relations that an entity serves, whoever emitted them, with their texts, ordered by
    /// type, then target.
    pub fn relations_of(&self, id: RefId) -> Vec<(&Arc<str>, &EntityRef)> {
        let Some(set) = self.relations.get(&id) else { return Vec::new() };
        let mut found: Vec<_> = set
            .iter()
            .map(|(kind, target)| (self.refs.relation_type(kind), self.refs.entity_ref(target)))
            .collect();
        found.sort_unstable();
        found
    }

    /// The entities that a change of `key` makes due.
    pub fn by_refresh_key(&self, key: &str) -> &[RefId] {
        self.by_refresh_key.get(key).map_or(&[], |ids| ids.as_slice())
    }

    /// The Locations that emit an entity, ordered by ref.
    pub fn parents(&self, id: RefId) -> Vec<EntityRef> {
        let sources = self.nodes.get(&id).map(|node| node.sources.as_slice()).unwrap_or_default();
        let mut parents: Vec<_> = sources
            .iter()
            .filter_map(|source| match source {
                Source::Entity(parent) => Some(self.refs.entity_ref(*parent).clone()),
                Source::Provider(_) => None,
            })
            .collect();
        parents.sort_unstable();
        parents
    }

    /// What has changed since the last [`RefreshGraph::take_staged`].
    pub fn staged(&self) -> &Staged {
        &self.staged
    }

    /// Takes what has changed, to be written.
    pub fn take_staged(&mut self) -> Staged {
        std::mem::take(&mut self.staged)
    }

    /// Takes the entities that are to be processed, in the order they were found.
    pub fn take_due(&mut self) -> Vec<RefId> {
        std::mem::take(&mut self.staged.due)
    }

    /// Puts entities back that are to be processed.
    pub fn set_due(&mut self, due: Vec<RefId>) {
        self.staged.due = due;
    }
}

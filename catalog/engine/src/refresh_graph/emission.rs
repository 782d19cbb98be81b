//! How what sources emit, and what processing gives, changes the graph.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use callboard_model::{EntityRef, Relation};
use smallvec::smallvec;

use super::{Conflict, Digest, EmittedRelation, Node, Processed, RefId, RefreshGraph, Source};
use crate::processing::{BrokenSources, ProcessingError};

/// An entity that a source emits.
#[derive(Debug, Clone)]
pub struct Emitted {
    /// Its ref.
    pub entity_ref: EntityRef,
    /// The uid that it gets if it is new.
    pub new_id: Arc<str>,
    /// Who may write it.
    pub location_key: Option<Arc<str>>,
    /// The entity as JSON text.
    pub unprocessed: Arc<str>,
    /// The hash of that text.
    pub unprocessed_hash: Digest,
    /// What processing gives, where it was done along with the reading; else it becomes due.
    pub processed: Option<Box<Processed>>,
}

/// What a Location emits.
#[derive(Debug, Clone, Default)]
pub struct Emission {
    /// The entities.
    pub entities: Vec<Emitted>,
    /// Which of its children it speaks for.
    pub scope: Scope,
    /// Files and folders that could not be read whole: their children stay, with the error.
    pub broken: BrokenSources,
}

/// Which children of a Location an emission speaks for: those that it does not hold are no longer
/// emitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Everything,
    /// Those with one of these location keys.
    Keys(BTreeSet<Arc<str>>),
}

impl Scope {
    fn covers(&self, key: Option<&Arc<str>>) -> bool {
        match self {
            Self::Everything => true,
            Self::Keys(keys) => key.is_some_and(|key| keys.contains(key)),
        }
    }
}

/// What became of an emitted entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmissionOutcome {
    /// It is the emitter's.
    Accepted(RefId),
    /// It belongs to somebody else.
    Refused(Conflict),
}

impl RefreshGraph {
    /// One source emits one entity.
    pub(super) fn emit(&mut self, source: &Source, emitted: Emitted) -> EmissionOutcome {
        let id = self.refs.intern(&emitted.entity_ref);
        if let Some(node) = self.nodes.get(&id) {
            if let Some(owner_key) = foreign_owner(node, source, emitted.location_key.as_ref()) {
                let location_key = emitted.location_key.unwrap_or_else(|| "".into());
                return EmissionOutcome::Refused(Conflict { entity: id, location_key, owner_key });
            }
            self.update(id, source, emitted);
        } else {
            self.insert(id, source, emitted);
        }
        EmissionOutcome::Accepted(id)
    }

    fn insert(&mut self, id: RefId, source: &Source, emitted: Emitted) {
        self.staged.deleted.remove(&emitted.entity_ref);
        let node = Node {
            entity_id: emitted.new_id,
            location_key: emitted.location_key,
            unprocessed_hash: emitted.unprocessed_hash,
            result_hash: None,
            sources: smallvec![source.clone()],
            children: Vec::new(),
            relations: Box::default(),
            errors: Vec::new(),
            omitted_errors: 0,
            warnings: Vec::new(),
            conflicts: Vec::new(),
            stale: None,
            refresh_keys: Box::default(),
            reads: HashMap::new(),
        };
        self.nodes.insert(id, node);
        self.stage_unprocessed(id, emitted.unprocessed);
        self.process_or_defer(id, emitted.processed);
    }

    fn update(&mut self, id: RefId, source: &Source, emitted: Emitted) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if !node.sources.contains(source) {
            node.sources.push(source.clone());
            self.staged.stitch.insert(id);
            self.staged.dirty.insert(id);
        }
        if node.stale.take().is_some() {
            self.staged.stitch.insert(id);
            self.staged.dirty.insert(id);
        }
        if emitted.location_key.is_some() && node.location_key != emitted.location_key {
            node.location_key = emitted.location_key;
            self.staged.dirty.insert(id);
        }
        if node.unprocessed_hash != emitted.unprocessed_hash {
            node.unprocessed_hash = emitted.unprocessed_hash;
            node.result_hash = None;
            self.stage_unprocessed(id, emitted.unprocessed);
            self.process_or_defer(id, emitted.processed);
        } else if node.result_hash.is_none() {
            self.process_or_defer(id, emitted.processed);
        }
    }

    fn stage_unprocessed(&mut self, id: RefId, unprocessed: Arc<str>) {
        self.staged.bytes += unprocessed.len();
        self.staged.unprocessed.insert(id, unprocessed);
        self.staged.dirty.insert(id);
    }

    fn process_or_defer(&mut self, id: RefId, processed: Option<Box<Processed>>) {
        match processed {
            Some(processed) => self.record(id, *processed),
            None => self.staged.due.push(id),
        }
    }

    pub(super) fn intern_relations(&mut self, relations: &[Relation]) -> Box<[EmittedRelation]> {
        let mut interned: Vec<_> = relations
            .iter()
            .map(|relation| EmittedRelation {
                source: self.refs.intern(&relation.source),
                kind: self.refs.intern_type(&relation.kind),
                target: self.refs.intern(&relation.target),
            })
            .collect();
        interned.sort_unstable();
        interned.dedup();
        interned.into()
    }

    pub(super) fn replace_refresh_keys(&mut self, id: RefId, keys: Vec<Box<str>>) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let old = std::mem::replace(&mut node.refresh_keys, keys.clone().into());
        for key in old {
            if let Some(ids) = self.by_refresh_key.get_mut(&key) {
                ids.retain(|known| *known != id);
                if ids.is_empty() {
                    self.by_refresh_key.remove(&key);
                }
            }
        }
        for key in keys {
            let ids = self.by_refresh_key.entry(key).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }

    /// A Location emits; what it speaks for and no longer emits is retracted.
    pub(super) fn apply_emission(&mut self, parent: RefId, emission: Emission) {
        let Some(node) = self.nodes.get(&parent) else { return };
        let old_children = node.children.clone();
        let covers = |key: Option<&Arc<str>>| emission.scope.covers(key);
        let mut conflicts: Vec<_> = node
            .conflicts
            .iter()
            .filter(|conflict| !covers(Some(&conflict.location_key)))
            .cloned()
            .collect();
        let source = Source::Entity(parent);
        let mut children = HashSet::with_capacity(emission.entities.len());
        for emitted in emission.entities {
            let key = emitted.location_key.clone().unwrap_or_else(|| "".into());
            if let Some(twin) =
                self.refs.find(&emitted.entity_ref).filter(|id| children.contains(id))
            {
                let owner = self.nodes.get(&twin).and_then(|node| node.location_key.clone());
                let owner_key = owner.unwrap_or_else(|| Arc::clone(&key));
                conflicts.push(Conflict { entity: twin, location_key: key, owner_key });
                continue;
            }
            match self.emit(&source, emitted) {
                EmissionOutcome::Accepted(id) => {
                    children.insert(id);
                }
                EmissionOutcome::Refused(conflict) => {
                    let losers = self.losers.entry(conflict.entity).or_default();
                    if !losers.contains(&parent) {
                        losers.push(parent);
                    }
                    conflicts.push(conflict);
                }
            }
        }
        for child in old_children {
            if children.contains(&child) {
                continue;
            }
            let key = self.nodes.get(&child).and_then(|node| node.location_key.clone());
            let broken = key.as_ref().and_then(|key| emission.broken.error_of(key));
            if let Some(error) = broken {
                self.mark_stale(child, error);
                children.insert(child);
            } else if emission.scope.covers(key.as_ref()) {
                self.retract(&source, child, Prune::Never);
            } else {
                children.insert(child);
            }
        }
        self.finish_emission(parent, children, conflicts);
    }

    fn finish_emission(
        &mut self,
        parent: RefId,
        children: HashSet<RefId>,
        conflicts: Vec<Conflict>,
    ) {
        let Some(node) = self.nodes.get_mut(&parent) else { return };
        let mut children: Vec<_> = children.into_iter().collect();
        children.sort_unstable();
        node.children = children;
        if node.conflicts != conflicts {
            node.conflicts = conflicts;
            self.staged.stitch.insert(parent);
        }
        self.staged.dirty.insert(parent);
    }

    fn mark_stale(&mut self, id: RefId, error: &ProcessingError) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.stale.as_ref() != Some(error) {
            node.stale = Some(error.clone());
            self.staged.stitch.insert(id);
            self.staged.dirty.insert(id);
        }
    }

    /// A source no longer emits an entity.
    pub(super) fn retract(&mut self, source: &Source, id: RefId, prune: Prune) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.sources.retain(|known| known != source);
        self.staged.dirty.insert(id);
        self.staged.stitch.insert(id);
        if self.is_rooted(id) {
            return;
        }
        // Locations that only emit each other are orphans, too.
        if let Some(node) = self.nodes.get_mut(&id) {
            node.sources.clear();
            node.stale = None;
        }
        match prune {
            Prune::Eagerly => self.delete(id),
            Prune::Never => self.wake_losers(id),
        }
    }

    /// Whether some provider emits it, directly or through Locations.
    fn is_rooted(&self, id: RefId) -> bool {
        let mut seen = HashSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for source in self.nodes.get(&id).into_iter().flat_map(|node| &node.sources) {
                match source {
                    Source::Provider(_) => return true,
                    Source::Entity(parent) if seen.insert(*parent) => open.push(*parent),
                    Source::Entity(_) => {}
                }
            }
        }
        false
    }

    /// Removes an entity and what only it emits. Source: Backstage
    /// `deleteWithEagerPruningOfChildren`.
    pub fn delete(&mut self, id: RefId) {
        if !self.nodes.contains_key(&id) {
            return;
        }
        self.replace_relations(id, Box::default());
        self.replace_refresh_keys(id, Vec::new());
        let Some(node) = self.nodes.remove(&id) else { return };
        self.staged.dirty.remove(&id);
        self.staged.unprocessed.remove(&id);
        self.staged.completed.remove(&id);
        self.staged.failed.remove(&id);
        self.staged.stitch.insert(id);
        self.staged.deleted.insert(self.refs.entity_ref(id).clone());
        for child in node.children {
            self.retract(&Source::Entity(id), child, Prune::Eagerly);
        }
        self.wake_losers(id);
    }

    /// Whoever was refused an entity tries again, now that its owner has gone. Due in the store,
    /// too, so that a crash does not lose it.
    fn wake_losers(&mut self, id: RefId) {
        for loser in self.losers.remove(&id).unwrap_or_default() {
            if let Some(node) = self.nodes.get_mut(&loser) {
                node.result_hash = None;
                self.staged.dirty.insert(loser);
                self.staged.due.push(loser);
            }
        }
    }

    /// The entities that nobody emits, by ref.
    pub fn orphans(&self) -> Vec<RefId> {
        let mut orphans: Vec<_> =
            self.nodes().filter(|(_, node)| node.is_orphan()).map(|(id, _)| id).collect();
        orphans.sort_unstable();
        orphans
    }
}

/// What becomes of an entity that nobody emits any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prune {
    Eagerly,
    Never,
}

/// Who owns `node`, if that is not the emitter. A provider may change the key of its own entity;
/// an orphan is anybody's.
fn foreign_owner(node: &Node, source: &Source, key: Option<&Arc<str>>) -> Option<Arc<str>> {
    let owner = node.location_key.as_ref()?;
    let is_own_root = matches!(source, Source::Provider(_)) && node.sources.contains(source);
    let is_free = node.is_orphan() || is_own_root || key == Some(owner);
    (!is_free).then(|| Arc::clone(owner))
}

//! The relations that one entity serves, counted by how many processings emitted each.

use super::{EmittedRelation, RefId, RefreshGraph, RelationType};

/// A small sorted multiset. A relation that both ends declare is there once and goes when neither
/// declares it any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationSet(Vec<(RelationType, RefId, u32)>);

impl RelationSet {
    /// Adds one; `true` if it was not there.
    fn add(&mut self, kind: RelationType, target: RefId) -> bool {
        match self.position(kind, target) {
            Ok(at) => {
                if let Some((_, _, count)) = self.0.get_mut(at) {
                    *count += 1;
                }
                false
            }
            Err(at) => {
                self.0.insert(at, (kind, target, 1));
                true
            }
        }
    }

    /// Takes one away; `true` if it is gone.
    fn remove(&mut self, kind: RelationType, target: RefId) -> bool {
        let Ok(at) = self.position(kind, target) else { return false };
        match self.0.get_mut(at) {
            Some((_, _, count)) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => {
                self.0.remove(at);
                true
            }
        }
    }

    fn position(&self, kind: RelationType, target: RefId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&(kind, target), |(kind, target, _)| (*kind, *target))
    }

    /// How many distinct relations there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each relation once.
    pub fn iter(&self) -> impl Iterator<Item = (RelationType, RefId)> {
        self.0.iter().map(|(kind, target, _)| (*kind, *target))
    }
}

impl RefreshGraph {
    /// Replaces the relations that `originator` emits; entities whose served relations change are
    /// staged for stitching.
    pub(super) fn replace_relations(
        &mut self,
        originator: RefId,
        relations: Box<[EmittedRelation]>,
    ) {
        let Some(node) = self.nodes.get_mut(&originator) else { return };
        let old = std::mem::replace(&mut node.relations, relations.clone());
        for relation in relations {
            let set = self.relations.entry(relation.source).or_default();
            if set.add(relation.kind, relation.target) {
                self.staged.stitch.insert(relation.source);
            }
        }
        for relation in old {
            let Some(set) = self.relations.get_mut(&relation.source) else { continue };
            if set.remove(relation.kind, relation.target) {
                self.staged.stitch.insert(relation.source);
            }
        }
    }
}

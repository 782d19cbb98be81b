//! Small numbers for refs and relation types: a graph of 100,000 entities holds a million of them.

use std::{collections::HashMap, sync::Arc};

use callboard_model::EntityRef;

/// The number of a ref within one [`super::RefreshGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefId(u32);

/// The number of a relation type within one [`super::RefreshGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationType(u16);

/// Gives numbers and takes them back into texts. Never forgets one: the refs that were ever seen
/// are few compared with the entities.
#[derive(Debug)]
pub(super) struct RefTable {
    refs: Vec<EntityRef>,
    ids: HashMap<EntityRef, RefId>,
    types: Vec<Arc<str>>,
    unknown_ref: EntityRef,
    unknown_type: Arc<str>,
}

impl Default for RefTable {
    fn default() -> Self {
        Self {
            refs: Vec::new(),
            ids: HashMap::new(),
            types: Vec::new(),
            unknown_ref: EntityRef::new("unknown", "unknown", "unknown"),
            unknown_type: Arc::from("unknown"),
        }
    }
}

impl RefTable {
    pub(super) fn intern(&mut self, entity_ref: &EntityRef) -> RefId {
        if let Some(id) = self.ids.get(entity_ref) {
            return *id;
        }
        let id = RefId(u32::try_from(self.refs.len()).unwrap_or(u32::MAX));
        self.refs.push(entity_ref.clone());
        self.ids.insert(entity_ref.clone(), id);
        id
    }

    pub(super) fn find(&self, entity_ref: &EntityRef) -> Option<RefId> {
        self.ids.get(entity_ref).copied()
    }

    pub(super) fn entity_ref(&self, id: RefId) -> &EntityRef {
        self.refs.get(id.0 as usize).unwrap_or(&self.unknown_ref)
    }

    pub(super) fn intern_type(&mut self, name: &str) -> RelationType {
        let found = self.types.iter().position(|known| &**known == name);
        let at = found.unwrap_or_else(|| {
            self.types.push(name.into());
            self.types.len() - 1
        });
        RelationType(u16::try_from(at).unwrap_or(u16::MAX))
    }

    pub(super) fn relation_type(&self, kind: RelationType) -> &Arc<str> {
        self.types.get(usize::from(kind.0)).unwrap_or(&self.unknown_type)
    }
}

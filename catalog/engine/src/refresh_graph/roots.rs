//! What providers say of their entities.

use std::{collections::HashSet, sync::Arc};

use callboard_model::EntityRef;

use super::{EmissionOutcome, Emitted, RefId, RefreshGraph, Source, emission::Prune};

impl RefreshGraph {
    /// A provider says what all of its entities are.
    pub fn replace_roots(&mut self, provider: &Arc<str>, entities: Vec<Emitted>) {
        let added = self.add_roots(provider, entities);
        let old = self.roots.insert(Arc::clone(provider), Vec::new()).unwrap_or_default();
        let kept: HashSet<RefId> = added.iter().copied().collect();
        for id in old.iter().filter(|id| !kept.contains(id)) {
            self.retract(&Source::Provider(Arc::clone(provider)), *id, Prune::Eagerly);
        }
        self.roots.insert(Arc::clone(provider), added);
    }

    /// A provider says what has come and what has gone.
    pub fn change_roots(
        &mut self,
        provider: &Arc<str>,
        added: Vec<Emitted>,
        removed: &[EntityRef],
    ) {
        for entity_ref in removed {
            let Some(id) = self.refs.find(entity_ref) else { continue };
            if let Some(roots) = self.roots.get_mut(provider) {
                roots.retain(|known| *known != id);
            }
            self.retract(&Source::Provider(Arc::clone(provider)), id, Prune::Eagerly);
        }
        let added = self.add_roots(provider, added);
        let roots = self.roots.entry(Arc::clone(provider)).or_default();
        for id in added {
            if !roots.contains(&id) {
                roots.push(id);
            }
        }
    }

    fn add_roots(&mut self, provider: &Arc<str>, entities: Vec<Emitted>) -> Vec<RefId> {
        let source = Source::Provider(Arc::clone(provider));
        let mut added = Vec::with_capacity(entities.len());
        for emitted in entities {
            match self.emit(&source, emitted) {
                EmissionOutcome::Accepted(id) => added.push(id),
                EmissionOutcome::Refused(conflict) => tracing::warn!(
                    entity.r#ref = %self.entity_ref(conflict.entity),
                    provider.name = %provider,
                    "an entity of provider {provider} already belongs to {}",
                    conflict.owner_key,
                ),
            }
        }
        added
    }
}

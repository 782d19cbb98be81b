//! What the catalog says that entities depend on.

use std::sync::Arc;

use callboard_model::{EntityRef, relation_type};

use super::Declared;
use crate::{
    catalog_facts::{CatalogFacts, EntityFacts},
    drift::DeclaredBy,
    visibility::Visibility,
};

/// One thing that an entity says that it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) by: DeclaredBy,
    /// What is named: the dependency, or the API.
    pub(crate) named: EntityRef,
    /// Who may answer: the dependency itself, or the providers of the API.
    pub(crate) targets: Vec<EntityRef>,
}

/// Everything that an entity declares, as far as it may be seen, by the caller and by the mesh: of
/// events nothing could be seen.
pub(crate) fn declarations(
    facts: &CatalogFacts,
    visibility: &Visibility,
    from: &EntityFacts,
) -> Vec<Declaration> {
    let is_visible = |entity_ref: &&EntityRef| visibility.names(facts, entity_ref);
    let direct = from.targets(relation_type::DEPENDS_ON).filter(is_visible);
    let direct = direct.map(|target| Declaration {
        by: DeclaredBy::DependsOn,
        named: target.clone(),
        targets: vec![target.clone()],
    });
    let apis = from.targets(relation_type::CONSUMES_API).filter(is_visible);
    let is_called = |api: &&EntityRef| facts.get(api).is_none_or(|api| !api.is_event_api);
    let by_api = apis.filter(is_called).map(|api| Declaration {
        by: DeclaredBy::ConsumesApis,
        named: api.clone(),
        targets: providers(facts, api).filter(is_visible).cloned().collect(),
    });
    direct.chain(by_api).collect()
}

fn providers<'f>(facts: &'f CatalogFacts, api: &EntityRef) -> impl Iterator<Item = &'f EntityRef> {
    let api: Option<&'f Arc<EntityFacts>> = facts.get(api);
    api.into_iter().flat_map(|api| api.targets(relation_type::API_PROVIDED_BY))
}

/// Whether the catalog knows that `from` calls `to`.
pub(crate) fn declared(
    facts: &CatalogFacts,
    visibility: &Visibility,
    from: Option<&EntityRef>,
    to: Option<&EntityRef>,
) -> Declared {
    let (Some(from), Some(to)) = (from, to) else { return Declared::NotApplicable };
    let can_declare =
        |entity_ref: &EntityRef| matches!(entity_ref.kind(), "component" | "resource");
    if from == to || !can_declare(from) || !can_declare(to) {
        return Declared::NotApplicable;
    }
    let Some(from) = facts.get(from) else { return Declared::NotApplicable };
    if from.targets(relation_type::DEPENDS_ON).any(|target| target == to) {
        return Declared::Declared;
    }
    let mut apis = from.targets(relation_type::CONSUMES_API);
    let is_declared = apis.any(|api| {
        visibility.names(facts, api) && providers(facts, api).any(|provider| provider == to)
    });
    if is_declared { Declared::Declared } else { Declared::Undeclared }
}

//! The catalog behind the permission policy.

use std::sync::Arc;

use callboard_catalog::{
    entities_catalog::EntitiesCatalog, index::CatalogReader, query::ReadCondition,
};

use crate::{
    permission::{Decision, Permission, PermissionPolicy},
    principal::Caller,
};

/// The only way from a transport to the catalog: the caller's permission becomes the condition of
/// the reader, so that what may not be read does not exist in any of its answers.
/// Source: Backstage `AuthorizedEntitiesCatalog`.
#[derive(Debug, Clone)]
pub struct AuthorizedEntitiesCatalog {
    catalog: Arc<dyn EntitiesCatalog>,
    policy: Arc<dyn PermissionPolicy>,
}

impl AuthorizedEntitiesCatalog {
    /// `catalog` as `policy` lets callers see it.
    pub fn new(catalog: Arc<dyn EntitiesCatalog>, policy: Arc<dyn PermissionPolicy>) -> Self {
        Self { catalog, policy }
    }

    /// What `caller` may read.
    pub fn condition(&self, caller: &Caller) -> ReadCondition {
        match self.policy.decide(caller, Permission::CatalogEntityRead) {
            Decision::Allow => ReadCondition::Everything,
            Decision::Deny => ReadCondition::Nothing,
            Decision::Conditional(predicate) => ReadCondition::Where(predicate),
        }
    }

    /// A reader of the newest snapshot, confined to what `caller` may read.
    pub fn reader(&self, caller: &Caller) -> CatalogReader {
        self.catalog.reader(&self.condition(caller))
    }
}

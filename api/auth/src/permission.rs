//! Permissions and the policy that decides on them.

use std::sync::Arc;

use callboard_catalog::query::EntityPredicate;

use crate::principal::{Caller, Principal, SignInMethod};

/// What a caller wants to do. Names are Backstage's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// `catalog.entity.read`.
    CatalogEntityRead,
    /// `kubernetes.clusters.read`: clusters as such, with their states and counts.
    KubernetesClustersRead,
    /// `kubernetes.resources.read`: workloads that belong to no entity. Those of an entity are
    /// read with the entity.
    KubernetesResourcesRead,
}

impl Permission {
    /// The name on the wire, such as `catalog.entity.read`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CatalogEntityRead => "catalog.entity.read",
            Self::KubernetesClustersRead => "kubernetes.clusters.read",
            Self::KubernetesResourcesRead => "kubernetes.resources.read",
        }
    }

    /// The plugin that owns it, such as `catalog`.
    pub const fn plugin(self) -> &'static str {
        match self {
            Self::CatalogEntityRead => "catalog",
            Self::KubernetesClustersRead | Self::KubernetesResourcesRead => "kubernetes",
        }
    }
}

/// What the policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// For entities of which this holds.
    Conditional(Arc<EntityPredicate>),
}

/// Decides what a caller may do.
pub trait PermissionPolicy: Send + Sync + std::fmt::Debug {
    /// The decision on `permission` for `caller`. Pure; called for every request.
    fn decide(&self, caller: &Caller, permission: Permission) -> Decision;
}

/// The policy before there is sign-in: the demo's guest and unrestricted service tokens read
/// everything; a restricted token what its restrictions name; everybody else nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct StaticPolicy;

impl PermissionPolicy for StaticPolicy {
    fn decide(&self, caller: &Caller, permission: Permission) -> Decision {
        let is_allowed = match &caller.principal {
            Principal::None => false,
            Principal::User { .. } => caller.via == SignInMethod::Guest,
            Principal::Service { restrictions: None, .. } => true,
            Principal::Service { restrictions: Some(restrictions), .. } => {
                restrictions.iter().any(|restriction| {
                    let names = &restriction.permissions;
                    &*restriction.plugin == permission.plugin()
                        && (names.is_empty()
                            || names.iter().any(|name| &**name == permission.name()))
                })
            }
        };
        if is_allowed { Decision::Allow } else { Decision::Deny }
    }
}

//! The one who asks.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Enum, Object};
use callboard_auth::{Principal, SignInMethod as Via};
use callboard_model::{EntityRef, relation_type};

use crate::{
    entity::{EntityNode, OwnerFields, RelationPath, types::User},
    error::FieldError,
    scalar::EntityRefScalar,
    scope::Scope,
};

/// The most groups that are followed to find what a person owns through them.
const MAX_GROUPS: usize = 1000;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum SignInMethod {
    /// The demo's guest: nothing was asked for.
    Guest,
    /// A session of the portal.
    Session,
    /// A Backstage user token.
    Token,
    /// A token of a service.
    Service,
    /// Not at all.
    None,
}

/// The one who asks.
#[derive(Debug)]
pub(crate) struct Viewer(pub(crate) Arc<Scope>);

impl Viewer {
    fn entity_ref(&self) -> Option<&EntityRef> {
        match &self.0.caller.principal {
            Principal::User { entity_ref } => Some(entity_ref),
            Principal::Service { .. } | Principal::None => None,
        }
    }

    fn node(&self) -> Result<Option<EntityNode>, FieldError> {
        self.entity_ref().map_or(Ok(None), |entity_ref| self.0.entity(entity_ref))
    }

    /// The groups above a user, each once.
    fn groups(&self, user: &EntityNode) -> Result<BTreeSet<EntityRef>, FieldError> {
        let child_of = RelationPath::any(relation_type::CHILD_OF);
        let mut found = BTreeSet::new();
        let mut next: Vec<EntityRef> =
            user.targets(&RelationPath::any(relation_type::MEMBER_OF)).cloned().collect();
        while let Some(group) = next.pop() {
            let Some(node) = self.0.entity(&group)? else { continue };
            if found.len() < MAX_GROUPS && found.insert(group) {
                next.extend(node.targets(&child_of).cloned());
            }
        }
        Ok(found)
    }
}

/// The one who asks.
#[Object]
impl Viewer {
    /// The ref of the person; null for services.
    async fn r#ref(&self) -> Option<EntityRefScalar> {
        self.entity_ref().cloned().map(EntityRefScalar)
    }

    /// The person in the catalog; null for services, and for people who are not in it.
    async fn entity(&self) -> Result<Option<User>, FieldError> {
        Ok(self.node()?.map(User))
    }

    /// The name for people.
    async fn display_name(&self) -> Result<String, FieldError> {
        if let Some(node) = self.node()? {
            return Ok(OwnerFields(&node).name_for_people());
        }
        Ok(match &self.0.caller.principal {
            Principal::User { entity_ref } => entity_ref.name().to_owned(),
            Principal::Service { subject, .. } => subject.as_ref().to_owned(),
            Principal::None => "nobody".to_owned(),
        })
    }

    /// How they proved who they are.
    async fn via(&self) -> SignInMethod {
        match self.0.caller.via {
            Via::Guest => SignInMethod::Guest,
            Via::Session => SignInMethod::Session,
            Via::Token => SignInMethod::Token,
            Via::Service => SignInMethod::Service,
            Via::None => SignInMethod::None,
        }
    }

    /// The refs by which they own entities: their own, and those of their groups and of the groups
    /// above, as far as they may read them.
    async fn ownership_refs(&self) -> Result<Vec<EntityRefScalar>, FieldError> {
        let Some(own) = self.entity_ref() else { return Ok(Vec::new()) };
        let groups = self.node()?.map(|user| self.groups(&user)).transpose()?.unwrap_or_default();
        let refs = std::iter::once(own.clone()).chain(groups);
        Ok(refs.map(EntityRefScalar).collect())
    }
}

//! What the catalog declares against what is seen.

use std::sync::Arc;

use async_graphql::{Enum, Object};
use callboard_topology as estate;

use super::TopologyEdge;
use crate::{
    entity::types::Entity,
    error::FieldError,
    facet::count,
    scalar::{EntityRefScalar, Timestamp},
    scope::Scope,
};

/// Seconds of a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// By which field a dependency is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "callboard_topology::DeclaredBy")]
pub(crate) enum DeclaredBy {
    /// `spec.dependsOn`.
    DependsOn,
    /// `spec.consumesApis`: whoever provides the API is called.
    ConsumesApis,
}

/// What can be said of a declared dependency that is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum UnseenVerdict {
    /// Calls were watched for long enough: there were none.
    Unseen,
    /// Calls were not watched for long enough to say.
    TooYoung,
    /// The calls of the entity cannot be seen.
    NotCovered,
}

/// What an entity declares against what is seen of it.
#[derive(Debug)]
pub(crate) struct DependencyDrift {
    pub(crate) scope: Arc<Scope>,
    pub(crate) drift: estate::DependencyDrift,
}

/// What an entity declares against what is seen of it.
#[Object]
impl DependencyDrift {
    /// Called but not declared, by the called entity. Without metrics where it was seen before,
    /// but not lately.
    async fn undeclared(&self) -> Vec<TopologyEdge> {
        let edges = self.drift.undeclared.iter();
        edges.map(|found| TopologyEdge::new(&self.scope, &found.edge)).collect()
    }

    /// Declared but not seen, by what is declared.
    async fn unseen(&self) -> Vec<UnseenDependency> {
        let unseen = |unseen: &estate::UnseenDependency| UnseenDependency {
            scope: Arc::clone(&self.scope),
            unseen: unseen.clone(),
        };
        self.drift.unseen.iter().map(unseen).collect()
    }

    /// The part of the descriptor that would settle what is certain: YAML whose lists take the
    /// place of those of the descriptor. Null if nothing is.
    async fn patch(&self) -> Option<&str> {
        self.drift.patch.as_deref()
    }

    /// Since when calls have been watched, as far as facts are kept; null if not yet.
    async fn observed_since(&self) -> Option<Timestamp> {
        self.drift.observed_since.map(Timestamp)
    }

    /// For how many days something must not be seen to count as unseen.
    async fn unseen_after_days(&self) -> i32 {
        let days = self.drift.unseen_after.as_secs() / DAY_SECONDS;
        count(usize::try_from(days).unwrap_or(usize::MAX))
    }
}

/// A declared dependency that is not seen.
#[derive(Debug)]
pub(crate) struct UnseenDependency {
    scope: Arc<Scope>,
    unseen: estate::UnseenDependency,
}

/// A declared dependency that is not seen.
#[Object]
impl UnseenDependency {
    /// What is declared: the dependency, or the API.
    async fn declared_ref(&self) -> EntityRefScalar {
        EntityRefScalar(self.unseen.declared.clone())
    }

    /// The entity that is declared; null if it does not exist.
    async fn declared(&self) -> Result<Option<Entity>, FieldError> {
        Ok(self.scope.entity(&self.unseen.declared)?.map(Entity))
    }

    /// By which field.
    async fn by(&self) -> DeclaredBy {
        self.unseen.by.into()
    }

    /// Who would be called: the dependency itself, or the providers of the API that run.
    async fn targets(&self) -> Result<Vec<Entity>, FieldError> {
        let mut targets = Vec::new();
        for target in &self.unseen.targets {
            targets.extend(self.scope.entity(target)?.map(Entity));
        }
        Ok(targets)
    }

    /// When it was last seen, as far as facts are kept.
    async fn last_seen(&self) -> Option<Timestamp> {
        self.unseen.last_seen.map(Timestamp)
    }

    /// What can be said of it.
    async fn verdict(&self) -> UnseenVerdict {
        match self.unseen.verdict {
            estate::UnseenVerdict::Unseen => UnseenVerdict::Unseen,
            estate::UnseenVerdict::TooYoung => UnseenVerdict::TooYoung,
            estate::UnseenVerdict::NotCovered { .. } => UnseenVerdict::NotCovered,
        }
    }

    /// In words, such as `not seen in 14 days` or `observed for 3 days`.
    async fn reason(&self) -> &str {
        &self.unseen.reason
    }

    /// The part of the descriptor that would take it back: YAML whose lists take the place of
    /// those of the descriptor.
    async fn patch(&self) -> &str {
        &self.unseen.patch
    }
}

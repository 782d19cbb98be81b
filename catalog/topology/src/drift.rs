//! What the catalog declares against what is seen.

mod patch;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_model::EntityRef;

use crate::{
    catalog_facts::EntityFacts,
    topology::{Declaration, Declared, TopologyEdge},
};

/// A day.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// By which field a dependency is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeclaredBy {
    /// `spec.dependsOn`.
    DependsOn,
    /// `spec.consumesApis`: whoever provides the API is called.
    ConsumesApis,
}

impl DeclaredBy {
    /// The field's name.
    pub const fn field(self) -> &'static str {
        match self {
            Self::DependsOn => "dependsOn",
            Self::ConsumesApis => "consumesApis",
        }
    }
}

/// A call that the catalog does not know of.
#[derive(Debug, Clone, PartialEq)]
pub struct UndeclaredDependency {
    /// The calls, grouped by entity. Without metrics where it was seen before, but not lately.
    pub edge: Arc<TopologyEdge>,
    /// The part of the descriptor that would declare it: YAML whose lists take the place of those
    /// of the descriptor.
    pub patch: String,
}

/// What can be said of a declared dependency that is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnseenVerdict {
    /// Calls were watched for long enough: there were none.
    Unseen,
    /// Calls were not watched for long enough to say.
    TooYoung,
    /// The calls of the entity cannot be seen, for this reason.
    NotCovered {
        /// Why.
        reason: Arc<str>,
    },
}

/// A declared dependency that is not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct UnseenDependency {
    /// Who declares it.
    pub from: EntityRef,
    /// What is declared: the dependency, or the API.
    pub declared: EntityRef,
    /// By which field.
    pub by: DeclaredBy,
    /// Who would be called: the dependency itself, or the providers of the API that run.
    pub targets: Vec<EntityRef>,
    /// When it was last seen, as far as facts are kept.
    pub last_seen: Option<SystemTime>,
    /// What can be said of it.
    pub verdict: UnseenVerdict,
    /// How long calls have been watched; `None` = not yet.
    pub observed_for: Option<Duration>,
    /// In words, such as `not seen in 14 days` or `observed for 3 days`.
    pub reason: String,
    /// The part of the descriptor that would take it back, as in [`UndeclaredDependency`].
    pub patch: String,
}

/// What an entity declares against what is seen of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DependencyDrift {
    /// Called but not declared, by the called entity.
    pub undeclared: Vec<UndeclaredDependency>,
    /// Declared but not seen, by what is declared. Dependencies that run nowhere in the clusters
    /// are not among them: nothing could be seen of those.
    pub unseen: Vec<UnseenDependency>,
    /// The part of the descriptor that would settle what is certain; `None` if nothing is.
    pub patch: Option<String>,
    /// Since when calls have been watched, as far as facts are kept; `None` = not yet.
    pub observed_since: Option<SystemTime>,
    /// For how long something must not be seen to count as unseen.
    pub unseen_after: Duration,
}

/// What is known of an entity's calls.
pub(crate) struct DriftInput<'d> {
    pub(crate) facts: &'d EntityFacts,
    /// The undeclared ones, by entity.
    pub(crate) undeclared: Vec<Arc<TopologyEdge>>,
    /// What is declared and runs, with when it was last seen.
    pub(crate) declared: Vec<(Declaration, Option<SystemTime>)>,
    /// Why its calls cannot be seen, if so.
    pub(crate) blind: Option<Arc<str>>,
    pub(crate) observed_since: Option<SystemTime>,
    /// The moment that is judged: the newest observation.
    pub(crate) as_of: Option<SystemTime>,
    pub(crate) unseen_after: Duration,
}

/// Judges the drift of one entity. Pure.
pub(crate) fn drift(input: &DriftInput<'_>) -> DependencyDrift {
    let facts = input.facts;
    let undeclared: Vec<UndeclaredDependency> = input
        .undeclared
        .iter()
        .filter(|edge| edge.declared == Declared::Undeclared)
        .filter_map(|edge| {
            let added = [edge.to.entity.clone()?];
            let patch = patch::patch(facts, &added, &[]);
            Some(UndeclaredDependency { edge: Arc::clone(edge), patch })
        })
        .collect();
    let unseen: Vec<UnseenDependency> = input
        .declared
        .iter()
        .filter_map(|(declared, last)| unseen(input, declared, *last))
        .collect();
    let added: Vec<EntityRef> =
        undeclared.iter().filter_map(|found| found.edge.to.entity.clone()).collect();
    let certain = unseen.iter().filter(|found| found.verdict == UnseenVerdict::Unseen);
    let removed: Vec<(DeclaredBy, EntityRef)> =
        certain.map(|found| (found.by, found.declared.clone())).collect();
    let is_settled = added.is_empty() && removed.is_empty();
    DependencyDrift {
        undeclared,
        unseen,
        patch: (!is_settled).then(|| patch::patch(facts, &added, &removed)),
        observed_since: input.observed_since,
        unseen_after: input.unseen_after,
    }
}

fn unseen(
    input: &DriftInput<'_>,
    declared: &Declaration,
    last_seen: Option<SystemTime>,
) -> Option<UnseenDependency> {
    let since = |from: SystemTime| input.as_of.and_then(|as_of| as_of.duration_since(from).ok());
    if last_seen.is_some_and(|last| since(last).unwrap_or_default() <= input.unseen_after) {
        return None;
    }
    let observed_for = input.observed_since.and_then(since);
    let verdict = match &input.blind {
        Some(reason) => UnseenVerdict::NotCovered { reason: Arc::clone(reason) },
        None if observed_for.is_some_and(|span| span >= input.unseen_after) => {
            UnseenVerdict::Unseen
        }
        None => UnseenVerdict::TooYoung,
    };
    let reason = match &verdict {
        UnseenVerdict::Unseen => format!("not seen in {}", days(input.unseen_after)),
        UnseenVerdict::TooYoung => {
            format!("observed for {}", days(observed_for.unwrap_or_default()))
        }
        UnseenVerdict::NotCovered { reason } => format!("its calls cannot be seen: {reason}"),
    };
    Some(UnseenDependency {
        from: input.facts.entity_ref().clone(),
        declared: declared.named.clone(),
        by: declared.by,
        targets: declared.targets.clone(),
        last_seen,
        verdict,
        observed_for,
        reason,
        patch: patch::patch(input.facts, &[], &[(declared.by, declared.named.clone())]),
    })
}

fn days(span: Duration) -> String {
    let days = span.as_secs() / DAY.as_secs();
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

//! What a component declares against what is seen of it.

use super::document::{DeclaredBy, DriftNode, UnseenVerdict};
use crate::{
    calls::{Call, call, moment},
    entity_link::EntityLink,
    moment::Moment,
    scalar::DateTime,
};

/// Both lists, and what would settle them.
#[derive(Debug)]
pub(super) struct Drift {
    pub(super) undeclared: Vec<Call>,
    pub(super) unseen: Vec<Unseen>,
    /// The part of the descriptor that would settle what is certain.
    pub(super) patch: Option<String>,
    pub(super) observed_since: Option<Moment>,
    pub(super) unseen_after_days: i64,
}

/// A declared dependency that is not seen.
#[derive(Debug)]
pub(super) struct Unseen {
    pub(super) link: EntityLink,
    pub(super) by: DeclaredBy,
    pub(super) verdict: UnseenVerdict,
    pub(super) reason: String,
    pub(super) last_seen: Option<Moment>,
}

impl Drift {
    /// Of what the API says.
    pub(super) fn new(node: DriftNode, now: DateTime) -> Self {
        let unseen = node.unseen.into_iter().map(|one| Unseen {
            link: match one.declared {
                Some(found) => EntityLink::new(&found.ref_, found.title.as_deref(), "component"),
                None => EntityLink::missing(&one.declared_ref),
            },
            by: one.by,
            verdict: one.verdict,
            reason: one.reason,
            last_seen: moment(one.last_seen, now),
        });
        Self {
            unseen: unseen.collect(),
            undeclared: node.undeclared.into_iter().map(|one| call!(one, now)).collect(),
            patch: node.patch,
            observed_since: moment(node.observed_since, now),
            unseen_after_days: node.unseen_after_days,
        }
    }
}

impl Unseen {
    /// The shape and the class of what can be said.
    pub(super) const fn mark(&self) -> (&'static str, &'static str) {
        match self.verdict {
            UnseenVerdict::Unseen => ("◆", "warn"),
            UnseenVerdict::TooYoung => ("◌", "quiet"),
            UnseenVerdict::NotCovered => ("?", "quiet"),
        }
    }
}

//! The relations of an entity by type. Every relation stands at both of its ends under the name
//! that it has there, so this is both directions.

use std::collections::BTreeMap;

use super::{
    document::{RelationNode, TargetKind},
    relation_words::{place, tells_kind, words},
};
use crate::entity_link::EntityLink;

/// Targets of a type that are shown at most.
const SHOWN: usize = 100;

/// Relations of one type.
#[derive(Debug)]
pub(super) struct RelationGroup {
    pub(super) words: String,
    pub(super) relation: String,
    /// The kind of all that exist, if they are of one kind and the words do not tell it.
    pub(super) kind: Option<String>,
    pub(super) total: usize,
    pub(super) targets: Vec<Target>,
    pub(super) unshown: usize,
}

/// Where a relation leads to.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) link: EntityLink,
    /// The kind; empty for what is missing, whose ref is shown in full.
    pub(super) kind: String,
}

impl Target {
    /// The target of a relation, whether it exists or not.
    pub(super) fn new(relation: &RelationNode) -> Self {
        let entity_ref = relation.target_ref.as_str();
        let Some(target) = &relation.target else {
            return Self { link: EntityLink::missing(entity_ref), kind: String::new() };
        };
        let kind = entity_ref.split_once(':').map_or("", |(kind, _)| kind);
        let name = match &target.on {
            TargetKind::Group(group) => Some(&group.display_name),
            TargetKind::User(user) => Some(&user.display_name),
            _ => target.title.as_ref(),
        };
        let link = EntityLink::new(entity_ref, name.map(String::as_str), kind);
        Self { link, kind: target.kind.clone() }
    }

    /// Whether something refers to what does not exist.
    pub(super) const fn is_missing(&self) -> bool {
        self.link.path.is_none()
    }
}

/// The relations by type, those that need somebody first within each.
pub(super) fn grouped<'a>(relations: impl Iterator<Item = &'a RelationNode>) -> Vec<RelationGroup> {
    let mut by_type: BTreeMap<(usize, &str), Vec<Target>> = BTreeMap::new();
    for relation in relations {
        let kind = relation.type_.as_str();
        by_type.entry((place(kind), kind)).or_default().push(Target::new(relation));
    }
    let group = |((_, relation), mut targets): ((usize, &str), Vec<Target>)| {
        let key =
            |one: &Target| (!one.is_missing(), one.kind.clone(), one.link.text.to_lowercase());
        targets.sort_by_cached_key(key);
        let total = targets.len();
        targets.truncate(SHOWN);
        let kind = common_kind(&targets);
        let words_tell = tells_kind(relation);
        if words_tell || kind.is_some() {
            for target in &mut targets {
                target.kind.clear();
            }
        }
        RelationGroup {
            words: words(relation),
            relation: relation.to_owned(),
            kind: kind.filter(|_| !words_tell),
            total,
            unshown: total.saturating_sub(targets.len()),
            targets,
        }
    };
    by_type.into_iter().map(group).collect()
}

/// The kind of all targets that exist, if it is one.
fn common_kind(targets: &[Target]) -> Option<String> {
    let mut kinds = targets.iter().filter(|one| !one.is_missing()).map(|one| &one.kind);
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then(|| first.clone())
}

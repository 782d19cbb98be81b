//! The change of a descriptor that would settle a drift.

use std::collections::BTreeSet;

use callboard_model::{CompoundEntityRef, EntityRef, RefDefaults};
use serde_json::Value;

use super::DeclaredBy;
use crate::{catalog_facts::EntityFacts, placement::scalar};

/// The part of an entity's descriptor that declares `added` and no longer declares `removed`:
/// YAML with the whole of every list that changes, to be put in the place of what is there (as a
/// JSON merge patch does). What the descriptor says keeps its wording and its order. What other
/// entities declare for this one cannot be taken back here and is named in a comment.
pub(super) fn patch(
    facts: &EntityFacts,
    added: &[EntityRef],
    removed: &[(DeclaredBy, EntityRef)],
) -> String {
    let entity: Value = serde_json::from_slice(&facts.entity.json).unwrap_or_default();
    let added: BTreeSet<&EntityRef> = added.iter().collect();
    let mut text = format!("# {}\nspec:\n", comment(facts.entity_ref().as_str()));
    for by in [DeclaredBy::DependsOn, DeclaredBy::ConsumesApis] {
        let added = if by == DeclaredBy::DependsOn { added.clone() } else { BTreeSet::new() };
        let removed: BTreeSet<&EntityRef> =
            removed.iter().filter(|(field, _)| *field == by).map(|(_, found)| found).collect();
        if !added.is_empty() || !removed.is_empty() {
            text.push_str(&list(&entity, facts.entity_ref(), by, &Changes { added, removed }));
        }
    }
    text
}

struct Changes<'c> {
    added: BTreeSet<&'c EntityRef>,
    removed: BTreeSet<&'c EntityRef>,
}

fn list(entity: &Value, of: &EntityRef, by: DeclaredBy, changes: &Changes<'_>) -> String {
    let written =
        entity.get("spec").and_then(|spec| spec.get(by.field())).and_then(Value::as_array);
    let written: Vec<&str> = written.into_iter().flatten().filter_map(Value::as_str).collect();
    let meant = |text: &str| {
        let kind = match by {
            DeclaredBy::DependsOn => None,
            DeclaredBy::ConsumesApis => Some("API"),
        };
        let defaults = RefDefaults { kind, namespace: of.namespace() };
        CompoundEntityRef::parse(text, defaults).ok().map(|found| found.canonical())
    };
    let is_removed = |text: &str| meant(text).is_some_and(|found| changes.removed.contains(&found));
    let mut lines: Vec<String> = Vec::new();
    lines.extend(written.iter().filter(|text| !is_removed(text)).map(|text| scalar(text)));
    lines.extend(changes.added.iter().map(|added| scalar(added.as_str())));
    let mut text = String::new();
    let field = by.field();
    let mut push = |line: String| text.extend([line.as_str(), "\n"]);
    if lines.is_empty() {
        push(format!("  {field}: []"));
    } else {
        push(format!("  {field}:"));
    }
    for line in lines {
        push(format!("    - {line}"));
    }
    let own: BTreeSet<EntityRef> = written.iter().filter_map(|text| meant(text)).collect();
    for elsewhere in changes.removed.iter().filter(|removed| !own.contains(**removed)) {
        let named = comment(elsewhere.as_str());
        push(format!("  # {named} is declared elsewhere, such as in its own dependencyOf"));
    }
    text
}

/// A ref within a comment, which must not end it.
fn comment(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

//! `examples/README.md`: a template with the figures of the estate filled in.

mod running;

use super::blemishes;
use super::model::{Component, Declaration, Estate, GroupKind, Protocol};
use super::truth::Truth;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The README of `estate`, of which `truth` tells what runs.
///
/// # Errors
///
/// If it would praise a way that does not exist.
pub(crate) fn text(estate: &Estate, truth: &Truth) -> anyhow::Result<String> {
    let mut blanks = running::blanks(truth)?;
    blanks.extend([
        ("{counts}", counts(estate)),
        ("{uses}", uses(estate)),
        ("{blemishes}", wrongs(estate)),
    ]);
    let template = include_str!("readme.md").to_owned();
    Ok(blanks.iter().fold(template, |text, (blank, value)| text.replace(blank, value)))
}

fn counts(estate: &Estate) -> String {
    let groups = |kind| estate.groups.iter().filter(|group| group.kind == kind).count();
    let kinds = tally(estate.components.iter().map(|component| component.kind.as_str()));
    let protocols = tally(estate.apis.iter().map(|api| api.protocol.word()));
    let clusters = estate.clusters.iter().map(|_| "kubernetes-cluster");
    let resources = tally(estate.resources.iter().map(|one| one.kind.as_str()).chain(clusters));
    let top = estate.domains.iter().filter(|domain| domain.parent.is_none()).count();
    let rows = [
        (
            "Group",
            estate.groups.len(),
            format!(
                "1 company, {} tribes, {} squads",
                groups(GroupKind::Tribe),
                groups(GroupKind::Squad)
            ),
        ),
        ("User", estate.people.len(), String::new()),
        (
            "Domain",
            estate.domains.len(),
            format!("{top} and {} within", estate.domains.len() - top),
        ),
        ("System", estate.systems.len(), String::new()),
        ("Component", estate.components.len(), kinds),
        ("API", estate.apis.len(), protocols),
        ("Resource", estate.resources.len() + estate.clusters.len(), resources),
    ];
    let mut out = String::from("| kind | number | of which |\n|---|---|---|\n");
    for (kind, number, detail) in rows {
        line(&mut out, &format!("| {kind} | {number} | {detail} |"));
    }
    out.trim_end().to_owned()
}

/// `12 service, 3 job`, the most frequent first.
fn tally<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    let distinct: BTreeSet<&str> = words.iter().copied().collect();
    let count = |word: &str| words.iter().filter(|other| **other == word).count();
    let mut counts: Vec<(usize, &str)> =
        distinct.into_iter().map(|word| (count(word), word)).collect();
    counts.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
    let parts: Vec<String> = counts.iter().map(|(count, word)| format!("{count} {word}")).collect();
    parts.join(", ")
}

fn uses(estate: &Estate) -> String {
    let real = || estate.calls.iter().filter(|call| call.declaration != Declaration::Unused);
    let events = real().filter(|call| call.protocol == Some(Protocol::Events)).count();
    format!(
        "Components use each other {} times, {events} of these by way of events.",
        real().count()
    )
}

fn wrongs(estate: &Estate) -> String {
    let mut out = String::from("| where | what |\n|---|---|\n");
    for component in &estate.components {
        for target in &component.dangling {
            let what = format!("depends on `{target}`, which does not exist");
            wrong(&mut out, component, &what);
        }
    }
    for invalid in blemishes::INVALID {
        let path = format!("{}/{}", invalid.folder, invalid.repository);
        line(&mut out, &format!("| `{path}` | invalid: {} |", invalid.fault));
    }
    for (folder, target) in blemishes::MISSING_TARGETS {
        line(&mut out, &format!("| `{folder}/all.yaml` | target `{target}` does not exist |"));
    }
    for component in estate.components.iter().filter(|one| one.about.is_none()) {
        wrong(&mut out, component, "has no description");
    }
    for component in estate.components.iter().filter(|one| one.lifecycle == "deprecated") {
        let callers: Vec<String> = estate
            .calls
            .iter()
            .filter(|call| call.to == component.name && call.declaration != Declaration::Unused)
            .map(|call| format!("`{}`", call.from))
            .collect();
        if !callers.is_empty() {
            let what = format!("is deprecated and still used by {}", callers.join(", "));
            wrong(&mut out, component, &what);
        }
    }
    out.trim_end().to_owned()
}

fn wrong(out: &mut String, component: &Component, what: &str) {
    let path = format!("{}/{}", component.folder, component.repository);
    line(out, &format!("| `{path}` | `{}` {what} |", component.name));
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    writeln!(out, "{text}").ok();
}

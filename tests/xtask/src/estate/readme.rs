//! `examples/README.md`: a template with the figures of the estate filled in.

use super::blemishes;
use super::model::{Component, Declaration, Estate, GroupKind, Protocol};
use super::placement;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The README of `estate`.
pub(crate) fn text(estate: &Estate) -> String {
    let blanks = [
        ("{counts}", counts(estate)),
        ("{clusters}", clusters(estate)),
        ("{calls}", calls(estate)),
        ("{blemishes}", wrongs(estate)),
    ];
    blanks.iter().fold(include_str!("readme.md").to_owned(), |text, (blank, value)| {
        text.replace(blank, value)
    })
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

fn clusters(estate: &Estate) -> String {
    let mut out = String::from(
        "| cluster | cloud | region | environment | components | replicas |\n|---|---|---|---|---|---|\n",
    );
    for cluster in &estate.clusters {
        let here: Vec<u64> = estate
            .components
            .iter()
            .flat_map(|component| &component.placements)
            .filter(|placement| placement.cluster == cluster.name)
            .map(|placement| placement.replicas)
            .collect();
        line(
            &mut out,
            &format!(
                "| `{}` | {} | {} | {} | {} | {} |",
                cluster.name,
                cluster.cloud,
                cluster.region,
                cluster.environment,
                here.len(),
                here.iter().sum::<u64>()
            ),
        );
    }
    out.trim_end().to_owned()
}

fn calls(estate: &Estate) -> String {
    let events = estate.calls.iter().filter(|call| call.protocol == Some(Protocol::Events)).count();
    let hidden: Vec<String> = estate
        .calls
        .iter()
        .filter(|call| call.declaration == Declaration::Hidden)
        .map(|call| format!("`{}` → `{}`", call.from, call.to))
        .collect();
    let is_production = |name: &str| {
        estate.clusters.iter().any(|one| one.name == name && one.environment == "production")
    };
    let mut routes = placement::routes(estate);
    routes.retain(|route| is_production(route.from_cluster));
    let crossing: BTreeSet<(&str, &str)> = routes
        .iter()
        .filter(|route| route.from_cluster != route.to_cluster)
        .map(|route| route.call)
        .collect();
    let all: BTreeSet<(&str, &str)> = routes.iter().map(|route| route.call).collect();
    format!(
        "Components use each other {} times, {events} of these by way of events. In production, {} \
         of the {} calls between deployed components leave their cluster somewhere. {} calls happen \
         that no descriptor declares: {}.",
        estate.calls.len(),
        crossing.len(),
        all.len(),
        hidden.len(),
        hidden.join(", ")
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
            .filter(|call| call.to == component.name)
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

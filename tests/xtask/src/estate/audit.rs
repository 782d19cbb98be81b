//! Looks at the descriptors as a stranger would: are names legal, does every reference lead
//! somewhere? Only the deliberate blemishes may fail.

pub(crate) mod running;

use super::descriptors::Descriptors;
use super::model::Estate;
use super::yaml::Yaml;
use anyhow::ensure;
use std::collections::BTreeSet;

/// `spec` fields that hold references, with the kind that a bare name means.
const REFERENCES: &[(&str, &str)] = &[
    ("owner", "group"),
    ("system", "system"),
    ("domain", "domain"),
    ("subdomainOf", "domain"),
    ("subcomponentOf", "component"),
    ("providesApis", "api"),
    ("consumesApis", "api"),
    ("dependsOn", ""),
    ("parent", "group"),
    ("children", "group"),
    ("memberOf", "group"),
];

/// Checks names, tags, labels, links and references of every document.
///
/// # Errors
///
/// If anything is illegal, twice there or points at nothing, other than the dangling dependencies
/// that the vocabulary asks for; or if one of those does point at something. The text lists all.
pub(crate) fn audit(descriptors: &Descriptors, estate: &Estate) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for document in descriptors.documents() {
        let own = own_ref(document);
        problems.extend(illegal(document).into_iter().map(|what| format!("{own}: {what}")));
        if !known.insert(own.clone()) {
            problems.push(format!("{own} is there twice"));
        }
    }
    let dangling: BTreeSet<&str> = estate
        .components
        .iter()
        .flat_map(|component| component.dangling.iter().map(String::as_str))
        .collect();
    for document in descriptors.documents() {
        for target in targets(document) {
            if known.contains(&target) == dangling.contains(target.as_str()) {
                problems.push(format!("{} refers to {target}", own_ref(document)));
            }
        }
    }
    ensure!(problems.is_empty(), "the estate contradicts itself:\n{}", problems.join("\n"));
    Ok(())
}

fn own_ref(document: &Yaml) -> String {
    let text = |value: Option<&Yaml>| value.and_then(Yaml::text).unwrap_or_default().to_lowercase();
    let name = document.get("metadata").and_then(|metadata| metadata.get("name"));
    format!("{}:default/{}", text(document.get("kind")), text(name))
}

fn targets(document: &Yaml) -> Vec<String> {
    let Some(spec) = document.get("spec") else { return Vec::new() };
    let mut targets = Vec::new();
    for (field, kind) in REFERENCES {
        for text in spec.get(field).map(Yaml::texts).unwrap_or_default() {
            let full = text.contains(':');
            targets.push(if full { text.to_owned() } else { format!("{kind}:default/{text}") });
        }
    }
    targets
}

/// What Backstage's field formats would refuse in the metadata of `document`.
fn illegal(document: &Yaml) -> Vec<String> {
    let Some(metadata) = document.get("metadata") else { return vec!["no metadata".to_owned()] };
    let mut problems = Vec::new();
    let mut demand = |holds: bool, what: String| {
        if !holds {
            problems.push(what);
        }
    };
    let name = metadata.get("name").and_then(Yaml::text).unwrap_or_default();
    demand(is_object_name(name), format!("name {name}"));
    for tag in metadata.get("tags").map(Yaml::texts).unwrap_or_default() {
        demand(is_tag(tag), format!("tag {tag}"));
    }
    for (field, value_is_legal) in
        [("labels", is_object_name as fn(&str) -> bool), ("annotations", |_| true)]
    {
        let Some(Yaml::Map(entries)) = metadata.get(field) else { continue };
        for (key, value) in entries {
            let legal = value.text().is_some_and(value_is_legal);
            demand(is_key(key) && legal, format!("{field} {key}"));
        }
    }
    if let Some(Yaml::List(links)) = metadata.get("links") {
        for link in links {
            let url = link.get("url").and_then(Yaml::text).unwrap_or_default();
            let is_example = url.split('/').nth(2).is_some_and(|host| host.ends_with(".example"));
            demand(url.starts_with("https://") && is_example, format!("link {url}"));
        }
    }
    problems
}

fn is_object_name(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.chars().all(|c| ends(c) || matches!(c, '-' | '_' | '.'))
        && text.starts_with(ends)
        && text.ends_with(ends)
}

fn is_tag(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '+' | '#')
            })
    };
    text.len() <= 63 && text.split('-').all(is_part)
}

fn is_key(text: &str) -> bool {
    let is_prefix = |prefix: &str| {
        prefix.split('.').all(|label| {
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !label.is_empty() && label.chars().all(legal)
        })
    };
    match text.split_once('/') {
        Some((prefix, name)) => is_prefix(prefix) && is_object_name(name),
        None => is_object_name(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_backstage() {
        assert!(is_object_name("accounts.posting-booked") && !is_object_name("a b"));
        assert!(is_tag("c++") && is_tag("tier-1") && !is_tag("Price_List") && !is_tag("a--b"));
        assert!(is_key("backstage.io/kubernetes-id") && !is_key("A.io/x") && !is_key("a/b/c"));
    }
}

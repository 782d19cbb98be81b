//! The descriptor that would make an unknown workload known.
//!
//! Names and labels come from a cluster, which may be hostile: whatever stands in them, the text
//! reads back as the same values and as nothing else.

use std::fmt::Write as _;

use callboard_model::annotation::{KUBERNETES_LABEL_SELECTOR, KUBERNETES_NAMESPACE};
use callboard_plugin::WorkloadKind;

use super::{PlacedWorkload, selector::is_label_text};
use crate::catalog_facts::CatalogFacts;

/// The longest name of an entity.
const MAX_NAME: usize = 63;

/// Labels by which pods are usually told apart; the best first.
const SELECTING_LABELS: [&str; 4] =
    ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"];

/// `catalog-info.yaml` for a workload that belongs to no entity: a Component that would be placed
/// there. Owner and System are those that the labels name, where the catalog has them.
///
/// The text always parses, and every value in it is what the cluster said.
pub fn unknown_descriptor(facts: &CatalogFacts, placed: &PlacedWorkload) -> String {
    let workload = &placed.workload;
    let key = &workload.key;
    let mut text = format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {}\n  annotations:\n    {KUBERNETES_NAMESPACE}: {}\n",
        scalar(&entity_name(&key.name)),
        scalar(&key.namespace)
    );
    if let Some(selector) = selector(placed) {
        line(&mut text, &format!("    {KUBERNETES_LABEL_SELECTOR}: "), &selector);
    }
    text.push_str("spec:\n");
    let r#type = match key.kind {
        WorkloadKind::CronJob | WorkloadKind::Job => "job",
        _ => "service",
    };
    line(&mut text, "  type: ", r#type);
    let is_production = placed.place.environment.as_deref().is_some_and(|environment| {
        let environment = environment.to_lowercase();
        environment == "production" || environment == "prod"
    });
    line(&mut text, "  lifecycle: ", if is_production { "production" } else { "experimental" });
    line(&mut text, "  owner: ", &owner(placed));
    let part_of = workload.labels.get("app.kubernetes.io/part-of");
    let systems = part_of.map(|name| facts.systems(&name.to_lowercase())).unwrap_or_default();
    if let [system] = systems {
        line(&mut text, "  system: ", system.as_str());
    }
    text
}

fn line(text: &mut String, start: &str, value: &str) {
    // Writing to a text does not fail.
    let _infallible = writeln!(text, "{start}{}", scalar(value));
}

/// A valid name of an entity that is as close to `name` as can be.
fn entity_name(name: &str) -> String {
    let allowed = |character: char| {
        let is_allowed = character.is_ascii_alphanumeric() || "-_.".contains(character);
        if is_allowed { character } else { '-' }
    };
    let name: String = name.chars().map(allowed).take(MAX_NAME).collect();
    let name = name.trim_matches(|end: char| !end.is_ascii_alphanumeric());
    if name.is_empty() { "workload".to_owned() } else { name.to_owned() }
}

/// A selector that finds the workload: by a label that it shares with nothing else, as far as its
/// own labels tell; `None` where it has none that a selector can hold.
fn selector(placed: &PlacedWorkload) -> Option<String> {
    let workload = &placed.workload;
    SELECTING_LABELS.iter().find_map(|key| {
        let value = workload.labels.get(*key).or_else(|| workload.pod_labels.get(*key))?;
        (!value.is_empty() && is_label_text(value)).then(|| format!("{key}={value}"))
    })
}

fn owner(placed: &PlacedWorkload) -> String {
    let Some(squad) = &placed.squad else { return "unknown".to_owned() };
    match &squad.entity {
        Some(entity) => entity.as_str().to_owned(),
        None if is_label_text(&squad.name) => squad.name.to_string(),
        None => "unknown".to_owned(),
    }
}

/// `value` as a YAML scalar that reads back as the same text: plain where that is safe, else in
/// double quotes with everything escaped that is not plainly visible.
/// Source: YAML 1.2.2 §5.7, §7.3.
pub(crate) fn scalar(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        let code = u32::from(character);
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' => quoted.push(character),
            _ if character.is_alphanumeric() => quoted.push(character),
            _ => {
                let _infallible = match code {
                    0..=0xFF => write!(quoted, "\\x{code:02X}"),
                    0x100..=0xFFFF => write!(quoted, "\\u{code:04X}"),
                    _ => write!(quoted, "\\U{code:08X}"),
                };
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a plain scalar of this text is a string in every YAML reader.
fn is_plain(value: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_start = value.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_body = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=".contains(c));
    let is_ref = || {
        let (kind, rest) = value.split_once(':').unwrap_or_default();
        !rest.is_empty() && is_plain(kind) && is_plain(rest)
    };
    let is_word = WORDS.iter().any(|word| value.eq_ignore_ascii_case(word));
    is_start && !is_word && (is_body || is_ref())
}

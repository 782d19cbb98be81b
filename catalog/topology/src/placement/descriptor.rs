//! The descriptor that would make an unknown workload known.
//!
//! Names and labels come from a cluster, which may be hostile: whatever stands in them, the text
//! reads back as the same values and as nothing else.

use std::fmt::Write as _;

use callboard_model::{
    EntityRef,
    annotation::{KUBERNETES_LABEL_SELECTOR, KUBERNETES_NAMESPACE},
};
use callboard_plugin::{Workload, WorkloadKind};

use super::{PlacedWorkload, selector::is_label_text};
use crate::catalog_facts::CatalogFacts;

/// The longest name of an entity.
const MAX_NAME: usize = 63;

/// Labels by which pods are usually told apart; the best first.
const SELECTING_LABELS: [&str; 4] =
    ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"];

/// `catalog-info.yaml` for a workload that belongs to no entity: a Component that would be placed
/// there, as part of `system`. The owner is the one that the labels name.
///
/// The text always parses, and every value in it is what the cluster said.
pub(crate) fn unknown_descriptor(placed: &PlacedWorkload, system: Option<&EntityRef>) -> String {
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
    if let Some(system) = system {
        line(&mut text, "  system: ", system.as_str());
    }
    text
}

/// The System that a workload's labels name, if there is exactly one of the name.
pub(crate) fn labelled_system<'f>(
    facts: &'f CatalogFacts,
    workload: &Workload,
) -> Option<&'f EntityRef> {
    let name = workload.labels.get("app.kubernetes.io/part-of")?;
    match facts.systems(&name.to_lowercase()) {
        [system] => Some(system),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use callboard_model::{DescriptorLimits, Entity, enforce_policies, parse_descriptor};
    use callboard_plugin::{ClusterName, ClusterPlace, ObservationState};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        fixture::{TestCatalog, deployment, entity, observation, workload},
        placement::{Squad, claim},
    };

    fn placed(namespace: &str, name: &str, of: &[(&str, &str)]) -> PlacedWorkload {
        PlacedWorkload {
            cluster: ClusterName::new("c1"),
            place: ClusterPlace { environment: Some("production".into()), ..Default::default() },
            workload: workload(deployment(namespace, name), of, &[]).into(),
            entity: None,
            matched_by: None,
            squad: None,
            also_claimed_by: [].into(),
            is_system: false,
            observation: observation("kubernetes/c1", ObservationState::Live),
        }
    }

    fn parsed(text: &str) -> Entity {
        let documents = parse_descriptor(text.as_bytes(), &DescriptorLimits::default()).unwrap();
        assert_eq!(documents.len(), 1, "{text}");
        let entity = documents.into_iter().next().unwrap().content.unwrap();
        serde_json::from_value(entity).unwrap()
    }

    #[test]
    fn the_descriptor_places_the_workload() {
        let mut found = placed("bank", "payments-api", &[("app", "payments")]);
        found.squad = Some(Squad::of(&EntityRef::new("group", "default", "pay")));
        let text = unknown_descriptor(&found, None);
        let expected = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments-api
  annotations:
    backstage.io/kubernetes-namespace: bank
    backstage.io/kubernetes-label-selector: app=payments
spec:
  type: service
  lifecycle: production
  owner: group:default/pay
";
        assert_eq!(text, expected);
        let catalog = TestCatalog::new(&[serde_json::Value::Object(parsed(&text).0)]);
        let facts = CatalogFacts::of(&catalog.reader());
        let claim = claim(&facts, &found.cluster, &found.workload, None);
        assert_eq!(claim.claimants[0].entity.name(), "payments-api");
    }

    #[test]
    fn a_system_that_the_labels_name_is_named() {
        let catalog = TestCatalog::new(&[entity("System", "payments", &[], &[])]);
        let facts = CatalogFacts::of(&catalog.reader());
        let found = placed("bank", "w", &[("app.kubernetes.io/part-of", "payments")]);
        let system = labelled_system(&facts, &found.workload);
        let text = unknown_descriptor(&found, system);
        assert_eq!(parsed(&text).spec_text("system"), Some("system:default/payments"));
    }

    #[test]
    fn scalars_that_mean_something_else_are_quoted() {
        for text in ["true", "No", "null", "1.0", "", "a: b", "- a", "#x", "a\u{202E}b", "~", "a:"]
        {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        assert_eq!(scalar("component:default/a"), "component:default/a");
        assert_eq!(scalar("a\u{202E}\"\n"), "\"a\\u202E\\\"\\x0A\"");
    }

    proptest! {
        /// Whatever a cluster says, the text is one valid Component of just these values.
        #[test]
        fn whatever_a_cluster_says_reads_back(
            namespace in any::<String>(),
            name in any::<String>(),
            app in any::<String>(),
            squad in any::<String>(),
        ) {
            let mut found = placed(&namespace, &name, &[("app", &app)]);
            found.squad = Some(Squad { name: squad.into(), entity: None });
            let text = unknown_descriptor(&found, None);
            let entity = parsed(&text);
            prop_assert_eq!(entity.annotation(KUBERNETES_NAMESPACE), Some(&*namespace));
            prop_assert_eq!(entity.0.len(), 4);
            prop_assert!(enforce_policies(&mut entity.0.into()).is_ok());
        }
    }
}

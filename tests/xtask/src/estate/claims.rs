//! How descriptors and workloads find each other: in as many ways as real teams have.

use super::model::{Claim, Rule};
use super::random::Random;
use super::vocabulary::{ComponentWords, SystemWords};

/// The way of one component, which is the same in every cluster.
fn rule(component: &str) -> Rule {
    match Random::of(&format!("rule/{component}")).below(100) {
        0..45 => Rule::KubernetesId,
        45..62 => Rule::LabelSelector,
        62..82 => Rule::AppLabels,
        _ => Rule::NamespaceAndName,
    }
}

/// What the descriptor of a component says of its workloads.
pub(crate) fn claim(component: &ComponentWords, system: &SystemWords) -> Claim {
    let name = &component.name;
    let rule = rule(name);
    let mut random = Random::of(&format!("claim/{name}"));
    let (shows_namespace, is_odd) = (random.below(100), random.happens(15));
    let names_namespace = match rule {
        Rule::KubernetesId => shows_namespace < 50,
        Rule::LabelSelector => shows_namespace < 70,
        Rule::AppLabels => shows_namespace < 20,
        Rule::NamespaceAndName => true,
    };
    let owner = component.owner.as_ref().unwrap_or(&system.owner);
    let selector = match is_odd {
        true => format!("app in ({name}),squad={owner}"),
        false => format!("app={name},tier!=sandbox"),
    };
    Claim {
        rule,
        id: (rule == Rule::KubernetesId)
            .then(|| if is_odd { format!("vh-{name}") } else { name.clone() }),
        selector: (rule == Rule::LabelSelector).then_some(selector),
        namespace: names_namespace.then(|| system.name.clone()),
        cluster: match component.only.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
    }
}

/// The name of the workload of a component, which is not always the component's.
pub(crate) fn workload(component: &str, system: &str) -> String {
    let is_odd = Random::of(&format!("workload/{component}")).happens(20);
    match (rule(component), is_odd) {
        (Rule::KubernetesId, true) => format!("{component}-server"),
        (Rule::LabelSelector, true) => format!("{component}-v2"),
        (Rule::AppLabels, true) => format!("{system}-{component}"),
        _ => component.to_owned(),
    }
}

/// The labels by which a workload is known to be that of `component`, by key.
pub(crate) fn labels(component: &str, squad: &str, claim: &Claim) -> Vec<(&'static str, String)> {
    let own = component.to_owned();
    let squad = ("squad", squad.to_owned());
    match claim.rule {
        Rule::KubernetesId => {
            let id = claim.id.clone().unwrap_or_else(|| own.clone());
            vec![("app", own), ("backstage.io/kubernetes-id", id), squad]
        }
        Rule::LabelSelector => vec![("app", own), squad],
        Rule::AppLabels => vec![
            ("app.kubernetes.io/instance", own.clone()),
            ("app.kubernetes.io/managed-by", "Helm".to_owned()),
            ("app.kubernetes.io/name", own),
            squad,
        ],
        Rule::NamespaceAndName => vec![("app", own), squad],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_is_named_otherwise_only_where_labels_tell() {
        for index in 0..500 {
            let name = format!("component-{index}");
            let other = workload(&name, "system") != name;
            assert!(!(other && rule(&name) == Rule::NamespaceAndName));
        }
    }
}

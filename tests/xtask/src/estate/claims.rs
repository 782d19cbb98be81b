//! How descriptors and workloads find each other: in as many ways as real teams have.

use super::model::{Claim, Rule};
use super::random::Random;
use super::vocabulary::{ComponentWords, SystemWords};

/// The way of one component, which is the same in every cluster.
fn rule(component: &str) -> Rule {
    match Random::of(&format!("rule/{component}")).below(100) {
        0..45 => Rule::KubernetesId,
        45..62 => Rule::LabelSelector,
        62..74 => Rule::NameLabel,
        74..78 => Rule::InstanceLabel,
        78..82 => Rule::PartOfLabel,
        _ => Rule::NamespaceAndName,
    }
}

/// What the descriptor of a component says of its workloads.
pub(crate) fn claim(component: &ComponentWords, system: &SystemWords) -> Claim {
    let name = &component.name;
    // What runs nowhere can be missed only if it says that it runs.
    let rule = if component.gone { Rule::KubernetesId } else { rule(name) };
    let mut random = Random::of(&format!("claim/{name}"));
    let (draw, is_odd) = (random.below(100), random.happens(15));
    let names_namespace = match rule {
        Rule::KubernetesId => draw < 50,
        Rule::LabelSelector => draw < 70,
        Rule::NameLabel | Rule::InstanceLabel | Rule::PartOfLabel => draw < 20,
        Rule::NamespaceAndName => true,
    };
    let owner = component.owner.as_ref().unwrap_or(&system.owner);
    let id = if is_odd { format!("vh-{name}") } else { name.clone() };
    let selector = if is_odd {
        format!("app in ({name}),squad={owner}")
    } else {
        format!("app={name},tier!=sandbox")
    };
    Claim {
        rule,
        id: (rule == Rule::KubernetesId).then_some(id),
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
        (Rule::NameLabel | Rule::InstanceLabel, true) => format!("{system}-{component}"),
        _ => component.to_owned(),
    }
}

/// The labels by which a workload is known to be that of `component`, by key.
pub(crate) fn labels(component: &str, squad: &str, claim: &Claim) -> Vec<(&'static str, String)> {
    let own = component.to_owned();
    let mut labels = match claim.rule {
        Rule::KubernetesId => {
            let id = claim.id.clone().unwrap_or_else(|| own.clone());
            vec![("app", own), ("backstage.io/kubernetes-id", id)]
        }
        Rule::LabelSelector | Rule::NamespaceAndName => vec![("app", own)],
        Rule::NameLabel => vec![
            ("app.kubernetes.io/instance", format!("{component}-release")),
            ("app.kubernetes.io/managed-by", "Helm".to_owned()),
            ("app.kubernetes.io/name", own),
        ],
        Rule::InstanceLabel => vec![
            ("app.kubernetes.io/instance", own),
            ("app.kubernetes.io/managed-by", "Helm".to_owned()),
            ("app.kubernetes.io/name", "paved-road-service".to_owned()),
        ],
        Rule::PartOfLabel => vec![
            ("app.kubernetes.io/instance", format!("{component}-release")),
            ("app.kubernetes.io/name", "paved-road-service".to_owned()),
            ("app.kubernetes.io/part-of", own),
        ],
    };
    labels.push(("squad", squad.to_owned()));
    labels
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

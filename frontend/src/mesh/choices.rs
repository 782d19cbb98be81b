//! What the form of the map offers.

use std::collections::BTreeSet;

use super::url_state::{Lanes, MeshUrl, Scope, TopologyGrouping};
use crate::{calls::Window, entity_link::short_ref, place::Cloud};

/// The form.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) scopes: Vec<Group>,
    pub(super) groupings: Vec<Choice>,
    pub(super) windows: Vec<Choice>,
    pub(super) lanes: Vec<Choice>,
    pub(super) depth: Option<i64>,
}

/// Choices of one sort.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) label: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// One value of a field.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) is_chosen: bool,
}

/// What there is to choose from.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) environments: BTreeSet<String>,
    pub(super) clouds: BTreeSet<Cloud>,
    pub(super) clusters: Vec<String>,
    pub(super) squads: Vec<String>,
    pub(super) systems: Vec<String>,
}

impl Choices {
    /// The form in the state of the URL. What the URL says is always among the choices.
    pub(super) fn new(url: &MeshUrl, known: Known) -> Self {
        let scopes = scopes(url, known);
        let simple = |value: &str, label: &str, is_chosen| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            is_chosen,
        };
        let by = |word: &str| format!("By {word}");
        let groupings = TopologyGrouping::ALL
            .into_iter()
            .map(|one| simple(one.word(), &by(one.word()), url.group == Some(one)));
        let lanes = Lanes::ALL.into_iter().map(|one| {
            let label = if one == Lanes::None { "None".to_owned() } else { by(one.word()) };
            simple(one.word(), &label, url.lanes == Some(one))
        });
        let windows = Window::ALL
            .into_iter()
            .map(|one| simple(one.parameter(), one.word(), url.window == one));
        Self {
            scopes,
            groupings: groupings.collect(),
            windows: windows.collect(),
            lanes: lanes.collect(),
            depth: matches!(url.scope, Scope::Entity(_)).then_some(url.depth),
        }
    }
}

fn scopes(url: &MeshUrl, known: Known) -> Vec<Group> {
    let chosen = url.scope.parameter();
    let choice = |scope: Scope, label: String| {
        let value = scope.parameter();
        Choice { is_chosen: value == chosen, value, label }
    };
    let refs = |refs: Vec<String>, kind: &str, scope: fn(String) -> Scope| -> Vec<Choice> {
        let choices = refs.into_iter().map(|one| {
            let label = short_ref(&one, kind);
            choice(scope(one), label)
        });
        choices.collect()
    };
    let names = |names: Vec<String>, scope: fn(String) -> Scope| -> Vec<Choice> {
        names.into_iter().map(|one| choice(scope(one.clone()), one)).collect()
    };
    let clouds = known.clouds.into_iter().filter(|one| !one.is_unknown());
    let clouds = clouds.map(|one| choice(Scope::Cloud(one), one.word().to_owned())).collect();
    let mut groups = vec![
        Group {
            label: "Environments",
            choices: names(known.environments.into_iter().collect(), Scope::Environment),
        },
        Group { label: "Clouds", choices: clouds },
        Group { label: "Clusters", choices: names(known.clusters, Scope::Cluster) },
        Group { label: "Squads", choices: refs(known.squads, "group", Scope::Squad) },
        Group { label: "Systems", choices: refs(known.systems, "system", Scope::System) },
    ];
    groups.retain(|group| !group.choices.is_empty());
    let is_offered = groups.iter().flat_map(|group| &group.choices).any(|one| one.is_chosen);
    if !chosen.is_empty() && !is_offered {
        let own = choice(url.scope.clone(), words(&url.scope));
        groups.insert(0, Group { label: "As in the address", choices: vec![own] });
    }
    groups
}

/// A part of the estate in words.
pub(super) fn words(scope: &Scope) -> String {
    match scope {
        Scope::Everything => "everything".to_owned(),
        Scope::Entity(text) => format!("around {}", short_ref(text, "component")),
        Scope::System(text) => format!("system {}", short_ref(text, "system")),
        Scope::Squad(text) => format!("squad {}", short_ref(text, "group")),
        Scope::Cluster(text) => format!("cluster {text}"),
        Scope::Environment(text) => format!("environment {text}"),
        Scope::Cloud(cloud) => format!("cloud {}", cloud.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_says_is_always_offered() {
        let known = || Known { clusters: vec!["a".into(), "b".into()], ..Known::default() };
        let chosen = |query| {
            let choices = Choices::new(&MeshUrl::parse(query), known());
            let all = choices.scopes.iter().flat_map(|group| &group.choices);
            all.filter(|one| one.is_chosen).map(|one| one.label.clone()).collect::<Vec<_>>()
        };
        assert_eq!(chosen("cluster=b"), ["b"]);
        assert_eq!(chosen("scope=cluster:gone"), ["cluster gone"]);
        assert_eq!(chosen("entity=pay"), ["around pay"]);
        assert!(chosen("").is_empty());
    }
}

//! The entities that a workload belongs to.

use std::sync::Arc;

use callboard_model::{EntityRef, annotation::KUBERNETES_ID};
use callboard_plugin::{ClusterName, LabelMap, Workload};

use super::{PlacementRule, Squad, squad_of_labels};
use crate::catalog_facts::{CatalogFacts, EntityFacts};

/// Labels that name the entity; the most specific first.
const NAME_LABELS: [(&str, PlacementRule); 3] = [
    ("app.kubernetes.io/name", PlacementRule::NameLabel),
    ("app.kubernetes.io/instance", PlacementRule::InstanceLabel),
    ("app.kubernetes.io/part-of", PlacementRule::PartOfLabel),
];

/// Namespaces of the cluster itself, of its mesh, and of what keeps it going.
const SYSTEM_PREFIXES: [&str; 4] = ["kube-", "linkerd", "istio", "capi-"];
const SYSTEM_NAMES: [&str; 3] = ["cert-manager", "flux-system", "gatekeeper-system"];

/// An entity that a workload belongs to, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimant {
    pub(crate) entity: EntityRef,
    pub(crate) rule: PlacementRule,
}

/// Whose a workload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Ordered by ref; more than one = a conflict.
    pub(crate) claimants: Arc<[Claimant]>,
    /// What its labels say.
    pub(crate) squad: Option<Squad>,
    /// Whether its namespace belongs to the cluster itself or to its mesh.
    pub(crate) is_system: bool,
}

/// Judges a workload of `cluster`: annotations first, then labels, then namespace and name. The
/// first of these that finds an entity decides.
pub(crate) fn claim(
    facts: &CatalogFacts,
    cluster: &ClusterName,
    workload: &Workload,
    namespace_labels: Option<&LabelMap>,
) -> Claim {
    let case = Case { facts, cluster: cluster.as_str(), workload };
    let mut claimants = case.by_annotations();
    if claimants.is_empty() {
        claimants = case.by_labels();
    }
    if claimants.is_empty() {
        claimants = case.by_namespace_and_name();
    }
    claimants.sort_by(|one, other| (&one.entity, one.rule).cmp(&(&other.entity, other.rule)));
    claimants.dedup_by(|later, earlier| later.entity == earlier.entity);
    let maps = [&*workload.labels, &*workload.pod_labels];
    let maps: Vec<&LabelMap> = maps.into_iter().chain(namespace_labels).collect();
    let namespace = &*workload.key.namespace;
    Claim {
        claimants: claimants.into(),
        squad: squad_of_labels(facts, &maps),
        is_system: SYSTEM_NAMES.contains(&namespace)
            || SYSTEM_PREFIXES.iter().any(|prefix| namespace.starts_with(prefix)),
    }
}

struct Case<'c> {
    facts: &'c CatalogFacts,
    cluster: &'c str,
    workload: &'c Workload,
}

impl<'c> Case<'c> {
    fn by_annotations(&self) -> Vec<Claimant> {
        let mut claimants = Vec::new();
        let mut try_selector = |entity_ref: &EntityRef| {
            let facts = self.allowed(entity_ref);
            if facts.and_then(|facts| facts.selector()).is_some_and(|found| self.selects(found)) {
                let rule = PlacementRule::LabelSelector;
                claimants.push(Claimant { entity: entity_ref.clone(), rule });
            }
        };
        for labels in self.label_maps() {
            for (key, value) in labels {
                let label = (Arc::clone(key), Arc::clone(value));
                self.facts.by_required_label(&label).iter().for_each(&mut try_selector);
            }
        }
        self.facts.with_loose_selector().iter().for_each(try_selector);
        if let Some(id) = self.label(KUBERNETES_ID) {
            claimants.extend(self.by_id(id));
        }
        claimants
    }

    fn selects(&self, selector: &crate::placement::LabelSelector) -> bool {
        !selector.is_empty() && self.label_maps().into_iter().any(|labels| selector.matches(labels))
    }

    /// By the annotation; where no entity has it, by the name, which upstream takes for it.
    fn by_id(&self, id: &str) -> Vec<Claimant> {
        let rule = PlacementRule::KubernetesId;
        let annotated = self.facts.by_id(id);
        let allowed = annotated.iter().filter(|entity_ref| self.allowed(entity_ref).is_some());
        let found: Vec<Claimant> =
            allowed.map(|entity| Claimant { entity: entity.clone(), rule }).collect();
        if !found.is_empty() {
            return found;
        }
        let has_other_id = |facts: &EntityFacts| {
            facts.kubernetes.as_ref().is_some_and(|kubernetes| kubernetes.id.is_some())
        };
        let named = self.named(id).into_iter().filter(|facts| !has_other_id(facts)).collect();
        closest(named, &self.workload.key.namespace, rule)
    }

    fn by_labels(&self) -> Vec<Claimant> {
        let mut found = NAME_LABELS.iter().map(|(label, rule)| {
            let named = self.label(label).map(|name| self.named(name)).unwrap_or_default();
            closest(named, &self.workload.key.namespace, *rule)
        });
        found.find(|claimants| !claimants.is_empty()).unwrap_or_default()
    }

    fn by_namespace_and_name(&self) -> Vec<Claimant> {
        let namespace = &*self.workload.key.namespace;
        let is_there = |facts: &&EntityFacts| {
            let annotated = facts.kubernetes.as_ref().and_then(|found| found.namespace.as_deref());
            annotated.unwrap_or_else(|| facts.entity_ref().namespace())
                == annotated.map_or_else(|| namespace.to_lowercase(), |_| namespace.to_owned())
        };
        let named = self.named(&self.workload.key.name).into_iter().filter(is_there).collect();
        closest(named, namespace, PlacementRule::NamespaceAndName)
    }

    /// Components and Resources of this name that may run here and have no selector of their own.
    fn named(&self, name: &str) -> Vec<&'c EntityFacts> {
        let found = self.facts.by_name(&name.to_lowercase()).iter();
        found
            .filter_map(|entity_ref| self.allowed(entity_ref))
            .filter(|facts| !facts.has_selector())
            .collect()
    }

    /// The facts of an entity that may run in this namespace of this cluster.
    fn allowed(&self, entity_ref: &EntityRef) -> Option<&'c EntityFacts> {
        let facts = self.facts.get(entity_ref)?;
        let namespace = &*self.workload.key.namespace;
        let is_allowed = facts
            .kubernetes
            .as_ref()
            .is_none_or(|kubernetes| kubernetes.allows(self.cluster, namespace));
        is_allowed.then_some(&**facts)
    }

    fn label(&self, key: &str) -> Option<&'c Arc<str>> {
        let [workload, pods] = self.label_maps();
        workload.get(key).or_else(|| pods.get(key)).filter(|value| !value.is_empty())
    }

    fn label_maps(&self) -> [&'c LabelMap; 2] {
        [&self.workload.labels, &self.workload.pod_labels]
    }
}

/// Of entities of the same name: Components before Resources, then those that name the namespace,
/// are in the namespace of the same name, or in `default`. Several that are equally close all
/// claim it.
fn closest(found: Vec<&EntityFacts>, namespace: &str, rule: PlacementRule) -> Vec<Claimant> {
    let namespace_rank = |facts: &EntityFacts| {
        let annotated = facts.kubernetes.as_ref().and_then(|found| found.namespace.as_deref());
        match annotated {
            Some(annotated) if annotated == namespace => 0,
            _ if facts.entity_ref().namespace() == namespace.to_lowercase() => 1,
            _ if facts.entity_ref().namespace() == "default" => 2,
            _ => 3,
        }
    };
    let rank = |facts: &EntityFacts| {
        (u8::from(facts.entity_ref().kind() != "component"), namespace_rank(facts))
    };
    let Some(best) = found.iter().map(|facts| rank(facts)).min() else { return Vec::new() };
    let closest = found.into_iter().filter(|facts| rank(facts) == best);
    closest.map(|facts| Claimant { entity: facts.entity_ref().clone(), rule }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{TestCatalog, component, deployment, entity, labels, workload};

    const SELECTOR: &str = "backstage.io/kubernetes-label-selector";
    const ID: &str = "backstage.io/kubernetes-id";
    const NAMESPACE: &str = "backstage.io/kubernetes-namespace";
    const CLUSTER: &str = "backstage.io/kubernetes-cluster";

    fn facts(entities: &[serde_json::Value]) -> CatalogFacts {
        CatalogFacts::of(&TestCatalog::new(entities).reader())
    }

    fn claimed(facts: &CatalogFacts, workload: &Workload) -> Vec<(String, PlacementRule)> {
        let claim = claim(facts, &ClusterName::new("c1"), workload, None);
        let claimants = claim.claimants.iter();
        claimants.map(|found| (found.entity.name().to_owned(), found.rule)).collect()
    }

    fn is(name: &str, rule: PlacementRule) -> Vec<(String, PlacementRule)> {
        vec![(name.to_owned(), rule)]
    }

    #[test]
    fn annotations_win_over_labels_and_those_over_the_name() {
        let entities = [
            entity("Component", "by-selector", &[(SELECTOR, "app=api,!canary")], &[]),
            entity("Component", "by-id", &[(ID, "the-id")], &[]),
            entity("Component", "by-name-label", &[], &[]),
            entity("Component", "by-instance", &[], &[]),
            entity("Component", "by-part-of", &[], &[]),
            entity("Component", "w", &[(NAMESPACE, "bank")], &[]),
        ];
        let facts = facts(&entities);
        let all = [
            ("app", "api"),
            (ID, "the-id"),
            ("app.kubernetes.io/name", "by-name-label"),
            ("app.kubernetes.io/instance", "by-instance"),
            ("app.kubernetes.io/part-of", "by-part-of"),
        ];
        let of = |from: usize| workload(deployment("bank", "w"), &all[from..], &[]);
        let both = claimed(&facts, &of(0));
        assert_eq!(
            both,
            [
                is("by-id", PlacementRule::KubernetesId),
                is("by-selector", PlacementRule::LabelSelector)
            ]
            .concat(),
            "two entities that claim it by annotation both have it"
        );
        assert_eq!(claimed(&facts, &of(1)), is("by-id", PlacementRule::KubernetesId));
        assert_eq!(claimed(&facts, &of(2)), is("by-name-label", PlacementRule::NameLabel));
        assert_eq!(claimed(&facts, &of(3)), is("by-instance", PlacementRule::InstanceLabel));
        assert_eq!(claimed(&facts, &of(4)), is("by-part-of", PlacementRule::PartOfLabel));
        assert_eq!(claimed(&facts, &of(5)), is("w", PlacementRule::NamespaceAndName));
        let elsewhere = workload(deployment("other", "w"), &[], &[]);
        assert_eq!(claimed(&facts, &elsewhere), []);
    }

    #[test]
    fn labels_of_pods_count_as_those_of_the_workload() {
        let facts = facts(&[entity("Component", "a", &[(SELECTOR, "app=api")], &[])]);
        let mut found = workload(deployment("bank", "w"), &[], &[]);
        found.pod_labels = labels(&[("app", "api")]);
        assert_eq!(claimed(&facts, &found), is("a", PlacementRule::LabelSelector));
    }

    #[test]
    fn namespace_and_cluster_narrow_every_rule() {
        let entities = [
            entity("Component", "a", &[(SELECTOR, "app=a"), (NAMESPACE, "bank")], &[]),
            entity("Component", "b", &[(ID, "b"), (CLUSTER, "c2")], &[]),
            entity("Component", "c", &[(CLUSTER, "c2")], &[]),
        ];
        let facts = facts(&entities);
        let here = |of: (&str, &str), namespace: &str| {
            claimed(&facts, &workload(deployment(namespace, "w"), &[of], &[]))
        };
        assert_eq!(here(("app", "a"), "bank"), is("a", PlacementRule::LabelSelector));
        assert_eq!(here(("app", "a"), "other"), []);
        assert_eq!(here((ID, "b"), "bank"), []);
        assert_eq!(here(("app.kubernetes.io/name", "c"), "bank"), []);
    }

    #[test]
    fn a_selector_excludes_what_it_does_not_match_and_an_empty_one_is_none() {
        let entities = [
            entity("Component", "a", &[(SELECTOR, "app=a,tier=web"), (ID, "a")], &[]),
            entity("Component", "b", &[(SELECTOR, " "), (ID, "b")], &[]),
            entity("Component", "c", &[(SELECTOR, "not(")], &[]),
            entity("Component", "d", &[(SELECTOR, "tier")], &[]),
        ];
        let facts = facts(&entities);
        let of =
            |label: (&str, &str)| claimed(&facts, &workload(deployment("n", "w"), &[label], &[]));
        assert_eq!(of((ID, "a")), []);
        assert_eq!(of(("app.kubernetes.io/name", "a")), []);
        assert_eq!(of((ID, "b")), is("b", PlacementRule::KubernetesId));
        assert_eq!(of(("app.kubernetes.io/name", "c")), []);
        assert_eq!(of(("tier", "x")), is("d", PlacementRule::LabelSelector));
    }

    #[test]
    fn the_name_stands_in_for_an_id_that_nobody_has() {
        let entities = [
            entity("Component", "Payments", &[], &[]),
            entity("Component", "ledger", &[(ID, "other")], &[]),
            entity("Resource", "payments", &[], &[]),
        ];
        let facts = facts(&entities);
        let of = |id: &str| claimed(&facts, &workload(deployment("n", "w"), &[(ID, id)], &[]));
        assert_eq!(of("payments"), is("payments", PlacementRule::KubernetesId));
        assert_eq!(of("ledger"), []);
        let claim = claim(
            &facts,
            &ClusterName::new("c1"),
            &workload(deployment("n", "w"), &[(ID, "payments")], &[]),
            None,
        );
        assert_eq!(claim.claimants[0].entity, component("payments"), "Components come first");
    }

    #[test]
    fn any_kind_may_be_placed_by_annotation() {
        let facts = facts(&[entity("System", "mesh", &[(SELECTOR, "app=mesh")], &[])]);
        let found = workload(deployment("n", "w"), &[("app", "mesh")], &[]);
        assert_eq!(claimed(&facts, &found), is("mesh", PlacementRule::LabelSelector));
    }

    #[test]
    fn squads_and_system_namespaces_are_told_by_labels_and_names() {
        let facts = facts(&[entity("Group", "payments", &[], &[])]);
        let judge = |namespace: &str, of: &[(&str, &str)], inherited: &[(&str, &str)]| {
            let inherited = labels(inherited);
            let found = workload(deployment(namespace, "w"), of, &[]);
            claim(&facts, &ClusterName::new("c1"), &found, Some(&inherited))
        };
        let named = judge("bank", &[("bank.example/team", "Payments")], &[("squad", "x")]);
        let squad = named.squad.unwrap();
        assert_eq!(squad.entity, Some(EntityRef::new("group", "default", "payments")));
        assert!(!named.is_system);
        let inherited = judge("linkerd-viz", &[], &[("squad", "platform")]);
        assert!(inherited.is_system);
        assert_eq!(inherited.squad, Some(Squad { name: "platform".into(), entity: None }));
    }
}

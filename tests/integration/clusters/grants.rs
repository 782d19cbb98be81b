//! The printed role is enough; each verb that is missing costs its own kind alone.

use callboard_plugin::ObservationState;
use callboard_plugin_kubernetes::{check_access, cluster_role};
use callboard_tests::kubernetes::{Admin, KubernetesServers};
use serde_json::{Value, json};

use super::{
    objects::{deploy, link, link_definition, namespace},
    watched::{Watched, by_kubeconfig, reason_of, state_of},
};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const ROLE: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/callboard-reader";

/// The printed role, as the server takes it.
fn role() -> Value {
    serde_saphyr::from_str(&cluster_role("callboard-reader")).expect("YAML")
}

async fn bind(admin: &Admin) {
    admin.create(ROLES, &role()).await.unwrap();
    let binding = json!({
        "metadata": { "name": "callboard-reader" },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "callboard-reader",
        },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "callboard-readers",
        }],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    admin.create(bindings, &binding).await.unwrap();
}

async fn set_rules(admin: &Admin, rules: &[Value]) {
    admin.patch(ROLE, &json!({ "rules": rules })).await.unwrap();
}

/// The printed rules without one verb on one resource.
fn without(group: &str, resource: &str, verb: &str) -> Vec<Value> {
    let role = role();
    let mut rules = Vec::new();
    for rule in role["rules"].as_array().unwrap() {
        let names = |key: &str| rule[key].as_array().cloned().unwrap_or_default();
        let mut kept = rule.clone();
        if names("apiGroups").contains(&group.into()) {
            let others: Vec<Value> =
                names("resources").into_iter().filter(|name| name != resource).collect();
            kept["resources"] = others.into();
            let verbs: Vec<Value> =
                names("verbs").into_iter().filter(|name| name != verb).collect();
            rules.push(json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs }));
        }
        let is_empty = kept["resources"].as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            rules.push(kept);
        }
    }
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_verb_is_named_and_costs_its_own_kind_alone() {
    let test = "each_missing_verb_is_named_and_costs_its_own_kind_alone";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let admin = servers.admin("c").await.unwrap();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    admin.create(definitions, &link_definition()).await.unwrap();
    namespace(&admin, "bank").await;
    deploy(&admin, "bank", "ledger", 1).await;
    bind(&admin).await;
    let watched = Watched::start(by_kubeconfig(&servers, "c", "callboard"));
    let links = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/bank/links";
    watched.until_live().await;
    admin.create(links, &link("azure")).await.unwrap();
    let snapshot = watched.until("the link", |snapshot| !snapshot.links.is_empty()).await;
    let all: Vec<(String, String)> = snapshot
        .resources
        .iter()
        .map(|one| (one.kind.to_string(), one.api_version.to_string()))
        .collect();
    assert!(snapshot.missing_grants.is_empty());

    for (kind, api_version) in &all {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let resource = format!("{}s", kind.to_lowercase());
        for verb in ["list", "watch"] {
            set_rules(&admin, &without(group, &resource, verb)).await;
            let snapshot = watched
                .until(&format!("{kind} without {verb}"), |snapshot| {
                    let missing = &snapshot.missing_grants;
                    state_of(snapshot, kind) == ObservationState::Forbidden
                        && missing.len() == 1
                        && &*missing[0].verb == verb
                })
                .await;
            let missing = &snapshot.missing_grants[0];
            assert_eq!((&*missing.group, &*missing.resource), (group, resource.as_str()));
            assert!(reason_of(&snapshot, kind).contains(verb));
            assert_eq!(snapshot.observation.state, ObservationState::Live);
            for (other, _) in all.iter().filter(|(other, _)| other != kind) {
                assert_eq!(state_of(&snapshot, other), ObservationState::Live, "{other}");
            }
        }
        set_rules(&admin, role()["rules"].as_array().unwrap()).await;
        watched
            .until(&format!("{kind} granted again"), |snapshot| {
                state_of(snapshot, kind) == ObservationState::Live
                    && snapshot.missing_grants.is_empty()
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_granted_nothing_is_told_so() {
    let test = "who_is_granted_nothing_is_told_so";
    let Some(servers) = KubernetesServers::start(test, &["c"]).await else { return };
    let config = by_kubeconfig(&servers, "c", "noperm");
    let watched = Watched::start(config.clone());
    let snapshot = watched.until_state(ObservationState::Forbidden).await;
    assert!(snapshot.missing_grants.iter().any(|missing| &*missing.resource == "pods"));
    assert!(snapshot.workloads.is_empty());
    assert_eq!(snapshot.nodes.total, None);
    assert_eq!(snapshot.resource("Pod").unwrap().count, None);

    let access = check_access(&config, &callboard_model::SystemClock).await;
    assert!(access.failure.is_none() && !access.is_complete());
    let pods = access.kinds.iter().find(|kind| &*kind.kind == "Pod").unwrap();
    assert_eq!(pods.state, ObservationState::Forbidden);
    assert_eq!(pods.missing_grants.len(), 2);
    let admin = by_kubeconfig(&servers, "c", "admin");
    let access = check_access(&admin, &callboard_model::SystemClock).await;
    assert!(access.is_complete(), "{access:?}");
    let stranger = by_kubeconfig(&servers, "c", "stranger");
    let access = check_access(&stranger, &callboard_model::SystemClock).await;
    assert!(access.failure.unwrap().contains("401"));
}

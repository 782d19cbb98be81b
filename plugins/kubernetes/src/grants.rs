//! What the cluster grants us.

use serde::Deserialize;
use serde_json::json;

use crate::{
    client::ApiClient,
    discovery::parsed,
    failure::Failure,
    kinds::{KindRow, TABLE},
};

/// What watching needs of a resource.
pub(crate) const VERBS: [&str; 2] = ["list", "watch"];

const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const RULES_REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

#[derive(Debug, Deserialize)]
struct AccessReview {
    status: AccessStatus,
}

#[derive(Debug, Deserialize)]
struct AccessStatus {
    allowed: bool,
}

#[derive(Debug, Deserialize)]
struct RulesReview {
    status: RulesStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesStatus {
    #[serde(default)]
    resource_rules: Vec<serde_json::Value>,
    #[serde(default)]
    incomplete: bool,
}

/// The verbs that the cluster does not grant us of a resource in all namespaces.
///
/// # Errors
///
/// [`Failure`] of the review; a server that does not review says so with a status, and the
/// resource itself must tell.
pub(crate) async fn missing_verbs(
    client: &ApiClient,
    row: &KindRow,
) -> Result<Vec<&'static str>, Failure> {
    let mut missing = Vec::new();
    for verb in VERBS {
        let attributes = json!({ "group": row.group, "resource": row.plural, "verb": verb });
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": attributes },
        });
        let body = client.post(ACCESS_REVIEWS, review.to_string().into_bytes()).await?;
        let review: AccessReview = parsed(&body)?;
        if !review.status.allowed {
            missing.push(verb);
        }
    }
    Ok(missing)
}

/// What we may do, in a form that changes when that does; `None` = the server cannot list it.
///
/// One question instead of one for each kind and verb. Rules of the namespace `default` are
/// among them; that they change is no harm.
///
/// # Errors
///
/// [`Failure`] of the review.
pub(crate) async fn rules(client: &ApiClient) -> Result<Option<Vec<String>>, Failure> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": { "namespace": "default" },
    });
    let body = client.post(RULES_REVIEWS, review.to_string().into_bytes()).await?;
    let review: RulesReview = parsed(&body)?;
    if review.status.incomplete {
        return Ok(None);
    }
    let rules = review.status.resource_rules.iter();
    let mut rules: Vec<String> = rules.map(ToString::to_string).collect();
    rules.sort();
    Ok(Some(rules))
}

/// The fewest grants that suffice for everything that is shown, as a `ClusterRole` in YAML:
/// `list` and `watch` on the kinds of the table, and the addresses that tell whether the server
/// is there and what it serves.
pub fn cluster_role(name: &str) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in &TABLE {
        match groups.iter_mut().find(|(group, _)| *group == row.group) {
            Some((_, resources)) => resources.push(row.plural),
            None => groups.push((row.group, vec![row.plural])),
        }
    }
    let verbs = VERBS.join(", ");
    let rules = groups.iter().map(|(group, resources)| {
        let resources = resources.join(", ");
        format!("- apiGroups: [\"{group}\"]\n  resources: [{resources}]\n  verbs: [{verbs}]\n")
    });
    let rules: String = rules.collect();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {name}\n\
         rules:\n{rules}\
         - nonResourceURLs: [/readyz, /version, /api, \"/api/*\", /apis, \"/apis/*\"]\n  verbs: [get]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_reads_the_table_and_nothing_else() {
        let role = cluster_role("callboard-reader");
        for row in &TABLE {
            assert!(role.contains(row.plural), "{}", row.plural);
        }
        for forbidden in ["secrets", "configmaps", "create", "update", "delete", "'*'"] {
            assert!(!role.contains(forbidden), "{forbidden}");
        }
        assert!(role.contains("- apiGroups: [\"\"]\n  resources: [nodes, namespaces, pods"));
    }
}

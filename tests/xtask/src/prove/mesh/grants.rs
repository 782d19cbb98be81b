//! The grants that `clusters rbac` prints: enough for everything, and each of them needed.
//!
//! One API server, and for each verb of each resource a user who lacks just that: to Callboard
//! they are as many clusters.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use super::{small, view};
use crate::{
    lab::{Client, GRANT_USERS, Lab, Launch, grant_token, grant_user, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// A grant that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Missing {
    group: String,
    resource: String,
    verb: String,
}

/// Enough, and each named where it is missing.
pub(crate) fn grants(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let role = crate::lab::printed_role(lab)?;
    let room = lab.room("grants")?;
    let cluster = small::Cluster::start(&room, &role, 5)?;
    let rules = cluster.kubernetes.rules(small::NAME)?;
    let missing: Vec<Missing> = rules.iter().flat_map(each).collect();
    anyhow::ensure!(missing.len() <= GRANT_USERS, "{} grants are too many", missing.len());
    let port = cluster.kubernetes.port(small::NAME)?;
    let full = cluster.config(&room, port)?;
    let mut clusters = vec![full.pointer("/callboard/clusters/0").cloned().context("no cluster")?];
    for (number, missing) in missing.iter().enumerate() {
        let user = grant_user(number);
        cluster.kubernetes.grant_rules(small::NAME, &user, &without(&rules, missing))?;
        let how = cluster.kubernetes.with_token(port, &grant_token(number))?;
        clusters.push(json!({ "name": user, "kubernetes": how }));
    }
    let config = cluster.config_with(&room, &clusters)?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let limit = std::time::Duration::from_mins(1);
    wait_until("every cluster", limit, std::time::Duration::from_millis(250), || {
        let all = view::states(&mut client)?;
        let is_done = all.len() > missing.len() && all.values().all(|it| it.state != "SYNCING");
        Ok(is_done.then_some(()))
    })?;
    let mut figures = Figures::default();
    let all = view::kinds(&mut client, small::NAME)?;
    let not_live: Vec<&String> =
        all.iter().filter(|(_, state)| state.state != "LIVE").map(|(kind, _)| kind).collect();
    let problem = (!not_live.is_empty()).then(|| format!("{not_live:?} are not LIVE"));
    figures.must("all printed grants are enough", problem);
    let mut wrong = Vec::new();
    for (number, missing) in missing.iter().enumerate() {
        if let Some(problem) = judge(&mut client, &grant_user(number), missing, &all)? {
            wrong.push(format!("{} {}: {problem}", missing.verb, missing.resource));
        }
    }
    let problem = (!wrong.is_empty()).then(|| wrong.join("; "));
    figures.must(&format!("each of {} grants, left out", missing.len()), problem);
    Ok(figures.outcome())
}

/// Every verb of every resource of a rule.
fn each(rule: &Value) -> Vec<Missing> {
    let texts = |key: &str| -> Vec<String> {
        let values = rule.get(key).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            for verb in texts("verbs") {
                all.push(Missing { group: group.clone(), resource: resource.clone(), verb });
            }
        }
    }
    all
}

/// The rules, one for each grant but that one, and what is no resource as it is.
fn without(rules: &[Value], missing: &Missing) -> Vec<Value> {
    let mut kept: Vec<Value> = rules
        .iter()
        .flat_map(each)
        .filter(|grant| grant != missing)
        .map(|Missing { group, resource, verb }| {
            json!({ "apiGroups": [group], "resources": [resource], "verbs": [verb] })
        })
        .collect();
    kept.extend(rules.iter().filter(|rule| rule.get("nonResourceURLs").is_some()).cloned());
    kept
}

/// What is wrong with a cluster where one grant is missing: its kind must be `FORBIDDEN` and the
/// grant named, everything else as where nothing is missing. A verb that nothing depends on may
/// be missing without a trace.
fn judge(
    client: &mut Client,
    name: &str,
    missing: &Missing,
    all: &BTreeMap<String, view::State>,
) -> anyhow::Result<Option<String>> {
    let kinds = view::kinds(client, name)?;
    let changed: Vec<&String> = all
        .iter()
        .filter(|(kind, state)| kinds.get(*kind).map(|it| &it.state) != Some(&state.state))
        .map(|(kind, _)| kind)
        .collect();
    let query = "query Q($name: String!) { cluster(name: $name) { \
        missingGrants { group resource verb } } }";
    let data = client.graphql(query, &json!({ "name": name }))?;
    let named = data.pointer("/cluster/missingGrants").cloned().unwrap_or_default();
    let is_named = named
        == json!([{
            "group": missing.group, "resource": missing.resource, "verb": missing.verb,
        }]);
    Ok(match (changed.as_slice(), is_named) {
        ([kind], true) if is_of(kind, &missing.resource) => None,
        (kinds, _) => Some(format!("{kinds:?} changed, {named} is named")),
    })
}

/// Whether a resource is the plural of a kind.
fn is_of(kind: &str, resource: &str) -> bool {
    resource.starts_with(kind.to_lowercase().as_str())
}

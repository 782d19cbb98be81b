//! A Deployment's image or ready count changes on a real server: when GraphQL and a subscription
//! say so.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::view;
use crate::{
    lab::{ApiClient, Client, Lab, Launch, Sample, Subscription, settle, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Where it happens.
const CLUSTER: &str = "azure-prod";

/// What changes; it runs in the namespace `lending`.
const SERVICE: &str = "service-007";

const NAMESPACE: &str = "lending";

/// Changes of each sort.
const CHANGES: u32 = 10;

const LIMIT: Duration = Duration::from_secs(10);

/// Changes, one after another.
pub(crate) fn change(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("change")?;
    let fleet = lab.fleet()?;
    let config = fleet.config(&room, |_| None)?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let query = format!(
        "subscription {{ clusterChanged(name: \"{CLUSTER}\") {{ \
         workloads(filter: {{text: \"{SERVICE}\"}}, first: 1) {{ nodes {{ \
         replicas {{ ready }} images {{ tag }} }} }} }} }}"
    );
    let subscription = Subscription::open(started.server.url(), &query)?;
    let mut api = fleet.kubernetes.client(CLUSTER)?;
    let (mut asked, mut told) = (Sample::default(), Sample::default());
    for number in 0..CHANGES {
        let tag = format!("9.{number}.0");
        set_image(&mut api, &tag)?;
        see(&mut client, &subscription, &tag_is(&tag), &mut asked, &mut told)?;
        let ready = u64::from(11 - number % 2);
        set_ready(&mut api, ready)?;
        see(&mut client, &subscription, &ready_is(ready), &mut asked, &mut told)?;
    }
    let mut figures = Figures::default();
    figures.at_most("GraphQL, longest", asked.max(), 500.0, " ms");
    figures.at_most("subscription, longest", told.max(), 500.0, " ms");
    figures.note(format!(
        "medians {:.0} and {:.0} ms of {} changes",
        asked.percentile(0.5),
        told.percentile(0.5),
        asked.len()
    ));
    Ok(figures.outcome())
}

/// Waits for what was just changed, in both ways.
fn see(
    client: &mut Client,
    subscription: &Subscription,
    is_meant: &dyn Fn(&Value) -> bool,
    asked: &mut Sample,
    told: &mut Sample,
) -> anyhow::Result<()> {
    let changed = Instant::now();
    wait_until("the change in GraphQL", LIMIT, Duration::from_millis(5), || {
        Ok(is_meant(&workload(client)?).then_some(()))
    })?;
    asked.push(changed.elapsed().as_secs_f64() * 1e3);
    let at = subscription.wait_for(LIMIT, |event| {
        let node = event.pointer("/payload/data/clusterChanged/workloads/nodes/0");
        node.is_some_and(is_meant)
    })?;
    told.push(at.saturating_duration_since(changed).as_secs_f64() * 1e3);
    Ok(())
}

fn workload(client: &mut Client) -> anyhow::Result<Value> {
    let query = "query Q($cluster: String!, $name: String!) { cluster(name: $cluster) { \
        workloads(filter: {text: $name}, first: 1) { nodes { \
        replicas { ready } images { tag } } } } }";
    let variables = json!({ "cluster": CLUSTER, "name": SERVICE });
    let mut data = client.graphql(query, &variables)?;
    let node = data.pointer_mut("/cluster/workloads/nodes/0").map(Value::take);
    node.with_context(|| format!("{SERVICE} is not shown"))
}

fn tag_is(tag: &str) -> impl Fn(&Value) -> bool {
    let tag = json!([{ "tag": tag }]);
    move |node| node.get("images") == Some(&tag)
}

fn ready_is(ready: u64) -> impl Fn(&Value) -> bool {
    move |node| node.pointer("/replicas/ready") == Some(&json!(ready))
}

/// What a rollout leaves: the Deployment and its pods with another image.
fn set_image(api: &mut ApiClient, tag: &str) -> anyhow::Result<()> {
    let image = format!("registry.example.test/bank/{SERVICE}:{tag}");
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}");
    replace_image(api, &path, "/spec/template/spec/containers/0/image", &image)?;
    for pod in pods(api)? {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}");
        replace_image(api, &path, "/spec/containers/0/image", &image)?;
        let status = format!("{path}/status");
        replace_image(api, &status, "/status/containerStatuses/0/image", &image)?;
    }
    Ok(())
}

fn replace_image(
    api: &mut ApiClient,
    path: &str,
    place: &str,
    image: &str,
) -> anyhow::Result<Value> {
    api.patch(path, &json!([{ "op": "replace", "path": place, "value": image }]))
}

/// What kubelets and controllers leave when pods stop being ready, or are again.
fn set_ready(api: &mut ApiClient, ready: u64) -> anyhow::Result<()> {
    for (number, pod) in (0..).zip(pods(api)?) {
        let status = if number < ready { "True" } else { "False" };
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/status");
        let replace =
            |place: String, value: Value| json!({ "op": "replace", "path": place, "value": value });
        // The conditions ContainersReady and Ready, and the application's container.
        api.patch(
            &path,
            &json!([
                replace("/status/conditions/2/status".to_owned(), json!(status)),
                replace("/status/conditions/3/status".to_owned(), json!(status)),
                replace("/status/containerStatuses/0/ready".to_owned(), json!(number < ready)),
            ]),
        )?;
    }
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}/status");
    let status = json!({ "status": { "readyReplicas": ready, "availableReplicas": ready } });
    api.merge(&path, &status).map(drop)
}

fn pods(api: &mut ApiClient) -> anyhow::Result<Vec<String>> {
    let list = format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{SERVICE}");
    let name = |pod: &Value| Some(pod.pointer("/metadata/name")?.as_str()?.to_owned());
    Ok(api.list(&list)?.iter().filter_map(name).collect())
}

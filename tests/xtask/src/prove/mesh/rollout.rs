//! A rollout by real controllers: what is served follows the server to the end.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use super::{small, view};
use crate::{
    lab::{ApiClient, Client, Controllers, Lab, Launch, Sample, declare, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Deployments that are rolled out, one after another.
const DEPLOYMENTS: u32 = 5;

/// Longest time from the server's word to ours.
const BAR_MS: f64 = 500.0;

const LIMIT: Duration = Duration::from_mins(1);

/// New images, rolled out by the Deployment controller, scheduled, and made ready by KWOK.
pub(crate) fn rollout(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let role = crate::lab::printed_role(lab)?;
    let room = lab.room("rollout")?;
    let cluster = small::Cluster::start(&room, &role, 0)?;
    let _controllers = Controllers::start(&cluster.kubernetes, small::NAME)?;
    let mut api = cluster.kubernetes.client(small::NAME)?;
    for number in 0..DEPLOYMENTS {
        declare(&mut api, &small::deployed(number))?;
    }
    for number in 0..DEPLOYMENTS {
        wait_rolled_out(&mut api, number)?;
    }
    let config = cluster.config(&room, cluster.kubernetes.port(small::NAME)?)?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    view::wait_all_live(&mut client)?;
    let mut lag = Sample::default();
    let mut least_ready = u64::MAX;
    for number in 0..DEPLOYMENTS {
        let tag = format!("2.{number}.0");
        roll_out(&mut api, number, &tag)?;
        least_ready = least_ready.min(wait_rolled_out(&mut api, number)?);
        let done = Instant::now();
        wait_until("the end of the rollout", LIMIT, Duration::from_millis(5), || {
            Ok(is_served(&mut client, number, &tag)?.then_some(()))
        })?;
        lag.push(done.elapsed().as_secs_f64() * 1e3);
    }
    let mut figures = Figures::default();
    figures.at_most("behind the server, longest", lag.max(), BAR_MS, " ms");
    figures.note(format!("{DEPLOYMENTS} rollouts, never fewer than {least_ready} ready"));
    Ok(figures.outcome())
}

fn path(number: u32) -> String {
    format!("/apis/apps/v1/namespaces/bank/deployments/app-{number}")
}

fn roll_out(api: &mut ApiClient, number: u32, tag: &str) -> anyhow::Result<()> {
    let image = format!("registry.example.test/bank/app-{number}:{tag}");
    let place = "/spec/template/spec/containers/0/image";
    api.patch(&path(number), &json!([{ "op": "replace", "path": place, "value": image }])).map(drop)
}

/// Waits until the server says that every pod is new and ready and no old one is left; gives the
/// fewest that were ready meanwhile.
fn wait_rolled_out(api: &mut ApiClient, number: u32) -> anyhow::Result<u64> {
    let mut least = u64::MAX;
    wait_until("a rollout", LIMIT, Duration::from_millis(5), || {
        let deployment = api.get(&path(number))?;
        let count = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_u64);
        let ready = count("/status/readyReplicas").unwrap_or(0);
        least = least.min(ready);
        let wanted = count("/spec/replicas").context("no replicas")?;
        let is_seen = count("/status/observedGeneration") == count("/metadata/generation");
        let is_new = count("/status/updatedReplicas") == Some(wanted);
        let is_whole = count("/status/replicas") == Some(wanted) && ready == wanted;
        Ok((is_seen && is_new && is_whole).then_some(()))
    })?;
    Ok(least)
}

/// Whether GraphQL shows the new image alone, with every pod ready.
fn is_served(client: &mut Client, number: u32, tag: &str) -> anyhow::Result<bool> {
    let served = view::workloads(client, small::NAME)?;
    let workload = served.get(&format!("bank/Deployment/app-{number}")).context("it is gone")?;
    let images = workload.get("images").and_then(Value::as_array).context("no images")?;
    let of_app: Vec<&Value> =
        images.iter().filter(|image| image.get("container") == Some(&json!("app"))).collect();
    let is_new = of_app.iter().all(|image| image.get("tag") == Some(&json!(tag)));
    let replicas = workload.get("replicas").context("no replicas")?;
    Ok(is_new && !of_app.is_empty() && replicas.get("ready") == replicas.get("desired"))
}

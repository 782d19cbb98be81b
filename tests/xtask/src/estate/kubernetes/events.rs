//! Warnings, the last hours' ones, as long as the API server keeps them.

use super::Site;
use super::metadata::{Identity, letters, uid};
use super::pods::{self, PodPlan};
use crate::estate::random::Random;
use crate::estate::vocabulary::TroubleKind;
use serde_json::{Value, json};

/// A warning on an object.
#[derive(Debug)]
struct Warning<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    reason: &'a str,
    message: String,
    count: u64,
    /// How long ago, in seconds.
    last: u64,
    from: &'a str,
}

/// Warnings of pods in trouble, and a few that passed.
pub(super) fn events(site: &Site<'_>) -> Vec<Value> {
    let mut events = Vec::new();
    for plan in pods::plans(site) {
        for warning in of_pod(&plan) {
            events.push(object(site, &warning));
        }
    }
    for workload in site.workloads().filter(|workload| workload.autoscaler.is_some()) {
        if Random::of(&format!("metrics/{}/{}", workload.cluster, workload.name)).happens(4) {
            let warning = Warning {
                kind: "HorizontalPodAutoscaler",
                namespace: &workload.namespace,
                name: &workload.name,
                reason: "FailedGetResourceMetric",
                message:
                    "failed to get cpu utilization: unable to get metrics for resource cpu: no \
                          metrics returned from resource metrics API"
                        .to_owned(),
                count: 3,
                last: 2_700,
                from: "horizontal-pod-autoscaler",
            };
            events.push(object(site, &warning));
        }
    }
    events
}

fn of_pod<'a>(plan: &'a PodPlan<'_>) -> Vec<Warning<'a>> {
    let workload = plan.workload();
    let mut random = Random::of(&format!("event/{}/{}", workload.cluster, plan.name));
    let warning = |reason: &'a str, message: String, count: u64, last: u64| Warning {
        kind: "Pod",
        namespace: &workload.namespace,
        name: &plan.name,
        reason,
        message,
        count,
        last,
        from: "kubelet",
    };
    let image = format!("{}:{}", workload.image, workload.tag);
    let probe = || "Readiness probe failed: dial tcp: connect: connection refused".to_owned();
    match plan.trouble() {
        Some(TroubleKind::CrashLoopBackOff) => {
            let message = format!(
                "Back-off restarting failed container {} in pod {}_{}",
                super::template::container_name(workload),
                plan.name,
                workload.namespace
            );
            vec![warning("BackOff", message, 200 + random.below(900), 40)]
        }
        Some(TroubleKind::ImagePullBackOff) => vec![
            warning("Failed", format!("Failed to pull image \"{image}\": not found"), 12, 900),
            warning("Failed", "Error: ImagePullBackOff".to_owned(), 160 + random.below(300), 30),
        ],
        Some(TroubleKind::Unready) => {
            vec![warning("Unhealthy", probe(), 80 + random.below(90), 12)]
        }
        _ if random.happens(1) => {
            vec![warning("Unhealthy", probe(), 1 + random.below(4), 300 + random.below(3_000))]
        }
        _ => Vec::new(),
    }
}

fn object(site: &Site<'_>, warning: &Warning<'_>) -> Value {
    let Warning { kind, namespace, name, reason, message, count, last, from } = warning;
    let own = format!("{name}.{}", letters(&format!("{kind}/{namespace}/{name}/{message}"), 16));
    let identity = Identity {
        kind: "Event",
        namespace,
        name: &own,
        age: last + 60 * count.min(&50),
        ..Identity::default()
    };
    let api_version = if *kind == "Pod" { "v1" } else { "autoscaling/v2" };
    json!({
        "count": count,
        "eventTime": null,
        "firstTimestamp": site.before(identity.age),
        "involvedObject": {
            "apiVersion": api_version,
            "kind": kind,
            "name": name,
            "namespace": namespace,
            "uid": uid(site, kind, namespace, name),
        },
        "lastTimestamp": site.before(*last),
        "message": message,
        "metadata": identity.metadata(site),
        "reason": reason,
        "reportingComponent": from,
        "reportingInstance": "",
        "source": { "component": from },
        "type": "Warning",
    })
}

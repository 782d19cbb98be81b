//! `HorizontalPodAutoscaler`s.

use super::Site;
use super::metadata::{Identity, age};
use super::template;
use crate::estate::random::Random;
use crate::estate::truth::WorkloadTruth;
use serde_json::{Value, json};

/// The autoscaler of every workload that has one.
pub(super) fn autoscalers(site: &Site<'_>) -> Vec<Value> {
    let with = site.workloads().filter_map(|workload| Some((workload, workload.autoscaler?)));
    with.map(|(workload, bounds)| autoscaler(site, workload, bounds)).collect()
}

fn autoscaler(site: &Site<'_>, workload: &WorkloadTruth, bounds: [u64; 2]) -> Value {
    let [fewest, most] = bounds;
    let identity = Identity {
        kind: "HorizontalPodAutoscaler",
        namespace: &workload.namespace,
        name: &workload.name,
        labels: template::labels(site, workload).own,
        age: age(&format!("hpa/{}/{}", site.cluster.name, workload.name), 30, 600),
        ..Identity::default()
    };
    let used = 35 + Random::of(&format!("cpu/{}/{}", workload.cluster, workload.name)).below(40);
    let current = json!([{ "resource": { "current": { "averageUtilization": used,
        "averageValue": format!("{used}m") }, "name": "cpu" }, "type": "Resource" }]);
    let target = json!([{ "resource": { "name": "cpu", "target": { "averageUtilization": 70,
        "type": "Utilization" } }, "type": "Resource" }]);
    let replicas = workload.replicas.unwrap_or(0);
    json!({
        "metadata": identity.metadata(site),
        "spec": {
            "maxReplicas": most,
            "metrics": target,
            "minReplicas": fewest,
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name },
        },
        "status": {
            "conditions": [{
                "lastTransitionTime": site.before(86_400),
                "message": "recommended size matches current size",
                "reason": "ReadyForNewScale",
                "status": "True",
                "type": "AbleToScale",
            }],
            "currentMetrics": current,
            "currentReplicas": replicas,
            "desiredReplicas": replicas,
            "lastScaleTime": site.before(7_200),
        },
    })
}

//! The API server, its nodes and its namespaces.

use super::Site;
use super::metadata::{Identity, entry, letters};
use crate::estate::random::Random;
use crate::estate::truth::ClusterTruth;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Namespaces whose pods get no proxy.
const UNMESHED: &[&str] = &[
    "cert-manager",
    "cnpg-system",
    "default",
    "gatekeeper-system",
    "halden",
    "ingress-nginx",
    "innovation-lab",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "monitoring",
];

/// The body of `GET /version`.
pub(super) fn version(cluster: &ClusterTruth) -> Value {
    let mut numbers = cluster.kubernetes.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or("1"), numbers.next().unwrap_or("0"));
    let before = minor.parse::<u64>().unwrap_or(1).saturating_sub(1).to_string();
    let commit: String = {
        let mut random = Random::of(&format!("commit/{}", cluster.kubernetes));
        format!("{:016x}{:016x}{:08x}", random.bits(), random.bits(), random.bits() >> 32)
    };
    json!({
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": before,
        "gitVersion": cluster.kubernetes,
        "gitCommit": commit,
        "gitTreeState": "clean",
        "buildDate": "2026-09-30T12:00:00Z",
        "goVersion": "go1.26.2",
        "compiler": "gc",
        "platform": if is_arm(cluster) { "linux/arm64" } else { "linux/amd64" },
    })
}

fn is_arm(cluster: &ClusterTruth) -> bool {
    cluster.machine.starts_with("m7g") || cluster.machine.contains("ps_")
}

/// The name of a node.
pub(super) fn node_name(cluster: &ClusterTruth, index: u64) -> String {
    match cluster.cloud.as_str() {
        "aws" => {
            let address = node_address(cluster, index).replace('.', "-");
            format!("ip-{address}.{}.compute.internal", cluster.region)
        }
        "azure" => format!("aks-apps-31415926-vmss{index:06}"),
        _ => format!(
            "gke-{}-apps-{}",
            cluster.name,
            letters(&format!("node/{}/{index}", cluster.name), 4)
        ),
    }
}

/// The address of a node.
pub(super) fn node_address(cluster: &ClusterTruth, index: u64) -> String {
    format!("{}.250.{}", cluster.network, 10 + index)
}

fn zone(cluster: &ClusterTruth, index: u64) -> String {
    let letter = ["a", "b", "c"].into_iter().cycle().nth(usize::try_from(index).unwrap_or(0));
    match (cluster.cloud.as_str(), letter.unwrap_or("a")) {
        ("aws", letter) => format!("{}{letter}", cluster.region),
        ("azure", _) => format!("{}-{}", cluster.region, 1 + index % 3),
        (_, letter) => format!("{}-{letter}", cluster.region),
    }
}

fn provider_id(cluster: &ClusterTruth, index: u64) -> String {
    let mut random = Random::of(&format!("machine/{}/{index}", cluster.name));
    let zone = zone(cluster, index);
    match cluster.cloud.as_str() {
        "aws" => format!("aws:///{zone}/i-0{:015x}0", random.bits() >> 4),
        "azure" => format!(
            "azure:///subscriptions/00000000-0000-4000-a000-000000001871/resourceGroups/mc_{0}/\
             providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-31415926-vmss/\
             virtualMachines/{index}",
            cluster.name
        ),
        _ => {
            format!("gce://vinterhavn-{}/{zone}/{}", cluster.environment, node_name(cluster, index))
        }
    }
}

/// The machines.
pub(super) fn nodes(site: &Site<'_>) -> Vec<Value> {
    (0..site.cluster.nodes).map(|index| node(site, index)).collect()
}

fn node(site: &Site<'_>, index: u64) -> Value {
    let cluster = site.cluster;
    let name = node_name(cluster, index);
    let arch = if is_arm(cluster) { "arm64" } else { "amd64" };
    let identity = Identity {
        kind: "Node",
        name: &name,
        labels: vec![
            entry("beta.kubernetes.io/arch", arch),
            entry("kubernetes.io/arch", arch),
            entry("kubernetes.io/hostname", name.clone()),
            entry("kubernetes.io/os", "linux"),
            entry("node.kubernetes.io/instance-type", cluster.machine.clone()),
            entry("topology.kubernetes.io/region", cluster.region.clone()),
            entry("topology.kubernetes.io/zone", zone(cluster, index)),
        ],
        age: super::metadata::age(&name, 3, 40),
        ..Identity::default()
    };
    // One machine of development is down.
    let is_ready = !(cluster.name == "aws-dev-1" && index == 4);
    let conditions: Vec<Value> = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]
        .into_iter()
        .map(|kind| {
            let holds = (kind == "Ready") == is_ready;
            let status = match (kind, is_ready) {
                ("Ready", false) => "Unknown",
                ("Ready", true) => "True",
                _ => "False",
            };
            json!({
                "lastHeartbeatTime": site.before(if is_ready { 120 } else { 5_400 }),
                "lastTransitionTime": site.before(if holds { identity.age } else { 5_300 }),
                "message": if kind == "Ready" && !is_ready { "Kubelet stopped posting node status." } else { "" },
                "reason": if kind == "Ready" && !is_ready { "NodeStatusUnknown" } else { "KubeletStatus" },
                "status": status,
                "type": kind,
            })
        })
        .collect();
    let resources = |pods: u64| json!({ "cpu": "16", "ephemeral-storage": "104845292Ki", "memory": "64926812Ki", "pods": pods.to_string() });
    json!({
        "metadata": identity.metadata(site),
        "spec": {
            "podCIDR": format!("{}.{index}.0/24", cluster.network),
            "providerID": provider_id(cluster, index),
        },
        "status": {
            "addresses": [
                { "address": node_address(cluster, index), "type": "InternalIP" },
                { "address": name, "type": "Hostname" },
            ],
            "allocatable": resources(110),
            "capacity": resources(110),
            "conditions": conditions,
            "nodeInfo": {
                "architecture": arch,
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.46",
                "kubeletVersion": cluster.kubernetes,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "osImage": "Bottlerocket OS 1.49.0",
            },
        },
    })
}

/// The namespaces of everything that runs or is mirrored here.
pub(super) fn namespaces(site: &Site<'_>) -> Vec<Value> {
    let mut names: BTreeSet<String> =
        ["default", "kube-node-lease", "kube-public", "kube-system", "linkerd"]
            .map(str::to_owned)
            .into();
    names.extend(site.workloads().map(|workload| workload.namespace.clone()));
    for link in site.truth.links.iter().filter(|link| link.from == site.cluster.name) {
        let target = site.truth.clusters.iter().find(|cluster| cluster.name == link.to);
        let exports = target.into_iter().flat_map(|cluster| &cluster.exports);
        names.extend(exports.filter_map(|service| Some(service.split_once('/')?.0.to_owned())));
        names.insert("linkerd-multicluster".to_owned());
    }
    names.iter().map(|name| namespace(site, name)).collect()
}

fn namespace(site: &Site<'_>, name: &str) -> Value {
    let mut here = site.workloads().filter(|workload| workload.namespace == name);
    let squad = here.find_map(|workload| workload.component.as_ref().and(workload.squad.clone()));
    let mut labels = vec![entry("kubernetes.io/metadata.name", name)];
    labels.extend(squad.map(|squad| entry("squad", squad)));
    let inject = if UNMESHED.contains(&name) { "disabled" } else { "enabled" };
    let identity = Identity {
        kind: "Namespace",
        name,
        labels,
        annotations: vec![entry("linkerd.io/inject", inject)],
        age: super::metadata::age(&format!("{}/{name}", site.cluster.name), 300, 1_400),
        ..Identity::default()
    };
    json!({
        "metadata": identity.metadata(site),
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

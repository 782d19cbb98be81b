//! Services: those of workloads, those that mirror another cluster's, and those of gateways.

use super::Site;
use super::metadata::{Identity, age, entry, map};
use super::template;
use crate::estate::random::Random;
use crate::estate::truth::{LinkTruth, Mode, WorkloadTruth};
use serde_json::{Value, json};

/// Where gateways and Links are.
pub(super) const MULTICLUSTER: &str = "linkerd-multicluster";

/// All Services.
pub(super) fn services(site: &Site<'_>) -> Vec<Value> {
    let mut services = vec![api_server(site)];
    services.extend(site.workloads().filter_map(|workload| own(site, workload)));
    for link in site.truth.links.iter().filter(|link| link.from == site.cluster.name) {
        let target = site.truth.clusters.iter().find(|cluster| cluster.name == link.to);
        let exports = target.into_iter().flat_map(|cluster| &cluster.exports);
        services.extend(exports.filter_map(|service| mirror(site, link, service)));
        if link.gateway.is_some() {
            services.push(probe(site, link));
        }
    }
    services.extend(federated(site));
    services
}

fn service(
    site: &Site<'_>,
    identity: &Identity<'_>,
    port: u64,
    selector: &[(String, String)],
) -> Value {
    let path = format!("ip/{}/{}/{}", site.cluster.name, identity.namespace, identity.name);
    let mut random = Random::of(&path);
    let address = format!("172.20.{}.{}", random.below(255), 1 + random.below(254));
    let name = match port {
        9090 => "grpc",
        8080 => "http",
        _ => "main",
    };
    let mut spec = json!({
        "clusterIP": address,
        "clusterIPs": [address],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{ "name": name, "port": port, "protocol": "TCP", "targetPort": port }],
        "sessionAffinity": "None",
        "type": "ClusterIP",
    });
    if let (false, Some(fields)) = (selector.is_empty(), spec.as_object_mut()) {
        fields.insert("selector".to_owned(), map(selector));
    }
    json!({ "metadata": identity.metadata(site), "spec": spec, "status": { "loadBalancer": {} } })
}

fn api_server(site: &Site<'_>) -> Value {
    let identity = Identity {
        kind: "Service",
        namespace: "default",
        name: "kubernetes",
        labels: vec![entry("component", "apiserver"), entry("provider", "kubernetes")],
        age: age(&site.cluster.name, 1_400, 1_500),
        ..Identity::default()
    };
    service(site, &identity, 443, &[])
}

/// The Service of a workload.
fn own(site: &Site<'_>, workload: &WorkloadTruth) -> Option<Value> {
    let (name, port) = (workload.service.as_deref()?, workload.port?);
    let path = format!("{}/{name}", workload.namespace);
    let labels = template::labels(site, workload);
    let mut own = labels.own;
    if site.cluster.exports.contains(&path) {
        own.push(entry("mirror.linkerd.io/exported", "true"));
    }
    let members = site.truth.federated.get(&path);
    if members.is_some_and(|members| members.contains(&site.cluster.name)) {
        own.push(entry("mirror.linkerd.io/federated", "member"));
    }
    let identity = Identity {
        kind: "Service",
        namespace: &workload.namespace,
        name,
        labels: own,
        age: age(&format!("service/{}/{path}", site.cluster.name), 40, 900),
        ..Identity::default()
    };
    Some(service(site, &identity, port, &labels.selector))
}

/// What stands here for a Service of another cluster.
fn mirror(site: &Site<'_>, link: &LinkTruth, path: &str) -> Option<Value> {
    let (namespace, name) = path.split_once('/')?;
    let target = site.truth.placements.iter().find(|workload| {
        workload.cluster == link.to
            && workload.namespace == namespace
            && workload.service.as_deref() == Some(name)
    });
    let mut labels = vec![
        entry("mirror.linkerd.io/cluster-name", link.to.clone()),
        entry("mirror.linkerd.io/mirrored-service", "true"),
    ];
    if link.mode == Mode::Flat {
        labels.push(entry("multicluster.linkerd.io/remote-discovery", link.to.clone()));
        labels.push(entry("multicluster.linkerd.io/remote-service", name));
    }
    let mirror = format!("{name}-{}", link.to);
    let mut random = Random::of(&format!("remote/{}/{path}", link.to));
    let identity = Identity {
        kind: "Service",
        namespace,
        name: &mirror,
        labels,
        annotations: vec![
            entry(
                "mirror.linkerd.io/remote-resource-version",
                (40_000_000 + random.below(9_000_000)).to_string(),
            ),
            entry(
                "mirror.linkerd.io/remote-svc-fq-name",
                format!("{name}.{namespace}.svc.cluster.local"),
            ),
        ],
        age: age(&format!("mirror/{}/{path}", site.cluster.name), 20, 400),
        ..Identity::default()
    };
    Some(service(site, &identity, target?.port?, &[]))
}

/// What the service mirror probes a gateway by.
fn probe(site: &Site<'_>, link: &LinkTruth) -> Value {
    let name = format!("probe-{}", link.to);
    let identity = Identity {
        kind: "Service",
        namespace: MULTICLUSTER,
        name: &name,
        labels: vec![
            entry("mirror.linkerd.io/cluster-name", link.to.clone()),
            entry("mirror.linkerd.io/mirrored-gateway", "true"),
        ],
        age: age(&format!("probe/{}/{}", link.from, link.to), 100, 400),
        ..Identity::default()
    };
    service(site, &identity, 4191, &[])
}

/// One name for the same Service in several clusters.
fn federated(site: &Site<'_>) -> Vec<Value> {
    let here = &site.cluster.name;
    let own = site.truth.federated.iter().filter(|(_, members)| members.contains(here));
    let union = |(path, members): (&String, &Vec<String>)| {
        let (namespace, name) = path.split_once('/')?;
        let others: Vec<String> = members
            .iter()
            .filter(|member| *member != here)
            .map(|member| format!("{name}@{member}"))
            .collect();
        let shared = format!("{name}-federated");
        let identity = Identity {
            kind: "Service",
            namespace,
            name: &shared,
            labels: vec![entry("mirror.linkerd.io/mirrored-service", "true")],
            annotations: vec![
                entry("multicluster.linkerd.io/local-discovery", name),
                entry("multicluster.linkerd.io/remote-discovery", others.join(",")),
            ],
            age: age("federated", 20, 60),
            ..Identity::default()
        };
        let member = site.workloads().find(|workload| workload.service.as_deref() == Some(name))?;
        Some(service(site, &identity, member.port?, &[]))
    };
    own.filter_map(union).collect()
}

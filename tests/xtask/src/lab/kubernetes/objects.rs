//! Objects of clusters, of the size that real ones have.

use serde_json::{Map, Value, json};

use crate::lab::world::LinkMode;

/// Variables of every container of an application.
const VARIABLES: usize = 20;

/// A Deployment with its Service and everything that it "runs".
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    /// The namespace.
    pub(crate) namespace: String,
    /// The name of the Deployment and the Service.
    pub(crate) name: String,
    /// The image's tag.
    pub(crate) tag: String,
    /// How many pods, all of them ready.
    pub(crate) replicas: u32,
    /// Labels of the Deployment and its pods.
    pub(crate) labels: Vec<(String, String)>,
}

impl Deployed {
    fn labels(&self) -> Value {
        let labels = self.labels.iter().map(|(key, value)| (key.clone(), json!(value)));
        let own = [("app".to_owned(), json!(self.name))];
        Value::Object(own.into_iter().chain(labels).collect())
    }

    fn selector(&self) -> Value {
        json!({ "app": self.name })
    }

    fn image(&self) -> String {
        format!("registry.example.test/bank/{}:{}", self.name, self.tag)
    }

    /// The ReplicaSet's name: as controllers make it, but for the hash.
    pub(crate) fn replica_set_name(&self) -> String {
        format!("{}-6b7f9c5d4{}", self.name, self.tag.len())
    }

    /// The name of one of its pods.
    pub(crate) fn pod_name(&self, number: u32) -> String {
        format!("{}-{number:05}", self.replica_set_name())
    }

    fn template(&self) -> Value {
        let mut labels = self.labels();
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("linkerd.io/control-plane-ns".to_owned(), json!("linkerd"));
            labels.insert("linkerd.io/proxy-deployment".to_owned(), json!(self.name));
            labels.insert("linkerd.io/workload-ns".to_owned(), json!(self.namespace));
        }
        json!({
            "metadata": {
                "labels": labels,
                "annotations": {
                    "linkerd.io/inject": "enabled",
                    "linkerd.io/proxy-version": "edge-26.10.3",
                    "linkerd.io/created-by": "linkerd/proxy-injector edge-26.10.3",
                    "linkerd.io/trust-root-sha256":
                        "3a5d0f5d9b4dd0a8a3f8c5a9f8ef2c9a8c2c6a5a5e5d0a3b6f1d2c3b4a596877",
                },
            },
            "spec": {
                "serviceAccountName": self.name,
                "automountServiceAccountToken": false,
                "containers": [self.application(), proxy()],
            },
        })
    }

    fn application(&self) -> Value {
        let variable = |number: usize| {
            json!({
                "name": format!("BANK_SETTING_{number}"),
                "value": format!("https://{}.internal.example.test/settings/{number}", self.name),
            })
        };
        let probe =
            json!({ "httpGet": { "path": "/health", "port": "http" }, "periodSeconds": 10 });
        json!({
            "name": "app",
            "image": self.image(),
            "ports": [{ "name": "http", "containerPort": 8080 }],
            "env": (0..VARIABLES).map(variable).collect::<Vec<_>>(),
            "readinessProbe": probe,
            "livenessProbe": probe,
            "resources": {
                "requests": { "cpu": "50m", "memory": "64Mi" },
                "limits": { "memory": "256Mi" },
            },
        })
    }

    /// The Deployment.
    pub(super) fn deployment(&self) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": self.name, "namespace": self.namespace, "labels": self.labels(),
                "annotations": { "deployment.kubernetes.io/revision": "1" },
            },
            "spec": {
                "replicas": self.replicas,
                "selector": { "matchLabels": self.selector() },
                "template": self.template(),
            },
        })
    }

    /// Its ReplicaSet, owned by the Deployment with that uid.
    pub(super) fn replica_set(&self, deployment: &str) -> Value {
        let mut template = self.template();
        let (hash, mut labels) = (self.hash(), self.labels());
        let mut selector = self.selector();
        for map in [
            template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut),
            labels.as_object_mut(),
            selector.as_object_mut(),
        ] {
            map.map(|map| map.insert("pod-template-hash".to_owned(), json!(hash)));
        }
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": self.replica_set_name(), "namespace": self.namespace, "labels": labels,
                "ownerReferences": [owner("Deployment", &self.name, deployment)],
            },
            "spec": {
                "replicas": self.replicas,
                "selector": { "matchLabels": selector },
                "template": template,
            },
        })
    }

    fn hash(&self) -> String {
        self.replica_set_name().rsplit('-').next().unwrap_or_default().to_owned()
    }

    /// The status of the Deployment or the ReplicaSet with all pods ready.
    pub(super) fn status(&self) -> Value {
        let replicas = self.replicas;
        json!({
            "observedGeneration": 1, "replicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas,
        })
    }

    /// Its Service.
    pub(super) fn service(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": self.name, "namespace": self.namespace, "labels": self.labels(),
            },
            "spec": {
                "clusterIP": "None",
                "selector": self.selector(),
                "ports": [{ "name": "http", "port": 80, "targetPort": "http" }],
            },
        })
    }

    /// One of its pods, owned by the ReplicaSet with that uid.
    pub(super) fn pod(&self, number: u32, replica_set: &str) -> Value {
        let mut pod = self.template();
        let name = self.pod_name(number);
        if let Some(pod) = pod.as_object_mut() {
            pod.insert("apiVersion".to_owned(), json!("v1"));
            pod.insert("kind".to_owned(), json!("Pod"));
        }
        if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), json!(name));
            metadata.insert("namespace".to_owned(), json!(self.namespace));
            let owner = owner("ReplicaSet", &self.replica_set_name(), replica_set);
            metadata.insert("ownerReferences".to_owned(), json!([owner]));
        }
        if let Some(labels) = pod.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.insert("pod-template-hash".to_owned(), json!(self.hash()));
        }
        if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("nodeName".to_owned(), json!(format!("node-{}", number % 30)));
        }
        pod
    }

    /// The status of a pod that is ready.
    pub(super) fn pod_status(&self, number: u32) -> Value {
        let at = "2026-11-20T08:00:00Z";
        let condition =
            |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": at });
        let digest = format!("{:064x}", self.tag.bytes().map(u64::from).sum::<u64>());
        let container = |name: &str, image: &str| {
            json!({
                "name": name, "image": image, "ready": true, "started": true, "restartCount": 0,
                "imageID": format!("{}@sha256:{digest}", image.rsplit_once(':').map_or(image, |it| it.0)),
                "containerID": format!("containerd://{digest}"),
                "state": { "running": { "startedAt": at } },
            })
        };
        let address = format!("10.244.{}.{}", number % 250, self.name.len() % 250);
        json!({
            "phase": "Running", "qosClass": "Burstable", "startTime": at,
            "hostIP": "10.0.0.1", "podIP": address, "podIPs": [{ "ip": address }],
            "conditions": [
                condition("Initialized"), condition("PodScheduled"),
                condition("ContainersReady"), condition("Ready"),
            ],
            "containerStatuses": [container("app", &self.image()), container("linkerd-proxy", PROXY_IMAGE)],
        })
    }
}

const PROXY_IMAGE: &str = "cr.l5d.io/linkerd/proxy:edge-26.10.3";

fn proxy() -> Value {
    let variable = |number: usize| json!({ "name": format!("LINKERD2_PROXY_SETTING_{number}"), "value": "localhost.:8086" });
    json!({
        "name": "linkerd-proxy", "image": PROXY_IMAGE,
        "ports": [
            { "name": "linkerd-proxy", "containerPort": 4143 },
            { "name": "linkerd-admin", "containerPort": 4191 },
        ],
        "env": (0..VARIABLES / 2).map(variable).collect::<Vec<_>>(),
    })
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A namespace.
pub(super) fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

/// A node of a cloud (`aws`, `azure` or `gcp`), ready.
pub(super) fn node(number: u32, cloud: &str, region: &str) -> Value {
    let name = format!("node-{number}");
    let provider = match cloud {
        "aws" => format!("aws:///{region}a/i-{number:017x}"),
        "azure" => {
            format!("azure:///subscriptions/s/virtualMachineScaleSets/v/virtualMachines/{number}")
        }
        _ => format!("gce://bank/{region}-b/{name}"),
    };
    let size = json!({ "cpu": "64", "memory": "256Gi", "pods": "250" });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": format!("{region}-1"),
            },
        },
        "spec": { "providerID": provider },
        "status": {
            "capacity": size, "allocatable": size,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "lastHeartbeatTime": "2026-11-20T08:00:00Z",
                "lastTransitionTime": "2026-11-20T08:00:00Z",
            }],
            "nodeInfo": {
                "kubeletVersion": "v1.36.2", "architecture": "amd64", "operatingSystem": "linux",
                "bootID": "", "containerRuntimeVersion": "containerd://2.2.0", "kernelVersion": "6.12",
                "kubeProxyVersion": "", "machineID": "", "osImage": "Debian", "systemUUID": "",
            },
        },
    })
}

/// The definition of Linkerd's Links: names and versions as upstream serves them, with open
/// schemas of our own.
pub(super) fn link_definition() -> Value {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let version = |name: &str| {
        json!({
            "name": name, "served": true, "storage": name == "v1alpha3",
            "subresources": { "status": {} },
            "schema": { "openAPIV3Schema": {
                "type": "object", "properties": { "spec": open, "status": open },
            } },
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "links.multicluster.linkerd.io" },
        "spec": {
            "group": "multicluster.linkerd.io", "scope": "Namespaced",
            "names": { "kind": "Link", "plural": "links", "singular": "link", "listKind": "LinkList" },
            "versions": [version("v1alpha1"), version("v1alpha2"), version("v1alpha3")],
        },
    })
}

/// A Link to another cluster, through its gateway or over a flat network.
pub(crate) fn link(target: &str, gateway: Option<&str>) -> Value {
    let mut spec = Map::new();
    for (key, value) in [
        ("targetClusterName", target),
        ("targetClusterDomain", "cluster.local"),
        ("targetClusterLinkerdNamespace", "linkerd"),
    ] {
        spec.insert(key.to_owned(), json!(value));
    }
    if let Some(address) = gateway {
        spec.insert("gatewayAddress".to_owned(), json!(address));
        spec.insert("gatewayPort".to_owned(), json!("4143"));
        spec.insert(
            "gatewayIdentity".to_owned(),
            json!(
                "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local"
            ),
        );
    }
    let way = if gateway.is_some() { "gateway" } else { "flat" };
    json!({
        "apiVersion": "multicluster.linkerd.io/v1alpha3", "kind": "Link",
        "metadata": { "name": format!("{target}-{way}"), "namespace": "linkerd-multicluster" },
        "spec": spec,
    })
}

/// What the service mirror makes of `service` of the cluster `target`.
pub(crate) fn mirror_service(
    namespace: &str,
    service: &str,
    target: &str,
    mode: LinkMode,
) -> Value {
    let mut labels = Map::new();
    labels.insert("mirror.linkerd.io/mirrored-service".to_owned(), json!("true"));
    labels.insert("mirror.linkerd.io/cluster-name".to_owned(), json!(target));
    if mode == LinkMode::Flat {
        labels.insert("multicluster.linkerd.io/remote-discovery".to_owned(), json!(target));
        labels.insert("multicluster.linkerd.io/remote-service".to_owned(), json!(service));
    }
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": format!("{service}-{target}"), "namespace": namespace, "labels": labels,
            "annotations": {
                "mirror.linkerd.io/remote-svc-fq-name": format!("{service}.{namespace}.svc.cluster.local"),
                "mirror.linkerd.io/remote-resource-version": "1",
            },
        },
        "spec": { "clusterIP": "None", "ports": [{ "name": "http", "port": 80 }] },
    })
}

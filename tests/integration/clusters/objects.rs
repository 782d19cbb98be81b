//! What tests put into a cluster, in the place of controllers and kubelets.

use callboard_tests::kubernetes::Admin;
use serde_json::{Value, json};

/// A digest for an image of this tag.
pub(crate) fn digest(tag: &str) -> String {
    format!("sha256:{:0>64}", tag.replace('.', ""))
}

pub(crate) async fn namespace(admin: &Admin, name: &str) {
    let object = json!({ "metadata": { "name": name, "labels": { "squad": "ledgers" } } });
    admin.create("/api/v1/namespaces", &object).await.unwrap();
}

pub(crate) fn deployments(namespace: &str) -> String {
    format!("/apis/apps/v1/namespaces/{namespace}/deployments")
}

pub(crate) fn pods(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods")
}

fn labels(name: &str) -> Value {
    json!({ "app": name, "app.kubernetes.io/name": name })
}

fn template(name: &str, tag: &str) -> Value {
    json!({
        "metadata": { "labels": labels(name) },
        "spec": { "containers": [{
            "name": "app",
            "image": format!("registry.example/{name}:{tag}"),
            "env": [{ "name": "PASSWORD", "value": "hunter2" }],
        }] },
    })
}

/// A Deployment with its ReplicaSet, so many ready pods and a Service.
pub(crate) async fn deploy(admin: &Admin, namespace: &str, name: &str, replicas: u32) {
    let tag = "1.0";
    let metadata = json!({
        "name": name,
        "labels": labels(name),
        "annotations": { "backstage.io/kubernetes-id": name },
    });
    let selector = json!({ "matchLabels": { "app": name } });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": { "replicas": replicas, "selector": selector, "template": template(name, tag) },
        "status": {
            "observedGeneration": 1, "replicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas,
        },
    });
    let created = admin.create(&deployments(namespace), &deployment).await.unwrap();
    let owner = json!([{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true,
        "uid": created["metadata"]["uid"],
    }]);
    let set_name = format!("{name}-7c9d");
    let mut set_template = template(name, tag);
    set_template["metadata"]["labels"]["pod-template-hash"] = "7c9d".into();
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": { "name": set_name, "ownerReferences": owner },
        "spec": { "replicas": replicas, "selector": selector, "template": set_template },
    });
    let path = format!("/apis/apps/v1/namespaces/{namespace}/replicasets");
    let set = admin.create(&path, &set).await.unwrap();
    for number in 0..replicas {
        let pod = pod(&set, name, tag, number);
        admin.create(&pods(namespace), &pod).await.unwrap();
    }
    let service = json!({
        "metadata": { "name": name },
        "spec": { "selector": { "app": name }, "ports": [{ "port": 80 }] },
    });
    let path = format!("/api/v1/namespaces/{namespace}/services");
    admin.create(&path, &service).await.unwrap();
}

/// A ready pod of a ReplicaSet, in the mesh.
fn pod(set: &Value, name: &str, tag: &str, number: u32) -> Value {
    let set_name = set["metadata"]["name"].as_str().unwrap();
    let owner = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set_name, "controller": true,
        "uid": set["metadata"]["uid"],
    }]);
    let mut template = template(name, tag);
    let labels = &mut template["metadata"]["labels"];
    labels["pod-template-hash"] = "7c9d".into();
    labels["linkerd.io/control-plane-ns"] = "linkerd".into();
    let image = format!("registry.example/{name}:{tag}");
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{set_name}-{number}"),
            "labels": labels,
            "annotations": { "linkerd.io/proxy-version": "edge-26.8.1" },
            "ownerReferences": owner,
        },
        "spec": template["spec"],
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True" }],
            "containerStatuses": [{
                "name": "app", "image": image, "ready": true, "restartCount": 1,
                "imageID": format!("registry.example/{name}@{}", digest(tag)),
                "state": { "running": { "startedAt": "2026-11-20T10:00:00Z" } },
            }],
        },
    })
}

pub(crate) fn node(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "labels": { "topology.kubernetes.io/region": "eu-west-1" },
        },
        "spec": { "providerID": format!("aws:///eu-west-1a/{name}") },
        "status": { "conditions": [{
            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
            "lastHeartbeatTime": "2026-11-20T10:00:00Z",
            "lastTransitionTime": "2026-11-20T10:00:00Z",
        }] },
    })
}

/// The definition of Linkerd's Links, in three versions, the last of which is stored.
pub(crate) fn link_definition() -> Value {
    let version = |name: &str, is_stored: bool| {
        json!({
            "name": name, "served": true, "storage": is_stored,
            "subresources": { "status": {} },
            "schema": { "openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            } },
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "links.multicluster.linkerd.io" },
        "spec": {
            "group": "multicluster.linkerd.io", "scope": "Namespaced",
            "names": { "kind": "Link", "plural": "links", "singular": "link" },
            "versions": [
                version("v1alpha1", false), version("v1alpha2", false), version("v1alpha3", true),
            ],
        },
    })
}

pub(crate) fn link(target: &str) -> Value {
    json!({
        "apiVersion": "multicluster.linkerd.io/v1alpha3", "kind": "Link",
        "metadata": { "name": target },
        "spec": { "targetClusterName": target, "gatewayAddress": "192.0.2.7" },
        "status": { "mirrorServices": [{
            "remoteRef": { "kind": "Service", "name": "ledger", "namespace": "bank" },
            "conditions": [{
                "type": "Mirrored", "status": "False", "reason": "Error",
                "message": "the port is taken",
            }],
        }] },
    })
}

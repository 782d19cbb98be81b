//! Fills a cluster over its API, as controllers and kubelets would.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Context;
use serde_json::Value;

use super::{
    ApiClient, Deployed, Kubernetes,
    objects::{link_definition, namespace, node},
};

/// Connections that fill a cluster.
const CONNECTIONS: usize = 6;

/// Nodes of every cluster.
const NODES: u32 = 30;

/// Where Links stand.
const LINK_NAMESPACE: &str = "linkerd-multicluster";

/// What a cluster holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    /// `aws`, `azure` or `gcp`.
    pub(crate) cloud: &'static str,
    /// The cloud's region.
    pub(crate) region: &'static str,
    /// The namespaces.
    pub(crate) namespaces: Vec<String>,
    /// Deployments with all that belongs to them.
    pub(crate) deployed: Vec<Deployed>,
    /// Links to other clusters.
    pub(crate) links: Vec<Value>,
    /// Services without a Deployment, such as mirrors.
    pub(crate) services: Vec<Value>,
}

/// Makes everything of `contents`, with its status. The cluster must be empty.
pub(crate) fn fill(clusters: &Kubernetes, name: &str, contents: &Contents) -> anyhow::Result<()> {
    let mut client = clusters.client(name)?;
    for number in 0..NODES {
        client.create("/api/v1/nodes", &node(number, contents.cloud, contents.region))?;
    }
    client.create(DEFINITIONS, &link_definition())?;
    for name in contents.namespaces.iter().map(String::as_str).chain([LINK_NAMESPACE]) {
        client.create("/api/v1/namespaces", &namespace(name))?;
    }
    in_parallel(clusters, name, &contents.deployed, deploy)?;
    in_parallel(clusters, name, &contents.services, |client, service| {
        client.create(&services_of(namespace_of(service)), service).map(drop)
    })?;
    // By now the definition is served.
    in_parallel(clusters, name, &contents.links, |client, link| {
        client.create(LINKS, link).map(drop)
    })
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const LINKS: &str = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links";

fn services_of(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/services")
}

fn namespace_of(object: &Value) -> &str {
    object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default()
}

/// A Deployment and its Service alone: controllers make the rest.
pub(crate) fn declare(client: &mut ApiClient, deployed: &Deployed) -> anyhow::Result<()> {
    let apps = format!("/apis/apps/v1/namespaces/{}", deployed.namespace);
    client.create(&format!("{apps}/deployments"), &deployed.deployment())?;
    client.create(&services_of(&deployed.namespace), &deployed.service()).map(drop)
}

/// A Deployment, its ReplicaSet, its Service and its pods, all ready.
pub(crate) fn deploy(client: &mut ApiClient, deployed: &Deployed) -> anyhow::Result<()> {
    let apps = format!("/apis/apps/v1/namespaces/{}", deployed.namespace);
    let uid =
        create(client, &format!("{apps}/deployments"), &deployed.deployment(), deployed.status())?;
    let set = deployed.replica_set(&uid);
    let uid = create(client, &format!("{apps}/replicasets"), &set, deployed.status())?;
    client.create(&services_of(&deployed.namespace), &deployed.service())?;
    let pods = format!("/api/v1/namespaces/{}/pods", deployed.namespace);
    for number in 0..deployed.replicas {
        create(client, &pods, &deployed.pod(number, &uid), deployed.pod_status(number))?;
    }
    Ok(())
}

/// Makes an object, then its status, which a server does not take with the object. Gives the uid.
fn create(
    client: &mut ApiClient,
    path: &str,
    object: &Value,
    status: Value,
) -> anyhow::Result<String> {
    let mut made = client.create(path, object)?;
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if let Some(made) = made.as_object_mut() {
        made.insert("status".to_owned(), status);
    }
    client.replace(&format!("{path}/{name}/status"), &made)?;
    let uid = made.pointer("/metadata/uid").and_then(Value::as_str);
    Ok(uid.context("an object without uid")?.to_owned())
}

fn in_parallel<T: Sync>(
    clusters: &Kubernetes,
    name: &str,
    items: &[T],
    work: impl Fn(&mut ApiClient, &T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS.min(items.len()) {
            scope.spawn(|| {
                let result = clusters.client(name).and_then(|mut client| {
                    while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                        work(&mut client, item)?;
                    }
                    Ok(())
                });
                if let Err(error) = result {
                    next.store(items.len(), Ordering::Relaxed);
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(()),
        Some(error) => Err(error.context(format!("{name} could not be filled"))),
    }
}

//! One small cluster, for rows that need no more.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::{Value, json};

use crate::lab::{
    ApiClient, Contents, Credentials, Deployed, Kubernetes, fill, serve_config, sqlite,
};

/// What it is called.
pub(crate) const NAME: &str = "small";

const NAMESPACE: &str = "bank";

/// The cluster, with a catalog in which each of its Deployments is a Component.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The API server.
    pub(crate) kubernetes: Kubernetes,
    location: PathBuf,
}

impl Cluster {
    /// Starts it with so many Deployments, readable by the role.
    pub(crate) fn start(room: &Path, role: &str, deployments: u32) -> anyhow::Result<Self> {
        let kubernetes = Kubernetes::start(room, &[NAME])?;
        kubernetes.grant(NAME, role)?;
        let contents = Contents {
            cloud: "aws",
            region: "eu-west-1",
            namespaces: vec![NAMESPACE.to_owned()],
            deployed: (0..deployments).map(deployed).collect(),
            ..Contents::default()
        };
        fill(&kubernetes, NAME, &contents)?;
        let location = room.join("catalog.yaml");
        let documents: Vec<String> = (0..deployments).map(|it| component(it).to_string()).collect();
        fs::write(&location, documents.join("\n---\n"))?;
        Ok(Self { kubernetes, location })
    }

    /// Configuration of a server that watches it at `port`.
    pub(crate) fn config(&self, room: &Path, port: u16) -> anyhow::Result<Value> {
        let kubernetes = self.kubernetes.configuration(NAME, port, Credentials::TokenFile)?;
        self.config_with(room, &[json!({ "name": NAME, "kubernetes": kubernetes })])
    }

    /// The same with any clusters.
    pub(crate) fn config_with(&self, room: &Path, clusters: &[Value]) -> anyhow::Result<Value> {
        let mut config = serve_config(&sqlite(&room.join("callboard.db")), &self.location);
        let callboard = config.get_mut("callboard").and_then(Value::as_object_mut);
        callboard.context("no callboard")?.insert("clusters".to_owned(), json!(clusters));
        Ok(config)
    }
}

/// The Deployment with that number: two pods, found by their label.
pub(crate) fn deployed(number: u32) -> Deployed {
    let name = format!("app-{number}");
    Deployed {
        namespace: NAMESPACE.to_owned(),
        tag: format!("1.{number}.0"),
        replicas: 2,
        labels: vec![("backstage.io/kubernetes-id".to_owned(), name.clone())],
        name,
    }
}

/// Deletes the Deployment with that number and all that belongs to it.
pub(crate) fn remove(api: &mut ApiClient, number: u32) -> anyhow::Result<()> {
    let deployed = deployed(number);
    let (namespace, name) = (&deployed.namespace, &deployed.name);
    for pod in 0..deployed.replicas {
        let pod = deployed.pod_name(pod);
        api.delete(&format!("/api/v1/namespaces/{namespace}/pods/{pod}"))?;
    }
    let set = deployed.replica_set_name();
    api.delete(&format!("/apis/apps/v1/namespaces/{namespace}/replicasets/{set}"))?;
    api.delete(&format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}"))?;
    api.delete(&format!("/api/v1/namespaces/{namespace}/services/{name}")).map(drop)
}

fn component(number: u32) -> Value {
    let name = format!("app-{number}");
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": { "name": name, "annotations": { "backstage.io/kubernetes-id": name } },
        "spec": { "type": "service", "lifecycle": "production", "owner": "makers" },
    })
}

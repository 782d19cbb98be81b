//! The world on real clusters: nine API servers that are filled once and kept for every row.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    Lab,
    config::{self, serve_config},
    kubernetes::{Credentials, Kubernetes, fill},
    world::{CLUSTERS, Cluster, World},
};

/// Nine clusters with all that the world says of them.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// What is true.
    pub(crate) world: World,
    /// The clusters.
    pub(crate) kubernetes: Kubernetes,
    location: PathBuf,
}

impl Fleet {
    /// Starts the clusters and fills them one after another.
    pub(super) fn start(lab: &mut Lab) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let room = lab.room("fleet")?;
        let world = World::new();
        world.write(&room.join("ground-truth.json"))?;
        let location = world.write_catalog(&room.join("catalog"))?;
        let kubernetes = Kubernetes::start(&room, &CLUSTERS.map(|cluster| cluster.name))?;
        let role = printed_role(lab)?;
        for cluster in &CLUSTERS {
            kubernetes.grant(cluster.name, &role)?;
            fill(&kubernetes, cluster.name, &world.contents(cluster))?;
        }
        println!("filled nine clusters in {:.0} s", begun.elapsed().as_secs_f64());
        Ok(Self { world, kubernetes, location })
    }

    /// Configuration of a server on an empty database that watches every cluster; `port` names the
    /// one at which a cluster is reached, if that is not its own.
    pub(crate) fn config(
        &self,
        room: &Path,
        port: impl Fn(&str) -> Option<u16>,
    ) -> anyhow::Result<Value> {
        let ways = [Credentials::Kubeconfig, Credentials::TokenFile, Credentials::Certificate];
        let entry = |(cluster, way): (&Cluster, Credentials)| {
            let port = port(cluster.name).map_or_else(|| self.kubernetes.port(cluster.name), Ok)?;
            Ok(json!({
                "name": cluster.name,
                "environment": cluster.environment,
                "kubernetes": self.kubernetes.configuration(cluster.name, port, way)?,
                "mesh": { "kind": "linkerd", "clusterDomain": "cluster.local" },
            }))
        };
        let entries = CLUSTERS.iter().zip(ways.into_iter().cycle()).map(entry);
        let mut config = serve_config(&config::sqlite(&room.join("callboard.db")), &self.location);
        let clusters: Value = entries.collect::<anyhow::Result<Vec<Value>>>()?.into();
        let callboard = config.get_mut("callboard").and_then(Value::as_object_mut);
        callboard.context("no callboard")?.insert("clusters".to_owned(), clusters);
        Ok(config)
    }
}

/// What `callboard clusters rbac` prints.
pub(crate) fn printed_role(lab: &mut Lab) -> anyhow::Result<String> {
    let output = Command::new(lab.callboard()?).args(["clusters", "rbac"]).output()?;
    anyhow::ensure!(
        output.status.success(),
        "clusters rbac: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

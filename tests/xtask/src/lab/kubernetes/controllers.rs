//! Real controllers, a real scheduler and KWOK for one cluster: Deployments become ready Pods on
//! nodes that are not there.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use serde_json::json;

use super::{ADMIN_TOKEN, Kubernetes};
use crate::{
    lab::process::ends_with_us,
    peers::{self, Peer},
};

/// The controllers that rollouts need.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,\
    garbage-collector-controller,pod-garbage-collector-controller,node-lifecycle-controller";

/// The programs of one cluster. Dropping them kills them.
#[derive(Debug)]
pub(crate) struct Controllers {
    children: Vec<Child>,
}

impl Controllers {
    /// Starts them for a cluster that runs.
    pub(crate) fn start(clusters: &Kubernetes, name: &str) -> anyhow::Result<Self> {
        let file = clusters.folder().join(format!("controllers-{name}"));
        let url = format!("https://127.0.0.1:{}", clusters.port(name)?);
        let authority = clusters.certificates().authority();
        let content = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{
                "name": "it", "cluster": { "server": url, "certificate-authority": authority },
            }],
            "users": [{ "name": "it", "user": { "token": ADMIN_TOKEN } }],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
        });
        fs::write(&file, serde_json::to_vec_pretty(&content)?)?;
        let mut started = Self { children: Vec::new() };
        let kubeconfig = format!("--kubeconfig={}", file.display());
        let quiet = ["--leader-elect=false", "--secure-port=0", "--profiling=false"];
        let controllers = format!("--controllers={CONTROLLERS}");
        let own = [&quiet[..], &[&controllers, "--use-service-account-credentials=false"]].concat();
        started.spawn(clusters, peers::KUBE_CONTROLLER_MANAGER, &kubeconfig, &own)?;
        started.spawn(clusters, peers::KUBE_SCHEDULER, &kubeconfig, &quiet)?;
        let fake = ["--manage-all-nodes=true", "--cidr=10.244.0.1/16", "--node-ip=10.255.0.1"];
        let lease = ["--node-lease-duration-seconds=40", "--server-address="];
        started.spawn(clusters, peers::KWOK, &kubeconfig, &[fake.as_slice(), &lease].concat())?;
        Ok(started)
    }

    fn spawn(
        &mut self,
        clusters: &Kubernetes,
        peer: Peer,
        kubeconfig: &str,
        arguments: &[&str],
    ) -> anyhow::Result<()> {
        let program = peer.find().with_context(|| format!("{} is not here", peer.name))?;
        let mut command = ends_with_us(&program);
        command.arg(kubeconfig).args(arguments);
        self.children.push(logged(&mut command, clusters.folder(), peer.name)?);
        Ok(())
    }
}

fn logged(command: &mut Command, folder: &Path, name: &str) -> anyhow::Result<Child> {
    let log = fs::File::create(folder.join(format!("{name}.log")))?;
    // KWOK keeps files of its own there.
    command.env("KWOK_WORKDIR", folder.join("kwok")).current_dir(folder).stdin(Stdio::null());
    command
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("{name} did not start"))
}

impl Drop for Controllers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended already; then there is nothing to kill.
            if child.kill().is_ok() {
                child.wait().map(drop).unwrap_or_default();
            }
        }
    }
}

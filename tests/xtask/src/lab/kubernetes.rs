//! Real clusters, as far as Callboard sees them: API servers over one etcd, on free ports.
//!
//! There is no kubelet behind them: whoever fills a cluster writes the status of what "runs", as
//! kubelets and controllers would. Each cluster has its own prefix in etcd.

mod access;
mod api;
mod certificates;
mod controllers;
mod fill;
mod objects;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use rustls::ClientConfig;

pub(crate) use self::{
    access::{Credentials, GRANT_USERS, grant_token, grant_user},
    api::ApiClient,
    certificates::{Certificate, Certificates},
    controllers::Controllers,
    fill::{Contents, declare, deploy, fill},
    objects::{Deployed, link, mirror_service},
};
use super::{
    pause::wait_until,
    process::{Process, Signal, ends_with_us},
    tls,
};
use crate::peers;

/// The token of the one who may do everything.
const ADMIN_TOKEN: &str = "admin-token";

/// Longest wait for a server that starts, beside eight others.
const START_LIMIT: Duration = Duration::from_mins(3);

/// API servers over one etcd. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Kubernetes {
    folder: PathBuf,
    certificates: Certificates,
    tls: Arc<ClientConfig>,
    etcd: Etcd,
    servers: Vec<ApiServer>,
}

#[derive(Debug)]
struct Etcd {
    data: PathBuf,
    log: PathBuf,
    port: u16,
    peer_port: u16,
    child: Option<Child>,
}

#[derive(Debug)]
struct ApiServer {
    name: String,
    port: u16,
    /// Which of the servers it is, for what must differ.
    number: usize,
    child: Option<Child>,
}

impl Kubernetes {
    /// Starts a cluster for each of `names` in `folder`, and waits until all of them are ready.
    pub(crate) fn start(folder: &Path, names: &[&str]) -> anyhow::Result<Self> {
        let certificates = Certificates::make(&folder.join("certificates"))?;
        access::write_tokens(&folder.join("tokens.csv"))?;
        let etcd = Etcd {
            data: folder.join("etcd"),
            log: folder.join("etcd.log"),
            port: free_port()?,
            peer_port: free_port()?,
            child: None,
        };
        let server = |(number, name): (usize, &&str)| -> anyhow::Result<ApiServer> {
            Ok(ApiServer { name: (*name).to_owned(), port: free_port()?, number, child: None })
        };
        let servers = names.iter().enumerate().map(server).collect::<anyhow::Result<_>>()?;
        let tls = tls::trusting(&certificates.authority())?;
        let mut clusters = Self { folder: folder.to_owned(), certificates, tls, etcd, servers };
        clusters.up()?;
        Ok(clusters)
    }

    /// Starts what is down and waits until everything is ready.
    pub(crate) fn up(&mut self) -> anyhow::Result<()> {
        self.etcd.up()?;
        for index in 0..self.servers.len() {
            self.spawn(index)?;
        }
        let names: Vec<String> = self.servers.iter().map(|server| server.name.clone()).collect();
        names.iter().try_for_each(|name| self.wait_ready(name))
    }

    /// Kills everything where it stands.
    pub(crate) fn down(&mut self) -> anyhow::Result<()> {
        self.servers.iter_mut().try_for_each(|server| kill(&mut server.child))?;
        kill(&mut self.etcd.child)
    }

    /// Where etcd keeps its data; to be copied only while everything is down.
    pub(crate) fn data(&self) -> &Path {
        &self.etcd.data
    }

    /// The names of the clusters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(|server| server.name.as_str())
    }

    /// The certificates of them all.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Where files may be put that belong to these clusters.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a cluster listens on loopback.
    pub(crate) fn port(&self, name: &str) -> anyhow::Result<u16> {
        Ok(self.server(name)?.port)
    }

    /// A client for an administrator of a cluster.
    pub(crate) fn client(&self, name: &str) -> anyhow::Result<ApiClient> {
        Ok(ApiClient::new(self.port(name)?, &self.tls))
    }

    /// Kills a server where it stands.
    pub(crate) fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let index = self.index(name)?;
        self.servers.get_mut(index).map_or(Ok(()), |server| kill(&mut server.child))
    }

    /// Starts a server that was killed and waits until it is ready.
    pub(crate) fn restart(&mut self, name: &str) -> anyhow::Result<()> {
        self.spawn(self.index(name)?)?;
        self.wait_ready(name)
    }

    /// Sends a server a signal: stop and go on, for one that hangs.
    pub(crate) fn signal(&self, name: &str, signal: Signal) -> anyhow::Result<()> {
        let child = self.server(name)?.child.as_ref();
        Process::new(child.with_context(|| format!("{name} does not run"))?.id()).signal(signal)
    }

    fn index(&self, name: &str) -> anyhow::Result<usize> {
        let position = self.servers.iter().position(|server| server.name == name);
        position.with_context(|| format!("there is no cluster {name}"))
    }

    fn server(&self, name: &str) -> anyhow::Result<&ApiServer> {
        self.servers.get(self.index(name)?).context("the cluster is gone")
    }

    fn wait_ready(&self, name: &str) -> anyhow::Result<()> {
        let mut client = self.client(name)?;
        wait_until(name, START_LIMIT, Duration::from_millis(100), || {
            Ok(client.is_ready().then_some(()))
        })
    }

    fn spawn(&mut self, index: usize) -> anyhow::Result<()> {
        let server = self.servers.get(index).context("the cluster is gone")?;
        if server.child.is_some() {
            return Ok(());
        }
        let child = self.command(server)?.spawn().context("kube-apiserver did not start")?;
        if let Some(server) = self.servers.get_mut(index) {
            server.child = Some(child);
        }
        Ok(())
    }

    fn command(&self, server: &ApiServer) -> anyhow::Result<Command> {
        let ApiServer { name, port, number, .. } = server;
        let (shown, accounts) = (self.certificates.server(), self.certificates.accounts());
        let file = |path: &Path| path.display().to_string();
        let program = peers::KUBE_APISERVER.find().context("kube-apiserver is not here")?;
        let mut command = ends_with_us(&program);
        command.args([
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd.port),
            format!("--etcd-prefix=/{name}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            "--advertise-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--tls-cert-file={}", file(&shown.file)),
            format!("--tls-private-key-file={}", file(&shown.key)),
            format!("--client-ca-file={}", file(&self.certificates.authority())),
            format!("--service-cluster-ip-range=10.{}.0.0/16", 96 + number),
            format!("--service-account-issuer=https://{name}.cluster.test"),
            format!("--service-account-signing-key-file={}", file(&accounts.key)),
            format!("--service-account-key-file={}", file(&accounts.file)),
            "--authorization-mode=RBAC".to_owned(),
            format!("--token-auth-file={}", file(&self.folder.join("tokens.csv"))),
            "--anonymous-auth=false".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--profiling=false".to_owned(),
        ]);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{name}.log")))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        // What has ended already cannot be killed, and need not.
        self.down().unwrap_or_default();
    }
}

impl Etcd {
    fn up(&mut self) -> anyhow::Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let (client, peer) = (
            format!("http://127.0.0.1:{}", self.port),
            format!("http://127.0.0.1:{}", self.peer_port),
        );
        let mut command = ends_with_us(&peers::ETCD.find().context("etcd is not here")?);
        command.args(["--name", "lab", "--log-level", "error", "--unsafe-no-fsync"]);
        command.args(["--quota-backend-bytes", "4294967296", "--data-dir"]).arg(&self.data);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("lab={peer}")]);
        let log = fs::File::options().create(true).append(true).open(&self.log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().context("etcd did not start")?);
        Ok(())
    }
}

fn kill(child: &mut Option<Child>) -> anyhow::Result<()> {
    if let Some(mut child) = child.take() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

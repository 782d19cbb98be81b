//! Real API servers for tests: one etcd and as many kube-apiservers as a test wants, on free
//! ports and in a folder of their own.
//!
//! The programs are found by the environment: `CALLBOARD_TEST_KUBERNETES_BIN` names the folder
//! of `kube-apiserver`, `CALLBOARD_TEST_ETCD` the program etcd. Certificates are made with
//! `openssl`. Where one of them is missing, tests skip by name; with `CALLBOARD_REQUIRE_PEERS=1`
//! they fail.
//!
//! There are no controllers and no nodes: what a controller would write, the test writes.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a broken peer fails the test, and a missing one is told to the one who counts"
)]

mod pki;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use http::{Method, Request};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use crate::guarded_process::GuardedProcess;
pub use pki::Pki;

/// How long a program may take to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(3);

/// Everybody who may sign in, by the name of the context's ending: `<name>-token` is the token.
const USERS: &[(&str, &str)] = &[
    ("admin", "\"system:masters\""),
    ("callboard", "\"callboard-readers\""),
    ("noperm", "\"nobody\""),
    ("revocable", "\"revocable-readers\""),
];

/// See the module. Ends everything when it is dropped.
#[derive(Debug)]
pub struct KubernetesServers {
    programs: Programs,
    folder: tempfile::TempDir,
    pki: Pki,
    etcd: Option<GuardedProcess>,
    etcd_ports: [u16; 2],
    servers: Vec<ApiServer>,
}

#[derive(Debug)]
struct ApiServer {
    name: String,
    port: u16,
    process: Option<GuardedProcess>,
}

#[derive(Debug, Clone)]
struct Programs {
    apiserver: PathBuf,
    etcd: PathBuf,
}

impl Programs {
    fn find() -> anyhow::Result<Self> {
        let folder = std::env::var_os("CALLBOARD_TEST_KUBERNETES_BIN")
            .context("CALLBOARD_TEST_KUBERNETES_BIN is not set")?;
        let etcd =
            std::env::var_os("CALLBOARD_TEST_ETCD").context("CALLBOARD_TEST_ETCD is not set")?;
        let programs =
            Self { apiserver: Path::new(&folder).join("kube-apiserver"), etcd: etcd.into() };
        for program in [&programs.apiserver, &programs.etcd] {
            if !program.is_file() {
                bail!("{} is missing", program.display());
            }
        }
        Ok(programs)
    }
}

impl KubernetesServers {
    /// Starts etcd and one API server for each name, for the test of this name; `None` after a
    /// line that says why the test is skipped.
    ///
    /// # Panics
    ///
    /// If a program is missing although peers are required, or if it does not start.
    pub async fn start(test: &str, names: &[&str]) -> Option<Self> {
        let programs = match Programs::find() {
            Ok(programs) => programs,
            Err(why) => {
                let required = std::env::var_os("CALLBOARD_REQUIRE_PEERS");
                let required = required.is_some_and(|value| value == "1");
                assert!(!required, "{why}, and CALLBOARD_REQUIRE_PEERS=1 asks for it");
                println!("skipped: {test}: {why}");
                return None;
            }
        };
        Some(Self::start_programs(programs, names).await.expect("API servers start"))
    }

    async fn start_programs(programs: Programs, names: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("callboard-kubernetes-").tempdir()?;
        let pki = Pki::create(folder.path())?;
        let lines = USERS
            .iter()
            .enumerate()
            .map(|(id, (user, groups))| format!("{user}-token,{user},{id},{groups}\n"));
        fs::write(folder.path().join("tokens.csv"), lines.collect::<String>())?;
        for (user, _) in USERS {
            fs::write(folder.path().join(format!("{user}.token")), format!("{user}-token"))?;
        }
        let mut all = Self {
            programs,
            pki,
            etcd: None,
            etcd_ports: [free_port()?, free_port()?],
            servers: Vec::new(),
            folder,
        };
        all.start_etcd().await?;
        for name in names {
            let server = ApiServer { name: (*name).to_owned(), port: free_port()?, process: None };
            all.servers.push(server);
            all.launch(name)?;
        }
        fs::write(all.kubeconfig(), all.kubeconfig_text())?;
        for name in names {
            all.wait_until_ready(name).await?;
        }
        Ok(all)
    }

    /// A kubeconfig with a context `<name>-<user>` for each server and each of `admin`,
    /// `callboard`, `noperm`, `revocable` and `stranger`, who is nobody; and `<name>-cert`,
    /// who has callboard's groups by certificate.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The file that holds a user's token.
    pub fn token_file(&self, user: &str) -> PathBuf {
        self.folder.path().join(format!("{user}.token"))
    }

    /// The certificates and keys.
    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Where a server listens.
    ///
    /// # Panics
    ///
    /// If there is none of this name.
    pub fn address(&self, name: &str) -> String {
        format!("127.0.0.1:{}", self.server(name).port)
    }

    /// A client of a server with all rights.
    ///
    /// # Errors
    ///
    /// If the kubeconfig cannot be used.
    pub async fn admin(&self, name: &str) -> anyhow::Result<Admin> {
        let options = KubeConfigOptions {
            context: Some(format!("{name}-admin")),
            ..KubeConfigOptions::default()
        };
        let file = Kubeconfig::read_from(self.kubeconfig())?;
        let config = Config::from_custom_kubeconfig(file, &options).await?;
        Ok(Admin(Client::try_from(config)?))
    }

    /// Ends a server at once.
    ///
    /// # Errors
    ///
    /// If it is not running.
    pub fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let server = self.servers.iter_mut().find(|server| server.name == name);
        let process = server.and_then(|server| server.process.take());
        process.context("the server is not running")?.end("KILL")
    }

    /// Starts a server that was ended, on the same port, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it does not become ready.
    pub async fn restart(&mut self, name: &str) -> anyhow::Result<()> {
        self.launch(name)?;
        self.wait_until_ready(name).await
    }

    /// Copies what etcd holds to a folder; every server must be ended before.
    ///
    /// # Errors
    ///
    /// If etcd does not end or start, or the files cannot be copied.
    pub async fn back_up(&mut self, to: &Path) -> anyhow::Result<()> {
        self.etcd.take().context("etcd is not running")?.end("TERM")?;
        copy_folder(&self.folder.path().join("etcd"), to)?;
        self.start_etcd().await
    }

    /// Replaces what etcd holds by a backup; every server must be ended before.
    ///
    /// # Errors
    ///
    /// If etcd does not end or start, or the files cannot be copied.
    pub async fn restore(&mut self, from: &Path) -> anyhow::Result<()> {
        self.etcd.take().context("etcd is not running")?.end("TERM")?;
        let data = self.folder.path().join("etcd");
        fs::remove_dir_all(&data)?;
        copy_folder(from, &data)?;
        self.start_etcd().await
    }

    fn server(&self, name: &str) -> &ApiServer {
        self.servers.iter().find(|server| server.name == name).expect("a server of this name")
    }

    async fn start_etcd(&mut self) -> anyhow::Result<()> {
        let [client, peer] = self.etcd_ports.map(|port| format!("http://127.0.0.1:{port}"));
        let data = self.folder.path().join("etcd").display().to_string();
        let arguments = [
            ["--name", "d"],
            ["--data-dir", &data],
            ["--listen-client-urls", &client],
            ["--advertise-client-urls", &client],
            ["--listen-peer-urls", &peer],
            ["--initial-advertise-peer-urls", &peer],
            ["--initial-cluster", &format!("d={peer}")],
            ["--log-level", "error"],
            ["--quota-backend-bytes", "4294967296"],
        ];
        let mut arguments: Vec<String> =
            arguments.concat().into_iter().map(str::to_owned).collect();
        // Tests cut power from nothing.
        arguments.push("--unsafe-no-fsync".to_owned());
        let log = self.folder.path().join("etcd.log");
        self.etcd = Some(GuardedProcess::start(&self.programs.etcd, &arguments, &log)?);
        let [port, _] = self.etcd_ports;
        wait_for("etcd", &log, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await
    }

    fn launch(&mut self, name: &str) -> anyhow::Result<()> {
        let [etcd, _] = self.etcd_ports;
        let (number, port) = self
            .servers
            .iter()
            .enumerate()
            .find(|(_, server)| server.name == name)
            .map(|(number, server)| (number, server.port))
            .context("no server of this name")?;
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{etcd}"),
            format!("--etcd-prefix=/{name}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            "--advertise-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--tls-cert-file={}", file("server.crt")),
            format!("--tls-private-key-file={}", file("server.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--service-cluster-ip-range=10.{}.0.0/16", 96 + number),
            format!("--service-account-issuer=https://{name}.cluster.test"),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            format!("--service-account-key-file={}", file("sa.pub")),
            "--authorization-mode=RBAC".to_owned(),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--anonymous-auth=false".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--profiling=false".to_owned(),
        ];
        let log = self.folder.path().join(format!("{name}.log"));
        let process = GuardedProcess::start(&self.programs.apiserver, &arguments, &log)?;
        let server = self.servers.iter_mut().find(|server| server.name == name);
        server.context("no server of this name")?.process = Some(process);
        Ok(())
    }

    async fn wait_until_ready(&self, name: &str) -> anyhow::Result<()> {
        let admin = self.admin(name).await?;
        let log = self.folder.path().join(format!("{name}.log"));
        wait_for(name, &log, async || admin.get("/readyz").await.is_ok()).await
    }

    fn kubeconfig_text(&self) -> String {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut clusters = Vec::new();
        let mut contexts = Vec::new();
        for ApiServer { name, port, .. } in &self.servers {
            let server = format!("https://127.0.0.1:{port}");
            let cluster = json!({ "server": server, "certificate-authority": path("ca.crt") });
            clusters.push(json!({ "name": name, "cluster": cluster }));
            let users = USERS.iter().map(|(user, _)| *user).chain(["stranger", "cert"]);
            contexts.extend(users.map(|user| {
                json!({
                    "name": format!("{name}-{user}"),
                    "context": { "cluster": name, "user": user },
                })
            }));
        }
        let tokens = USERS.iter().map(|(user, _)| *user).chain(["stranger"]);
        let mut users: Vec<Value> = tokens
            .map(|user| json!({ "name": user, "user": { "token": format!("{user}-token") } }))
            .collect();
        users.push(json!({
            "name": "cert",
            "user": {
                "client-certificate": path("callboard.crt"),
                "client-key": path("callboard.key"),
            },
        }));
        // JSON is YAML.
        json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": clusters, "users": users, "contexts": contexts,
        })
        .to_string()
    }
}

/// A client with all rights.
#[derive(Clone)]
pub struct Admin(Client);

impl std::fmt::Debug for Admin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Admin")
    }
}

impl Admin {
    /// The text of a GET.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn get(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.0.request_text(Request::get(path).body(Vec::new())?).await?)
    }

    /// Creates an object in the list at `path`; its status is written, too, if it has one.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn create(&self, path: &str, object: &Value) -> anyhow::Result<Value> {
        let created = self.send(Method::POST, path, "application/json", object).await?;
        let Some(status) = object.get("status") else { return Ok(created) };
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        self.patch(&format!("{path}/{name}/status"), &json!({ "status": status })).await
    }

    /// Merges a change into an object.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn patch(&self, path: &str, change: &Value) -> anyhow::Result<Value> {
        self.send(Method::PATCH, path, "application/merge-patch+json", change).await
    }

    /// Deletes an object at once.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        let options = json!({ "gracePeriodSeconds": 0, "propagationPolicy": "Background" });
        self.send(Method::DELETE, path, "application/json", &options).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = Request::builder().method(method.clone()).uri(path);
        let request = request.header("content-type", content_type);
        let request = request.body(serde_json::to_vec(body)?)?;
        let sent = self.0.request(request).await;
        sent.with_context(|| format!("{method} {path}"))
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until `holds`; fails with the program's log.
async fn wait_for(what: &str, log: &Path, holds: impl AsyncFn() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !holds().await {
        if begun.elapsed() > START_LIMIT {
            let log = fs::read_to_string(log).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(20).collect();
            bail!("{what} does not answer: {}", end.join("\n"));
        }
        // Between two questions; a program has no way to call us.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

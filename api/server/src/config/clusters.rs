//! `callboard.clusters`, `callboard.kubernetes` and `callboard.prometheus`: the clusters and who
//! measures them.
//!
//! A bad entry is a fault of its cluster and not of the start: it is kept with the reason, so that
//! the cluster is shown as unreachable because of it.

use std::{path::PathBuf, sync::Arc};

use callboard_plugin::{ClusterName, ClusterPlace};
use secrecy::SecretString;
use url::Url;

use super::{check::Findings, error::Problem, node::Node, section::Section};

/// For how many days a declared dependency may go unseen, unless configured.
const UNSEEN_AFTER_DAYS: u32 = 14;

/// The clusters and what holds for all of them.
#[derive(Debug, Clone)]
pub(crate) struct ClustersConfig {
    /// In the order of the configuration; names are unique.
    pub(crate) clusters: Vec<ClusterConfig>,
    /// The binaries that a kubeconfig may run.
    pub(crate) allowed_exec: Vec<String>,
    /// For how many days a declared dependency may go unseen before it is listed.
    pub(crate) unseen_after_days: u32,
}

/// One cluster.
#[derive(Debug, Clone)]
pub(crate) struct ClusterConfig {
    /// Its name.
    pub(crate) name: ClusterName,
    /// What the configuration says of where it stands.
    pub(crate) place: ClusterPlace,
    /// How its API server is reached; an error in words if the entry cannot be used.
    pub(crate) kubernetes: Result<KubernetesConfig, String>,
    /// Who measures it; `None` = nobody.
    pub(crate) prometheus: Option<Result<PrometheusConfig, String>>,
    /// Its mesh.
    pub(crate) mesh: Option<MeshKind>,
}

/// How an API server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KubernetesConfig {
    /// By a kubeconfig.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// The context; the file's current one if it is left out.
        context: Option<String>,
    },
    /// By the service account of the pod that this runs in.
    InCluster,
    /// By its address.
    Address {
        /// The API server.
        url: Url,
        /// Its certificate authority; the system's if it is left out.
        ca_file: Option<PathBuf>,
        /// How we prove who we are.
        credentials: KubernetesCredentials,
    },
    /// Not at all: a recording is served.
    Snapshot(PathBuf),
}

/// How we prove to an API server who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KubernetesCredentials {
    /// Not at all.
    None,
    /// By a token in a file, which is read again and again.
    TokenFile(PathBuf),
    /// By a client certificate.
    Certificate {
        /// The certificate, PEM.
        certificate_file: PathBuf,
        /// Its key, PEM.
        key_file: PathBuf,
    },
}

/// A Prometheus-compatible API.
#[derive(Debug, Clone)]
pub(crate) enum PrometheusConfig {
    /// One that is asked.
    Live(PrometheusAddress),
    /// A recording.
    Snapshot(PathBuf),
}

/// Where a Prometheus-compatible API is.
#[derive(Debug, Clone)]
pub(crate) struct PrometheusAddress {
    /// The base, to which `/api/v1/query` is added.
    pub(crate) url: Url,
    /// The label by which a central store tells clusters apart.
    pub(crate) cluster_label: Option<String>,
    /// How we prove who we are.
    pub(crate) auth: PrometheusAuth,
    /// Headers of every request, such as `X-Scope-OrgID`.
    pub(crate) headers: Vec<(String, SecretString)>,
}

/// How we prove to Prometheus who we are.
#[derive(Debug, Clone)]
pub(crate) enum PrometheusAuth {
    /// Not at all.
    None,
    /// By a token in a file, which is read again and again.
    BearerFile(PathBuf),
    /// By name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: SecretString,
    },
}

/// The mesh of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeshKind {
    /// Linkerd.
    Linkerd,
}

impl ClustersConfig {
    pub(super) fn read(root: &Section<'_>, findings: &mut Findings) -> Self {
        let callboard = root.at("callboard");
        let central = prometheus(&callboard.at("prometheus"));
        let mut clusters: Vec<ClusterConfig> = Vec::new();
        for entry in callboard.items("clusters") {
            let Some(cluster) = ClusterConfig::read(&entry, central.as_ref(), findings) else {
                continue;
            };
            if clusters.iter().any(|other| other.name == cluster.name) {
                let name = &cluster.name;
                let place = entry.node().map(|node| node.place.to_string()).unwrap_or_default();
                findings.warnings.push(format!(
                    "{} at {place} is ignored (there is a cluster called {name} already)",
                    entry.path()
                ));
                continue;
            }
            clusters.push(cluster);
        }
        let days = callboard.at("topology").number("unseenAfterDays");
        let days = days.and_then(|days| format!("{days}").parse().ok());
        let allowed_exec = callboard.at("kubernetes").texts("allowedExec").unwrap_or_default();
        Self {
            clusters,
            allowed_exec,
            unseen_after_days: days.filter(|days| *days > 0).unwrap_or(UNSEEN_AFTER_DAYS),
        }
    }
}

impl ClusterConfig {
    fn read(
        entry: &Section<'_>,
        central: Option<&Result<PrometheusConfig, String>>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let Some(name) = entry.text("name") else {
            let problem = |node: &Node| Problem::new(entry.path(), node, "a cluster with a name");
            findings.problems.extend(entry.node().map(problem));
            return None;
        };
        Some(Self {
            name: ClusterName::new(name),
            place: place(entry, findings),
            kubernetes: kubernetes(&entry.at("kubernetes")),
            prometheus: prometheus(&entry.at("prometheus")).or_else(|| central.cloned()),
            mesh: mesh(&entry.at("mesh"), findings),
        })
    }
}

fn place(entry: &Section<'_>, findings: &mut Findings) -> ClusterPlace {
    let cloud = entry.text("cloud").and_then(|text| {
        let cloud = text.parse();
        cloud
            .map_err(|error| findings.warnings.push(format!("{}.cloud: {error}", entry.path())))
            .ok()
    });
    ClusterPlace {
        cloud,
        region: entry.text("region").map(Arc::from),
        environment: entry.text("environment").map(Arc::from),
    }
}

fn kubernetes(section: &Section<'_>) -> Result<KubernetesConfig, String> {
    let is_in_cluster = section.flag("inCluster") == Some(true);
    let ways = [
        ("kubeconfig", section.file("kubeconfig").is_some()),
        ("inCluster", is_in_cluster),
        ("url", section.text("url").is_some()),
        ("snapshot", section.file("snapshot").is_some()),
    ];
    let given: Vec<&str> = ways.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    match given.as_slice() {
        [] => Err(format!(
            "{} says not how to reach the cluster: set kubeconfig, inCluster, url or snapshot",
            section.path()
        )),
        ["inCluster"] => Ok(KubernetesConfig::InCluster),
        ["url"] => address(section),
        [_] => kubeconfig_or_snapshot(section),
        several => Err(format!(
            "{} gives {}: only one of them can hold",
            section.path(),
            several.join(" and ")
        )),
    }
}

fn kubeconfig_or_snapshot(section: &Section<'_>) -> Result<KubernetesConfig, String> {
    let context = section.text("context").map(str::to_owned);
    match (section.file("kubeconfig"), section.file("snapshot")) {
        (Some(file), _) => Ok(KubernetesConfig::Kubeconfig { file, context }),
        (None, Some(folder)) => Ok(KubernetesConfig::Snapshot(folder)),
        (None, None) => Err(format!("{} names no file", section.path())),
    }
}

fn address(section: &Section<'_>) -> Result<KubernetesConfig, String> {
    let wrong = || format!("{}.url is not an https URL", section.path());
    let url = section.url("url").filter(|url| url.scheme() == "https").ok_or_else(wrong)?;
    let files = (section.file("tokenFile"), section.file("certFile"), section.file("keyFile"));
    let credentials = match files {
        (None, None, None) => KubernetesCredentials::None,
        (Some(token_file), None, None) => KubernetesCredentials::TokenFile(token_file),
        (None, Some(certificate_file), Some(key_file)) => {
            KubernetesCredentials::Certificate { certificate_file, key_file }
        }
        _ => {
            return Err(format!(
                "{} needs either tokenFile, or certFile and keyFile",
                section.path()
            ));
        }
    };
    Ok(KubernetesConfig::Address { url, ca_file: section.file("caFile"), credentials })
}

/// Who measures; `None` if nothing is said.
fn prometheus(section: &Section<'_>) -> Option<Result<PrometheusConfig, String>> {
    if let Some(folder) = section.file("snapshot") {
        return Some(Ok(PrometheusConfig::Snapshot(folder)));
    }
    let given = section.text("url")?;
    let Some(url) = section.url("url").filter(|url| matches!(url.scheme(), "http" | "https"))
    else {
        let reason = format!("{}.url is not an http or https URL", section.path());
        tracing::debug!(length = given.len(), "{reason}");
        return Some(Err(reason));
    };
    Some(auth(&section.at("auth")).map(|auth| {
        PrometheusConfig::Live(PrometheusAddress {
            url,
            cluster_label: section.text("clusterLabel").map(str::to_owned),
            auth,
            headers: headers(&section.at("headers")),
        })
    }))
}

fn auth(section: &Section<'_>) -> Result<PrometheusAuth, String> {
    if let Some(file) = section.file("bearerFile") {
        return Ok(PrometheusAuth::BearerFile(file));
    }
    let basic = section.at("basic");
    match (basic.text("username"), basic.secret("password")) {
        (Some(username), Some(password)) => {
            Ok(PrometheusAuth::Basic { username: username.to_owned(), password })
        }
        (None, None) => Ok(PrometheusAuth::None),
        _ => Err(format!("{} needs username and password", basic.path())),
    }
}

fn headers(section: &Section<'_>) -> Vec<(String, SecretString)> {
    let names = section.node().map(Node::keys).unwrap_or_default();
    names.into_iter().filter_map(|name| Some((name.to_owned(), section.secret(name)?))).collect()
}

fn mesh(section: &Section<'_>, findings: &mut Findings) -> Option<MeshKind> {
    section.node()?;
    match section.text("kind").unwrap_or("linkerd") {
        "linkerd" => Some(MeshKind::Linkerd),
        other => {
            let path = section.path();
            findings.warnings.push(format!("{path}.kind: {other} is not read by this version"));
            None
        }
    }
}

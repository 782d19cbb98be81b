//! How a cluster is reached and what it may cost.

use std::{path::PathBuf, sync::Arc, time::Duration};

use callboard_plugin::{ClusterName, ClusterPlace};

/// One cluster, as the configuration names it. Nothing here has been tried yet.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Its name.
    pub name: ClusterName,
    /// Where it stands, as far as configured; the rest is read off its nodes.
    pub place: ClusterPlace,
    /// How it is reached.
    pub connection: Connection,
    /// The kubeconfig `exec` plugins that may run, spelled as the kubeconfig's `command` spells
    /// them. Any other is refused.
    pub allowed_exec: Arc<[String]>,
    /// What it may cost.
    pub budget: Budget,
}

impl ClusterConfig {
    /// A cluster with the default budget, no place and no `exec` plugin.
    pub fn new(name: &str, connection: Connection) -> Self {
        Self {
            name: ClusterName::new(name),
            place: ClusterPlace::default(),
            connection,
            allowed_exec: Arc::default(),
            budget: Budget::default(),
        }
    }

    /// The name of the source of its facts, such as `kubernetes/aws-prod-1`.
    pub fn source_name(&self) -> Arc<str> {
        format!("kubernetes/{}", self.name).into()
    }
}

/// How a cluster is reached.
#[derive(Debug, Clone)]
pub enum Connection {
    /// A context of a kubeconfig file.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context; `None` = the file's current one.
        context: Option<String>,
    },
    /// The cluster that Callboard itself runs in, with its pod's service account.
    InCluster,
    /// An address.
    Url {
        /// The address, such as `https://10.0.0.1:6443`. Without TLS on loopback alone.
        url: String,
        /// The certificates that sign the server's; `None` = those that the machine trusts.
        ca_file: Option<PathBuf>,
        /// Who we are.
        credentials: Credentials,
    },
    /// A folder that [`crate::record_snapshot`] wrote.
    Snapshot(PathBuf),
    /// Not at all: the entry cannot be used, for this reason.
    Unusable(String),
}

/// Who we are to an API server that is given by its address.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// The bearer of the token in this file, which is read again when it may have changed.
    TokenFile(PathBuf),
    /// The owner of a client certificate.
    ClientCertificate {
        /// The certificate, PEM.
        certificate: PathBuf,
        /// Its key, PEM.
        key: PathBuf,
    },
}

/// What one cluster may cost. What would cost more ends in `STALE` (`UNREACHABLE` where nothing
/// was ever read) with a reason that begins with `LIMIT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Objects that are kept, of all kinds together.
    pub objects: usize,
    /// What they may weigh in memory, about; equal texts weigh once.
    pub bytes: usize,
    /// The longest answer that is read, unpacked; a page that is longer is asked for in smaller
    /// pages.
    pub answer_bytes: usize,
    /// The longest event of a watch.
    pub event_bytes: usize,
    /// How long one answer may take, from the request to its last byte.
    pub answer_time: Duration,
    /// How long all pages of a list may take together.
    pub list_time: Duration,
}

impl Default for Budget {
    /// Suits 10,000 pods and more; a cluster that does its worst costs less than 64 MB.
    fn default() -> Self {
        Self {
            objects: 50_000,
            bytes: 12 << 20,
            answer_bytes: 6 << 20,
            event_bytes: 2 << 20,
            answer_time: Duration::from_secs(10),
            list_time: Duration::from_mins(1),
        }
    }
}

//! The real programs that tests and bars run against: installed from Debian, unpacked from its
//! packages, or built with Go, and kept in a cache outside the checkout.

mod cache;
mod debian;
mod go;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a missing peer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// It fails the run.
    Required,
    /// Its tests are skipped by name.
    Optional,
}

/// A real program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// What people call it.
    pub(crate) name: &'static str,
    source: Source,
    /// The variable by which tests find it, and whether they want its folder.
    variable: Option<(&'static str, Points)>,
}

/// Where a peer comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// Debian packages that are installed, and where they put it.
    Installed { packages: &'static [&'static str], find: fn() -> Option<PathBuf> },
    /// A Debian package that is only unpacked, and the program's path in it.
    Unpacked { package: &'static str, program: &'static str },
    /// A build with Go.
    Built(&'static go::Program),
}

/// What a variable points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Points {
    /// The program itself.
    Program,
    /// The folder that it stands in.
    Folder,
}

/// The database of tests and bars: the server's own programs, not a running service.
pub(crate) const POSTGRESQL: Peer = installed("PostgreSQL", &["postgresql"], || {
    postgresql_programs().map(|folder| folder.join("postgres"))
});

/// Generates the estates of bars and benches.
pub(crate) const PYTHON: Peer = installed("Python", &["python3"], || on_path("python3"));

/// Runs the unmodified catalog client of the conformance bar.
pub(crate) const NODE: Peer = installed("Node.js with npm", &["nodejs", "npm"], || {
    on_path("npm").and_then(|_| on_path("node"))
});

/// Unpacks recordings.
pub(crate) const XZ: Peer = installed("xz", &["xz-utils"], || on_path("xz"));

/// Makes the certificates of clusters.
pub(crate) const OPENSSL: Peer = installed("OpenSSL", &["openssl"], || on_path("openssl"));

/// Builds what Debian does not have. Where a machine lacks it, Debian's may be too old.
const GO: Peer = installed("Go 1.26", &["golang-go"], go::toolchain);

/// The store behind API servers.
pub(crate) const ETCD: Peer = Peer {
    name: "etcd",
    source: Source::Built(&go::Program {
        module: &go::ETCD,
        binary: "etcd",
        package: "go.etcd.io/etcd/server/v3",
    }),
    variable: Some(("CALLBOARD_TEST_ETCD", Points::Program)),
};

/// A cluster, as far as Callboard sees it.
pub(crate) const KUBE_APISERVER: Peer = Peer {
    name: "kube-apiserver",
    source: Source::Built(&go::Program {
        module: &go::KUBERNETES,
        binary: "kube-apiserver",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
    }),
    variable: Some(("CALLBOARD_TEST_KUBERNETES_BIN", Points::Folder)),
};

/// Makes replica sets of Deployments, and Pods of those.
pub(crate) const KUBE_CONTROLLER_MANAGER: Peer = kubernetes(&go::Program {
    module: &go::KUBERNETES,
    binary: "kube-controller-manager",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
});

/// Puts Pods on nodes.
pub(crate) const KUBE_SCHEDULER: Peer = kubernetes(&go::Program {
    module: &go::KUBERNETES,
    binary: "kube-scheduler",
    package: "k8s.io/kubernetes/cmd/kube-scheduler",
});

/// Makes Pods ready on nodes that are not there.
pub(crate) const KWOK: Peer = kubernetes(&go::Program {
    module: &go::KWOK,
    binary: "kwok",
    package: "sigs.k8s.io/kwok/cmd/kwok",
});

/// Measures the mesh.
pub(crate) const PROMETHEUS: Peer = Peer {
    name: "Prometheus",
    source: Source::Built(&go::Program {
        module: &go::PROMETHEUS,
        binary: "prometheus",
        package: "github.com/prometheus/prometheus/cmd/prometheus",
    }),
    variable: Some(("CALLBOARD_TEST_PROMETHEUS", Points::Program)),
};

/// An old one, with other habits.
pub(crate) const PROMETHEUS_OLD: Peer = Peer {
    name: "Prometheus of Debian",
    source: Source::Unpacked { package: "prometheus", program: "usr/bin/prometheus" },
    variable: Some(("CALLBOARD_TEST_PROMETHEUS_OLD", Points::Program)),
};

/// What `cargo xtask test` runs against.
pub(crate) const OF_TESTS: &[Peer] =
    &[POSTGRESQL, OPENSSL, ETCD, KUBE_APISERVER, PROMETHEUS, PROMETHEUS_OLD];

/// What the bars of the catalog run against.
pub(crate) const OF_CATALOG: &[Peer] = &[POSTGRESQL, PYTHON, NODE, XZ];

/// What the bars of clusters and mesh run against.
pub(crate) const OF_MESH: &[Peer] = &[
    OPENSSL,
    ETCD,
    KUBE_APISERVER,
    KUBE_CONTROLLER_MANAGER,
    KUBE_SCHEDULER,
    KWOK,
    PROMETHEUS,
    PROMETHEUS_OLD,
];

/// Every one of them.
pub(crate) const ALL: &[Peer] = &[
    POSTGRESQL,
    PYTHON,
    NODE,
    XZ,
    OPENSSL,
    ETCD,
    KUBE_APISERVER,
    KUBE_CONTROLLER_MANAGER,
    KUBE_SCHEDULER,
    KWOK,
    PROMETHEUS,
    PROMETHEUS_OLD,
];

const fn installed(
    name: &'static str,
    packages: &'static [&'static str],
    find: fn() -> Option<PathBuf>,
) -> Peer {
    Peer { name, source: Source::Installed { packages, find }, variable: None }
}

const fn kubernetes(program: &'static go::Program) -> Peer {
    Peer { name: program.binary, source: Source::Built(program), variable: None }
}

impl Peer {
    /// Where it is, if it is here.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        match self.source {
            Source::Installed { find, .. } => find(),
            Source::Unpacked { package, program } => {
                Some(unpacked(package)?.join(program)).filter(|program| program.is_file())
            }
            Source::Built(program) => program.find(),
        }
    }

    /// Makes it, if it is not one that is installed.
    fn make(&self) -> anyhow::Result<()> {
        match self.source {
            Source::Installed { .. } => Ok(()),
            Source::Unpacked { package, .. } => match unpacked(package) {
                Some(folder) => debian::unpack(package, &folder),
                None => anyhow::bail!("HOME is not set"),
            },
            Source::Built(program) => program.build(),
        }
    }

    fn is_missing(&self) -> bool {
        self.find().is_none()
    }
}

/// Brings those of `peers` that are missing, one after another, and gives the names of what could
/// not be had.
pub(crate) fn install(peers: &[Peer]) -> Vec<&'static str> {
    let missing: Vec<Peer> = peers.iter().copied().filter(Peer::is_missing).collect();
    let is_built = |peer: &Peer| matches!(peer.source, Source::Built(_));
    let toolchain = missing.iter().any(is_built).then_some(GO).filter(Peer::is_missing);
    let packages: Vec<&str> = missing
        .iter()
        .chain(&toolchain)
        .flat_map(|peer| match peer.source {
            Source::Installed { packages, .. } => packages,
            _ => &[],
        })
        .copied()
        .collect();
    if !packages.is_empty() {
        debian::install(&packages);
    }
    for peer in &missing {
        if let Err(error) = peer.make() {
            println!("{} could not be made: {error:#}", peer.name);
        }
    }
    missing.iter().filter(|peer| peer.is_missing()).map(|peer| peer.name).collect()
}

/// What tests must be told of the peers that are here: variables with paths.
pub(crate) fn environment() -> Vec<(&'static str, PathBuf)> {
    let told = |peer: &Peer| {
        let (variable, points) = peer.variable?;
        let program = peer.find()?;
        let path = match points {
            Points::Program => program,
            Points::Folder => program.parent()?.to_owned(),
        };
        Some((variable, path))
    };
    ALL.iter().filter_map(told).collect()
}

fn unpacked(package: &str) -> Option<PathBuf> {
    cache::folder(&format!("debian-{package}"), &[])
}

/// The folder of `initdb` and `postgres` of the newest PostgreSQL here. Debian keeps them off the
/// search path.
pub(crate) fn postgresql_programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = debian
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .max_by_key(|(number, _)| *number)
        .map(|(_, folder)| folder);
    newest.or_else(|| on_path("initdb").and_then(|path| path.parent().map(Path::to_owned)))
}

/// The first executable of that name on the search path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

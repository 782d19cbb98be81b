//! The real programs that tests run against, installed from Debian where they are missing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a missing peer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// It fails the run.
    Required,
    /// Its tests are skipped by name.
    Optional,
}

/// A program that comes from a Debian package.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// What people call it.
    pub(crate) name: &'static str,
    /// The packages that bring it.
    packages: &'static [&'static str],
    /// Where it is, if it is here.
    find: fn() -> Option<PathBuf>,
}

/// The database of tests and bars: the server's own programs, not a running service.
pub(crate) const POSTGRESQL: Peer = Peer {
    name: "PostgreSQL",
    packages: &["postgresql"],
    find: || postgresql_programs().map(|folder| folder.join("postgres")),
};

/// Generates the estates of bars and benches.
pub(crate) const PYTHON: Peer =
    Peer { name: "Python", packages: &["python3"], find: || on_path("python3") };

/// Runs the unmodified catalog client of the conformance bar.
pub(crate) const NODE: Peer = Peer {
    name: "Node.js with npm",
    packages: &["nodejs", "npm"],
    find: || on_path("npm").and_then(|_| on_path("node")),
};

/// Unpacks recordings.
pub(crate) const XZ: Peer = Peer { name: "xz", packages: &["xz-utils"], find: || on_path("xz") };

/// Every one of them.
pub(crate) const ALL: &[Peer] = &[POSTGRESQL, PYTHON, NODE, XZ];

impl Peer {
    /// Whether it is here.
    pub(crate) fn is_present(&self) -> bool {
        (self.find)().is_some()
    }
}

/// Installs those of `peers` that are missing and gives the names of what could not be had.
pub(crate) fn install(peers: &[Peer]) -> Vec<&'static str> {
    let missing: Vec<&Peer> = peers.iter().filter(|peer| !peer.is_present()).collect();
    if !missing.is_empty() {
        let packages: Vec<&str> =
            missing.iter().flat_map(|peer| peer.packages.iter().copied()).collect();
        println!("installing {}", packages.join(" "));
        let update = apt_get(&["update", "-qq"]);
        let install = ["install", "-qq", "-y", "--no-install-recommends"];
        let installed = update && apt_get(&[&install, packages.as_slice()].concat());
        if !installed {
            println!("apt-get could not install {}", packages.join(" "));
        }
    }
    peers.iter().filter(|peer| !peer.is_present()).map(|peer| peer.name).collect()
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

fn apt_get(args: &[&str]) -> bool {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = if is_root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    command
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

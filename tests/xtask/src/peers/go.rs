//! Programs that are built with Go from pinned modules.
//!
//! `peers/NAME/go.mod` and `go.sum` beside this crate are all there is of their source here: the
//! module proxy serves the rest, and Go checks it against the sums.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context;

use super::{cache, on_path};
use crate::steps::succeed;

/// The oldest Go that the modules accept: the `go` line of the newest of them.
pub(super) const OLDEST: (u32, u32) = (1, 26);

/// A pinned module of which programs are built.
#[derive(Debug)]
pub(super) struct Module {
    /// Its folder beside this crate.
    name: &'static str,
    go_mod: &'static str,
    go_sum: &'static str,
    /// Behind `-ldflags`, beside those that leave symbols out.
    link: &'static str,
    /// Behind `-tags`.
    tags: &'static str,
}

/// Kubernetes 1.36.2; the version is told to the linker, as upstream's build does.
pub(super) const KUBERNETES: Module = Module {
    name: "kubernetes",
    go_mod: include_str!("../../peers/kubernetes/go.mod"),
    go_sum: include_str!("../../peers/kubernetes/go.sum"),
    link: "-X k8s.io/component-base/version.gitVersion=v1.36.2 \
        -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    tags: "",
};

/// etcd 3.7.3. Debian's 3.4 lacks what streamed lists need.
pub(super) const ETCD: Module = Module {
    name: "etcd",
    go_mod: include_str!("../../peers/etcd/go.mod"),
    go_sum: include_str!("../../peers/etcd/go.sum"),
    link: "",
    tags: "",
};

/// KWOK 0.7.0: nodes and kubelets that are not there.
pub(super) const KWOK: Module = Module {
    name: "kwok",
    go_mod: include_str!("../../peers/kwok/go.mod"),
    go_sum: include_str!("../../peers/kwok/go.sum"),
    link: "",
    tags: "",
};

/// Prometheus 3.16.0, without the service discoveries of clouds and without its pages.
pub(super) const PROMETHEUS: Module = Module {
    name: "prometheus",
    go_mod: include_str!("../../peers/prometheus/go.mod"),
    go_sum: include_str!("../../peers/prometheus/go.sum"),
    link: "-X github.com/prometheus/common/version.Version=3.16.0",
    tags: "remove_all_sd,netgo",
};

/// One program of a module.
#[derive(Debug)]
pub(super) struct Program {
    /// The module.
    pub(super) module: &'static Module,
    /// What its binary is called.
    pub(super) binary: &'static str,
    /// The package that is built.
    pub(super) package: &'static str,
}

impl Program {
    /// Its binary, if it was built.
    pub(super) fn find(&self) -> Option<PathBuf> {
        Some(self.module.folder()?.join(self.binary)).filter(|binary| binary.is_file())
    }

    /// Builds it. Minutes the first time, seconds where Go's own cache is warm.
    pub(super) fn build(&self) -> anyhow::Result<()> {
        let go = toolchain().context("there is no Go")?;
        let folder = self.module.folder().context("HOME is not set")?;
        let source = folder.join("source");
        fs::create_dir_all(&source)?;
        fs::write(source.join("go.mod"), self.module.go_mod)?;
        fs::write(source.join("go.sum"), self.module.go_sum)?;
        println!("building {} with Go (once; takes minutes)", self.binary);
        let begun = Instant::now();
        // Renamed when it is whole, so that a build that was cut off is not taken for one.
        let unfinished = folder.join(format!("{}.{}", self.binary, std::process::id()));
        let log = folder.join(format!("{}.log", self.binary));
        let mut build = self.module.build(&go, &source, &unfinished, self.package);
        succeed(build.stderr(fs::File::create(&log)?))
            .with_context(|| last_line(&fs::read_to_string(&log).unwrap_or_default()))?;
        fs::rename(&unfinished, folder.join(self.binary))?;
        println!("built {} in {:.0} s", self.binary, begun.elapsed().as_secs_f64());
        Ok(())
    }
}

impl Module {
    fn folder(&self) -> Option<PathBuf> {
        cache::folder(self.name, &[self.go_mod, self.go_sum, self.link, self.tags])
    }

    fn build(&self, go: &Path, source: &Path, output: &Path, package: &str) -> Command {
        let mut command = Command::new("nice");
        command.arg(go).args(["build", "-trimpath", "-tags", self.tags]);
        command.args(["-ldflags", &format!("-s -w {}", self.link), "-o"]).arg(output).arg(package);
        command.env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false");
        command.current_dir(source).stdin(Stdio::null());
        command
    }
}

/// A Go that is new enough.
pub(super) fn toolchain() -> Option<PathBuf> {
    let usual = PathBuf::from("/usr/local/go/bin/go");
    on_path("go").into_iter().chain([usual]).find(|go| is_new_enough(go))
}

fn is_new_enough(go: &Path) -> bool {
    let output = Command::new(go).arg("version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        version(&String::from_utf8_lossy(&output.stdout)).is_some_and(|version| version >= OLDEST)
    })
}

/// What Go said last.
fn last_line(log: &str) -> String {
    log.lines().next_back().unwrap_or_default().to_owned()
}

/// Major and minor of `go version go1.26.8 linux/amd64`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(' ').nth(2)?.strip_prefix("go")?.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_go_is_read() {
        assert_eq!(version("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(version("go version go1.19 linux/amd64"), Some((1, 19)));
        assert_eq!(version("no such thing"), None);
    }
}

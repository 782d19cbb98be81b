//! Where the workspace is, and how cargo is called in it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// The checkout that this xtask was built from.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace and its target folder, as cargo sees them.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("xtask does not stand two folders below the root")?
            .to_owned();
        let output = cargo_in(&root)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo metadata did not start")?;
        if !output.status.success() {
            bail!("cargo metadata failed");
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let target = metadata
            .get("target_directory")
            .and_then(serde_json::Value::as_str)
            .context("cargo metadata names no target directory")?;
        Ok(Self { target: PathBuf::from(target), root })
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds to; xtask keeps its own results there, too.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Cargo, at the root.
    pub(crate) fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = cargo_in(&self.root);
        command.args(args);
        command
    }
}

fn cargo_in(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_this_run) {
            command.env_remove(name);
        }
    }
    command
}

/// Variables that `cargo run` sets for xtask itself. Some build scripts are run again when they
/// change, and half of the tree with them.
fn is_of_this_run(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PRIMARY_PACKAGE"]
            .contains(&variable)
}

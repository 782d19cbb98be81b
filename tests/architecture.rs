//! The rules of the house that `rustc` cannot check: who may depend on whom, what a layer may not
//! name, how long a file may get, and what stands where.
//!
//! To add a dependency between crates, change [`crates::LAYERS`] in the same commit and say why in
//! its message.
#![cfg(test)]

#[path = "architecture/crates.rs"]
mod crates;
#[path = "architecture/sources.rs"]
mod sources;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::ensure;

/// The root of the checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file that git tracks or would track, from the root: build output is not among them.
fn tracked_files() -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    ensure!(output.status.success(), "git ls-files failed");
    let present = |path: &&str| root().join(path).exists();
    Ok(String::from_utf8(output.stdout)?.lines().filter(present).map(str::to_owned).collect())
}

/// Fails with every broken rule at once.
fn assert_none(what: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{what}:\n{}", broken.join("\n"));
}

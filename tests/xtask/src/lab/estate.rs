//! Generated estates of realistic descriptors, the same bytes in every run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde::Deserialize;

use crate::steps::succeed;

/// What the generator says of what it wrote.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// Entities with the Locations of a catalog that follows the tree.
    pub(crate) total: u64,
    /// Entities by kind, as written: `Component`.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Names of some entities, by kind.
    pub(crate) samples: BTreeMap<String, Vec<String>>,
    /// Refs of owners.
    pub(crate) owners: Vec<String>,
    /// Names of systems.
    pub(crate) systems: Vec<String>,
    /// Every tag in use.
    pub(crate) tags: Vec<String>,
    /// Words that names are made of.
    pub(crate) nouns: Vec<String>,
    /// How many relations some entities must show once everything is stitched, by ref.
    pub(crate) expected_relations: BTreeMap<String, usize>,
    /// Descriptors that may be changed to measure freshness.
    pub(crate) incremental: Vec<String>,
}

/// One generated estate.
#[derive(Debug, Clone)]
pub(crate) struct BenchEstate {
    folder: PathBuf,
    manifest: Manifest,
}

impl BenchEstate {
    /// The estate of `factor` × 1,000 entities in `folder`, generated if it is not there.
    pub(crate) fn generate(
        generator: &Path,
        folder: &Path,
        factor: u32,
        more: &[String],
    ) -> anyhow::Result<Self> {
        let manifest = folder.join("manifest.json");
        if !manifest.exists() {
            let mut python = Command::new("python3");
            python.arg(generator).args(["--factor", &factor.to_string(), "--out"]).arg(folder);
            python.args(more);
            succeed(python.stdin(Stdio::null()).stdout(Stdio::null()))
                .with_context(|| format!("the estate of factor {factor} was not generated"))?;
        }
        let manifest = serde_json::from_slice(&fs::read(&manifest)?)
            .with_context(|| format!("{} is not a manifest", manifest.display()))?;
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// A copy of its own, for rows that change descriptors.
    pub(crate) fn copy_to(&self, folder: &Path) -> anyhow::Result<Self> {
        let mut copy = Command::new("cp");
        succeed(copy.arg("-r").arg(&self.folder).arg(folder))?;
        Ok(Self { folder: folder.to_owned(), manifest: self.manifest.clone() })
    }

    /// The one Location to register.
    pub(crate) fn location(&self) -> PathBuf {
        self.folder.join("all.yaml")
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is in it.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

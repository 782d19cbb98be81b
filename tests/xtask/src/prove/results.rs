//! Results, kept with the commit in `target/prove.json`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Verdict};
use crate::workspace::Workspace;

/// An outcome and how long it took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The outcome.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    /// Seconds that the row took.
    pub(crate) seconds: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    commit: String,
    rows: BTreeMap<String, Kept>,
}

/// The results of one commit. Those of another are forgotten.
#[derive(Debug)]
pub(crate) struct Results {
    path: PathBuf,
    file: File,
}

impl Results {
    /// What is kept for the commit that is checked out. Uncommitted changes make it another one,
    /// of which nothing is believed later.
    pub(crate) fn load(workspace: &Workspace) -> anyhow::Result<Self> {
        let path = workspace.target().join("prove.json");
        let commit = checked_out(workspace.root())?;
        let kept: Option<File> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let file = match kept {
            Some(file) if file.commit == commit => file,
            _ => File { commit, rows: BTreeMap::new() },
        };
        Ok(Self { path, file })
    }

    /// The commit, with `+` behind it if there are uncommitted changes.
    pub(crate) fn commit(&self) -> &str {
        &self.file.commit
    }

    /// What is kept of a row.
    pub(crate) fn get(&self, id: &str) -> Option<&Kept> {
        self.file.rows.get(id)
    }

    /// Whether a row need not run again.
    pub(crate) fn has_passed(&self, id: &str) -> bool {
        let is_clean = !self.file.commit.ends_with('+');
        is_clean && self.get(id).is_some_and(|kept| kept.outcome.verdict == Verdict::Pass)
    }

    /// Keeps a result, at once.
    pub(crate) fn keep(&mut self, id: &str, kept: Kept) -> anyhow::Result<()> {
        self.file.rows.insert(id.to_owned(), kept);
        fs::write(&self.path, serde_json::to_vec_pretty(&self.file)?)
            .with_context(|| format!("{} was not written", self.path.display()))
    }
}

fn checked_out(root: &Path) -> anyhow::Result<String> {
    let git = |arguments: &[&str]| -> anyhow::Result<String> {
        let output = Command::new("git").args(arguments).current_dir(root).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Ok(if is_clean { commit } else { commit + "+" })
}

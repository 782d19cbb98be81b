//! The files of a checkout on this machine.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use callboard_catalog::processing::validation::RepositoryFiles;
use globset::GlobBuilder;

/// Folders that hold no descriptors and may be very large.
const SKIPPED: [&str; 3] = [".git", "node_modules", "target"];

/// A folder that stands for a repository.
#[derive(Debug)]
pub(super) struct Checkout {
    /// Without symbolic links: what lies outside cannot be reached by them.
    root: PathBuf,
}

impl Checkout {
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let canonical = root.canonicalize();
        let root = canonical.with_context(|| format!("cannot read the root {}", root.display()))?;
        Ok(Self { root })
    }

    /// The path of a file below the root, with `/`.
    pub(super) fn path_of(&self, file: &Path) -> anyhow::Result<String> {
        let canonical = file.canonicalize();
        let file = canonical.with_context(|| format!("cannot read {}", file.display()))?;
        let relative = file.strip_prefix(&self.root).with_context(|| {
            format!(
                "{} is outside of the root {}: name its repository's folder with --root",
                file.display(),
                self.root.display()
            )
        })?;
        Ok(relative.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"))
    }
}

impl RepositoryFiles for Checkout {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.root.join(path).canonicalize().ok()?;
        if !file.starts_with(&self.root) {
            return None;
        }
        std::fs::read(file).ok()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        matching(&self.root, pattern).unwrap_or_default()
    }
}

/// The files that a pattern on the command line means, sorted.
pub(super) fn expand(pattern: &str) -> anyhow::Result<Vec<String>> {
    let until_wildcard = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    let plain = pattern.get(..until_wildcard).unwrap_or_default();
    let folder = plain.rfind('/').and_then(|at| plain.get(..=at)).unwrap_or_default();
    let rest = pattern.strip_prefix(folder).unwrap_or(pattern);
    let base = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
    let found = matching(base, rest)?;
    Ok(found.into_iter().map(|path| format!("{folder}{path}")).collect())
}

fn matching(root: &Path, pattern: &str) -> anyhow::Result<Vec<String>> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.with_context(|| format!("{pattern} is not a pattern"))?.compile_matcher();
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_dir() {
                if !SKIPPED.iter().any(|skipped| name == *skipped) {
                    folders.push(entry.path());
                }
                continue;
            }
            let path = entry.path();
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            let relative = relative.replace(std::path::MAIN_SEPARATOR, "/");
            if glob.is_match(&relative) {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

//! Writing the generated files, or comparing them with what is committed.

use super::pack;
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How many paths an error names before it counts the rest.
const NAMED: usize = 10;

/// Makes `root` hold exactly `files`: writes what differs and removes what is not among them, in
/// the folders that are generated as a whole.
///
/// # Errors
///
/// If the disk refuses.
pub(crate) fn write(
    root: &Path,
    whole: &[&str],
    files: &BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<()> {
    for path in different(root, whole, files)? {
        let target = root.join(&path);
        let Some(text) = files.get(&path) else {
            fs::remove_file(&target).with_context(|| format!("cannot remove {path}"))?;
            continue;
        };
        let folder = target.parent().unwrap_or(root);
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {path}"))?;
        fs::write(&target, pack::packed(&path, text)?)
            .with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

/// Fails if `root` holds anything else than [`write()`] would leave there.
///
/// # Errors
///
/// If a file differs, is missing or is too much; the text names the first few.
pub(crate) fn compare(
    root: &Path,
    whole: &[&str],
    files: &BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<()> {
    let different = different(root, whole, files)?;
    if different.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = different.iter().take(NAMED).map(String::as_str).collect();
    bail!(
        "{} files below {} are not what the generator makes: {}. Run `cargo xtask estate`",
        different.len(),
        root.display(),
        named.join(", ")
    )
}

/// How many bytes the files of a folder have together.
///
/// # Errors
///
/// If the disk refuses.
pub(crate) fn size(root: &Path, folder: &str) -> anyhow::Result<u64> {
    let mut files = BTreeSet::new();
    collect(root, folder, &mut files)?;
    let length = |path: &String| Ok(fs::metadata(root.join(path))?.len());
    files.iter().map(length).sum()
}

fn different(
    root: &Path,
    whole: &[&str],
    files: &BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for folder in whole {
        collect(root, folder, &mut found)?;
    }
    found.retain(|path| !files.contains_key(path));
    for (path, text) in files {
        let present = fs::read(root.join(path)).ok();
        let is_same =
            present.is_some_and(|bytes| pack::content(path, bytes).as_ref() == Some(text));
        if !is_same {
            found.insert(path.clone());
        }
    }
    Ok(found)
}

fn collect(root: &Path, folder: &str, found: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let path = root.join(folder);
    if !path.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(&path).with_context(|| format!("cannot list {folder}"))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {folder}"))?;
        let inner = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(root, &inner, found)?;
        } else {
            found.insert(inner);
        }
    }
    Ok(())
}

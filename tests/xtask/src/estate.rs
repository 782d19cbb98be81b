//! `cargo xtask estate`: the example estate, a fictional Nordic bank, from a few tables of words.
//!
//! [`vocabulary`] is what people wrote, [`model`] the bank as plain data, [`descriptors`] and
//! [`readme`] two views of it. Everything is deterministic: the same words give the same bytes.

mod assembly;
mod audit;
mod blemishes;
mod claims;
mod contracts;
mod descriptors;
mod files;
mod kubernetes;
mod model;
mod names;
mod pack;
mod people;
mod placement;
mod prometheus;
mod random;
mod readme;
mod schemas;
mod stores;
mod truth;
mod vocabulary;
mod yaml;

use anyhow::ensure;
use descriptors::Descriptors;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use truth::Truth;
use vocabulary::Vocabulary;

/// What to do with the generated files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write them.
    Write,
    /// Fail if the committed ones differ.
    Check,
}

/// Folders below `examples/` in which every file is generated.
const GENERATED_FOLDERS: &[&str] = &["catalog", "clusters"];

/// How much the recorded clusters may weigh, packed: they are part of the binary.
const MOST_RECORDED_BYTES: u64 = 3_000_000;

/// The configuration of the example, which people write.
const CONFIGURATION: &str = include_str!("../../../examples/app-config.yaml");

/// Generates `examples/{catalog,clusters}/**`, `examples/ground-truth.json` and
/// `examples/README.md`, or checks them.
///
/// # Errors
///
/// If the vocabulary contradicts itself, the disk refuses, or [`Mode::Check`] finds a difference.
pub(crate) fn run(mode: Mode) -> anyhow::Result<()> {
    let files = generate()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    match mode {
        Mode::Write => files::write(&root, GENERATED_FOLDERS, &files)?,
        Mode::Check => files::compare(&root, GENERATED_FOLDERS, &files)?,
    }
    let size = files::size(&root, "clusters")?;
    ensure!(size <= MOST_RECORDED_BYTES, "examples/clusters has {size} bytes, which is too much");
    Ok(())
}

/// The content of every generated file by its path below `examples/`.
fn generate() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let vocabulary = Vocabulary::load()?;
    let estate = assembly::assemble(&vocabulary)?;
    let descriptors = Descriptors::of(&estate);
    audit::audit(&descriptors, &estate)?;
    let ground_truth = truth::of(&estate, &vocabulary.running)?.text()?;
    // What is recorded is made of the text that is committed, and of nothing else.
    let truth = Truth::read(&ground_truth)?;
    audit::running::audit(&truth, &estate)?;
    audit::running::audit_configuration(&truth, CONFIGURATION)?;
    let mut files: BTreeMap<String, Vec<u8>> = descriptors
        .texts()
        .map(|(path, text)| (format!("catalog/{path}"), text.into_bytes()))
        .collect();
    for (path, value) in kubernetes::files(&truth)?.into_iter().chain(prometheus::files(&truth)?) {
        let (path, text) = recorded(&path, &value);
        files.insert(format!("clusters/{path}"), text.into_bytes());
    }
    files.insert("README.md".to_owned(), readme::text(&estate, &truth)?.into_bytes());
    files.insert("ground-truth.json".to_owned(), ground_truth.into_bytes());
    Ok(files)
}

/// A recorded file as it is kept: short ones to be read by people, the others to be compressed.
fn recorded(path: &str, value: &Value) -> (String, String) {
    if path.ends_with("/version.json") || path.ends_with("/snapshot.json") {
        (path.to_owned(), format!("{value:#}\n"))
    } else {
        (format!("{path}.gz"), value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_makes_the_same_bytes() -> anyhow::Result<()> {
        assert_eq!(generate()?, generate()?);
        Ok(())
    }

    #[test]
    fn the_estate_is_as_large_as_promised() -> anyhow::Result<()> {
        let estate = assembly::assemble(&Vocabulary::load()?)?;
        let services = estate.components.iter().filter(|component| component.kind == "service");
        assert_eq!(estate.clusters.len(), 9);
        assert_eq!(estate.people.len(), 150);
        assert!(services.count() >= 250 && estate.apis.len() >= 180);
        Ok(())
    }
}

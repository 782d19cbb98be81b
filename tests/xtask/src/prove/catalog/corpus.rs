//! Real descriptors, and what the real Backstage says of each of their documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde::Deserialize;

use crate::{
    lab::Lab,
    prove::outcome::{Figures, Outcome},
};

/// The oracles, beside the corpus.
const ORACLES: [&str; 2] = ["oracle.ndjson", "oracle.synthetic.ndjson"];

/// A verdict on one document, by the oracle or by us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    #[serde(default)]
    doc: u64,
    /// `None`: the document is empty and nothing is said of it.
    accepted: Option<bool>,
    #[serde(default)]
    entity_ref: Option<String>,
    #[serde(default)]
    relations: Option<BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
struct OracleLine {
    /// From the folder of the corpus.
    file: String,
    repo: String,
    /// From the root of the repository.
    path: String,
    #[serde(default)]
    unsure: bool,
    #[serde(flatten)]
    verdict: Verdict,
}

#[derive(Debug, Deserialize)]
struct OurLine {
    file: String,
    #[serde(flatten)]
    verdict: Verdict,
}

/// The documents of one repository at one commit.
#[derive(Debug, Default)]
struct Repository {
    url: String,
    documents: Vec<OracleLine>,
}

/// Every document that the oracle is sure of.
pub(crate) fn corpus(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let corpus = lab.workspace().root().join("../shared/corpus");
    if !corpus.exists() {
        return Ok(Outcome::not_run("the corpus is not here (../shared/corpus)"));
    }
    let callboard = lab.callboard()?;
    let (mut documents, mut differences) = (0, Vec::new());
    for (folder, repository) in repositories(&corpus)? {
        documents += repository.documents.len();
        differences.extend(compare(&callboard, &folder, &repository)?);
    }
    fs::write(lab.folder("corpus")?.join("differences.txt"), differences.join("\n"))?;
    let mut figures = Figures::default();
    figures.note(format!("{documents} documents"));
    let first = differences.first();
    let problem = first.map(|first| format!("{} differ, first {first}", differences.len()));
    figures.must("0 differences", problem);
    Ok(figures.outcome())
}

/// The repositories by their folder; an older commit is a repository of its own.
fn repositories(corpus: &Path) -> anyhow::Result<BTreeMap<PathBuf, Repository>> {
    let mut repositories: BTreeMap<PathBuf, Repository> = BTreeMap::new();
    for oracle in ORACLES {
        for line in fs::read_to_string(corpus.join(oracle))?.lines() {
            let document: OracleLine =
                serde_json::from_str(line).with_context(|| format!("{oracle}: {line}"))?;
            if document.unsure {
                continue;
            }
            let folder = document
                .file
                .strip_suffix(&document.path)
                .with_context(|| format!("{} does not end in its path", document.file))?;
            let repository = repositories.entry(corpus.join("open").join(folder)).or_default();
            repository.url = format!("https://github.com/{}", document.repo);
            repository.documents.push(document);
        }
    }
    Ok(repositories)
}

fn compare(
    callboard: &Path,
    folder: &Path,
    repository: &Repository,
) -> anyhow::Result<Vec<String>> {
    let files: BTreeSet<&str> =
        repository.documents.iter().map(|document| document.path.as_str()).collect();
    let output = Command::new(callboard)
        .args(["validate", "--format", "json", "--root", ".", "--repo-url", &repository.url, "--"])
        .args(&files)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("validate did not start")?;
    let mut ours = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let OurLine { file, verdict } = serde_json::from_str(line)
            .with_context(|| format!("validate printed something else than JSON: {line}"))?;
        ours.insert((file, verdict.doc), verdict);
    }
    let differing = repository.documents.iter().filter_map(|document| {
        let key = (document.path.clone(), document.verdict.doc);
        let name = format!("{} #{}", document.file, document.verdict.doc);
        match ours.get(&key) {
            None => Some(format!("{name}: no verdict")),
            Some(found) => difference(&document.verdict, found).map(|it| format!("{name}: {it}")),
        }
    });
    Ok(differing.collect())
}

fn difference(expected: &Verdict, found: &Verdict) -> Option<String> {
    let relations = |verdict: &Verdict| verdict.relations.clone().unwrap_or_default();
    if expected.accepted != found.accepted {
        return Some(format!("accepted {:?} instead of {:?}", found.accepted, expected.accepted));
    }
    if expected.entity_ref != found.entity_ref {
        return Some(format!("{:?} instead of {:?}", found.entity_ref, expected.entity_ref));
    }
    (relations(expected) != relations(found)).then(|| "other relations".to_owned())
}

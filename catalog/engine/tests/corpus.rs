//! Real descriptors, and what a real Backstage said of each (`../shared/corpus`).
//!
//! The corpus is data, not a peer: where it is absent, the test is a named skip.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test whose figures are read by people"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_catalog::processing::{
    ProcessingOptions, ScmHosts,
    validation::{DocumentReport, RepositoryFiles, RepositoryUrl, Validator},
};
use callboard_model::{DescriptorLimits, KindModule, KindRegistry, parse_descriptor};
use serde_json::Value;

/// A folder of the corpus: the repository at one commit.
#[derive(Debug)]
struct Folder(PathBuf);

impl RepositoryFiles for Folder {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.0.join(path)).ok()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let matcher = globset::GlobBuilder::new(pattern).literal_separator(true).build();
        let Ok(matcher) = matcher.map(|glob| glob.compile_matcher()) else { return Vec::new() };
        let mut found = Vec::new();
        walk(&self.0, &self.0, &mut found);
        found.retain(|path| matcher.is_match(path));
        found.sort();
        found
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != ".history" {
                walk(root, &path, found);
            }
        } else if let Some(path) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            found.push(path.to_owned());
        }
    }
}

fn corpus() -> Option<PathBuf> {
    let given = option_env!("CALLBOARD_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let found = given.unwrap_or(beside);
    found.join("oracle.ndjson").is_file().then_some(found)
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How far the answers agree.
#[derive(Debug, Default)]
struct Score {
    rows: usize,
    unsure: usize,
    errors: usize,
    same_errors: usize,
    refused: usize,
    same_stages: usize,
    completed: usize,
    same_completed: usize,
    parsed: usize,
    same_parsed: usize,
    differences: Vec<String>,
}

/// What the oracle knows of one file.
#[derive(Debug, Default)]
struct OracleFile {
    rows: Vec<Value>,
    entities: BTreeMap<u64, Value>,
}

fn oracle(corpus: &Path, name: &str) -> BTreeMap<String, OracleFile> {
    let mut files: BTreeMap<String, OracleFile> = BTreeMap::new();
    for row in rows(&corpus.join(format!("{name}.ndjson"))) {
        files.entry(row["file"].as_str().unwrap().to_owned()).or_default().rows.push(row);
    }
    for row in rows(&corpus.join(format!("{name}.entities.ndjson"))) {
        let file = files.entry(row["file"].as_str().unwrap().to_owned()).or_default();
        file.entities.insert(row["doc"].as_u64().unwrap(), row);
    }
    files
}

fn compare(name: &str) -> Option<Score> {
    let corpus = corpus()?;
    let kinds = Arc::new(KindRegistry::new(&[KindModule::Template], Vec::new()).unwrap());
    let mut score = Score::default();
    for (file, oracle) in oracle(&corpus, name) {
        let row = oracle.rows.first().unwrap();
        let path = row["path"].as_str().unwrap();
        let root = corpus.join("open").join(&file);
        let root = root.ancestors().nth(path.split('/').count()).unwrap();
        let content = std::fs::read(root.join(path)).unwrap();
        let is_old = file.contains("/.history/");
        let reference = if is_old { row["commit"].as_str().unwrap() } else { "main" };
        let url = format!("https://github.com/{}/tree/{reference}", row["repo"].as_str().unwrap());
        let url = RepositoryUrl::parse(&url, &ScmHosts::default()).unwrap();
        let folder = Folder(root.to_owned());
        let validator = Validator::new(ProcessingOptions::new(Arc::clone(&kinds)), url, &folder);
        let reports = validator.validate(&file, path, &content);
        compare_file(&file, &oracle, &reports, &mut score);
        compare_parsed(&file, &oracle, &content, &mut score);
    }
    Some(score)
}

fn compare_file(file: &str, oracle: &OracleFile, reports: &[DocumentReport], score: &mut Score) {
    if oracle.rows.len() != reports.len() {
        let difference =
            format!("{file}: {} documents, {} expected", reports.len(), oracle.rows.len());
        score.differences.push(difference);
        return;
    }
    for (row, report) in oracle.rows.iter().zip(reports) {
        score.rows += 1;
        if row["unsure"] == Value::Bool(true) {
            score.unsure += 1;
            continue;
        }
        compare_row(file, row, report, score);
        if let Some(expected) = oracle.entities.get(&(report.doc as u64))
            && let Some(expected) = expected.get("completed")
            && !expected.is_null()
        {
            score.completed += 1;
            let ours = report.completed.as_ref().map(|entity| Value::Object(entity.0.clone()));
            if ours.as_ref() == Some(expected) {
                score.same_completed += 1;
            } else if std::env::args().any(|argument| argument == "--nocapture") {
                println!("completed {file} {}:\n  {expected}\n  {ours:?}", report.doc);
            }
        }
    }
}

fn compare_row(file: &str, row: &Value, report: &DocumentReport, score: &mut Score) {
    let at = format!("{file} document {}", report.doc);
    let ours = serde_json::to_value(report).unwrap();
    for field in ["accepted", "entityRef", "relations"] {
        let expected = row.get(field).unwrap_or(&Value::Null);
        if &ours[field] != expected {
            let difference = format!(
                "{at}: {field} is {}, {expected} expected; ours {} theirs {}",
                ours[field], ours["error"], row["error"]
            );
            score.differences.push(difference);
        }
    }
    if row["accepted"] != Value::Bool(false) {
        return;
    }
    score.refused += 1;
    score.same_stages += usize::from(ours["stage"] == row["stage"]);
    score.errors += 1;
    let is_same = ours["error"] == row["error"];
    score.same_errors += usize::from(is_same);
    if !is_same && std::env::args().any(|argument| argument == "--nocapture") {
        println!("{at}\n  ours   {}\n  theirs {}", ours["error"], row["error"]);
    }
}

fn compare_parsed(file: &str, oracle: &OracleFile, content: &[u8], score: &mut Score) {
    let documents = parse_descriptor(content, &DescriptorLimits::default()).unwrap_or_default();
    for document in documents {
        let Some(expected) = oracle.entities.get(&(document.index as u64)) else { continue };
        score.parsed += 1;
        let is_same = document.content.as_ref().is_ok_and(|value| *value == expected["parsed"]);
        score.same_parsed += usize::from(is_same);
        if !is_same && std::env::args().any(|argument| argument == "--nocapture") {
            println!(
                "parsed {file} {}:\n  {}\n  {:?}",
                document.index, expected["parsed"], document.content
            );
        }
    }
}

fn check(name: &str) {
    let Some(score) = compare(name) else {
        println!("skipped: corpus_{name}: ../shared/corpus is absent");
        return;
    };
    println!(
        "{name}: {} documents ({} unsure), {} differences; errors {}/{}, stages {}/{}, completed {}/{}, parsed {}/{}",
        score.rows,
        score.unsure,
        score.differences.len(),
        score.same_errors,
        score.errors,
        score.same_stages,
        score.refused,
        score.same_completed,
        score.completed,
        score.same_parsed,
        score.parsed,
    );
    assert_eq!(score.differences, Vec::<String>::new(), "{}", score.differences.join("\n"));
}

#[test]
fn the_corpus_is_judged_as_backstage_judges_it() {
    check("oracle");
}

#[test]
fn the_synthetic_corpus_is_judged_as_backstage_judges_it() {
    check("oracle.synthetic");
}

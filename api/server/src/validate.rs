//! `callboard validate`: what the catalog would say about descriptors, before they are merged.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use callboard_catalog::processing::{
    ProcessingOptions, ScmHosts,
    validation::{DocumentReport, Place, RepositoryUrl, Validator},
};
use callboard_model::{DescriptorLimits, KindModule, KindRegistry};
use clap::{Args, ValueEnum};

mod checkout;
mod format;

use checkout::Checkout;

/// The repository that a folder stands for if none is named: relative paths work in every one.
const UNNAMED_REPOSITORY: &str = "https://github.com/owner/repository";

/// Check descriptors as the catalog would.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Descriptors: files, patterns such as 'services/**/catalog-info.yaml', or - for standard input.
    #[arg(required = true, value_name = "FILES")]
    files: Vec<String>,
    /// The root of the repository that the files belong to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The URL of that repository. What descriptors name in it is looked up under the root; what
    /// lies elsewhere is not read.
    #[arg(long, value_name = "URL", default_value = UNNAMED_REPOSITORY)]
    repo_url: String,
    /// How the answers are written.
    #[arg(long, value_enum, default_value_t = OutputFormat::Human)]
    format: OutputFormat,
    /// Know the kinds of Backstage's ai-model module, too: `AiResource`, and APIs of the type
    /// mcp-server.
    #[arg(long)]
    ai_model: bool,
    /// The largest file that is read, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = DescriptorLimits::default().file_bytes)]
    max_file_bytes: usize,
}

/// The formats of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// Text with the lines that are meant.
    Human,
    /// One JSON object per document and line.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// A file with what was said about its documents.
#[derive(Debug)]
struct ValidatedFile {
    name: String,
    content: Vec<u8>,
    reports: Vec<DocumentReport>,
}

/// Validates the files and writes what was found to standard output. The exit code is 1 if a
/// document was refused.
///
/// # Errors
///
/// If a file, the root or the repository's URL cannot be read.
pub(crate) fn run(args: &ValidateArgs) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    validate(args, &mut output)
}

fn validate(args: &ValidateArgs, output: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let checkout = Checkout::open(&args.root)?;
    let hosts = ScmHosts::default();
    let url = RepositoryUrl::parse(&args.repo_url, &hosts)?;
    let modules: &[KindModule] =
        if args.ai_model { &KindModule::ALL } else { &[KindModule::Template] };
    let mut options = ProcessingOptions::new(Arc::new(KindRegistry::new(modules, Vec::new())?));
    options.limits.file_bytes = args.max_file_bytes;
    let validator = Validator::new(options, url, &checkout);
    let mut files = Vec::new();
    for name in named_files(&args.files)? {
        files.push(validate_file(&validator, &checkout, name, args.max_file_bytes)?);
    }
    match args.format {
        OutputFormat::Human => format::human(&files, output)?,
        OutputFormat::Json => format::json(&files, output)?,
        OutputFormat::Sarif => format::sarif(&files, output)?,
        OutputFormat::Github => format::github(&files, output)?,
    }
    let is_refused = |report: &DocumentReport| report.accepted == Some(false);
    let has_errors = files.iter().flat_map(|file| &file.reports).any(is_refused);
    Ok(if has_errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The files that `given` names, patterns resolved, each once.
fn named_files(given: &[String]) -> anyhow::Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for name in given {
        let is_pattern = name.contains(['*', '?', '[', '{']) && !Path::new(name).exists();
        let found = if is_pattern { checkout::expand(name)? } else { vec![name.clone()] };
        if found.is_empty() {
            anyhow::bail!("no file matches {name}");
        }
        names.extend(found.into_iter().filter(|name| seen.insert(name.clone())));
    }
    Ok(names)
}

fn validate_file(
    validator: &Validator<'_>,
    checkout: &Checkout,
    name: String,
    limit: usize,
) -> anyhow::Result<ValidatedFile> {
    let size = std::fs::metadata(&name).ok().filter(std::fs::Metadata::is_file);
    let size = size.map_or(0, |found| found.len());
    if size > u64::try_from(limit).unwrap_or(u64::MAX) {
        let reports = vec![too_large(&name, size, limit)];
        return Ok(ValidatedFile { name, content: Vec::new(), reports });
    }
    // One byte more than the limit is enough to say that it is too large.
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut content = Vec::new();
    let path = if name == "-" {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut content)
            .context("cannot read standard input")?;
        "catalog-info.yaml".to_owned()
    } else {
        let file = std::fs::File::open(&name).with_context(|| format!("cannot read {name}"))?;
        file.take(limit)
            .read_to_end(&mut content)
            .with_context(|| format!("cannot read {name}"))?;
        checkout.path_of(Path::new(&name))?
    };
    let reports = validator.validate(&name, &path, &content);
    Ok(ValidatedFile { name, content, reports })
}

/// What is said of a file that is refused by its size, unread.
fn too_large(name: &str, size: u64, limit: usize) -> DocumentReport {
    DocumentReport {
        file: name.to_owned(),
        doc: 0,
        accepted: Some(false),
        stage: Some("parse"),
        entity_ref: None,
        error: Some(format!(
            "the file {name} has {size} bytes and was not read: the limit is {limit} bytes"
        )),
        relations: None,
        unchecked: Vec::new(),
        warnings: Vec::new(),
        place: Place::default(),
        completed: None,
    }
}

#[cfg(test)]
mod tests;

//! Validating descriptors of a checkout, without a catalog.
//!
//! A folder stands for a repository at every branch: what descriptors name in that repository is
//! looked up in the folder. What lies outside is not read, and changes no verdict.

use std::{cell::Cell, collections::BTreeSet, sync::Arc};

use callboard_model::{
    DescriptorError, DescriptorErrorKind, Document, Entity, LocationRef, Relation, documents,
};
use serde_json::Value;

use super::{
    CatalogRules, DeferredEntity, ProcessingError, ProcessingOptions, ProcessingOrchestrator,
    ProcessingResult, Reads, References, location_errors::Quotes, locations::defer_document,
};
use crate::reading::{ReadError, ReadFile, ReadRequest};

mod place;
mod repository;

use place::LineStart;
pub use place::Place;
pub use repository::{RepositoryFiles, RepositoryUrl, RepositoryUrlError};

/// What validation says about one document. One line of the `json` format.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentReport {
    /// The file, as it was named.
    pub file: String,
    /// The place of the document in its file, from 0.
    pub doc: usize,
    /// Whether the catalog would take it; `null` if there is nothing in it.
    pub accepted: Option<bool>,
    /// The step that refused it.
    pub stage: Option<&'static str>,
    /// The entity that it is, as far as that can be told.
    pub entity_ref: Option<String>,
    /// Why it was refused, in Backstage's words.
    pub error: Option<String>,
    /// `<source> <type> <target>`, sorted and distinct; `null` if it was refused.
    pub relations: Option<Vec<String>>,
    /// What it names outside of the repository: not read, and not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<String>,
    /// What its author should know although it is accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Where in the file the error, or else the document, stands.
    #[serde(skip)]
    pub place: Place,
    /// The entity as it would be served; `null` if it was refused.
    #[serde(skip)]
    pub completed: Option<Entity>,
}

/// Validates the descriptors of one repository.
#[derive(Debug)]
pub struct Validator<'files> {
    orchestrator: ProcessingOrchestrator,
    url: RepositoryUrl,
    files: &'files dyn RepositoryFiles,
}

impl<'files> Validator<'files> {
    /// A validator of the repository at `url`, whose files are `files`. Of `options` the rules are
    /// ignored: every kind may come from everywhere.
    pub fn new(
        options: ProcessingOptions,
        url: RepositoryUrl,
        files: &'files dyn RepositoryFiles,
    ) -> Self {
        let options = ProcessingOptions {
            rules: Arc::new(CatalogRules::allow_all()),
            references: References::Any,
            ..options
        };
        Self { orchestrator: ProcessingOrchestrator::new(options), url, files }
    }

    /// Validates every document of the file `path`, relative to the root of the repository. `name`
    /// is how reports call it.
    pub fn validate(&self, name: &str, path: &str, content: &[u8]) -> Vec<DocumentReport> {
        let url = self.url.of_file(path);
        let location = LocationRef::new("url", self.url.read_as(&url));
        let origin = format!("url:{url}");
        let reached = Cell::new(LineStart::FIRST);
        let sheet = Sheet { name, content, location: &location, reached };
        let limits = &self.orchestrator.options().limits;
        let all = match documents(content, limits) {
            Ok(all) => all,
            Err(error) => return vec![sheet.broken(0, &error)],
        };
        let mut reports = Vec::new();
        let mut thrown: Option<String> = None;
        for (index, document) in all.enumerate() {
            reports.push(match (document, &thrown) {
                (Err(error), _) => sheet.broken(index, &error),
                (Ok(document), Some(reason)) => sheet.lost(&document, reason),
                (Ok(document), None) => {
                    thrown = throws(&document);
                    self.validate_document(&sheet, document, &origin)
                }
            });
        }
        if reports.is_empty() {
            reports.push(sheet.report(0, Place::default()));
        }
        reports
    }

    fn validate_document(
        &self,
        sheet: &Sheet<'_>,
        document: Document,
        origin: &str,
    ) -> DocumentReport {
        let (index, line) = (document.index, document.line);
        let mut report = sheet.report(index, sheet.place_of(line));
        let mut failed_place = None;
        match &document.content {
            Ok(value) => report.entity_ref = entity_ref_of(value),
            Err(error) => failed_place = Some(Place::of_error(error)),
        }
        let deferred = match defer_document(document, sheet.location, origin, Quotes::Allowed) {
            Ok(None) => return report,
            Ok(Some(deferred)) => deferred,
            Err(error) => {
                report.refuse(&error, sheet.content);
                report.place = failed_place.unwrap_or(report.place);
                return report;
            }
        };
        let (result, unchecked) = self.process(&deferred);
        report.unchecked = unchecked.into_iter().collect();
        report.warnings = result.warnings.iter().map(|warning| warning.message.clone()).collect();
        if let Some(error) = result.errors.first() {
            report.refuse(error, sheet.content);
            return report;
        }
        report.accepted = Some(true);
        report.relations = Some(result.relations.iter().map(relation_text).collect());
        report.completed = result.completed;
        report
    }

    fn process(&self, deferred: &DeferredEntity) -> (ProcessingResult, BTreeSet<String>) {
        let is_location = deferred.entity.kind() == "Location";
        let mut unchecked = BTreeSet::new();
        let mut reads = Reads::new();
        for request in self.orchestrator.reads(&deferred.entity) {
            let is_absolute = || self.names_url(&deferred.entity, &request.target);
            let outcome = match self.read(&request) {
                // A whole URL names a branch, and the folder may be a checkout of another one.
                Some(Err(ReadError::NotFound { .. })) if !is_location && is_absolute() => None,
                outcome => outcome,
            };
            let outcome = outcome.unwrap_or_else(|| {
                unchecked.insert(request.target.to_string());
                Ok(vec![stand_in(&request, is_location)])
            });
            reads.insert(request, outcome);
        }
        (self.orchestrator.process(&deferred.entity, &reads), unchecked)
    }

    /// True if a text in `entity` is the whole URL `target`.
    fn names_url(&self, entity: &Entity, target: &str) -> bool {
        let hosts = &self.orchestrator.options().hosts;
        let base = self.url.of_file("");
        let is_it = |text: &str| {
            text.contains("://") && hosts.resolve(text, &base).is_ok_and(|url| url == target)
        };
        entity.0.values().any(|value| holds_text(value, &is_it))
    }

    /// What `request` finds in the repository; `None` if it is for something outside.
    fn read(&self, request: &ReadRequest) -> Option<Result<Vec<ReadFile>, ReadError>> {
        if &*request.kind != "url" {
            return None;
        }
        let path = self.url.path_of(&request.target)?;
        let file = |path: &str, target: Arc<str>| {
            let content = self.files.read(path)?;
            Some(ReadFile::new(target, content, None))
        };
        if path.contains(['*', '?', '[']) && self.files.read(&path).is_none() {
            let of_match = |found: &String| {
                let target = self.url.beside(&request.target, &path, found);
                file(found, target.into())
            };
            return Some(Ok(self.files.matching(&path).iter().filter_map(of_match).collect()));
        }
        Some(file(&path, Arc::clone(&request.target)).map_or_else(
            || {
                Err(ReadError::NotFound {
                    target: Arc::clone(&request.target),
                    reason: "the repository has no such file".to_owned(),
                })
            },
            |file| Ok(vec![file]),
        ))
    }
}

/// What stands in for a file that is not read: nothing for a Location, and a text for placeholders,
/// which is valid as JSON and as YAML, too.
fn stand_in(request: &ReadRequest, is_location: bool) -> ReadFile {
    let content: &'static [u8] = if is_location { b"" } else { b"\"unchecked\"" };
    ReadFile::new(Arc::clone(&request.target), content, None)
}

fn holds_text(value: &Value, is_it: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_it(text),
        Value::Array(items) => items.iter().any(|item| holds_text(item, is_it)),
        Value::Object(fields) => fields.values().any(|value| holds_text(value, is_it)),
        _ => false,
    }
}

/// Why Backstage loses the rest of the file after `document`, if it does.
fn throws(document: &Document) -> Option<String> {
    match document.content.as_ref().err()?.kind {
        DescriptorErrorKind::Alias(ref reason) => Some(reason.clone()),
        _ => None,
    }
}

fn relation_text(relation: &Relation) -> String {
    format!("{} {} {}", relation.source, relation.kind, relation.target)
}

/// The ref of whatever has a kind and a name.
fn entity_ref_of(value: &Value) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_lowercase);
    let metadata = value.get("metadata");
    let kind = text(value.get("kind")).filter(|kind| !kind.is_empty())?;
    let name = text(metadata.and_then(|metadata| metadata.get("name")));
    let name = name.filter(|name| !name.is_empty())?;
    let namespace = match metadata.and_then(|metadata| metadata.get("namespace")) {
        None | Some(Value::Null) => "default".to_owned(),
        given => text(given)?,
    };
    Some(format!("{kind}:{namespace}/{name}"))
}

/// The file that is being validated.
struct Sheet<'a> {
    name: &'a str,
    content: &'a [u8],
    location: &'a LocationRef,
    /// Where the last document began: they come in their order, so that finding the places of all
    /// costs the file once.
    reached: Cell<LineStart>,
}

impl Sheet<'_> {
    /// Where the document that begins at `line` stands.
    fn place_of(&self, line: usize) -> Place {
        let start = self.reached.get().forward_to(self.content, line);
        self.reached.set(start);
        Place::of_document(self.content, start)
    }

    fn report(&self, index: usize, place: Place) -> DocumentReport {
        DocumentReport {
            file: self.name.to_owned(),
            doc: index,
            accepted: None,
            stage: None,
            entity_ref: None,
            error: None,
            relations: None,
            unchecked: Vec::new(),
            warnings: Vec::new(),
            place,
            completed: None,
        }
    }

    /// The report on a file that cannot be read on.
    fn broken(&self, index: usize, error: &DescriptorError) -> DocumentReport {
        let mut report = self.report(index, Place::of_error(error));
        report.accepted = Some(false);
        report.stage = Some("parse");
        report.error = Some(error.backstage_text(&self.location.to_string()));
        report
    }

    /// The report on a document that Backstage never gets to see, because one before it made the
    /// parser throw. A catalog of ours takes it.
    fn lost(&self, document: &Document, reason: &str) -> DocumentReport {
        let mut report = self.report(document.index, self.place_of(document.line));
        report.accepted = Some(false);
        report.stage = Some("parse");
        report.error = Some(format!("lost: an earlier document of the file threw ({reason})"));
        report
    }
}

impl DocumentReport {
    fn refuse(&mut self, error: &ProcessingError, content: &[u8]) {
        self.accepted = Some(false);
        self.stage = Some(error.stage);
        self.place = self.place.narrowed(content, &error.message);
        self.error = Some(error.message.clone());
    }
}

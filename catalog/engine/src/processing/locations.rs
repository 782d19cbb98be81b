//! What a Location reads, and what it emits.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `runSpecialLocationStep`, `UrlReaderProcessor`,
//! `FileReaderProcessor`, `parseEntityYaml` and `ProcessorOutputCollector`. Unlike there, one bad
//! target or document fails alone.

use std::sync::Arc;

use callboard_model::{
    DescriptorLimits, Document, Entity, LocationRef, annotation, check_envelope, documents,
    javascript,
};
use serde_json::{Map, Value};

use super::{
    BrokenSources, CatalogRules, Chosen, DeferredEntity, MAX_PROBLEMS, ProcessingError,
    ProcessingInput, file_path,
    location_errors::{Quotes, descriptor_error, error, not_utf8, placed, read_error, staged},
    scm::ScmHosts,
};
use crate::reading::{ReadError, ReadFile, ReadRequest};

/// The targets of a Location, as they are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Targets {
    pub(super) kind: String,
    /// Absolute, in the order of the descriptor; or why it is not read.
    pub(super) resolved: Vec<Result<String, String>>,
    pub(super) is_optional: bool,
}

/// The targets of `entity`, a Location that was itself read from `location`.
///
/// # Errors
///
/// Backstage's text if the Location may not have its type.
pub(super) fn targets(
    entity: &Value,
    location: &LocationRef,
    hosts: &ScmHosts,
    allowed_types: &[String],
) -> Result<Targets, String> {
    let spec = entity.get("spec");
    let text = |field: &str| spec.and_then(|spec| spec.get(field)).and_then(Value::as_str);
    let kind = text("type").unwrap_or(&location.kind).to_owned();
    if kind != location.kind && !allowed_types.contains(&kind) {
        let allowed = serde_json::to_string(allowed_types).unwrap_or_default();
        return Err(format!("Registered locations must be of an allowed type {allowed}"));
    }
    let list = spec.and_then(|spec| spec.get("targets")).and_then(Value::as_array);
    let all = text("target").into_iter().filter(|target| !target.is_empty());
    let all = all.chain(list.into_iter().flatten().filter_map(Value::as_str));
    let targets = all.map(|target| {
        if kind == "file" && target.ends_with('/') {
            return Err(format!(
                "LocationEntityProcessor cannot handle file type location with target {} that ends with a path separator",
                location.target
            ));
        }
        Ok(absolute(target, &kind, location, hosts))
    });
    let targets = targets.collect();
    Ok(Targets { kind, resolved: targets, is_optional: text("presence") == Some("optional") })
}

/// `toAbsoluteUrl`.
fn absolute(target: &str, kind: &str, location: &LocationRef, hosts: &ScmHosts) -> String {
    if location.kind != kind {
        return target.to_owned();
    }
    match kind {
        "file" if target.starts_with('.') => file_path::beside(&location.target, target),
        "url" => hosts.resolve(target, &location.target).unwrap_or_else(|_| target.to_owned()),
        _ => target.to_owned(),
    }
}

impl Targets {
    pub(super) fn requests(&self) -> impl Iterator<Item = ReadRequest> + '_ {
        self.resolved
            .iter()
            .filter_map(|target| target.as_ref().ok())
            .map(|target| self.request(target))
    }

    fn request(&self, target: &str) -> ReadRequest {
        ReadRequest::new(self.kind.as_str(), target)
    }
}

/// What a Location emits.
#[derive(Debug, Default)]
pub(super) struct Emission {
    pub(super) deferred: Vec<DeferredEntity>,
    pub(super) errors: Vec<ProcessingError>,
    /// How many errors there are besides.
    pub(super) omitted_errors: usize,
    pub(super) broken: BrokenSources,
    pub(super) refresh_keys: Vec<Box<str>>,
}

impl Emission {
    fn fail(&mut self, error: ProcessingError) {
        if self.errors.len() < MAX_PROBLEMS {
            self.errors.push(error);
        } else {
            self.omitted_errors += 1;
        }
    }

    /// An error that stands for all that was not read of a file: shown before those of what was,
    /// which begin at `first`.
    fn fail_file(&mut self, first: usize, error: ProcessingError) {
        if first >= MAX_PROBLEMS {
            return self.fail(error);
        }
        if self.errors.len() == MAX_PROBLEMS {
            self.errors.pop();
            self.omitted_errors += 1;
        }
        self.errors.insert(first.min(self.errors.len()), error);
    }
}

/// A Location that emits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Emitter<'a> {
    /// The Location itself: what it emits under its own ref is passed over.
    pub(super) parent: &'a Entity,
    /// The location that was registered or configured.
    pub(super) origin: &'a LocationRef,
    /// The location that the Location was read from.
    pub(super) location: &'a LocationRef,
    pub(super) rules: &'a CatalogRules,
    pub(super) limits: &'a DescriptorLimits,
}

impl Emitter<'_> {
    /// Everything that the files of `targets` hold; less once it is not wanted any more.
    pub(super) fn emit(&self, targets: &Targets, input: &ProcessingInput<'_>) -> Emission {
        let mut emission = Emission::default();
        for target in targets.resolved.iter().take_while(|_| (input.is_wanted)()) {
            match target {
                Err(message) if input.chosen == Chosen::Everything => {
                    emission.fail(error("InputError", message.clone(), &self.location.target));
                }
                Err(_) => {}
                Ok(target) => self.emit_target(targets, target, input, &mut emission),
            }
        }
        emission
    }

    fn emit_target(
        &self,
        targets: &Targets,
        target: &str,
        input: &ProcessingInput<'_>,
        emission: &mut Emission,
    ) {
        let kind = &targets.kind;
        let request = targets.request(target);
        let outcome = input.reads.get(&request);
        if outcome.is_none() && input.chosen == Chosen::WhatWasRead {
            return;
        }
        if kind == "url" {
            emission.refresh_keys.push(format!("url:{target}").into());
        }
        match outcome {
            Some(Ok(files)) if files.is_empty() && !targets.is_optional => {
                let message = match kind.as_str() {
                    "file" => format!("file {target} does not exist"),
                    _ => format!("Unable to read {kind}, no matching files found for {target}"),
                };
                emission.fail(error("NotFoundError", message, target));
            }
            Some(Ok(files)) => {
                for file in files.iter().take_while(|_| (input.is_wanted)()) {
                    if kind == "file" {
                        emission.refresh_keys.push(format!("file:{}", file.target).into());
                    }
                    self.emit_file(kind, file, input, emission);
                }
            }
            Some(Err(ReadError::NotFound { .. })) if targets.is_optional => {}
            Some(Err(failure)) => {
                let error = read_error(kind, target, failure);
                // Of a pattern, it is not known what any folder of it holds.
                let key = if kind == "file" && request.is_pattern() {
                    format!("{kind}:{}/", file_path::folder_of(target))
                } else {
                    format!("{kind}:{target}")
                };
                emission.broken.insert(key.into(), error.clone());
                emission.fail(error);
            }
            None => {
                let message = format!("No processor was able to handle reading of {kind}:{target}");
                emission.fail(error("InputError", message, target));
            }
        }
    }

    fn emit_file(
        &self,
        kind: &str,
        file: &ReadFile,
        input: &ProcessingInput<'_>,
        emission: &mut Emission,
    ) {
        let location = LocationRef::new(kind, &*file.target);
        if let Some(failure) = &file.failure {
            let error = read_error(kind, &file.target, failure);
            emission.broken.insert(location.to_string().into(), error.clone());
            // A link to nowhere matters only where something was read through it before.
            let is_missing_folder =
                file.target.ends_with('/') && matches!(failure, ReadError::NotFound { .. });
            if !is_missing_folder {
                emission.fail(error);
            }
            return;
        }
        let quotes = if file.may_be_quoted { Quotes::Allowed } else { Quotes::Forbidden };
        if let Err(fault) = std::str::from_utf8(&file.content) {
            emission.fail(not_utf8(&file.content, fault.valid_up_to(), &location));
        }
        let all = match documents(&file.content, self.limits) {
            Ok(all) => all,
            Err(failure) => {
                let error = descriptor_error(&failure, &location, quotes);
                let error = placed(error, &location, failure.line, failure.column);
                emission.broken.insert(location.to_string().into(), error.clone());
                return emission.fail(error);
            }
        };
        let first = emission.errors.len();
        for document in all.take_while(|_| (input.is_wanted)()) {
            let is_document = document.is_ok();
            let place = match &document {
                Ok(Document { content: Err(failure), .. }) | Err(failure) => {
                    (failure.line, failure.column)
                }
                Ok(document) => (document.line, 1),
            };
            let deferred = document
                .map_err(|failure| descriptor_error(&failure, &location, quotes))
                .and_then(|document| self.defer(document, &location, quotes));
            match deferred {
                Ok(deferred) => emission.deferred.extend(deferred),
                Err(error) => {
                    // An entity that was read and refused leaves no doubt about the rest of its
                    // file.
                    let is_unreadable = matches!(error.stage, "parse" | "envelope");
                    let error = placed(error, &location, place.0, place.1);
                    if is_unreadable {
                        emission.broken.insert(location.to_string().into(), error.clone());
                    }
                    if is_document {
                        emission.fail(error);
                    } else {
                        emission.fail_file(first, error);
                    }
                }
            }
        }
    }

    /// The entity in `document`; `None` if there is none to emit.
    fn defer(
        &self,
        document: Document,
        location: &LocationRef,
        quotes: Quotes,
    ) -> Result<Option<DeferredEntity>, ProcessingError> {
        let origin = self.origin.to_string();
        let deferred = defer_document(document, location, &origin, quotes)?;
        let Some(deferred) = deferred else { return Ok(None) };
        let entity_ref = deferred.entity.entity_ref();
        if entity_ref == self.parent.entity_ref() {
            return Ok(None);
        }
        if !self.rules.is_allowed(&deferred.entity, self.origin) {
            let message = format!(
                "Entity {entity_ref} at {}, originated at {}, is not of an allowed kind for that location",
                self.location, self.origin
            );
            return Err(error("NotAllowedError", message, &location.target));
        }
        Ok(Some(deferred))
    }
}

/// The entity that a document of the file at `location` holds, as a Location emits it: with its
/// location and its origin set. `None` for an empty document.
pub(super) fn defer_document(
    document: Document,
    location: &LocationRef,
    origin: &str,
    quotes: Quotes,
) -> Result<Option<DeferredEntity>, ProcessingError> {
    let value = document.content.map_err(|failure| descriptor_error(&failure, location, quotes))?;
    let mut fields = match value {
        Value::Null => return Ok(None),
        Value::Object(fields) => fields,
        other => {
            let message = format!("Expected object at root, got {}", javascript::type_of(&other));
            return Err(staged("parse", error("Error", message, &location.target)));
        }
    };
    let value = Value::Object(std::mem::take(&mut fields));
    check_envelope(&value).map_err(|failure| {
        staged("envelope", error("TypeError", failure.to_string(), &location.target))
    })?;
    let Value::Object(fields) = value else { return Ok(None) };
    let mut entity = Entity(fields);
    force_locations(&mut entity, location, origin)?;
    Ok(Some(DeferredEntity { entity, location_key: Some(Arc::from(location.to_string())) }))
}

/// Sets where `entity` comes from, whatever it says itself.
fn force_locations(
    entity: &mut Entity,
    location: &LocationRef,
    origin: &str,
) -> Result<(), ProcessingError> {
    let metadata = entity.0.get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else { return Ok(()) };
    let own = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    if !javascript::is_truthy(own) {
        *own = Value::Object(Map::new());
    }
    let Some(annotations) = own.as_object_mut() else {
        // A text or a number is spread into an object by Backstage, and then no annotation.
        let message = "metadata.annotations must be a valid object".to_owned();
        return Err(staged("envelope", error("Error", message, &location.target)));
    };
    let origin = Value::String(origin.to_owned());
    annotations.insert(annotation::MANAGED_BY_ORIGIN_LOCATION.to_owned(), origin);
    let location = Value::String(location.to_string());
    annotations.insert(annotation::MANAGED_BY_LOCATION.to_owned(), location);
    Ok(())
}

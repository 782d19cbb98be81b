//! What a Location reads, and what it emits.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `runSpecialLocationStep`, `UrlReaderProcessor`,
//! `FileReaderProcessor`, `parseEntityYaml` and `ProcessorOutputCollector`. Unlike there, one bad
//! target or document fails alone.

use std::{path::Path, sync::Arc};

use callboard_model::{
    DescriptorError, DescriptorLimits, Document, Entity, LocationRef, annotation, check_envelope,
    documents, javascript,
};
use serde_json::{Map, Value};

use super::{
    CatalogRules, DeferredEntity, ProcessingError, Reads, placeholders::error_class, scm::ScmHosts,
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
        "file" if target.starts_with('.') => join_path(&location.target, target),
        "url" => hosts.resolve(target, &location.target).unwrap_or_else(|_| target.to_owned()),
        _ => target.to_owned(),
    }
}

/// `target` beside the file `base`, with `.` and `..` taken out.
fn join_path(base: &str, target: &str) -> String {
    let folder = Path::new(base).parent().and_then(Path::to_str).unwrap_or_default();
    let is_absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            _ => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

impl Targets {
    pub(super) fn requests(&self) -> impl Iterator<Item = ReadRequest> + '_ {
        self.resolved
            .iter()
            .filter_map(|target| target.as_ref().ok())
            .map(|target| self.request(target))
    }

    fn request(&self, target: &str) -> ReadRequest {
        ReadRequest { kind: self.kind.as_str().into(), target: target.into(), etag: None }
    }
}

/// What a Location emits.
#[derive(Debug, Default)]
pub(super) struct Emission {
    pub(super) deferred: Vec<DeferredEntity>,
    pub(super) errors: Vec<ProcessingError>,
    pub(super) refresh_keys: Vec<Box<str>>,
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
    /// Everything that the files of `targets` hold.
    pub(super) fn emit(&self, targets: &Targets, reads: &Reads) -> Emission {
        let mut emission = Emission::default();
        for target in &targets.resolved {
            match target {
                Err(message) => {
                    emission.errors.push(error(
                        "InputError",
                        message.clone(),
                        &self.location.target,
                    ));
                }
                Ok(target) => self.emit_target(targets, target, reads, &mut emission),
            }
        }
        emission
    }

    fn emit_target(&self, targets: &Targets, target: &str, reads: &Reads, emission: &mut Emission) {
        let kind = &targets.kind;
        if kind == "url" {
            emission.refresh_keys.push(format!("url:{target}").into());
        }
        match reads.get(&targets.request(target)) {
            Some(Ok(files)) if files.is_empty() && !targets.is_optional => {
                let message = match kind.as_str() {
                    "file" => format!("file {target} does not exist"),
                    _ => format!("Unable to read {kind}, no matching files found for {target}"),
                };
                emission.errors.push(error("NotFoundError", message, target));
            }
            Some(Ok(files)) => {
                for file in files {
                    if kind == "file" {
                        emission.refresh_keys.push(format!("file:{}", file.target).into());
                    }
                    self.emit_file(kind, file, emission);
                }
            }
            Some(Err(ReadError::NotFound { .. })) if targets.is_optional => {}
            Some(Err(failure)) => emission.errors.push(read_error(kind, target, failure)),
            None => {
                let message = format!("No processor was able to handle reading of {kind}:{target}");
                emission.errors.push(error("InputError", message, target));
            }
        }
    }

    fn emit_file(&self, kind: &str, file: &ReadFile, emission: &mut Emission) {
        if let Some(failure) = &file.failure {
            emission.errors.push(read_error(kind, &file.target, failure));
            return;
        }
        let location = LocationRef::new(kind, &*file.target);
        let failed = |failure: &DescriptorError| {
            placed(descriptor_error(failure, &location), &location, failure.line, failure.column)
        };
        if let Err(fault) = std::str::from_utf8(&file.content) {
            emission.errors.push(not_utf8(&file.content, fault.valid_up_to(), &location));
        }
        let all = match documents(&file.content, self.limits) {
            Ok(all) => all,
            Err(failure) => return emission.errors.push(failed(&failure)),
        };
        for document in all {
            match document {
                Ok(document) => {
                    let line = document.line;
                    match self.defer(document, &location) {
                        Ok(deferred) => emission.deferred.extend(deferred),
                        Err(error) => emission.errors.push(placed(error, &location, line, 1)),
                    }
                }
                Err(failure) => emission.errors.push(failed(&failure)),
            }
        }
    }

    /// The entity in `document`; `None` if there is none to emit.
    fn defer(
        &self,
        document: Document,
        location: &LocationRef,
    ) -> Result<Option<DeferredEntity>, ProcessingError> {
        let origin = self.origin.to_string();
        let Some(deferred) = defer_document(document, location, &origin)? else { return Ok(None) };
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
) -> Result<Option<DeferredEntity>, ProcessingError> {
    let value = document.content.map_err(|failure| descriptor_error(&failure, location))?;
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

fn descriptor_error(failure: &DescriptorError, location: &LocationRef) -> ProcessingError {
    let message = failure.backstage_text(&location.to_string());
    staged("parse", error("Error", message, &location.target))
}

/// The error with where it stands, unless it says so itself: a Location may read many
/// files of many documents.
fn placed(
    mut error: ProcessingError,
    location: &LocationRef,
    line: usize,
    column: usize,
) -> ProcessingError {
    if error.message.contains(&location.to_string()) {
        return error;
    }
    let place = format!("; see line {line}, column {column} of {location}");
    error.message = super::shorten(error.message + &place);
    error
}

/// What its owner is told of a file that is read all the same, as Backstage reads it.
fn not_utf8(content: &[u8], valid_bytes: usize, location: &LocationRef) -> ProcessingError {
    let before = String::from_utf8_lossy(content.get(..valid_bytes).unwrap_or_default());
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let message = format!(
        "{location} is not UTF-8: what stands at line {line}, column {} is replaced by U+FFFD; save the file as UTF-8",
        column + 1
    );
    error("InputError", message, &location.target)
}

fn read_error(kind: &str, target: &str, failure: &ReadError) -> ProcessingError {
    let class = error_class(failure);
    let message = match (kind, failure) {
        ("file", ReadError::NotFound { .. }) => format!("file {target} does not exist"),
        ("file", _) => format!("file {target} could not be read, {class}: {failure}"),
        _ => format!("Unable to read {kind}, {failure}"),
    };
    error(class, message, target)
}

fn error(class: &str, message: String, target: &str) -> ProcessingError {
    ProcessingError {
        name: class.to_owned(),
        message: super::shorten(message),
        stage: "location",
        target: Some(target.to_owned()),
    }
}

fn staged(stage: &'static str, error: ProcessingError) -> ProcessingError {
    ProcessingError { stage, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_node_joins_them() {
        for (base, target, joined) in [
            ("/srv/a/b.yaml", "./c.yaml", "/srv/a/c.yaml"),
            ("/srv/a/b.yaml", "../c/*.yaml", "/srv/c/*.yaml"),
            ("/b.yaml", "../../c.yaml", "/c.yaml"),
            ("a/b.yaml", "../../c.yaml", "../c.yaml"),
        ] {
            assert_eq!(join_path(base, target), joined);
        }
    }
}

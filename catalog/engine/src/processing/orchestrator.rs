//! The steps of processing one entity, in Backstage's order.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `DefaultCatalogProcessingOrchestrator`.

use std::{fmt, sync::Arc};

use callboard_model::{
    DescriptorLimits, Entity, EntityRef, Kind, KindError, KindRegistry, LocationRef, annotation,
    check_envelope, enforce_policies, javascript,
};
use serde_json::Value;

use super::{
    CatalogRules, MAX_PROBLEMS, ProcessingError, ProcessingResult, Reads, annotate,
    links::drop_dangerous,
    locations::{self, Emitter},
    placeholders::{self, Scope},
    scm::ScmHosts,
    shorten,
};
use crate::reading::ReadRequest;

/// What processing depends on beside the entity.
#[derive(Debug, Clone)]
pub struct ProcessingOptions {
    /// The kinds that there are.
    pub kinds: Arc<KindRegistry>,
    /// Which kinds may come from where.
    pub rules: Arc<CatalogRules>,
    /// The hosts of sources.
    pub hosts: Arc<ScmHosts>,
    /// What a descriptor may cost.
    pub limits: DescriptorLimits,
    /// Whether placeholders may name other branches of their repository. Never where descriptors
    /// are read from a server.
    pub references: References,
    /// The types that a Location may have if they are not its own location's. Backstage: `url`.
    pub allowed_location_types: Vec<String>,
}

impl ProcessingOptions {
    /// Backstage's defaults with the given kinds.
    pub fn new(kinds: Arc<KindRegistry>) -> Self {
        Self {
            kinds,
            rules: Arc::new(CatalogRules::default()),
            hosts: Arc::new(ScmHosts::default()),
            limits: DescriptorLimits::default(),
            references: References::Same,
            allowed_location_types: vec!["url".to_owned()],
        }
    }
}

/// Which branches of a repository its placeholders may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum References {
    /// The one of the descriptor.
    Same,
    /// Every one: for a checkout that stands for the repository at each of them.
    Any,
}

/// What processing takes beside the entity.
#[derive(Clone, Copy)]
pub struct ProcessingInput<'a> {
    /// The outcome of each request that [`ProcessingOrchestrator::reads`] named.
    pub reads: &'a Reads,
    /// Which targets of a Location it is about.
    pub chosen: Chosen,
    /// Whether somebody still waits for the result. Asked before every file and every document:
    /// once nobody does, the result is worth nothing and comes soon.
    pub is_wanted: &'a dyn Fn() -> bool,
}

impl<'a> ProcessingInput<'a> {
    /// All of an entity, whoever waits for it.
    pub fn all(reads: &'a Reads) -> Self {
        Self { reads, chosen: Chosen::Everything, is_wanted: &|| true }
    }
}

impl fmt::Debug for ProcessingInput<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reads, chosen, .. } = self;
        formatter
            .debug_struct("ProcessingInput")
            .field("chosen", chosen)
            .field("reads", reads)
            .finish()
    }
}

/// Which targets of a Location are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// All of them: one that was not read has failed.
    Everything,
    /// Those that were read.
    WhatWasRead,
}

/// Turns entities as they were emitted into entities as they are served. Pure: what has to be read
/// is said first and handed in.
#[derive(Debug)]
pub struct ProcessingOrchestrator {
    options: ProcessingOptions,
    fingerprint: String,
}

/// Where an entity comes from.
struct Context {
    location: LocationRef,
    origin: LocationRef,
}

impl ProcessingOrchestrator {
    /// An orchestrator with these options.
    pub fn new(options: ProcessingOptions) -> Self {
        let fingerprint = fingerprint(&options);
        Self { options, fingerprint }
    }

    /// A text that differs when the same entity may be processed differently: kinds, rules, hosts
    /// and limits are in it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The options.
    pub fn options(&self) -> &ProcessingOptions {
        &self.options
    }

    /// What has to be read before `entity` can be processed: what its placeholders include and, for
    /// a Location, its targets. Distinct, without entity tags.
    pub fn reads(&self, entity: &Entity) -> Vec<ReadRequest> {
        let mut found = Vec::new();
        let is_location = entity.kind() == "Location";
        if !is_location && !entity.0.values().any(may_hold_placeholder) {
            return found;
        }
        let Ok(context) = context_of(entity) else { return found };
        let scope = self.scope(&context);
        for value in entity.0.values() {
            placeholders::requests(value, &scope, &mut found);
        }
        if is_location {
            let value = Value::Object(entity.0.clone());
            let targets = self.targets(&value, &context);
            found.extend(targets.iter().flat_map(locations::Targets::requests));
        }
        let mut distinct: Vec<ReadRequest> = Vec::with_capacity(found.len());
        let mut seen = std::collections::HashSet::with_capacity(found.len());
        for request in found {
            if seen.insert(request.clone()) {
                distinct.push(request);
            }
        }
        distinct
    }

    /// Whether a Location's targets can be read some at a time: nothing else is read for it.
    pub fn is_read_in_parts(&self, entity: &Entity) -> bool {
        entity.kind() == "Location" && !entity.0.values().any(may_hold_placeholder)
    }

    /// Takes `entity` through all steps. `reads` holds the outcome of each request that
    /// [`Self::reads`] named; one that is absent counts as failed.
    pub fn process(&self, entity: &Entity, reads: &Reads) -> ProcessingResult {
        self.process_input(entity, &ProcessingInput::all(reads))
    }

    /// Takes `entity` through all steps.
    pub fn process_input(&self, entity: &Entity, input: &ProcessingInput<'_>) -> ProcessingResult {
        let mut result = ProcessingResult::default();
        let mut value = Value::Object(entity.0.clone());
        if let Err(error) = self.run(entity, &mut value, input, &mut result) {
            result.relations.clear();
            result.deferred.clear();
            result.errors.push(error);
            return result;
        }
        let mut dropped = drop_dangerous(&mut value).into_iter();
        for message in dropped.by_ref().take(MAX_PROBLEMS) {
            result.warnings.push(failure("InputError", message, "policy"));
        }
        result.omitted_errors += dropped.count();
        if let Value::Object(fields) = value {
            result.completed = Some(Entity(fields));
        }
        result
    }

    fn run(
        &self,
        entity: &Entity,
        value: &mut Value,
        input: &ProcessingInput<'_>,
        result: &mut ProcessingResult,
    ) -> Result<(), ProcessingError> {
        check_envelope(value).map_err(|error| {
            let message = format!(
                "Entity envelope failed validation before processing; caused by TypeError: {error}"
            );
            failure("InputError", message, "envelope")
        })?;
        let entity_ref = entity.entity_ref();
        let context = context_of(entity)?;
        self.preprocess(value, &context, input.reads, result)?;
        enforce_policies(value).map_err(|error| {
            let message = format!("Policy check failed for {entity_ref}; caused by Error: {error}");
            failure("InputError", message, "policy")
        })?;
        if ref_of(value) != entity_ref {
            let message = "Fatal: The entity kind, namespace, or name changed during processing";
            return Err(failure("ConflictError", message.to_owned(), "policy"));
        }
        let kind = self.check_kind(value, entity_ref.as_str())?;
        if kind.definition().kind == "Location" {
            self.read_location(entity, value, &context, input, result);
        }
        result.relations = kind.relations(value).map_err(|error| {
            let message = format!(
                "Processor {} threw an error while postprocessing; caused by {}: {error}",
                kind.definition().processor.name(),
                error.class_name(),
            );
            failure("InputError", message, "postprocess")
        })?;
        Ok(())
    }

    fn preprocess(
        &self,
        value: &mut Value,
        context: &Context,
        reads: &Reads,
        result: &mut ProcessingResult,
    ) -> Result<(), ProcessingError> {
        let scope = self.scope(context);
        placeholders::resolve(value, &scope, reads, &mut result.refresh_keys).map_err(|error| {
            let message = format!(
                "Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: {}",
                error.0
            );
            failure("InputError", message, "preprocess")
        })?;
        sort_refs(value);
        annotate::annotate(value, &self.options.hosts, &context.location, &context.origin);
        Ok(())
    }

    fn check_kind(&self, value: &Value, entity_ref: &str) -> Result<&Kind, ProcessingError> {
        self.options.kinds.check(value).map_err(|error| match error {
            KindError::Unknown { .. } => {
                let message = format!(
                    "No processor recognized the entity {entity_ref} as valid, possibly caused by a foreign kind or apiVersion"
                );
                failure("InputError", message, "unknown-kind")
            }
            KindError::Invalid { processor, message, .. } => {
                let message = format!(
                    "Processor {} threw an error while validating the entity {entity_ref}; caused by TypeError: {message}",
                    processor.name()
                );
                failure("InputError", message, "kind")
            }
        })
    }

    fn read_location(
        &self,
        entity: &Entity,
        value: &Value,
        context: &Context,
        input: &ProcessingInput<'_>,
        result: &mut ProcessingResult,
    ) {
        let targets = match self.targets(value, context) {
            Ok(targets) => targets,
            Err(message) => {
                let mut error = failure("InputError", message, "location");
                error.target = Some(context.location.target.clone());
                result.errors.push(error);
                return;
            }
        };
        let emitter = Emitter {
            parent: entity,
            origin: &context.origin,
            location: &context.location,
            rules: &self.options.rules,
            limits: &self.options.limits,
        };
        let emission = emitter.emit(&targets, input);
        result.deferred = emission.deferred;
        result.errors.extend(emission.errors);
        result.omitted_errors += emission.omitted_errors;
        result.broken = emission.broken;
        result.refresh_keys.extend(emission.refresh_keys);
    }

    fn targets(&self, value: &Value, context: &Context) -> Result<locations::Targets, String> {
        let allowed = &self.options.allowed_location_types;
        locations::targets(value, &context.location, &self.options.hosts, allowed)
    }

    fn scope<'a>(&'a self, context: &'a Context) -> Scope<'a> {
        Scope {
            hosts: &self.options.hosts,
            location: &context.location,
            origin: &context.origin,
            limits: &self.options.limits,
            references: self.options.references,
        }
    }
}

fn ref_of(entity: &Value) -> EntityRef {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata =
        |field: &str| text(entity.get("metadata").and_then(|metadata| metadata.get(field)));
    EntityRef::new(&text(entity.get("kind")), &metadata("namespace"), &metadata("name"))
}

fn may_hold_placeholder(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(may_hold_placeholder),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.starts_with('$') || may_hold_placeholder(value))
        }
        _ => false,
    }
}

fn context_of(entity: &Entity) -> Result<Context, ProcessingError> {
    let parse = |key: &str| {
        let text = entity.annotation(key).filter(|text| !text.is_empty()).ok_or_else(|| {
            format!("Entity '{}' does not have the annotation {key}", entity.entity_ref())
        })?;
        LocationRef::parse(text).map_err(|error| error.to_string())
    };
    let refused = |message: String| failure("InputError", message, "envelope");
    Ok(Context {
        location: parse(annotation::MANAGED_BY_LOCATION).map_err(refused)?,
        origin: parse(annotation::MANAGED_BY_ORIGIN_LOCATION).map_err(refused)?,
    })
}

/// Lists of refs have no order: sorted, an unchanged one stays unchanged. Source:
/// `BuiltinKindsEntityProcessor.preProcessEntity`.
fn sort_refs(entity: &mut Value) {
    const FIELDS: [&str; 7] = [
        "providesApis",
        "consumesApis",
        "dependsOn",
        "dependencyOf",
        "memberOf",
        "children",
        "members",
    ];
    let Some(spec) = entity.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for field in FIELDS {
        let Some(Value::Array(items)) = spec.get_mut(field) else { continue };
        if items.iter().all(Value::is_string) {
            items.sort_by(|left, right| {
                javascript::compare_text(
                    left.as_str().unwrap_or_default(),
                    right.as_str().unwrap_or_default(),
                )
            });
        }
    }
}

fn failure(class: &str, message: String, stage: &'static str) -> ProcessingError {
    ProcessingError { name: class.to_owned(), message: shorten(message), stage, target: None }
}

/// Raised with every change of the steps that may give another result for the same entity.
const STEPS_VERSION: &str = "2";

fn fingerprint(options: &ProcessingOptions) -> String {
    use sha1::{Digest, Sha1};

    let mut definitions: Vec<String> =
        options.kinds.definitions().map(|definition| format!("{definition:?}")).collect();
    definitions.sort();
    let mut hasher = Sha1::new();
    hasher.update(STEPS_VERSION);
    for definition in definitions {
        hasher.update(definition);
    }
    hasher.update(options.rules.fingerprint());
    hasher.update(format!(
        "{:?} {:?} {:?} {:?}",
        options.hosts, options.limits, options.references, options.allowed_location_types
    ));
    let digits = |byte: u8| [byte >> 4, byte & 0xF];
    let hex = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or_default();
    hasher.finalize().into_iter().flat_map(digits).map(hex).collect()
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "rows read better without references")]
mod tests;

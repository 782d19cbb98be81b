//! `$text`, `$json` and `$yaml`: what other files put into an entity.
//!
//! Source: Backstage plugin-catalog-backend 4.0.0, `PlaceholderProcessor`.

use callboard_model::{DescriptorLimits, LocationRef, javascript, parse_descriptor};
use serde_json::{Map, Value};
use url::Url;

use super::{Reads, References, confinement, file_path, scm::ScmHosts};
use crate::reading::{ReadError, ReadFile, ReadRequest};

/// What a placeholder makes of the file that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolver {
    Text,
    Json,
    Yaml,
}

/// Where placeholders are resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) hosts: &'a ScmHosts,
    /// The location that the entity was read from.
    pub(super) location: &'a LocationRef,
    /// The location that was registered or configured.
    pub(super) origin: &'a LocationRef,
    pub(super) limits: &'a DescriptorLimits,
    pub(super) references: References,
}

/// A placeholder that cannot be resolved: the text of the error that Backstage throws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlaceholderError(pub(super) String);

/// Adds what the placeholders in `value` ask for. Those that cannot be resolved ask for nothing.
pub(super) fn requests(value: &Value, scope: &Scope<'_>, found: &mut Vec<ReadRequest>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| requests(item, scope, found)),
        Value::Object(fields) => match placeholder_of(fields) {
            Shape::Plain => fields.values().for_each(|value| requests(value, scope, found)),
            Shape::Untouched => {}
            Shape::Placeholder(key, _, target) => {
                if let Ok(request) = resolve_target(key, target, scope) {
                    found.push(request);
                }
            }
        },
        _ => {}
    }
}

/// Replaces every placeholder in `value`, and adds the keys of what was included.
pub(super) fn resolve(
    value: &mut Value,
    scope: &Scope<'_>,
    reads: &Reads,
    refresh_keys: &mut Vec<Box<str>>,
) -> Result<(), PlaceholderError> {
    match value {
        Value::Array(items) => {
            for item in items {
                resolve(item, scope, reads, refresh_keys)?;
            }
        }
        Value::Object(fields) => match placeholder_of(fields) {
            Shape::Plain => {
                for value in fields.values_mut() {
                    resolve(value, scope, reads, refresh_keys)?;
                }
            }
            Shape::Untouched => {}
            Shape::Placeholder(key, resolver, target) => {
                let request = resolve_target(key, target, scope)?;
                let content = content(key, target, &request, reads)?;
                refresh_keys.push(format!("{}:{}", request.kind, request.target).into());
                *value = convert(key, resolver, target, &content, scope)?;
            }
        },
        _ => {}
    }
    Ok(())
}

/// What an object is to placeholders.
enum Shape<'value> {
    /// Its values may hold placeholders.
    Plain,
    /// It has a key with `$` and is left as it is, with all that it holds.
    Untouched,
    /// It is one: its key, and what stands there.
    Placeholder(&'value str, Resolver, &'value Value),
}

fn placeholder_of(fields: &Map<String, Value>) -> Shape<'_> {
    if !fields.keys().any(|key| key.starts_with('$')) {
        return Shape::Plain;
    }
    let mut entries = fields.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Shape::Untouched;
    };
    let resolver = match key.as_str() {
        "$text" => Resolver::Text,
        "$json" => Resolver::Json,
        "$yaml" => Resolver::Yaml,
        _ => return Shape::Untouched,
    };
    Shape::Placeholder(key, resolver, value)
}

fn resolve_target(
    key: &str,
    target: &Value,
    scope: &Scope<'_>,
) -> Result<ReadRequest, PlaceholderError> {
    let Some(target) = target.as_str() else {
        return Err(PlaceholderError(format!(
            "Placeholder {key} expected a string value parameter, in the form of an absolute URL or a relative path"
        )));
    };
    let base = &*scope.location.target;
    let refused = |reason: String| {
        PlaceholderError(format!(
            "Placeholder {key} could not form a URL out of {base} and {target}, {reason}"
        ))
    };
    if scope.location.kind == "file" && Url::parse(target).is_err() {
        return resolve_file(target, scope).map_err(refused);
    }
    let url = scope.hosts.resolve(target, base).map_err(|error| refused(error.to_string()))?;
    confinement::check(scope.hosts, &url, base, scope.references)
        .map_err(|error| refused(error.to_string()))?;
    Ok(ReadRequest::new("url", url))
}

/// The file that a path means in a descriptor on the disk of the server. A path that begins with
/// `/` begins at the root: the folder of the configured location, as that of a repository.
///
/// Backstage resolves no paths there. Here they are confined to the root or, for a descriptor that
/// the location names elsewhere, to that descriptor's folder.
fn resolve_file(target: &str, scope: &Scope<'_>) -> Result<ReadRequest, String> {
    let own = file_path::folder_of_file(&scope.location.target);
    let root =
        if scope.origin.kind == "file" { file_path::folder_of(&scope.origin.target) } else { own };
    let path = if target.starts_with('/') {
        file_path::joined(if root.is_empty() { "/" } else { root }, target)
    } else {
        file_path::beside(&scope.location.target, target)
    };
    let folder = [root, own].into_iter().find(|folder| file_path::is_below(&path, folder));
    let Some(folder) = folder else {
        let root = if root.is_empty() { own } else { root };
        return Err(format!("Error: Placeholder may only reference files below {root}/"));
    };
    let request = ReadRequest::new("file", path);
    Ok(ReadRequest { confined_to: Some(folder.into()), ..request })
}

fn content(
    key: &str,
    target: &Value,
    request: &ReadRequest,
    reads: &Reads,
) -> Result<ReadFile, PlaceholderError> {
    let target = javascript::display(target);
    let refused = |class: &str, reason: String| {
        PlaceholderError(format!(
            "Placeholder {key} could not read location {target}, {class}: {reason}"
        ))
    };
    let url = &request.target;
    match reads.get(request) {
        Some(Ok(files)) => files
            .first()
            .cloned()
            .ok_or_else(|| refused("NotFoundError", format!("nothing was found at {url}"))),
        Some(Err(error)) => Err(refused(error_class(error), error.to_string())),
        None => Err(refused("Error", format!("{url} was not read"))),
    }
}

/// The name of the error class that Backstage has for it.
pub(super) fn error_class(error: &ReadError) -> &'static str {
    match error {
        ReadError::NotFound { .. } => "NotFoundError",
        ReadError::NotAllowed { .. } => "NotAllowedError",
        ReadError::TooLarge { .. } | ReadError::Unavailable { .. } => "Error",
    }
}

fn convert(
    key: &str,
    resolver: Resolver,
    target: &Value,
    file: &ReadFile,
    scope: &Scope<'_>,
) -> Result<Value, PlaceholderError> {
    let target = javascript::display(target);
    match resolver {
        Resolver::Text => Ok(Value::String(String::from_utf8_lossy(&file.content).into_owned())),
        Resolver::Json => {
            let mut value = serde_json::from_slice(&file.content).map_err(|error| {
                PlaceholderError(format!(
                    "Placeholder {key} failed to parse JSON data at {target}, SyntaxError: {error}"
                ))
            })?;
            round_numbers(&mut value);
            Ok(value)
        }
        Resolver::Yaml => {
            let bad = |reason: String| {
                PlaceholderError(format!(
                    "Placeholder {key} found an error in the data at {target}, {reason}"
                ))
            };
            let mut documents = parse_descriptor(&file.content, scope.limits)
                .map_err(|error| bad(error.to_string()))?;
            let count = documents.len();
            let document = documents.pop().filter(|_| count == 1).ok_or_else(|| {
                PlaceholderError(format!(
                    "Placeholder {key} expected to find exactly one document of data at {target}, found {count}"
                ))
            })?;
            document.content.map_err(|error| bad(format!("YAMLParseError: {error}")))
        }
    }
}

/// Numbers are doubles in JavaScript: `1.0` is `1`.
fn round_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(double) = number.as_f64() {
                *value = javascript::number(double);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round_numbers),
        Value::Object(fields) => fields.values_mut().for_each(round_numbers),
        _ => {}
    }
}

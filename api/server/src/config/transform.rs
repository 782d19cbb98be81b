//! `${VAR}`, `$env`, `$file` and `$include`.
//!
//! Source: Backstage `config-loader`, whose rules these are: a value of which one variable is
//! missing is left out, `$${VAR}` is the text `${VAR}`, `${VAR:-x}` falls back to `x`; an include
//! stands alone in its object; its path is relative to the file in which it stands; `$include`
//! takes `file.yaml#path.to.value`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::ConfigError,
    node::{Node, Origin, Value},
    source::Surroundings,
    yaml,
};

/// Includes within includes; more is a circle.
const MAX_DEPTH: usize = 16;

/// Resolves everything in `root`. `None` if the root itself came to nothing.
///
/// # Errors
///
/// [`ConfigError::Include`], [`ConfigError::Unreadable`] or [`ConfigError::Syntax`] of an include.
pub(super) fn resolve(
    root: Node,
    surroundings: &dyn Surroundings,
) -> Result<Option<Node>, ConfigError> {
    Resolver { surroundings, depth: 0 }.node(root, "")
}

struct Resolver<'a> {
    surroundings: &'a dyn Surroundings,
    depth: usize,
}

/// An include key and its value.
enum Include {
    Variable(String),
    File(PathBuf),
    Part { file: PathBuf, path: Option<String> },
}

impl Resolver<'_> {
    fn node(&self, node: Node, path: &str) -> Result<Option<Node>, ConfigError> {
        if let Some(include) = self.include(&node, path)? {
            return self.included(&node, include, path);
        }
        let Node { value, place, origin } = node;
        let (value, origin) = match value {
            Value::Text(text) => match substitute(&text, self.surroundings) {
                Substituted::Unchanged => (Value::Text(text), origin),
                Substituted::Text(text, origin) => (Value::Text(text), origin),
                Substituted::Missing => return Ok(None),
            },
            Value::List(items) => (self.list(items, path)?, origin),
            Value::Map(map) => {
                let mut resolved = indexmap::IndexMap::with_capacity(map.len());
                for (key, node) in map {
                    if let Some(node) = self.node(node, &join(path, &key))? {
                        resolved.insert(key, node);
                    }
                }
                (Value::Map(resolved), origin)
            }
            value => (value, origin),
        };
        Ok(Some(Node { value, place, origin }))
    }

    fn list(&self, items: Vec<Node>, path: &str) -> Result<Value, ConfigError> {
        let mut resolved = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            resolved.extend(self.node(item, &format!("{path}[{index}]"))?);
        }
        Ok(Value::List(resolved))
    }

    fn include(&self, node: &Node, path: &str) -> Result<Option<Include>, ConfigError> {
        let Value::Map(map) = &node.value else { return Ok(None) };
        let is_include = |key: &str| matches!(key, "$env" | "$file" | "$include");
        let Some((key, argument)) = map.iter().find(|(key, _)| is_include(key)) else {
            return Ok(None);
        };
        let fail = |reason: String| Err(include_error(node, path, reason));
        if map.len() != 1 {
            return fail(format!("{key} must be the only key of its object"));
        }
        let Some(text) = argument.text() else {
            return fail(format!("{key} takes a text, found {}", argument.value.type_name()));
        };
        let text = match substitute(text, self.surroundings) {
            Substituted::Unchanged => text.to_owned(),
            Substituted::Text(text, _) => text,
            Substituted::Missing => {
                return fail(format!("{key} names an environment variable that is not set"));
            }
        };
        let folder = node.place.folder();
        Ok(Some(match key.as_str() {
            "$env" => Include::Variable(text),
            "$file" => Include::File(folder.join(text)),
            _ => match text.split_once('#') {
                Some((file, part)) => {
                    Include::Part { file: folder.join(file), path: Some(part.to_owned()) }
                }
                None => Include::Part { file: folder.join(text), path: None },
            },
        }))
    }

    fn included(
        &self,
        node: &Node,
        include: Include,
        path: &str,
    ) -> Result<Option<Node>, ConfigError> {
        match include {
            Include::Variable(name) => {
                Ok(self.surroundings.variable(&name).map(|value| from_text(node, value)))
            }
            Include::File(file) => {
                let text = self.read(node, &file, path)?;
                Ok(Some(from_text(node, text.trim_end().to_owned())))
            }
            Include::Part { file, path: part } => {
                if self.depth >= MAX_DEPTH {
                    let reason = format!("more than {MAX_DEPTH} includes within each other");
                    return Err(include_error(node, path, reason));
                }
                let extension = file.extension().and_then(|extension| extension.to_str());
                if !matches!(extension, Some("json" | "yaml" | "yml")) {
                    let reason = "$include takes a .json, .yaml or .yml file; $file takes any text";
                    return Err(include_error(node, path, reason.to_owned()));
                }
                let text = self.read(node, &file, path)?;
                let mut found = yaml::parse(&Arc::from(file.as_path()), &text)?;
                for key in part.iter().flat_map(|part| part.split('.')) {
                    let Some(inner) = found.get(key).cloned() else {
                        let reason = format!("{} has no value at {key}", file.display());
                        return Err(include_error(node, path, reason));
                    };
                    found = inner;
                }
                Resolver { depth: self.depth + 1, ..*self }.node(found, path)
            }
        }
    }

    fn read(&self, node: &Node, file: &Path, path: &str) -> Result<String, ConfigError> {
        self.surroundings.read(file).map_err(|error| {
            include_error(node, path, format!("{} cannot be read: {error}", file.display()))
        })
    }
}

fn from_text(node: &Node, text: String) -> Node {
    Node { value: Value::Text(text), place: node.place.clone(), origin: Origin::Substituted }
}

fn include_error(node: &Node, path: &str, reason: String) -> ConfigError {
    ConfigError::Include { place: node.place.clone(), path: path.to_owned(), reason }
}

/// `path.key`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

enum Substituted {
    Unchanged,
    Text(String, Origin),
    Missing,
}

fn substitute(text: &str, surroundings: &dyn Surroundings) -> Substituted {
    let mut output = String::with_capacity(text.len());
    let mut origin = Origin::Written;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inner, tail)) = after.split_once('}').filter(|(inner, _)| !inner.contains('{'))
        else {
            output.push_str(before);
            output.push_str("${");
            rest = after;
            continue;
        };
        rest = tail;
        if let Some(before) = before.strip_suffix('$') {
            output.push_str(before);
            output.push_str("${");
            output.push_str(inner);
            output.push('}');
            continue;
        }
        output.push_str(before);
        let (name, fallback) = match inner.split_once(":-") {
            Some((name, fallback)) => (name, Some(fallback.to_owned())),
            None => (inner, None),
        };
        match surroundings.variable(name.trim()).or(fallback) {
            Some(value) => output.push_str(&value),
            None => return Substituted::Missing,
        }
        origin = Origin::Substituted;
    }
    output.push_str(rest);
    if output == text { Substituted::Unchanged } else { Substituted::Text(output, origin) }
}

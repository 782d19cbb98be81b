//! What can be wrong with a configuration.

use std::{fmt, io, path::PathBuf};

use super::node::{Node, Origin, Place, Value};

/// One bad value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it stands.
    pub(crate) place: Place,
    /// Its path, such as `backend.listen.port`.
    pub(crate) path: String,
    /// What should stand there, such as `a port from 0 to 65535`.
    pub(crate) expected: String,
    /// What stands there; without the text where that could be a secret.
    pub(crate) found: String,
}

impl Problem {
    /// The problem that `node` is not what was `expected`.
    pub(super) fn new(path: &str, node: &Node, expected: impl Into<String>) -> Self {
        Self {
            place: node.place.clone(),
            path: path.to_owned(),
            expected: expected.into(),
            found: describe(node),
        }
    }

    /// The same without a word of the value.
    pub(super) fn concealed(path: &str, node: &Node, expected: impl Into<String>) -> Self {
        let found = node.value.type_name().to_owned();
        Self { found, ..Self::new(path, node, expected) }
    }

    /// The problem that `parent` lacks the key that `path` names.
    pub(super) fn missing(path: &str, parent: &Node, expected: impl Into<String>) -> Self {
        Self {
            place: parent.place.clone(),
            path: path.to_owned(),
            expected: expected.into(),
            found: "nothing".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, path, expected, found } = self;
        write!(formatter, "{place}: {path}: expected {expected}, found {found}")
    }
}

fn describe(node: &Node) -> String {
    match &node.value {
        Value::Text(text) if node.origin == Origin::Written && text.chars().count() <= 60 => {
            format!("{text:?}")
        }
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        value => value.type_name().to_owned(),
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A file cannot be read.
    #[error("configuration file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not YAML.
    #[error("{place}: {reason}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        reason: String,
    },
    /// `$file`, `$env` or `$include` cannot be resolved.
    #[error("{place}: {path}: {reason}")]
    Include {
        /// Where.
        place: Place,
        /// The path of the value.
        path: String,
        /// Why.
        reason: String,
    },
    /// A default is not what it must be.
    #[error("the default of {path} cannot be used")]
    Default {
        /// The path of the value.
        path: &'static str,
        /// Why.
        #[source]
        source: url::ParseError,
    },
    /// Values are not what they must be.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

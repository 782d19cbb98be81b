//! What owners are told of the files of a Location.

use callboard_model::{DescriptorError, DescriptorErrorKind, LocationRef};

use super::{ProcessingError, placeholders::error_class};
use crate::reading::ReadError;

/// Whether the text of a file may stand in an error that every reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Allowed,
    Forbidden,
}

/// An error about `target`.
pub(super) fn error(class: &str, message: String, target: &str) -> ProcessingError {
    ProcessingError {
        name: class.to_owned(),
        message: super::shorten(message),
        stage: "location",
        target: Some(target.to_owned()),
    }
}

pub(super) fn staged(stage: &'static str, error: ProcessingError) -> ProcessingError {
    ProcessingError { stage, ..error }
}

/// What is wrong with the text of the file at `location`, in Backstage's words.
pub(super) fn descriptor_error(
    failure: &DescriptorError,
    location: &LocationRef,
    quotes: Quotes,
) -> ProcessingError {
    let message = match (quotes, &failure.kind) {
        (Quotes::Forbidden, DescriptorErrorKind::Syntax(_) | DescriptorErrorKind::Alias(_)) => {
            let (line, column) = (failure.line, failure.column);
            format!(
                "YAML error at {location}, YAMLParseError: it is not YAML at line {line}, column \
                 {column}; the text is not shown, for its name is not that of a descriptor"
            )
        }
        (_, DescriptorErrorKind::Alias(reason)) if location.kind == "file" => {
            format!("file {} could not be read, {reason}", location.target)
        }
        _ => failure.backstage_text(&location.to_string()),
    };
    staged("parse", error("Error", message, &location.target))
}

/// The error with where it stands, unless it says so itself: a Location may read many
/// files of many documents.
pub(super) fn placed(
    mut error: ProcessingError,
    location: &LocationRef,
    line: usize,
    column: usize,
) -> ProcessingError {
    if error.message.contains(&location.to_string()) {
        return error;
    }
    if error.message == "Expected object at root, got object" {
        // JavaScript's word for a list.
        error.message.push_str(" (a list)");
    }
    let place = format!("; see line {line}, column {column} of {location}");
    error.message = super::shorten(error.message + &place);
    error
}

/// What its owner is told of a file that is read all the same, as Backstage reads it.
pub(super) fn not_utf8(
    content: &[u8],
    valid_bytes: usize,
    location: &LocationRef,
) -> ProcessingError {
    let before = String::from_utf8_lossy(content.get(..valid_bytes).unwrap_or_default());
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let message = format!(
        "{location} is not UTF-8: what stands at line {line}, column {} is replaced by U+FFFD; save the file as UTF-8",
        column + 1
    );
    error("InputError", message, &location.target)
}

/// Why `target` could not be read.
pub(super) fn read_error(kind: &str, target: &str, failure: &ReadError) -> ProcessingError {
    let class = error_class(failure);
    let message = match (kind, failure) {
        ("file", ReadError::NotFound { .. }) => format!("file {target} does not exist"),
        ("file", _) => format!("file {target} could not be read, {class}: {failure}"),
        _ => format!("Unable to read {kind}, {failure}"),
    };
    error(class, message, target)
}

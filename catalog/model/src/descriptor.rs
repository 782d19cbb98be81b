//! Descriptors: files of YAML documents, read as Backstage reads them, within a budget.
//!
//! Semantics are those of the npm package `yaml` 2.9.1 with Backstage's options: YAML 1.2 core
//! schema, no merge keys, unique keys, at most 100 uses of an alias. Unlike there, each document
//! stands alone: what is wrong with one costs its siblings nothing.

use std::fmt;

use serde_json::Value;

mod budget;
mod compose;
mod diagnosis;
mod hidden;
mod key_text;
mod scalar;
mod split;
mod tag;
mod wording;

pub use budget::DescriptorLimits;

/// One document of a descriptor.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its place in the file, from 0. Empty documents count.
    pub index: usize,
    /// The line, from 1, at which its text begins.
    pub line: usize,
    /// Its value, `null` if it is empty, or why it cannot be read.
    pub content: Result<Value, DescriptorError>,
}

/// Why a document, or a whole file, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorError {
    /// What is wrong.
    pub kind: DescriptorErrorKind,
    /// The line in the file, from 1.
    pub line: usize,
    /// The column in the file, from 1, in UTF-16 units as JavaScript counts.
    pub column: usize,
    /// The bytes of the file that are meant.
    pub span: std::ops::Range<usize>,
    /// The lines around it with a pointer, as `yaml` shows them; may be empty.
    excerpt: String,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescriptorErrorKind {
    /// It is not YAML. The text is that of `yaml` 2.9.1, where it has one for it.
    Syntax(String),
    /// It is YAML, and an alias in it cannot be followed: Backstage loses the rest of the file.
    Alias(String),
    /// It costs more than the budget allows.
    Budget(String),
}

impl DescriptorError {
    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        match &self.kind {
            DescriptorErrorKind::Syntax(text)
            | DescriptorErrorKind::Alias(text)
            | DescriptorErrorKind::Budget(text) => text,
        }
    }

    /// The text that Backstage shows for it when it reads `location`.
    pub fn backstage_text(&self, location: &str) -> String {
        match &self.kind {
            DescriptorErrorKind::Syntax(_) => {
                format!("YAML error at {location}, YAMLParseError: {self}{}", self.excerpt)
            }
            DescriptorErrorKind::Alias(text) => format!("Unable to read url, {text}"),
            DescriptorErrorKind::Budget(_) => format!("YAML error at {location}, {self}"),
        }
    }
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at line {}, column {}", self.message(), self.line, self.column)
    }
}

impl std::error::Error for DescriptorError {}

/// Reads every document of `bytes`, in their order. A byte order mark is dropped, invalid UTF-8
/// becomes U+FFFD, and a file of comments has no document.
///
/// Cost: linear in the bytes up to the limits, whatever the content.
///
/// # Errors
///
/// [`DescriptorError`] for the file as a whole if it is larger than the limit or has too many
/// documents; what is wrong with one document is in its `content`.
pub fn parse_descriptor(
    bytes: &[u8],
    limits: &DescriptorLimits,
) -> Result<Vec<Document>, DescriptorError> {
    documents(bytes, limits)?.collect()
}

/// As [`parse_descriptor`], one document at a time, so that a large file is never in memory twice.
///
/// # Errors
///
/// [`DescriptorError`] if the file is larger than the limit. The iterator gives one, as its last
/// item, if there are too many documents.
pub fn documents<'file>(
    bytes: &'file [u8],
    limits: &'file DescriptorLimits,
) -> Result<impl Iterator<Item = Result<Document, DescriptorError>> + 'file, DescriptorError> {
    budget::check_file(bytes, limits)?;
    let read = move |(index, chunk): (usize, split::Chunk<'_>)| {
        budget::check_count(index, &chunk, limits)?;
        let content = compose::compose(&chunk, limits);
        Ok(Document { index, line: chunk.line, content })
    };
    // One document more than the limit, for the error that says so.
    Ok(split::chunks(bytes).enumerate().take(limits.documents.saturating_add(1)).map(read))
}

#[cfg(test)]
mod tests;

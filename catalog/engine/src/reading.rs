//! The port through which descriptors and what they include are read.

use std::sync::Arc;

use async_trait::async_trait;

/// What is to be read: the target of a Location or of a placeholder, as `type:target`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReadRequest {
    /// `file` or `url`.
    pub kind: Arc<str>,
    /// An absolute path, perhaps with `*`, `**` and `?`, or an absolute URL.
    pub target: Arc<str>,
    /// The entity tag of the last answer, for a conditional request.
    pub etag: Option<Arc<str>>,
    /// The folder that the file must really be in, wherever links lead: for what descriptors
    /// include. Such a target is no pattern.
    pub confined_to: Option<Arc<str>>,
}

impl ReadRequest {
    /// An unconditional request for what a Location names.
    pub fn new(kind: impl Into<Arc<str>>, target: impl Into<Arc<str>>) -> Self {
        Self { kind: kind.into(), target: target.into(), etag: None, confined_to: None }
    }

    /// Whether it may stand for several files.
    pub fn is_pattern(&self) -> bool {
        self.confined_to.is_none() && self.target.contains(['*', '?', '[', '{'])
    }
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct ReadFile {
    /// The path or URL of this very file: for a glob, one of its matches, or with a `/` at its end
    /// a folder that could not be looked into.
    pub target: Arc<str>,
    /// Its bytes, as they are.
    pub content: bytes::Bytes,
    /// The entity tag, if the source has one; for files a hash of the content.
    pub etag: Option<Arc<str>>,
    /// Why this one of the files that a glob matches could not be read; `content` is then empty and
    /// there is no tag. Never set for a target that is not a glob: its read fails.
    pub failure: Option<ReadError>,
    /// Whether errors may quote it to every reader of the catalog: its real name is that of a
    /// descriptor (`.yaml`, `.yml` or `.json`), or it came from a URL.
    pub may_be_quoted: bool,
}

impl ReadFile {
    /// A file that was read and that errors may quote.
    pub fn new(target: Arc<str>, content: impl Into<bytes::Bytes>, etag: Option<Arc<str>>) -> Self {
        Self { target, content: content.into(), etag, failure: None, may_be_quoted: true }
    }

    /// One that could not be read.
    pub fn failed(target: Arc<str>, failure: ReadError) -> Self {
        Self { failure: Some(failure), ..Self::new(target, bytes::Bytes::new(), None) }
    }
}

/// What a read gave.
#[derive(Debug, Clone)]
pub enum ReadOutcome {
    /// The files, in the order of their names; more than one only for a glob, none for a glob that
    /// matches nothing.
    Files(Vec<ReadFile>),
    /// The entity tag of the request still holds.
    NotModified,
}

/// Why a read failed. `Display` is for the owner of the descriptor: it names the target.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("{target} was not found: {reason}")]
    NotFound {
        /// The target.
        target: Arc<str>,
        /// In words, without secrets.
        reason: String,
    },
    /// A rule of the configuration forbids to read it.
    #[error("Reading from '{target}' is not allowed. {reason}")]
    NotAllowed {
        /// The target.
        target: Arc<str>,
        /// Which rule, and what to change: a sentence without its full stop.
        reason: String,
    },
    /// Larger than the limit.
    #[error("{target} has {size_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge {
        /// The target.
        target: Arc<str>,
        /// Its size, or what was seen of it.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The source does not answer, or answers nonsense; trying again may help.
    #[error("{target} could not be read: {reason}")]
    Unavailable {
        /// The target.
        target: Arc<str>,
        /// In words, without secrets.
        reason: String,
    },
}

/// Reads files and URLs.
#[async_trait]
pub trait UrlReader: Send + Sync + std::fmt::Debug {
    /// Reads `request`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] as its variants say.
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError>;
}

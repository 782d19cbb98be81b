//! What a file or folder looks like, to notice that it changed.

use std::{fs::Metadata, path::Path, time::SystemTime};

/// The time of the last change and the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    size_bytes: u64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), size_bytes: metadata.len() }
    }
}

impl Stamp {
    /// What is at `path` now; `None` if nothing is. Blocks.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::from)
    }
}

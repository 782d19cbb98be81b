//! What a descriptor may cost.

use super::{DescriptorError, DescriptorErrorKind, split::Chunk};

/// What a descriptor may cost. Every limit ends reading at once, with an error that says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptorLimits {
    /// Of the whole file. Default 10 MiB.
    pub file_bytes: usize,
    /// Of one document. Default 10 MiB.
    pub document_bytes: usize,
    /// How many documents a file may have. Default 10,000.
    pub documents: usize,
    /// Scalars, lists and objects of one document, with those that aliases repeat. Default 50,000.
    pub nodes: usize,
    /// How deep lists and objects may nest. Default 100.
    pub depth: usize,
    /// How many times its own size a document may have after aliases are followed. Default 10.
    pub expansion: usize,
}

impl Default for DescriptorLimits {
    fn default() -> Self {
        const MEBIBYTES: usize = 1024 * 1024;
        Self {
            file_bytes: 10 * MEBIBYTES,
            document_bytes: 10 * MEBIBYTES,
            documents: 10_000,
            nodes: 50_000,
            depth: 100,
            expansion: 10,
        }
    }
}

/// Refuses a file that is too large.
pub(super) fn check_file(bytes: &[u8], limits: &DescriptorLimits) -> Result<(), DescriptorError> {
    if bytes.len() <= limits.file_bytes {
        return Ok(());
    }
    let text = format!("the file has {} bytes, the limit is {}", bytes.len(), limits.file_bytes);
    Err(at_start(text, 1))
}

/// Refuses the document after the last one that is allowed.
pub(super) fn check_count(
    index: usize,
    chunk: &Chunk<'_>,
    limits: &DescriptorLimits,
) -> Result<(), DescriptorError> {
    if index < limits.documents {
        return Ok(());
    }
    Err(at_start(format!("the file has more than {} documents", limits.documents), chunk.line))
}

/// A budget error at the start of a line.
pub(super) fn at_start(text: String, line: usize) -> DescriptorError {
    DescriptorError {
        kind: DescriptorErrorKind::Budget(text),
        line,
        column: 1,
        span: 0..0,
        excerpt: String::new(),
    }
}

/// What is left of the budget of one document.
#[derive(Debug)]
pub(super) struct Budget {
    limits: DescriptorLimits,
    nodes: usize,
    /// Bytes that aliases added.
    repeated: usize,
    own: usize,
}

impl Budget {
    pub(super) fn new(limits: &DescriptorLimits, document_bytes: usize) -> Self {
        Self { limits: *limits, nodes: 0, repeated: 0, own: document_bytes }
    }

    /// Counts nodes.
    pub(super) fn take_nodes(&mut self, count: usize) -> Result<(), String> {
        self.nodes += count;
        if self.nodes > self.limits.nodes {
            return Err(format!("the document has more than {} nodes", self.limits.nodes));
        }
        Ok(())
    }

    /// Counts what an alias repeats.
    pub(super) fn take_repeated(&mut self, bytes: usize, nodes: usize) -> Result<(), String> {
        self.repeated += bytes;
        let limit = self.own.saturating_mul(self.limits.expansion);
        if self.own + self.repeated > limit {
            return Err(format!(
                "the aliases of the document make it more than {} times as large as it is",
                self.limits.expansion
            ));
        }
        self.take_nodes(nodes)
    }

    /// Checks how deep it goes.
    pub(super) fn check_depth(&self, depth: usize) -> Result<(), String> {
        if depth > self.limits.depth {
            return Err(format!("the document nests deeper than {} levels", self.limits.depth));
        }
        Ok(())
    }
}

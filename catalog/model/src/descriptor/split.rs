//! Where one document ends and the next begins.
//!
//! A line that begins with `---` or `...` and a blank (or nothing) ends a document wherever it
//! stands, even in a scalar or in a flow collection (YAML 1.2 §9.1.2, `c-forbidden`). So documents
//! can be told apart before any of them is read.

use memchr::{memchr, memchr_iter, memmem};

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The text of one document, from its directives or its `---` to the next marker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'file> {
    /// The whole file, for excerpts.
    pub(super) file: &'file [u8],
    /// Where the text begins in the file.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The line, from 1, of `start`.
    pub(super) line: usize,
    /// True if it has a `---`: then it is a document even if it is empty.
    pub(super) has_marker: bool,
}

impl<'file> Chunk<'file> {
    /// The bytes of the document.
    pub(super) fn bytes(&self) -> &'file [u8] {
        self.file.get(self.start..self.end).unwrap_or_default()
    }
}

/// The documents of `file`. Text that holds nothing but comments is no document, unless a `---`
/// stands before it.
pub(super) fn chunks(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let start = if file.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    Splitter {
        file,
        position: start,
        line: 1,
        is_over: false,
        next_start: NextMarker::new(b"\n---"),
        next_end: NextMarker::new(b"\n..."),
    }
}

/// The kind of line that ends a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Start,
    End,
}

struct Splitter<'file> {
    file: &'file [u8],
    position: usize,
    line: usize,
    is_over: bool,
    next_start: NextMarker,
    next_end: NextMarker,
}

impl<'file> Iterator for Splitter<'file> {
    type Item = Chunk<'file>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let chunk = self.next_chunk();
            if chunk.has_marker || has_content(chunk.bytes()) {
                return Some(chunk);
            }
        }
        None
    }
}

impl<'file> Splitter<'file> {
    fn next_chunk(&mut self) -> Chunk<'file> {
        let start = self.position;
        let line = self.line;
        let mut at = self.start_marker(start);
        let has_marker = at > start || marker_at(self.file, start) == Some(Marker::Start);
        if has_marker {
            at += 3;
        }
        let end = match self.next_marker(at) {
            None => self.file.len(),
            Some((found, Marker::Start)) => found,
            Some((found, Marker::End)) => line_end(self.file, found),
        };
        self.position = end;
        self.line += memchr_iter(b'\n', self.file.get(start..end).unwrap_or_default()).count();
        if end >= self.file.len() {
            self.is_over = true;
        }
        Chunk { file: self.file, start, end, line, has_marker }
    }

    /// The position of the `---` that belongs to directives at `start`, or `start`.
    fn start_marker(&self, start: usize) -> usize {
        let mut at = start;
        let mut has_directive = false;
        while let Some(rest) = self.file.get(at..) {
            match rest.first() {
                Some(b'%') => has_directive = true,
                Some(b'-') if marker_at(self.file, at) == Some(Marker::Start) => {
                    return if has_directive { at } else { start };
                }
                Some(_) if is_blank_or_comment(rest) => {}
                _ => return start,
            }
            at = line_end(self.file, at);
        }
        start
    }

    /// The next marker at the start of a line after `from`.
    fn next_marker(&mut self, from: usize) -> Option<(usize, Marker)> {
        let start = self.next_start.after(self.file, from);
        let end = self.next_end.after(self.file, from);
        match (start, end) {
            (Some(start), Some(end)) if end < start => Some((end, Marker::End)),
            (Some(start), _) => Some((start, Marker::Start)),
            (None, end) => end.map(|end| (end, Marker::End)),
        }
    }
}

/// The next marker of one kind. It is looked for once: a search for the other kind does not start
/// over, so that a file is read through once however many documents it has.
#[derive(Debug)]
struct NextMarker {
    needle: &'static [u8],
    /// Where the last search began, and what it found.
    searched: Option<(usize, Option<usize>)>,
}

impl NextMarker {
    fn new(needle: &'static [u8]) -> Self {
        Self { needle, searched: None }
    }

    fn after(&mut self, file: &[u8], from: usize) -> Option<usize> {
        if let Some((began, found)) = self.searched
            && began <= from
            && found.is_none_or(|found| found > from)
        {
            return found;
        }
        let rest = file.get(from..).unwrap_or_default();
        let found = memmem::find_iter(rest, self.needle)
            .map(|at| from + at + 1)
            .find(|at| marker_at(file, *at).is_some());
        self.searched = Some((from, found));
        found
    }
}

fn marker_at(file: &[u8], at: usize) -> Option<Marker> {
    let rest = file.get(at..)?;
    let marker = match rest.get(..3)? {
        b"---" => Marker::Start,
        b"..." => Marker::End,
        _ => return None,
    };
    rest.get(3).is_none_or(|next| b" \t\r\n".contains(next)).then_some(marker)
}

fn line_end(file: &[u8], from: usize) -> usize {
    let rest = file.get(from..).unwrap_or_default();
    memchr(b'\n', rest).map_or(file.len(), |at| from + at + 1)
}

fn is_blank_or_comment(rest: &[u8]) -> bool {
    let first = rest.iter().find(|byte| !b" \t".contains(byte));
    matches!(first, None | Some(b'#' | b'\n')) || rest.starts_with(b"\r\n")
}

/// True if a line holds more than blanks and a comment.
fn has_content(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        if !is_blank_or_comment(rest) && marker_at(text, at) != Some(Marker::End) {
            return true;
        }
        at = line_end(text, at);
    }
    false
}

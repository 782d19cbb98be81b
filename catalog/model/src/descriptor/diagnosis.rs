//! Where an error stands, what `yaml` says about it, and the lines around it.

use std::borrow::Cow;

use granit_parser::{ScanError, Span};

use super::{DescriptorError, DescriptorErrorKind, hidden, split::Chunk, wording};

/// An error at the place of an event.
pub(super) fn at_span(
    chunk: &Chunk<'_>,
    text: &str,
    span: &Span,
    kind: DescriptorErrorKind,
) -> DescriptorError {
    let start = span.start.byte_offset().unwrap_or(0);
    let end = span.end.byte_offset().unwrap_or(start).max(start);
    at_bytes(chunk, text, start..end, kind)
}

/// An error at a key: `yaml` says it stands where what came before ends.
pub(super) fn at_key(
    chunk: &Chunk<'_>,
    text: &str,
    span: &Span,
    kind: DescriptorErrorKind,
) -> DescriptorError {
    let start = span.start.byte_offset().unwrap_or(0);
    let at = wording::after_empty_value(text, start).unwrap_or(start);
    at_bytes(chunk, text, at..at, kind)
}

/// An error of syntax, in the words of `yaml` where it has some.
pub(super) fn syntax(chunk: &Chunk<'_>, text: &str, error: &ScanError) -> DescriptorError {
    let at = error.marker().byte_offset().unwrap_or(0);
    let wording = wording::of(error.kind(), text, at)
        .unwrap_or_else(|| wording::Wording { message: error.info(), span: at..at });
    at_bytes(chunk, text, wording.span, DescriptorErrorKind::Syntax(wording.message))
}

/// An error at bytes of the document.
pub(super) fn at_bytes(
    chunk: &Chunk<'_>,
    text: &str,
    span: std::ops::Range<usize>,
    kind: DescriptorErrorKind,
) -> DescriptorError {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let lines_before = memchr::memchr_iter(b'\n', before.as_bytes()).count();
    let column = units(before.get(line_start..).unwrap_or_default()) + 1;
    let excerpt = excerpt(chunk, text, &span, line_start, column);
    DescriptorError {
        kind,
        line: chunk.line + lines_before,
        column,
        span: chunk.start + span.start..chunk.start + span.end,
        excerpt,
    }
}

fn units(text: &str) -> usize {
    crate::javascript::length(&hidden::reveal(Cow::Borrowed(text)))
}

/// At most so much of a line is shown.
const LINE_LIMIT: usize = 80;

/// `:`, the line, and a pointer below it. Source: `yaml` 2.9.1, `prettifyError`.
fn excerpt(
    chunk: &Chunk<'_>,
    text: &str,
    span: &std::ops::Range<usize>,
    line_start: usize,
    column: usize,
) -> String {
    let rest = text.get(line_start..).unwrap_or_default();
    let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let with_end = rest.get(..line_end).unwrap_or_default();
    let mut line: Vec<u16> = hidden::reveal(Cow::Borrowed(with_end.trim_end_matches(['\n', '\r'])))
        .encode_utf16()
        .collect();
    let mut at = column - 1;
    let ellipsis = u16::try_from(u32::from('…')).unwrap_or_default();
    if at >= 60 && line.len() > LINE_LIMIT {
        let cut = (at - 39).min(line.len() - 79);
        line.drain(..cut);
        line.insert(0, ellipsis);
        at -= cut - 1;
    }
    if line.len() > LINE_LIMIT {
        line.truncate(LINE_LIMIT - 1);
        line.push(ellipsis);
    }
    let blank = u16::from(b' ');
    let mut shown = String::new();
    if line.iter().take(at).all(|unit| *unit == blank) {
        shown = previous_line(chunk, text, line_start);
    }
    shown.push_str(&String::from_utf16_lossy(&line));
    if shown.chars().all(|character| character == ' ') {
        return String::new();
    }
    let marked = text.get(span.clone()).unwrap_or_default();
    let is_one_line = !marked.contains('\n');
    let count =
        if is_one_line { units(marked).min(LINE_LIMIT.saturating_sub(at)).max(1) } else { 1 };
    format!(":\n\n{shown}\n{}{}\n", " ".repeat(at), "^".repeat(count))
}

/// The line before the one at `line_start`, with its end.
fn previous_line(chunk: &Chunk<'_>, text: &str, line_start: usize) -> String {
    let here = text.get(..line_start).unwrap_or_default();
    let before = if here.is_empty() {
        String::from_utf8_lossy(last_line(chunk.file.get(..chunk.start).unwrap_or_default()))
    } else {
        String::from_utf8_lossy(last_line(here.as_bytes()))
    };
    let line: Vec<u16> = before.encode_utf16().collect();
    if line.len() > LINE_LIMIT {
        return String::from_utf16_lossy(line.get(..79).unwrap_or_default()) + "…\n";
    }
    before.into_owned()
}

/// The last line of `bytes`, which end with a line feed.
fn last_line(bytes: &[u8]) -> &[u8] {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = memchr::memrchr(b'\n', body).map_or(0, |at| at + 1);
    bytes.get(start..).unwrap_or_default()
}

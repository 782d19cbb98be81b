//! The lines around what is meant, for people.
//!
//! Only these are handed to the renderer, and of a long line only a part: a line of megabytes, or
//! a finding in each of ten thousand documents, must not cost a look at the whole file each time.

use callboard_catalog::processing::validation::Place;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// How far to either side of the place is looked, in bytes.
const REACH: usize = 240;

/// A part of a file.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// The line at which `text` begins, from 0.
    first_line: usize,
    /// What is meant, in bytes of `text`.
    span: std::ops::Range<usize>,
}

impl Excerpt {
    /// The lines around `place` in the file `name`.
    pub(super) fn of(name: &str, content: &[u8], place: &Place) -> Self {
        let start = place.span.start.min(content.len());
        let from = whole_lines_before(content, start);
        let to = line_end_after(content, start);
        let end = place.span.end.clamp(start, to);
        let lossy = |from: usize, to: usize| {
            String::from_utf8_lossy(content.get(from..to).unwrap_or_default()).into_owned()
        };
        let (before, meant, after) = (lossy(from, start), lossy(start, end), lossy(end, to));
        let span = before.len()..before.len() + meant.len();
        let lines_before = before.matches('\n').count();
        Self {
            name: name.to_owned(),
            first_line: place.line.saturating_sub(1).saturating_sub(lines_before),
            text: before + &meant + &after,
            span,
        }
    }

    /// What is meant, in bytes of the excerpt.
    pub(super) fn span(&self) -> std::ops::Range<usize> {
        self.span.clone()
    }
}

/// Where the line before the one of `at` begins, or how far the look goes.
fn whole_lines_before(content: &[u8], at: usize) -> usize {
    let floor = at.saturating_sub(REACH);
    let seen = content.get(floor..at).unwrap_or_default();
    let mut ends = seen.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let (own, other) = (ends.next(), ends.next());
    match (own, other) {
        (_, Some((end, _))) => floor + end + 1,
        // The line before is too long to be shown, or the file begins here.
        (Some((end, _)), None) if floor > 0 => floor + end + 1,
        _ => floor,
    }
}

/// Where the line of `at` ends, or how far the look goes.
fn line_end_after(content: &[u8], at: usize) -> usize {
    let rest = content.get(at..).unwrap_or_default();
    let seen = rest.iter().take(REACH).position(|byte| *byte == b'\n');
    at + seen.unwrap_or_else(|| rest.len().min(REACH))
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, context_lines_before, context_lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            read.data(),
            *read.span(),
            read.line() + self.first_line,
            read.column(),
            read.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(content: &[u8], line: usize, span: std::ops::Range<usize>) -> Excerpt {
        Excerpt::of("a.yaml", content, &Place { line, column: 1, span })
    }

    #[test]
    fn the_line_and_the_one_before_it_are_shown() {
        let content = b"kind: A\nmetadata:\n  name: x y\nspec: {}\n";
        let shown = excerpt(content, 3, 20..29);
        assert_eq!((shown.text.as_str(), shown.first_line), ("metadata:\n  name: x y", 1));
        assert_eq!(shown.text.get(shown.span()).unwrap(), "name: x y");
    }

    #[test]
    fn a_line_of_megabytes_is_cut() {
        let mut content = b"a: ".to_vec();
        content.resize(9 << 20, b'x');
        for at in [0, 4 << 20, (9 << 20) - 1] {
            let shown = excerpt(&content, 1, at..content.len());
            assert!(shown.text.len() <= 2 * REACH, "{}", shown.text.len());
            assert_eq!(shown.first_line, 0);
        }
    }

    #[test]
    fn what_is_not_utf_8_and_what_lies_beyond_the_end_is_shown_as_well_as_it_can_be() {
        let shown = excerpt(b"a\n\xff\xfe: b\n", 2, 2..5);
        assert_eq!(shown.text.get(shown.span()).unwrap(), "\u{FFFD}\u{FFFD}:");
        assert_eq!(excerpt(b"", 1, 7..9).text, "");
    }
}

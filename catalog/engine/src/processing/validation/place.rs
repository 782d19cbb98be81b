//! Where in a file something stands.

use std::ops::Range;

use callboard_model::DescriptorError;

/// Lines and bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The bytes.
    pub span: Range<usize>,
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1, span: 0..0 }
    }
}

impl Place {
    pub(super) fn of_error(error: &DescriptorError) -> Self {
        Self { line: error.line, column: error.column, span: error.span.clone() }
    }

    /// The first line that holds something in the document that begins at `start`.
    pub(super) fn of_document(content: &[u8], start: LineStart) -> Self {
        let first = lines(content, start)
            .take_while(|found| found.number == start.line || !found.text.starts_with("---"))
            .find(|found| {
                let text = found.text.trim();
                !(text.is_empty() || text.starts_with('#') || text.starts_with("---"))
            });
        let nothing = Self { line: start.line, column: 1, span: start.offset..start.offset };
        first.map_or(nothing, |found| Self {
            line: found.number,
            column: 1,
            span: found.start..found.start + found.text.trim_end().len(),
        })
    }

    /// The line of the field that `message` names, if it can be told; or else this place. A guess
    /// by the last name of the path: good enough to point at, and nothing depends on it. The place
    /// must begin its line.
    pub(super) fn narrowed(&self, content: &[u8], message: &str) -> Self {
        let Some(key) = field_of(message) else { return self.clone() };
        let start = LineStart { line: self.line, offset: self.span.start };
        let of_document = lines(content, start)
            .take_while(|found| found.number == self.line || !found.text.starts_with("---"));
        let mut of_field = of_document.filter(|found| {
            let text = found.text.trim_start_matches([' ', '-']);
            let text = text.trim_start_matches(['"', '\'']);
            text.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        });
        of_field.next().map_or_else(
            || self.clone(),
            |found| {
                let indent = found.text.len() - found.text.trim_start().len();
                Self {
                    line: found.number,
                    column: indent + 1,
                    span: found.start + indent..found.start + found.text.trim_end().len(),
                }
            },
        )
    }
}

/// The last name of the path that a message begins with, such as `owner` of `/spec/owner must be …`.
fn field_of(message: &str) -> Option<&str> {
    let reason = message.rsplit_once("Error: ").map_or(message, |(_, reason)| reason);
    let reason = reason.strip_prefix("Malformed envelope, ").unwrap_or(reason);
    let path = if let Some(rest) = reason.strip_prefix('"') {
        rest.split('"').next()?
    } else {
        reason.strip_prefix('/')?.split(' ').next()?
    };
    let is_index = |step: &&str| step.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(key) = path.strip_prefix("annotations.").or(path.strip_prefix("labels.")) {
        return Some(key);
    }
    path.split(['/', '.']).rfind(|step| !step.is_empty() && !is_index(step))
}

struct Line<'content> {
    number: usize,
    start: usize,
    text: &'content str,
}

/// Where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineStart {
    /// Its number, from 1.
    pub(super) line: usize,
    /// Its first byte.
    pub(super) offset: usize,
}

impl LineStart {
    /// The first line.
    pub(super) const FIRST: Self = Self { line: 1, offset: 0 };

    /// Where `line`, which is not before this one, begins. Costs the bytes between them.
    pub(super) fn forward_to(self, content: &[u8], line: usize) -> Self {
        let found = lines(content, self).find(|found| found.number >= line);
        found.map_or(self, |found| Self { line: found.number, offset: found.start })
    }
}

/// The lines from `start` on.
fn lines(content: &[u8], start: LineStart) -> impl Iterator<Item = Line<'_>> {
    let LineStart { line: mut number, mut offset } = start;
    let rest = content.get(offset..).unwrap_or_default();
    rest.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let text = std::str::from_utf8(line).unwrap_or_default();
        let found = Line { number, start: offset, text };
        number += 1;
        offset += line.len();
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_points_to_the_line_of_its_field() {
        let content =
            b"---\nkind: A\nmetadata:\n  name: a b\n  labels:\n    x.y/z: 1\nspec:\n  owner: []\n";
        let place = Place::of_document(content, LineStart::FIRST);
        assert_eq!(place.line, 2);
        for (message, line) in [
            (
                "Policy check failed for a; caused by Error: \"metadata.name\" is not valid; expected",
                4,
            ),
            ("x; caused by Error: \"labels.x.y/z\" is not valid", 6),
            ("x; caused by TypeError: /spec/owner must be string - type: string", 8),
            ("x; caused by TypeError: /spec must have required property 'type'", 7),
            ("nothing known", 2),
        ] {
            assert_eq!(place.narrowed(content, message).line, line, "{message}");
        }
    }

    #[test]
    fn a_document_is_found_from_the_one_before_it() {
        let content = b"a: 1\n---\n\n# c\nb: 2\n---\n---\nc: 3\n";
        let second = LineStart::FIRST.forward_to(content, 2);
        assert_eq!(second, LineStart { line: 2, offset: 5 });
        assert_eq!(Place::of_document(content, second).line, 5);
        let empty = second.forward_to(content, 6);
        let place = Place::of_document(content, empty);
        assert_eq!((place.line, place.span), (6, empty.offset..empty.offset));
        assert_eq!(Place::of_document(content, empty.forward_to(content, 7)).line, 8);
        assert_eq!(empty.forward_to(content, 99), empty);
    }
}

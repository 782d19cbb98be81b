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

    /// The first line of a document that holds something, at or after `line`.
    pub(super) fn of_document(content: &[u8], line: usize) -> Self {
        let first = lines(content).skip(line.saturating_sub(1)).find(|found| {
            let text = found.text.trim();
            !(text.is_empty() || text.starts_with('#') || text.starts_with("---"))
        });
        first.map_or(Self { line, ..Self::default() }, |found| Self {
            line: found.number,
            column: 1,
            span: found.start..found.start + found.text.trim_end().len(),
        })
    }

    /// The line of the field that `message` names, if it can be told; or else this place. A guess
    /// by the last name of the path: good enough to point at, and nothing depends on it.
    pub(super) fn narrowed(&self, content: &[u8], message: &str) -> Self {
        let Some(key) = field_of(message) else { return self.clone() };
        let of_document = lines(content)
            .skip(self.line.saturating_sub(1))
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

fn lines(content: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    content.split_inclusive(|byte| *byte == b'\n').enumerate().map(move |(index, line)| {
        let at = start;
        start += line.len();
        Line { number: index + 1, start: at, text: std::str::from_utf8(line).unwrap_or_default() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_points_to_the_line_of_its_field() {
        let content =
            b"---\nkind: A\nmetadata:\n  name: a b\n  labels:\n    x.y/z: 1\nspec:\n  owner: []\n";
        let place = Place::of_document(content, 1);
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
}

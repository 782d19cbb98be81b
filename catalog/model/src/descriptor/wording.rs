//! From the errors of the parser to those of `yaml` 2.9.1.
//!
//! Both refuse the same documents, but they notice at different places and say it differently.
//! Users of Backstage know the words of `yaml`, so that its message and its place are worked out
//! from the lines around the error. Where that cannot be told, the parser's own words stand.

use std::ops::Range;

use granit_parser::ErrorKind;

/// What `yaml` says about an error, and at which bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wording {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

/// The words of `yaml` for an error that the parser noticed at byte `at` of `text`.
pub(super) fn of(kind: &ErrorKind, text: &str, at: usize) -> Option<Wording> {
    let place = Place::new(text, at)?;
    match kind {
        ErrorKind::UnexpectedCharacter { character } => bad_start(*character, &place),
        ErrorKind::MappingValueNotAllowed => Some(nested(&place)),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            Some(misplaced(&place, matches!(kind, ErrorKind::ExpectedBlockSequenceEntry)))
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Some(bare_key(&place)),
        ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => Some(place.scalar_at_end()),
        ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::UnclosedQuotedScalar => Some(unclosed_quote(&place)),
        ErrorKind::TabInPlainScalar
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => Some(tab(&place)),
        ErrorKind::MisplacedFlowCollectionEnd => Some(place.stray_bracket()),
        _ => None,
    }
}

/// The line that an error stands in.
struct Place<'text> {
    text: &'text str,
    at: usize,
    line_start: usize,
    line: &'text str,
}

impl<'text> Place<'text> {
    fn new(text: &'text str, at: usize) -> Option<Self> {
        let line_start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Self { text, at, line_start, line: line_at(text, line_start) })
    }

    fn wording(message: &str, span: Range<usize>) -> Wording {
        Wording { message: message.to_owned(), span }
    }

    /// Bytes of the line before the error.
    fn before(&self) -> &'text str {
        self.text.get(self.line_start..self.at).unwrap_or_default()
    }

    fn indent(&self) -> usize {
        indent_of(self.line)
    }

    fn scalar_at_end(&self) -> Wording {
        let rest = line_at(self.text, self.at);
        let end = self.at + plain_length(rest);
        Self::wording("Unexpected scalar at node end", self.at..end.max(self.at))
    }

    fn stray_bracket(&self) -> Wording {
        let is_sequence = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(']'));
        let (name, bracket) = if is_sequence { ("seq", ']') } else { ("map", '}') };
        let message = format!("Unexpected flow-{name}-end token in YAML stream: \"{bracket}\"");
        Wording { message, span: self.at..self.at + 1 }
    }

    /// The line after this one that holds something.
    fn next_line(&self) -> Option<&'text str> {
        let rest = self.text.get(self.line_start + self.line.len()..)?;
        rest.lines().find(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        })
    }

    /// Where `yaml` takes what came before to end: behind a key without value, or else at the start
    /// of the line after the last one that holds something.
    fn after_content(&self) -> usize {
        if let Some(end) = after_empty_value(self.text, self.line_start) {
            return end;
        }
        let is_content = |(_, line): &(usize, &str)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        };
        let last = self.lines_before().find(is_content);
        last.map_or(self.line_start, |(start, line)| {
            let rest = self.text.get(start + line.len()..).unwrap_or_default();
            start + line.len() + rest.find('\n').map_or(0, |newline| newline + 1)
        })
    }

    /// True if the list item that this line seems to belong to begins further left.
    fn is_deeper_than_dash(&self) -> bool {
        let dash = self.lines_before().find(|(_, line)| {
            line.trim_start().starts_with("- ") && indent_of(line) <= self.indent()
        });
        dash.is_some_and(|(_, line)| indent_of(line) < self.indent())
    }

    /// The lines before this one, the nearest first, each with its start.
    fn lines_before(&self) -> impl Iterator<Item = (usize, &'text str)> {
        let mut end = self.line_start;
        let text = self.text;
        std::iter::from_fn(move || {
            let before = text.get(..end.checked_sub(1)?)?;
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            end = start;
            Some((start, line_at(text, start)))
        })
    }
}

/// The end of the key before `at`, if it has no value.
pub(super) fn after_empty_value(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?.trim_end();
    before.ends_with(':').then_some(before.len())
}

fn line_at(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How far a scalar without quotes goes at the start of `rest`.
fn plain_length(rest: &str) -> usize {
    let end = [": ", " #"].iter().filter_map(|stop| rest.find(stop)).min();
    let scalar = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    scalar.trim_end().trim_end_matches(':').len()
}

/// Where the value of `key: value` begins in `line`, if the key ends before `limit`.
fn value_start(line: &str, limit: usize) -> Option<usize> {
    let colon = line.get(..limit)?.find(": ")?;
    let rest = line.get(colon + 1..)?;
    Some(colon + 1 + (rest.len() - rest.trim_start().len()))
}

fn bad_start(character: char, place: &Place<'_>) -> Option<Wording> {
    let what = match character {
        '%' => "directive indicator character %",
        '@' => "reserved character @",
        '`' => "reserved character `",
        _ => return None,
    };
    let is_key = place.before().trim().is_empty() && place.indent() == place.before().len();
    let continues = place
        .next_line()
        .is_some_and(|next| indent_of(next) >= place.indent() && next.contains(':'));
    if character == '`' && is_key && continues {
        return Some(Place::wording(
            "Implicit keys need to be on a single line",
            place.at..place.at,
        ));
    }
    Some(Place::wording(&format!("Plain value cannot start with {what}"), place.at..place.at + 1))
}

/// `a: b: c`, or a value of several lines that turns out to be a key.
fn nested(place: &Place<'_>) -> Wording {
    const MESSAGE: &str = "Nested mappings are not allowed in compact mappings";
    if let Some(start) = value_start(place.line, place.before().len()) {
        let at = place.line_start + start;
        return Place::wording(MESSAGE, at..at);
    }
    let mut first = None;
    for (start, line) in place.lines_before() {
        if line.trim().is_empty() {
            continue;
        }
        if let Some(value) = value_start(line, line.len()) {
            return Place::wording(MESSAGE, start + value..start + value);
        }
        if line.trim_end().ends_with(':') || line.trim_start().starts_with(['-', '#']) {
            break;
        }
        first = Some(start + indent_of(line));
    }
    if let Some(first) = first {
        return Place::wording("Implicit keys need to be on a single line", first..first);
    }
    Place::wording(MESSAGE, place.at..place.at)
}

/// Something that stands where the next item of a list or an object should begin.
fn misplaced(place: &Place<'_>, in_list: bool) -> Wording {
    let before = place.before().trim();
    if !before.is_empty() && before != "-" {
        return place.scalar_at_end();
    }
    let own = place.line.trim_start();
    let at = place.after_content();
    let message = if own.starts_with("- ") || own == "-" {
        "A block sequence may not be used as an implicit map key"
    } else if in_list && place.is_deeper_than_dash() {
        "Sequence item without - indicator"
    } else {
        "All mapping items must start at the same column"
    };
    Place::wording(message, at..at)
}

/// A key without `:`.
fn bare_key(place: &Place<'_>) -> Wording {
    let start = place.line_start + place.indent();
    let has_comment = place.line.contains(" #");
    let continues = place
        .next_line()
        .is_some_and(|next| indent_of(next) >= place.indent() && next.contains(':'));
    if continues && !has_comment {
        return Place::wording("Implicit keys need to be on a single line", start..start);
    }
    let key = place.line.split(" #").next().unwrap_or(place.line);
    let end = place.line_start + key.trim_end().len();
    Place::wording("Implicit map keys need to be followed by map values", start..end.max(start))
}

fn unclosed_quote(place: &Place<'_>) -> Wording {
    let before = place.text.get(..place.at).unwrap_or_default();
    let quote = before.chars().rev().find(|character| matches!(character, '\'' | '"'));
    let quote = quote.unwrap_or('"');
    Place::wording(&format!("Missing closing {quote}quote"), place.at..place.at)
}

/// The parser may notice a tab only where the scalar before it began.
fn tab(place: &Place<'_>) -> Wording {
    let rest = place.text.get(place.line_start..).unwrap_or_default();
    let mut start = place.line_start;
    for line in rest.split_inclusive('\n').take(3) {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        let tab = line.get(..blanks).and_then(|blanks| blanks.find('\t'));
        if let Some(tab) = tab {
            return Place::wording(
                "Tabs are not allowed as indentation",
                start + tab..start + blanks,
            );
        }
        start += line.len();
    }
    Place::wording("Tabs are not allowed as indentation", place.at..place.at + 1)
}

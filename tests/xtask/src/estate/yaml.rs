//! A small YAML writer: block style, as a person would write it.
//!
//! What it writes reads the same under YAML 1.1 and 1.2, hence more quotes than 1.2 alone needs.

/// Longest line of folded text, without indentation.
const FOLD_AT: usize = 88;

/// A value that can be written as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// Keys in the order in which they are written.
    Map(Vec<(String, Yaml)>),
    /// A block sequence; `[]` if empty.
    List(Vec<Yaml>),
    /// A string, on one line or folded (`>-`) if it is prose that is too long for one.
    Text(String),
    /// A string of several lines, kept as they are (`|`).
    Literal(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
}

impl Yaml {
    /// An empty map.
    pub(crate) fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// The same map with one more key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<Self>) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.push((key.to_owned(), value.into()));
        }
        self
    }

    /// The same map with one more key, unless `value` is empty.
    #[must_use]
    pub(crate) fn with_any(self, key: &str, value: impl Into<Self>) -> Self {
        let value = value.into();
        if value.is_empty() { self } else { self.with(key, value) }
    }

    /// What stands under `key`; `None` also if this is not a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The string that this is.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Literal(text) => Some(text),
            _ => None,
        }
    }

    /// The strings of a list, or the one string that this is.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::text).collect(),
            other => other.text().into_iter().collect(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Text(text) | Self::Literal(text) => text.is_empty(),
            Self::Number(_) | Self::Flag(_) => false,
        }
    }

    /// The value as a document of its own, with a line break at the end.
    pub(crate) fn document(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Map(entries) if !entries.is_empty() => write_map(&mut out, entries, 0, 0),
            Self::List(items) if !items.is_empty() => write_list(&mut out, items, 0),
            other => out.push_str(inline(other).trim_start()),
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Yaml {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

fn write_map(out: &mut String, entries: &[(String, Yaml)], indent: usize, first: usize) {
    for (index, (key, value)) in entries.iter().enumerate() {
        // The first key of a map in a list stands beside its dash.
        pad(out, if index == 0 { first } else { indent });
        out.push_str(&scalar(key));
        out.push(':');
        write_value(out, value, indent);
    }
}

fn write_value(out: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            write_map(out, entries, indent + 2, indent + 2);
        }
        Yaml::List(items) if !items.is_empty() => {
            out.push('\n');
            write_list(out, items, indent + 2);
        }
        Yaml::Literal(text) => write_lines(out, "|", text.lines(), indent + 2),
        Yaml::Text(text) if is_long_prose(text) => {
            write_lines(out, ">-", folded(text).iter().map(String::as_str), indent + 2);
        }
        other => {
            out.push_str(&inline(other));
            out.push('\n');
        }
    }
}

fn write_list(out: &mut String, items: &[Yaml], indent: usize) {
    for item in items {
        pad(out, indent);
        out.push('-');
        if let Yaml::Map(entries) = item {
            out.push(' ');
            write_map(out, entries, indent + 2, 0);
        } else {
            write_value(out, item, indent);
        }
    }
}

fn write_lines<'a>(
    out: &mut String,
    style: &str,
    lines: impl Iterator<Item = &'a str>,
    indent: usize,
) {
    out.push(' ');
    out.push_str(style);
    out.push('\n');
    for line in lines {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn inline(value: &Yaml) -> String {
    match value {
        Yaml::Map(_) => " {}".to_owned(),
        Yaml::List(_) => " []".to_owned(),
        Yaml::Text(text) | Yaml::Literal(text) => format!(" {}", scalar(text)),
        Yaml::Number(number) => format!(" {number}"),
        Yaml::Flag(flag) => format!(" {flag}"),
    }
}

fn is_long_prose(text: &str) -> bool {
    text.chars().count() > FOLD_AT && text.split(' ').count() > 8
}

fn folded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= FOLD_AT => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Whether every YAML reader takes `text` without quotes for the string that it is.
fn is_plain(text: &str) -> bool {
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let Some(first) = text.chars().next() else { return false };
    let starts_like_text =
        first.is_alphabetic() || matches!(first, '.' | '/' | '$') || is_version(text);
    starts_like_text
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control)
        && !reserved.contains(&text.to_lowercase().as_str())
}

/// `1.4.2`: two dots make it a string to every reader.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_lists_are_blocks() {
        let link = Yaml::map().with("url", "https://a.example").with("title", "A");
        let value = Yaml::map()
            .with("tags", vec!["go", "grpc"])
            .with("links", Yaml::List(vec![link]))
            .with("children", Yaml::List(Vec::new()))
            .with_any("labels", Yaml::map());
        let expected = "tags:\n  - go\n  - grpc\nlinks:\n  - url: https://a.example\n    title: A\n\
                        children: []\n";
        assert_eq!(value.document(), expected);
    }

    #[test]
    fn what_could_be_something_else_is_quoted() {
        let quoted = ["200", "no", "a: b", "- x", "", "@x", "1.5", "2024-01-02"].map(scalar);
        assert!(quoted.iter().all(|text| text.starts_with('\'')), "{quoted:?}");
        let plain =
            ["3.0.3", "a customer's: yes".trim_end_matches(": yes"), "./x.yaml"].map(scalar);
        assert!(plain.iter().all(|text| !text.starts_with('\'')), "{plain:?}");
    }

    #[test]
    fn long_prose_is_folded_and_literals_keep_their_lines() {
        let prose = "word ".repeat(40);
        let value = Yaml::map()
            .with("description", prose.trim())
            .with("definition", Yaml::Literal("a\n\n  b\n".to_owned()));
        let text = value.document();
        assert!(text.starts_with("description: >-\n  word"), "{text}");
        assert!(text.ends_with("definition: |\n  a\n\n    b\n"), "{text}");
    }
}

//! References to locations: `<type>:<target>`.

use std::fmt;

/// Where something is read from: a type such as `url` or `file`, and a target of that type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocationRef {
    /// The part before the first `:`.
    pub kind: String,
    /// The part after it.
    pub target: String,
}

/// Why a text is not a location ref. The messages are Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationRefError {
    /// No `:`, or nothing on one side of it.
    #[error(
        "Unable to parse location ref '{0}', expected '<type>:<target>', e.g. 'url:https://host/path'"
    )]
    Form(String),
    /// A URL without the type before it.
    #[error("Invalid location ref '{0}', please prefix it with 'url:', e.g. 'url:{0}'")]
    MissingType(String),
    /// The target would run a script in a browser.
    #[error("Invalid location ref '{0}', target is a javascript: URL")]
    Script(String),
}

impl LocationRef {
    /// A ref of its two parts.
    pub fn new(kind: impl Into<String>, target: impl Into<String>) -> Self {
        Self { kind: kind.into(), target: target.into() }
    }

    /// Reads `<type>:<target>`; blanks around both parts are dropped. Source: Backstage
    /// `parseLocationRef`.
    ///
    /// # Errors
    ///
    /// [`LocationRefError`] for a text without two parts, a bare `http:` or `https:` URL, and a
    /// `javascript:` target.
    pub fn parse(text: &str) -> Result<Self, LocationRefError> {
        let form = || LocationRefError::Form(text.to_owned());
        let (kind, target) = text.split_once(':').ok_or_else(form)?;
        let (kind, target) = (kind.trim(), target.trim());
        if kind.is_empty() || target.is_empty() {
            return Err(form());
        }
        if kind == "http" || kind == "https" {
            return Err(LocationRefError::MissingType(text.to_owned()));
        }
        if is_script_url(target) {
            return Err(LocationRefError::Script(text.to_owned()));
        }
        Ok(Self::new(kind, target))
    }
}

impl fmt::Display for LocationRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind, self.target)
    }
}

/// True for what a browser takes for a `javascript:` URL: control characters and blanks may stand
/// before it, tabs and line ends inside it, and case does not matter.
pub fn is_script_url(text: &str) -> bool {
    url_scheme(text).is_some_and(|scheme| scheme == "javascript")
}

/// The scheme of `text` as a browser reads it, in lower case: leading control characters and
/// blanks are dropped, tabs and line ends are ignored wherever they stand. `None` if there is none.
/// Source: WHATWG URL, scheme start state.
pub fn url_scheme(text: &str) -> Option<String> {
    let mut scheme = String::new();
    for character in text.trim_start_matches(|c: char| c <= ' ').chars() {
        match character {
            '\t' | '\n' | '\r' => {}
            ':' => return (!scheme.is_empty()).then_some(scheme),
            c if c.is_ascii_alphabetic() => scheme.push(c.to_ascii_lowercase()),
            c if !scheme.is_empty() && (c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
                scheme.push(c);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_split_at_the_first_colon_and_trimmed() {
        assert_eq!(
            LocationRef::parse(" url : https://host/path "),
            Ok(LocationRef::new("url", "https://host/path"))
        );
    }

    #[test]
    fn a_bad_ref_is_refused_with_backstages_words() {
        for (text, message) in [
            (
                "x",
                "Unable to parse location ref 'x', expected '<type>:<target>', e.g. 'url:https://host/path'",
            ),
            (
                "url: ",
                "Unable to parse location ref 'url: ', expected '<type>:<target>', e.g. 'url:https://host/path'",
            ),
            (
                "https://h",
                "Invalid location ref 'https://h', please prefix it with 'url:', e.g. 'url:https://h'",
            ),
            (
                "url:\u{1} jav\tascript:x",
                "Invalid location ref 'url:\u{1} jav\tascript:x', target is a javascript: URL",
            ),
        ] {
            let error = LocationRef::parse(text).map_err(|error| error.to_string());
            assert_eq!(error, Err(message.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_scheme_is_seen_through_control_characters() {
        for text in ["javascript:x", " \u{1}JaVa\nscript:x", "java\tscript\r:x"] {
            assert!(is_script_url(text), "{text:?}");
        }
        for text in ["https://javascript:x", "java script:x", "javascripts:x", ""] {
            assert!(!is_script_url(text), "{text:?}");
        }
    }
}

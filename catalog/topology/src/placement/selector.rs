//! Kubernetes label selectors.
//!
//! Source: Kubernetes `k8s.io/apimachinery/pkg/labels`, `Parse`.

use std::sync::Arc;

use callboard_plugin::LabelMap;

/// The longest name or value of a label, in characters.
const MAX_VALUE: usize = 63;

/// A label selector such as `app=payments,tier in (api,worker),!canary`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    requirements: Arc<[Requirement]>,
}

/// Why a text is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Something else was expected.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What would be right.
        expected: &'static str,
        /// What stands there; empty at the end.
        found: String,
    },
    /// A key that no label can have.
    #[error("{0:?} is not the key of a label")]
    Key(String),
    /// A value that no label can have.
    #[error("{0:?} is not the value of a label")]
    Value(String),
    /// A comparison with something that is not a whole number.
    #[error("{0:?} is not a whole number")]
    Number(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Requirement {
    key: Arc<str>,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Condition {
    Exists,
    Absent,
    In(Arc<[Arc<str>]>),
    NotIn(Arc<[Arc<str>]>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads a selector. An empty text is the selector that matches everything.
    ///
    /// # Errors
    ///
    /// [`SelectorError`] as its variants say.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut tokens = Tokens(text);
        let mut requirements = Vec::new();
        if tokens.peek() == Token::End {
            return Ok(Self { requirements: requirements.into() });
        }
        loop {
            requirements.push(requirement(&mut tokens)?);
            match tokens.next() {
                Token::End => return Ok(Self { requirements: requirements.into() }),
                Token::Comma => {}
                found => return Err(unexpected("\",\" or the end", &found)),
            }
        }
    }

    /// Whether the labels fulfil every requirement.
    pub fn matches(&self, labels: &LabelMap) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// Whether it demands nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// A label that everything that matches has: the key and the values that it may have. What
    /// finds selectors by labels.
    pub(crate) fn required_label(&self) -> Option<(&Arc<str>, &[Arc<str>])> {
        self.requirements.iter().find_map(|requirement| match &requirement.condition {
            Condition::In(values) => Some((&requirement.key, &**values)),
            _ => None,
        })
    }
}

impl Requirement {
    fn matches(&self, labels: &LabelMap) -> bool {
        let value = labels.get(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.condition {
            Condition::Exists => value.is_some(),
            Condition::Absent => value.is_none(),
            Condition::In(values) => value.is_some_and(|value| values.contains(value)),
            Condition::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Condition::Greater(bound) => number().is_some_and(|number| number > *bound),
            Condition::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Comma,
    Open,
    Close,
    Not,
    Equal,
    NotEqual,
    Greater,
    Less,
    End,
}

/// The rest of a selector.
#[derive(Clone, Copy)]
struct Tokens<'t>(&'t str);

impl<'t> Tokens<'t> {
    fn peek(&self) -> Token<'t> {
        let mut ahead = *self;
        ahead.next()
    }

    fn next(&mut self) -> Token<'t> {
        const SYMBOLS: [(&str, Token<'_>); 9] = [
            ("==", Token::Equal),
            ("!=", Token::NotEqual),
            ("=", Token::Equal),
            ("!", Token::Not),
            (",", Token::Comma),
            ("(", Token::Open),
            (")", Token::Close),
            (">", Token::Greater),
            ("<", Token::Less),
        ];
        self.0 = self.0.trim_start_matches(is_blank);
        if self.0.is_empty() {
            return Token::End;
        }
        for (symbol, token) in SYMBOLS {
            if let Some(rest) = self.0.strip_prefix(symbol) {
                self.0 = rest;
                return token;
            }
        }
        let is_end = |character| is_blank(character) || "=!,()<>".contains(character);
        let end = self.0.find(is_end).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        Token::Word(word)
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn unexpected(expected: &'static str, found: &Token<'_>) -> SelectorError {
    let found = match found {
        Token::Word(word) => word,
        Token::Comma => ",",
        Token::Open => "(",
        Token::Close => ")",
        Token::Not => "!",
        Token::Equal => "=",
        Token::NotEqual => "!=",
        Token::Greater => ">",
        Token::Less => "<",
        Token::End => "",
    };
    SelectorError::Unexpected { expected, found: found.to_owned() }
}

fn requirement(tokens: &mut Tokens<'_>) -> Result<Requirement, SelectorError> {
    let is_negated = tokens.peek() == Token::Not;
    if is_negated {
        tokens.next();
    }
    let key = match tokens.next() {
        Token::Word(word) => key(word)?,
        found => return Err(unexpected("the key of a label", &found)),
    };
    if is_negated {
        return Ok(Requirement { key, condition: Condition::Absent });
    }
    if matches!(tokens.peek(), Token::Comma | Token::End) {
        return Ok(Requirement { key, condition: Condition::Exists });
    }
    let condition = match tokens.next() {
        Token::Equal => Condition::In(Arc::from([exact_value(tokens)?])),
        Token::NotEqual => Condition::NotIn(Arc::from([exact_value(tokens)?])),
        Token::Greater => Condition::Greater(number(&exact_value(tokens)?)?),
        Token::Less => Condition::Less(number(&exact_value(tokens)?)?),
        Token::Word("in") => Condition::In(values(tokens)?),
        Token::Word("notin") => Condition::NotIn(values(tokens)?),
        found => return Err(unexpected("=, ==, !=, in, notin, > or <", &found)),
    };
    Ok(Requirement { key, condition })
}

fn exact_value(tokens: &mut Tokens<'_>) -> Result<Arc<str>, SelectorError> {
    match tokens.peek() {
        Token::Comma | Token::End => Ok("".into()),
        Token::Word(word) => {
            tokens.next();
            value(word)
        }
        found => Err(unexpected("the value of a label", &found)),
    }
}

fn values(tokens: &mut Tokens<'_>) -> Result<Arc<[Arc<str>]>, SelectorError> {
    match tokens.next() {
        Token::Open => {}
        found => return Err(unexpected("\"(\"", &found)),
    }
    let mut values = Vec::new();
    let mut is_value_due = true;
    loop {
        match tokens.next() {
            Token::Word(word) if is_value_due => {
                values.push(value(word)?);
                is_value_due = false;
            }
            Token::Comma => {
                if is_value_due {
                    values.push("".into());
                }
                is_value_due = true;
            }
            Token::Close => {
                if is_value_due {
                    values.push("".into());
                }
                return Ok(values.into());
            }
            found => return Err(unexpected("\",\" or \")\"", &found)),
        }
    }
}

fn number(text: &str) -> Result<i64, SelectorError> {
    text.parse().map_err(|_| SelectorError::Number(text.to_owned()))
}

fn key(text: &str) -> Result<Arc<str>, SelectorError> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(p, name)| (Some(p), name));
    let is_prefix = prefix.is_none_or(|prefix| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        !prefix.is_empty() && prefix.len() <= 253 && prefix.bytes().all(is_allowed)
    });
    if is_prefix && !name.is_empty() && is_label_text(name) {
        Ok(text.into())
    } else {
        Err(SelectorError::Key(text.to_owned()))
    }
}

fn value(text: &str) -> Result<Arc<str>, SelectorError> {
    if is_label_text(text) { Ok(text.into()) } else { Err(SelectorError::Value(text.to_owned())) }
}

/// Whether a label's value, or the name of its key, can be this.
pub(crate) fn is_label_text(text: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_VALUE
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && is_end(text.bytes().next())
        && is_end(text.bytes().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> LabelMap {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    fn matches(selector: &str, pairs: &[(&str, &str)]) -> bool {
        LabelSelector::parse(selector).unwrap().matches(&labels(pairs))
    }

    #[test]
    fn requirements_hold_as_in_kubernetes() {
        let api = [("app", "api"), ("tier", "web"), ("level", "7"), ("empty", "")];
        for selector in [
            "app=api",
            " app == api , tier in ( web, worker ) ",
            "app",
            "!canary",
            "app!=web",
            "canary!=true",
            "tier notin (db),app in (api)",
            "canary notin (true)",
            "level>6,level<8",
            "empty=,app=api",
            "empty in (,x)",
            "",
        ] {
            assert!(matches(selector, &api), "{selector}");
        }
        for selector in
            ["app=web", "canary", "!app", "app!=api", "tier notin (web)", "level>7", "app>1"]
        {
            assert!(!matches(selector, &api), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in [
            ",",
            "=",
            "app=api,",
            "app in api",
            "app in (api",
            "app=a=b",
            "app in (a b)",
            "a b",
            "app=-a",
            "a/b/c=d",
            "/a",
            "!a=b",
            "x>y",
            "app='api'",
            "äpp=api",
            "(",
            "a,,b",
        ] {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
    }

    #[test]
    fn an_equality_tells_where_to_look() {
        let selector = LabelSelector::parse("!canary,app in (api,web)").unwrap();
        let (key, values) = selector.required_label().unwrap();
        assert_eq!((&**key, values.len()), ("app", 2));
        assert!(LabelSelector::parse("app").unwrap().required_label().is_none());
    }
}

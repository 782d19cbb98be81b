//! Counting what a query holds, before it is parsed.

use super::{MAX_ALIASES, MAX_DIRECTIVES, MAX_ROOT_FIELDS, MAX_TOKENS};
use crate::error::RequestError;

/// Counts tokens, aliases, directives and root fields in one pass, as long as they are within
/// their limits. Needs no memory; what is not GraphQL is left to the parser to refuse.
///
/// # Errors
///
/// [`RequestError::TooMany`] at the first count over its limit.
pub(crate) fn check_tokens(query: &str) -> Result<(), RequestError> {
    let mut counter = Counter::default();
    let mut rest = query.as_bytes();
    while let Some((token, after)) = next_token(rest) {
        counter.count(token)?;
        rest = after;
    }
    Ok(())
}

/// A token, as far as counting needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a [u8]),
    Punctuator(u8),
    Value,
}

#[derive(Default)]
struct Counter<'a> {
    tokens: usize,
    aliases: usize,
    directives: usize,
    root_fields: usize,
    braces: usize,
    parentheses: usize,
    is_fragment: bool,
    previous: Option<Token<'a>>,
}

impl<'a> Counter<'a> {
    fn count(&mut self, token: Token<'a>) -> Result<(), RequestError> {
        bump(&mut self.tokens, MAX_TOKENS, "tokens")?;
        match token {
            Token::Punctuator(b'@') => bump(&mut self.directives, MAX_DIRECTIVES, "directives")?,
            Token::Punctuator(b':') if self.is_in_selection() => {
                bump(&mut self.aliases, MAX_ALIASES, "aliases")?;
                // The name before it was counted as a field.
                self.root_fields = self.root_fields.saturating_sub(usize::from(self.is_at_root()));
            }
            Token::Punctuator(b'(') => self.parentheses = self.parentheses.saturating_add(1),
            Token::Punctuator(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            Token::Punctuator(b'{') if self.parentheses == 0 => {
                self.braces = self.braces.saturating_add(1);
            }
            Token::Punctuator(b'}') if self.parentheses == 0 => {
                self.braces = self.braces.saturating_sub(1);
            }
            Token::Name(name) if self.parentheses == 0 => self.name(name)?,
            _ => {}
        }
        self.previous = Some(token);
        Ok(())
    }

    fn name(&mut self, name: &[u8]) -> Result<(), RequestError> {
        let after_name = matches!(self.previous, Some(Token::Name(_) | Token::Punctuator(b'@')));
        if self.braces == 0 && !after_name {
            self.is_fragment = name == b"fragment";
        }
        let is_field = !matches!(self.previous, Some(Token::Punctuator(b'@' | b'.')))
            && !(matches!(self.previous, Some(Token::Name(b"on"))));
        if self.is_at_root() && is_field {
            bump(&mut self.root_fields, MAX_ROOT_FIELDS, "root fields")?;
        }
        Ok(())
    }

    fn is_in_selection(&self) -> bool {
        self.braces > 0 && self.parentheses == 0
    }

    fn is_at_root(&self) -> bool {
        self.braces == 1 && !self.is_fragment
    }
}

fn bump(count: &mut usize, limit: usize, what: &'static str) -> Result<(), RequestError> {
    *count = count.saturating_add(1);
    if *count > limit { Err(RequestError::TooMany { what, limit }) } else { Ok(()) }
}

/// The first token of `text` and what comes after it; `None` at the end.
fn next_token(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let text = skip_ignored(text);
    let first = *text.first()?;
    if first.is_ascii_alphabetic() || first == b'_' {
        let (name, rest) = split(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        return Some((Token::Name(name), rest));
    }
    if first.is_ascii_digit() || first == b'-' {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte);
        return Some((Token::Value, split(text, is_part).1));
    }
    if let Some(rest) = text.strip_prefix(b"\"\"\"") {
        return Some((Token::Value, after_block_string(rest)));
    }
    if let Some(rest) = text.strip_prefix(b"\"") {
        return Some((Token::Value, after_string(rest)));
    }
    let rest = text.strip_prefix(b"...").or(text.get(1..)).unwrap_or_default();
    Some((Token::Punctuator(first), rest))
}

fn skip_ignored(mut text: &[u8]) -> &[u8] {
    loop {
        text = split(text, |byte| b" \t\r\n,\xEF\xBB\xBF".contains(&byte)).1;
        if text.first() != Some(&b'#') {
            return text;
        }
        text = split(text, |byte| byte != b'\n' && byte != b'\r').1;
    }
}

fn split(text: &[u8], is_part: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !is_part(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, b""))
}

fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some((byte, rest)) = text.split_first() {
        match byte {
            b'"' | b'\n' => return rest,
            b'\\' => text = rest.get(1..).unwrap_or_default(),
            _ => text = rest,
        }
    }
    text
}

fn after_block_string(mut text: &[u8]) -> &[u8] {
    loop {
        if let Some(rest) = text.strip_prefix(b"\"\"\"") {
            return rest;
        }
        let step = if text.starts_with(b"\\\"\"\"") { 4 } else { 1 };
        match text.get(step..) {
            Some(rest) if !text.is_empty() => text = rest,
            _ => return b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> Option<&'static str> {
        match check_tokens(query) {
            Err(RequestError::TooMany { what, .. }) => Some(what),
            _ => None,
        }
    }

    #[test]
    fn counts_within_their_limits_pass() {
        let field = |n: usize| format!(" a{n}: node(id: {{x: {n}}}) {{id}}");
        let fields = (0..20).map(field).collect::<Vec<_>>().concat();
        for query in [
            "",
            "{a}",
            "query Q($a: Int = 1, $b: [X!]!) @d { a: b(c: {d: \"}}}}\", e: [1, -2.5e3]}) { ...F } }",
            "fragment F on X { a b c d e f g h i j k l m n o p q r s t u v w x y z }",
            "# {{{{ @@@@\n{ a(b: \"\"\"@ \\\"\"\" { \"\"\") }",
            &format!("{{{fields}}}"),
        ] {
            assert_eq!(refused(query), None, "{query}");
        }
    }

    #[test]
    fn tokens_are_counted_whatever_they_are() {
        for token in ["a{", "1 ", "\"x\" ", "! ", "... ", "$x ", "\"\"\"y\"\"\"", "é", "[", ")"] {
            assert_eq!(refused(&token.repeat(2001)), Some("tokens"), "{token}");
        }
    }

    #[test]
    fn aliases_are_counted_and_arguments_are_not() {
        let many = |part: &str, count: usize| format!("{{ q {{ {} }} }}", part.repeat(count));
        for part in ["a: b ", "a:b,", "a\n:\nb ", "a :#x\nb ", "a: b(c: 1) ", "a: b @c(d: 1) "] {
            assert!(refused(&many(part, 51)).is_some(), "{part}");
        }
        assert_eq!(refused(&many("a(b: 1, c: {d: 2}) ", 60)), None);
    }

    #[test]
    fn directives_are_counted_wherever_they_stand() {
        for query in [
            format!("{{ a {} }}", "@a ".repeat(21)),
            format!("query {} {{ a }}", "@a ".repeat(21)),
            format!("{{ q {{ {} }} }}", "b @skip(if: true) ".repeat(21)),
            format!("{{ ... {} {{ a }} }}", "@include(if: false) ".repeat(21)),
            format!("query({}) {{ a }}", "$a: Int @b ".repeat(21)),
            format!("fragment F on X {} {{ a }}", "@a".repeat(21)),
        ] {
            assert_eq!(refused(&query), Some("directives"), "{query}");
        }
    }

    #[test]
    fn root_fields_are_counted_in_operations() {
        for query in [
            format!("{{ {} }}", "a ".repeat(21)),
            format!("query Q {{ {} }}", "a ".repeat(21)),
            format!("mutation {{ {} }}", "a(b: 1) ".repeat(21)),
            format!("{{ {} }}", "a { b c } ".repeat(21)),
            format!("{{ {} }}", "x: a ".repeat(21)),
            format!("fragment F on Query {{ a }} query {{ {} }}", "a ".repeat(21)),
        ] {
            assert_eq!(refused(&query), Some("root fields"), "{query}");
        }
    }
}

//! Characters that `yaml` takes for ordinary ones and the parser refuses.
//!
//! Control characters, and a carriage return without line feed, stand as private-use characters
//! while a document is parsed.

use std::borrow::Cow;

/// Where the characters are moved to: the private-use planes.
const OFFSETS: [u32; 2] = [0xF_0000, 0x10_0000];

/// True if `bytes` may hold such characters. Cheap, and true somewhat too often.
pub(super) fn is_needed(bytes: &[u8]) -> bool {
    let is_suspect = |byte: &u8| match byte {
        b'\t' | b'\n' | b'\r' => false,
        0xC2 | 0xEF | 0x7F => true,
        other => *other < 0x20,
    };
    if bytes.iter().any(is_suspect) {
        return true;
    }
    memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// `text` with those characters moved out of the way.
pub(super) fn hide(text: &str) -> String {
    let offset = offset_for(text);
    let mut hidden = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_lone_return = character == '\r' && characters.peek() != Some(&'\n');
        let moved = if is_lone_return || is_refused(character) {
            char::from_u32(offset + (u32::from(character) & 0xFFFF))
        } else {
            None
        };
        hidden.push(moved.unwrap_or(character));
    }
    hidden
}

/// The text that was hidden in `text`.
pub(super) fn reveal(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.chars().any(|character| u32::from(character) >= 0xF_0000) {
        return text;
    }
    let reveal = |character: char| {
        let low = u32::from(character) & 0xFFFF;
        let original = char::from_u32(low).filter(|low| *low == '\r' || is_refused(*low));
        let is_moved = u32::from(character) >= 0xF_0000;
        original.filter(|_| is_moved).unwrap_or(character)
    };
    Cow::Owned(text.chars().map(reveal).collect())
}

/// A plane that `text` does not use itself.
fn offset_for(text: &str) -> u32 {
    let [first, second] = OFFSETS;
    let uses_first = text.chars().any(|character| (first..second).contains(&u32::from(character)));
    if uses_first { second } else { first }
}

fn is_refused(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}' | '\u{B}'..='\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}'
            | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_comes_back() {
        let text = "a\rb\r\nc\0d\u{81}e\u{FFFF}f";
        let hidden = hide(text);
        assert!(is_needed(text.as_bytes()));
        assert!(!hidden.contains('\0') && !hidden.contains("a\r"));
        assert_eq!(reveal(Cow::Owned(hidden)), text);
    }
}

//! Texts of outside systems, made fit for people: for reasons, notices and labels.

/// What stands for a character that must not be shown.
const REPLACEMENT: char = '\u{fffd}';

/// `text` on one line, at most `max_chars` characters long.
///
/// Control characters, marks that turn the direction of text and characters without a width are
/// replaced by `U+FFFD`, white space by one blank; a text that is cut ends in `…`. The result is
/// plain text: whoever writes it into a page or a query still has to escape it.
pub fn foreign_text(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut is_after_blank = true;
    for character in text.chars() {
        let character = match character {
            blank if blank.is_whitespace() => ' ',
            hidden if is_hidden(hidden) => REPLACEMENT,
            other => other,
        };
        if character == ' ' && is_after_blank {
            continue;
        }
        if length == max_chars {
            shown.pop();
            shown.push('…');
            return shown;
        }
        is_after_blank = character == ' ';
        length += 1;
        shown.push(character);
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// Whether a character shows nothing of itself or changes how others are shown.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_stays_as_it_is() {
        assert_eq!(foreign_text("bad_data: 1:5: parse error", 200), "bad_data: 1:5: parse error");
        assert_eq!(foreign_text("", 10), "");
        assert_eq!(foreign_text("blåbærgrød", 10), "blåbærgrød");
    }

    #[test]
    fn lines_become_one_and_hidden_characters_are_seen() {
        assert_eq!(foreign_text(" a\r\n\tb  c ", 20), "a b c");
        assert_eq!(foreign_text("a\u{202e}b\u{0}c\u{200b}", 20), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(foreign_text("a\u{2028}b", 20), "a b");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(foreign_text("abcdef", 5), "abcd…");
        assert_eq!(foreign_text("abcde", 5), "abcde");
        assert_eq!(foreign_text("abcde   ", 5), "abcd…");
    }
}

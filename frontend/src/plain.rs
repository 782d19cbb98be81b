//! Text of others where no element can hold it apart: in drawings and in titles.

/// The longest text of a title, in characters.
const TITLE: usize = 400;
/// How wide a letter of a label is at most, in pixels.
const LETTER: usize = 7;

/// The text without what changes how its surroundings read: control characters and marks of
/// direction stand as `�`, so that they are seen. Cut to what a title can hold.
pub(crate) fn plain(text: &str) -> String {
    cut(text, TITLE)
}

/// The same cut to a width in pixels.
pub(crate) fn label(text: &str, width: usize) -> String {
    cut(text, width / LETTER)
}

fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    let mut shown = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let width = if is_wide(character) { 2 } else { 1 };
        let needed = if rest.peek().is_some() { width + 1 } else { width };
        if needed > left {
            shown.push('…');
            break;
        }
        left -= width;
        shown.push(if is_harmless(character) { character } else { '\u{fffd}' });
    }
    shown
}

fn is_harmless(character: char) -> bool {
    let is_mark = matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !is_mark && !character.is_control()
}

/// Letters of East Asia are about twice as wide, and so are pictures.
fn is_wide(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
            | '\u{1f000}'..='\u{3fffd}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_direction_are_seen_and_do_nothing() {
        assert_eq!(plain("a\u{202e}b\u{2066}c\r\n\u{0}d\u{200f}"), "a�b�c���d�");
        assert_eq!(plain("Æble – שלום"), "Æble – שלום");
    }

    #[test]
    fn a_label_is_cut_where_it_would_be_too_wide() {
        assert_eq!(label("payments-api", 84), "payments-api");
        assert_eq!(label("payments-apis", 84), "payments-ap…");
        assert_eq!(label("漢字漢字漢字漢字", 84), "漢字漢字漢…");
        assert_eq!(label("", 84), "");
    }
}

//! Text of others where no element can hold it apart: in drawings and in titles.

/// The longest text of a title, in characters.
const TITLE: usize = 400;
/// How wide a letter of a label is at most, in pixels.
const LETTER: usize = 7;

/// The text without what changes how its surroundings read: control characters and marks of
/// direction stand as `�`, so that they are seen. Cut to what a title can hold.
pub(crate) fn plain(text: &str) -> String {
    let mut shown: String = text.chars().take(TITLE).map(harmless).collect();
    if text.chars().nth(TITLE).is_some() {
        shown.push('…');
    }
    shown
}

/// The same cut to a width in pixels. What is too wide loses its middle: names often begin alike,
/// or end alike.
pub(crate) fn label(text: &str, width: usize) -> String {
    let room = width / LETTER;
    let letters: Vec<char> = text.chars().take(TITLE).map(harmless).collect();
    if letters.iter().map(|letter| units(*letter)).sum::<usize>() <= room {
        return letters.into_iter().collect();
    }
    let room = room.saturating_sub(1);
    let end: Vec<char> = fitting(letters.iter().rev(), room * 2 / 5);
    let taken: usize = end.iter().map(|letter| units(*letter)).sum();
    let mut shown: String = fitting(letters.iter(), room - taken).into_iter().collect();
    shown.push('…');
    shown.extend(end.iter().rev());
    shown
}

fn fitting<'a>(letters: impl Iterator<Item = &'a char>, room: usize) -> Vec<char> {
    let mut left = room;
    let fits = |letter: &&char| match left.checked_sub(units(**letter)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    letters.take_while(fits).copied().collect()
}

fn units(character: char) -> usize {
    if is_wide(character) { 2 } else { 1 }
}

fn harmless(character: char) -> char {
    if is_harmless(character) { character } else { '\u{fffd}' }
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
        assert_eq!(label("payments-apis", 84), "payment…apis");
        assert_eq!(label("漢字漢字漢字漢字", 84), "漢字漢…漢字");
        let callers = label("unmeshed callers in aws-prod-1", 120);
        assert!(callers.ends_with("prod-1"), "{callers}");
        assert_eq!(label("", 84), "");
    }
}

//! How texts become comparable: lower case, lengths and numbers as JavaScript has them.

use std::borrow::Cow;

use serde_json::Number;

/// Longest key and longest value that can be compared, in UTF-16 units. Source: Backstage
/// `buildEntitySearch` (`MAX_KEY_LENGTH`, `MAX_VALUE_LENGTH`).
pub(crate) const MAX_LENGTH: usize = 200;

/// `text` in lower case, character by character.
///
/// Unlike `str::to_lowercase` a sigma does not depend on its neighbours, so that folding a path
/// and folding its parts give the same.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    Cow::Owned(folded)
}

/// Appends `text` in lower case to `out`.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if !text.is_ascii() {
        out.extend(text.chars().flat_map(char::to_lowercase));
        return;
    }
    let start = out.len();
    out.push_str(text);
    if let Some(added) = out.get_mut(start..) {
        added.make_ascii_lowercase();
    }
}

/// Whether `text` is longer than [`MAX_LENGTH`].
pub(crate) fn is_too_long(text: &str) -> bool {
    text.len() > MAX_LENGTH && text.encode_utf16().count() > MAX_LENGTH
}

/// `number` as JavaScript's `String(number)` prints it: shortest digits that read back the same,
/// with an exponent from 1e21 up and below 1e-6.
pub(crate) fn number_text(number: &Number) -> String {
    const EXACT: u64 = 1 << 53;
    if let Some(whole) = number.as_i64().filter(|whole| whole.unsigned_abs() <= EXACT) {
        return whole.to_string();
    }
    number.as_f64().map_or_else(|| number.to_string(), float_text)
}

/// ECMAScript `Number::toString` in base ten.
fn float_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, point))
}

/// `0.digits` times ten to the power of `point`.
fn place_point(digits: &str, point: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or_default());
    if (count..=21).contains(&point) {
        return format!("{digits}{}", zeros(point - count));
    }
    if (1..=21).contains(&point) {
        let at = usize::try_from(point).unwrap_or_default();
        let (whole, fraction) = digits.split_at_checked(at).unwrap_or((digits, ""));
        return format!("{whole}.{fraction}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(-point));
    }
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if point > 0 { "+" } else { "-" };
    format!("{first}{dot}{rest}e{sign}{}", (point - 1).abs())
}

/// The words of an already lower-cased text: its runs of letters and digits.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_does() {
        let cases = [
            ("1.0", "1"),
            ("-0.0", "0"),
            ("42", "42"),
            ("-7", "-7"),
            ("1.5", "1.5"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("123456789012345680000", "123456789012345680000"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709552000"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.25e-9", "1.25e-9"),
            ("-1.5e300", "-1.5e+300"),
            ("0.1", "0.1"),
            ("123.456", "123.456"),
        ];
        for (json, expected) in cases {
            let number: Number = serde_json::from_str(json).unwrap();
            assert_eq!(number_text(&number), expected, "{json}");
        }
    }

    #[test]
    fn folding_a_path_is_folding_its_parts() {
        for text in ["Spec.ΟΔΟΣ", "İstanbul", "plain", "MiXeD-1", "straße"] {
            let parts: Vec<_> = text.split('.').map(fold).collect();
            assert_eq!(fold(text), parts.join("."));
        }
    }
}

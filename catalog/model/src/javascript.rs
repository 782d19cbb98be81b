//! What JavaScript does with text and numbers where it shows in Backstage's answers.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// The order of `Array.prototype.sort`: by UTF-16 code units. Differs from that of `str` only
/// where characters beyond the basic plane meet private-use ones.
pub fn compare_text(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

/// `String.length`: the number of UTF-16 code units.
pub fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A double as `JSON.stringify` prints it, as far as a JSON number can say it: whole numbers
/// without a fraction, and rounded to the digits that tell doubles apart. `null` for what is not
/// finite.
pub fn number(double: f64) -> Value {
    if !double.is_finite() {
        return Value::Null;
    }
    if double.fract() == 0.0 && double.abs() < 1e21 {
        let printed = format!("{}", double.abs());
        if let Ok(whole) = printed.parse::<u64>() {
            if double >= 0.0 || whole == 0 {
                return Value::Number(whole.into());
            }
            if let Ok(whole) = i64::try_from(-i128::from(whole)) {
                return Value::Number(whole.into());
            }
        }
    }
    Number::from_f64(double).map_or(Value::Null, Value::Number)
}

/// `String(value)` of a double: the text of an object key or of a message.
pub fn number_text(double: f64) -> String {
    if double.is_nan() {
        return "NaN".to_owned();
    }
    if double.is_infinite() {
        return if double > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if double == 0.0 {
        return "0".to_owned();
    }
    let magnitude = double.abs();
    if (1e-6..1e21).contains(&magnitude) {
        return format!("{double}");
    }
    let text = format!("{double:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// `${value}` in a message.
pub fn display(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), number_text),
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .map(|item| if item.is_null() { String::new() } else { display(item) })
            .collect::<Vec<_>>()
            .join(","),
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// `typeof value`.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Null | Value::Array(_) | Value::Object(_) => "object",
    }
}

/// False for what JavaScript takes for false: `null`, `false`, `0` and the empty string.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64().is_none_or(|double| double != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        for (double, printed) in [
            (777.0, "777"),
            (-0.0, "0"),
            (-3.0, "-3"),
            (1.5, "1.5"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            assert_eq!(number(double).to_string(), printed);
        }
    }

    #[test]
    fn a_double_as_text_has_an_exponent_only_where_javascript_writes_one() {
        for (double, text) in [
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-7"),
            (0.5, "0.5"),
            (-0.0, "0"),
        ] {
            assert_eq!(number_text(double), text);
        }
    }

    #[test]
    fn text_is_ordered_by_utf16_units() {
        assert_eq!(compare_text("\u{1F600}", "\u{FF00}"), Ordering::Less);
        assert_eq!(compare_text("B", "a"), Ordering::Less);
    }
}

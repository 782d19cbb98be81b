//! What a scalar without quotes means.
//!
//! Source: `yaml` 2.9.1, `schema/core` and, for documents that ask for YAML 1.1, `schema/yaml-1.1`.

use serde_json::Value;

use crate::javascript;

/// The rules for scalars of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarSchema {
    /// YAML 1.2 core: what everybody gets.
    Core,
    /// YAML 1.1, after `%YAML 1.1`.
    Yaml11,
}

/// A scalar that was resolved. Numbers stay doubles until they are printed, because keys compare
/// and print them differently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plain {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, perhaps not finite.
    Number(f64),
    /// Anything else: the text stands for itself.
    Text,
}

impl Plain {
    /// The value in JSON.
    pub(super) fn value(self, text: impl Into<String>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Number(double) => javascript::number(double),
            Self::Text => Value::String(text.into()),
        }
    }

    /// The text that it is as a key.
    pub(super) fn key(self, text: impl Into<String>) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(double) => javascript::number_text(double),
            Self::Text => text.into(),
        }
    }
}

/// Resolves a scalar without quotes and without tag.
pub(super) fn resolve(text: &str, schema: ScalarSchema) -> Plain {
    match schema {
        ScalarSchema::Core => core(text),
        ScalarSchema::Yaml11 => yaml11(text),
    }
}

fn core(text: &str) -> Plain {
    let Some(first) = text.bytes().next() else { return Plain::Null };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => Plain::Null,
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => Plain::Bool(true),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => Plain::Bool(false),
        b'0'..=b'9' | b'-' | b'+' | b'.' => number(text).map_or(Plain::Text, Plain::Number),
        _ => Plain::Text,
    }
}

fn number(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix("0o") {
        return in_radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return in_radix(digits, 16);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    is_decimal(unsigned).then(|| text.parse().ok()).flatten()
}

/// `[0-9]+`, `[0-9]+.[0-9]*` or `.[0-9]+`, and perhaps an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    let mantissa_is_good = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            (!whole.is_empty() || !fraction.is_empty()) && is_digits(whole) && is_digits(fraction)
        }
        None => !mantissa.is_empty() && is_digits(mantissa),
    };
    mantissa_is_good && exponent_is_good
}

fn in_radix(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    if let Ok(whole) = u128::from_str_radix(digits, radix) {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript rounds it to a double, too")]
        return Some(whole as f64);
    }
    Some(
        digits
            .chars()
            .filter_map(|digit| digit.to_digit(radix))
            .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit)),
    )
}

fn yaml11(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "Y" | "y" | "Yes" | "yes" | "YES" | "On" | "on" | "ON" | "True" | "true" | "TRUE" => {
            return Plain::Bool(true);
        }
        "N" | "n" | "No" | "no" | "NO" | "Off" | "off" | "OFF" | "False" | "false" | "FALSE" => {
            return Plain::Bool(false);
        }
        _ => {}
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let first_is_good = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if !first_is_good {
        return Plain::Text;
    }
    let digits = unsigned.replace('_', "");
    let whole = if let Some(binary) = digits.strip_prefix("0b") {
        in_radix(binary, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        in_radix(hex, 16)
    } else if let Some(octal) = digits.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        in_radix(octal, 8).or_else(|| number(&digits))
    } else {
        number(&digits).or_else(|| sexagesimal(&digits))
    };
    whole.map_or(Plain::Text, |whole| Plain::Number(sign * whole))
}

/// `12:30:45`.
fn sexagesimal(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let mut sum: f64 = parts.next()?.parse().ok()?;
    let mut has_more = false;
    for part in parts {
        let value: f64 = part.parse().ok().filter(|value| (0.0..60.0).contains(value))?;
        sum = sum * 60.0 + value;
        has_more = true;
    }
    has_more.then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core_json(text: &str) -> String {
        resolve(text, ScalarSchema::Core).value(text).to_string()
    }

    #[test]
    fn core_scalars_are_as_yaml_resolves_them() {
        for (text, json) in [
            ("yes", "\"yes\""),
            ("on", "\"on\""),
            ("True", "true"),
            ("FALSE", "false"),
            ("tRue", "\"tRue\""),
            ("", "null"),
            ("~", "null"),
            ("Null", "null"),
            ("010", "10"),
            ("0777", "777"),
            ("0o10", "8"),
            ("0x1F", "31"),
            ("0b11", "\"0b11\""),
            ("1_000", "\"1_000\""),
            ("+1", "1"),
            ("-0", "0"),
            ("1.", "1"),
            (".5", "0.5"),
            (".", "\".\""),
            ("1e3", "1000"),
            ("1e", "\"1e\""),
            ("1e400", "null"),
            (".inf", "null"),
            (".nan", "null"),
            ("-.nan", "\"-.nan\""),
            ("2024-01-02", "\"2024-01-02\""),
            ("12:30:45", "\"12:30:45\""),
            ("12345678901234567890", "12345678901234567000"),
            ("0.1", "0.1"),
        ] {
            assert_eq!(core_json(text), json, "{text:?}");
        }
    }

    #[test]
    fn yaml_1_1_has_more_booleans_and_numbers() {
        for (text, json) in [
            ("yes", "true"),
            ("off", "false"),
            ("010", "8"),
            ("1_000", "1000"),
            ("0b11", "3"),
            ("1:30", "90"),
        ] {
            assert_eq!(
                resolve(text, ScalarSchema::Yaml11).value(text).to_string(),
                json,
                "{text:?}"
            );
        }
    }
}

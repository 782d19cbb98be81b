//! What a tag makes of a scalar.
//!
//! Source: `yaml` 2.9.1, `findScalarTagByName` and the tags that it knows.

use granit_parser::Tag;
use serde_json::{Value, json};

use super::scalar::{Plain, ScalarSchema, resolve};

/// What a tagged scalar is.
pub(super) enum Tagged {
    /// A scalar as there are others.
    Plain(Plain),
    /// A value of its own: bytes, or a time.
    Value(Value),
    /// It is not what its tag says.
    Refused(&'static str),
}

/// Resolves `text` with `tag`. A tag that nobody knows makes it a text.
pub(super) fn resolve_scalar(tag: &Tag, text: &str, schema: ScalarSchema) -> Tagged {
    let full = format!("{}{}", tag.handle(), tag.suffix());
    let Some(name) = full.strip_prefix("tag:yaml.org,2002:") else {
        return Tagged::Plain(Plain::Text);
    };
    let plain = resolve(text, schema);
    let is_float = text.contains(['.', 'e', 'E']) && !text.starts_with("0x");
    let fits = match (name, plain) {
        ("null", Plain::Null) | ("bool", Plain::Bool(_)) => true,
        ("int", Plain::Number(_)) => !is_float,
        ("float", Plain::Number(_)) => is_float,
        _ => false,
    };
    match name {
        _ if fits => Tagged::Plain(plain),
        "binary" => Tagged::Value(json!({"type": "Buffer", "data": base64(text)})),
        "timestamp" => timestamp(text).map_or(
            Tagged::Refused("!!timestamp expects a date, starting with yyyy-mm-dd"),
            |time| Tagged::Value(Value::String(time)),
        ),
        _ => Tagged::Plain(Plain::Text),
    }
}

/// The bytes of `text`; what is not base64 is passed over, as Node does it.
fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut width) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.extend(u8::try_from((bits >> width) & 0xFF));
        }
    }
    bytes
}

/// `text` as `Date.toJSON` prints it.
fn timestamp(text: &str) -> Option<String> {
    let (date, rest) =
        text.split_at_checked(text.find(['T', 't', ' ', '\t']).unwrap_or(text.len()))?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if parts.next().is_some() || date.find('-') != Some(4) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let millis = days * 86_400_000 + time_of_day(rest.trim_start_matches(['T', 't', ' ', '\t']))?;
    Some(print_utc(millis))
}

/// Milliseconds of `12:30:45.5+01:00`; 0 for nothing.
fn time_of_day(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let text = text.trim();
    let zone_at = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.trim().split_once('.').unwrap_or((clock.trim(), ""));
    let mut parts = clock.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let millis = ((hours * 60 + minutes) * 60 + seconds) * 1000 + digits.parse::<i64>().ok()?;
    Some(millis - zone_offset(zone)?)
}

fn zone_offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':').unwrap_or((zone.get(1..)?, "0"));
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60_000)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn print_utc(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600);
    format!(
        "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{:02}.{millis:03}Z",
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_javascript_prints_dates() {
        for (text, printed) in [
            ("2001-12-14", Some("2001-12-14T00:00:00.000Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-15T02:59:43.100Z")),
            ("2024-02-29 01:02:03", Some("2024-02-29T01:02:03.000Z")),
            ("yesterday", None),
        ] {
            assert_eq!(timestamp(text).as_deref(), printed);
        }
    }

    #[test]
    fn bytes_are_read_from_base64() {
        assert_eq!(base64("aGVs\nbG8="), b"hello");
    }
}

//! Durations as Backstage writes them.

use std::time::Duration;

use super::node::{Node, Value};

/// `{ minutes: 5 }`, `PT5M`, `5 minutes`, `5m`. `None` for anything else.
///
/// A month counts 30 days and a year 365. Source: Backstage `HumanDuration`, `readDurationFromConfig`.
pub(super) fn read(node: &Node) -> Option<Duration> {
    let seconds = match &node.value {
        Value::Map(map) => {
            let mut seconds = 0.0;
            for (unit, amount) in map {
                seconds += amount.number()? * unit_seconds(unit)?;
            }
            (!map.is_empty()).then_some(seconds)?
        }
        Value::Text(text) => iso(text.trim()).or_else(|| words(text.trim()))?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "milliseconds" | "millisecond" | "msecs" | "msec" | "ms" => 0.001,
        "seconds" | "second" | "secs" | "sec" | "s" => 1.0,
        "minutes" | "minute" | "mins" | "min" | "m" => 60.0,
        "hours" | "hour" | "hrs" | "hr" | "h" => 3_600.0,
        "days" | "day" | "d" => 86_400.0,
        "weeks" | "week" | "w" => 604_800.0,
        "months" | "month" => 2_592_000.0,
        "years" | "year" | "yrs" | "yr" | "y" => 31_536_000.0,
        _ => return None,
    })
}

/// `5 minutes`, `1.5h`.
fn words(text: &str) -> Option<f64> {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (amount, unit) = text.split_at_checked(end)?;
    Some(amount.parse::<f64>().ok()? * unit_seconds(&unit.trim().to_ascii_lowercase())?)
}

/// `P1DT2H3M4.5S`, `P2W`.
fn iso(text: &str) -> Option<f64> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text.strip_prefix('P')?, None),
    };
    if date.is_empty() && time.is_none_or(str::is_empty) {
        return None;
    }
    let date = iso_part(date, |unit| {
        unit_seconds(match unit {
            'Y' => "years",
            'M' => "months",
            'W' => "weeks",
            'D' => "days",
            _ => return None,
        })
    })?;
    let time = iso_part(time.unwrap_or_default(), |unit| {
        unit_seconds(match unit {
            'H' => "hours",
            'M' => "minutes",
            'S' => "seconds",
            _ => return None,
        })
    })?;
    Some(date + time)
}

fn iso_part(text: &str, unit_seconds: impl Fn(char) -> Option<f64>) -> Option<f64> {
    let mut seconds = 0.0;
    let mut amount = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() || character == '.' {
            amount.push(character);
        } else {
            seconds += amount.parse::<f64>().ok()? * unit_seconds(character)?;
            amount.clear();
        }
    }
    amount.is_empty().then_some(seconds)
}

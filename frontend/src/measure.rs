//! Measured values in words. What was not measured has none: it is never shown as zero.

/// Requests a second, such as `12.4/s`.
pub(crate) fn rate(per_second: Option<f64>) -> Option<String> {
    let value = finite(per_second)?;
    Some(format!("{}/s", figures(value)))
}

/// A share as percent, such as `99.95 %`. Only all is 100 %, and only none is 0 %.
pub(crate) fn percent(ratio: Option<f64>) -> Option<String> {
    let value = finite(ratio)? * 100.0;
    Some(match value {
        0.0 => "0 %".to_owned(),
        value if value >= 100.0 => "100 %".to_owned(),
        value if value > 99.0 => format!("{:.2} %", (value * 100.0).floor() / 100.0),
        value if value < 0.01 => "< 0.01 %".to_owned(),
        value => format!("{value:.1} %"),
    })
}

/// A span, such as `42 ms` or `1.3 s`.
pub(crate) fn span(milliseconds: Option<f64>) -> Option<String> {
    let value = finite(milliseconds)?;
    Some(match value {
        value if value >= 1_000.0 => format!("{} s", figures(value / 1_000.0)),
        value => format!("{} ms", figures(value)),
    })
}

/// A number of things, such as `12`.
pub(crate) fn number(value: Option<f64>) -> Option<String> {
    let value = finite(value)?;
    Some(if value.fract() == 0.0 { grouped(&format!("{value:.0}")) } else { figures(value) })
}

/// A share of what succeeded, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    /// At least 99 %, or not measured.
    Good,
    /// At least 95 %.
    Low,
    /// Less.
    Bad,
}

impl Success {
    /// Judges a share.
    pub(crate) fn of(ratio: Option<f64>) -> Self {
        match finite(ratio) {
            Some(ratio) if ratio < 0.95 => Self::Bad,
            Some(ratio) if ratio < 0.99 => Self::Low,
            _ => Self::Good,
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Low => "warn",
            Self::Bad => "bad",
        }
    }

    /// The shape before the number.
    pub(crate) const fn shape(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Low => "◆ ",
            Self::Bad => "▲ ",
        }
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

/// About three figures, as many as help.
fn figures(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 0.001 => "< 0.001".to_owned(),
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 1.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => grouped(&format!("{value:.0}")),
    }
}

/// Digits in groups of three, apart by a thin space that does not break.
fn grouped(digits: &str) -> String {
    let count = digits.len();
    let mut text = String::with_capacity(count + count);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (count - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_nothing_and_what_is_nothing_is_zero() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)] {
            assert_eq!((rate(value), percent(value), span(value)), (None, None, None));
        }
        assert_eq!(rate(Some(0.0)).unwrap(), "0/s");
        assert_eq!(number(Some(0.0)).unwrap(), "0");
        assert_eq!(number(Some(5.0)).unwrap(), "5");
    }

    #[test]
    fn only_all_is_a_hundred_percent_and_only_none_is_zero() {
        assert_eq!(percent(Some(1.0)).unwrap(), "100 %");
        assert_eq!(percent(Some(0.999_999)).unwrap(), "99.99 %");
        assert_eq!(percent(Some(0.95)).unwrap(), "95.0 %");
        assert_eq!(percent(Some(0.000_01)).unwrap(), "< 0.01 %");
        assert_eq!(percent(Some(0.0)).unwrap(), "0 %");
    }

    #[test]
    fn numbers_have_the_figures_that_help() {
        assert_eq!(rate(Some(0.0123)).unwrap(), "0.012/s");
        assert_eq!(rate(Some(12.345)).unwrap(), "12.3/s");
        assert_eq!(rate(Some(1_234_567.0)).unwrap(), "1\u{202f}234\u{202f}567/s");
        assert_eq!(span(Some(42.0)).unwrap(), "42.0 ms");
        assert_eq!(span(Some(1_300.0)).unwrap(), "1.3 s");
    }

    #[test]
    fn a_share_is_judged() {
        let judged = [Some(1.0), Some(0.98), Some(0.5), None].map(Success::of);
        assert_eq!(judged, [Success::Good, Success::Low, Success::Bad, Success::Good]);
    }
}

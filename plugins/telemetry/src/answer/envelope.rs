//! What stands around every answer.

use callboard_plugin::foreign_text;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wrong_json;
use crate::failure::Failure;

/// How much of the words of a source is told.
const MAX_REASON_CHARS: usize = 300;

/// How many warnings of an answer are told.
const MAX_WARNINGS: usize = 10;

/// What a success holds.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// The vector, as text.
    pub(super) data: &'a RawValue,
    /// Warnings, cleaned.
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct WireEnvelope<'a> {
    #[serde(default)]
    status: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default, rename = "errorType")]
    error_type: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    /// `VictoriaMetrics`, cluster version.
    #[serde(default, rename = "isPartial")]
    is_partial: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WireData<'a> {
    #[serde(rename = "resultType")]
    result_type: String,
    #[serde(borrow)]
    result: &'a RawValue,
}

/// The vector of a success; anything else is a failure.
pub(super) fn open(status: StatusCode, body: &[u8]) -> Result<Envelope<'_>, Failure> {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(Failure::Forbidden(status));
    }
    let envelope = serde_json::from_slice::<WireEnvelope<'_>>(body);
    if !status.is_success() {
        let told = envelope.ok().and_then(|envelope| words_of(&envelope));
        let reason = told.or_else(|| not_json(body));
        let reason = reason.unwrap_or_else(|| "it says no more".to_owned());
        return Err(Failure::Refused { status, reason });
    }
    let envelope = envelope.map_err(|error| match page(body) {
        Some(page) => Failure::Malformed(page),
        None => broken(body, &error),
    })?;
    if envelope.status == "error" {
        let reason = words_of(&envelope).unwrap_or_else(|| "it says no more".to_owned());
        return Err(Failure::Refused { status, reason });
    }
    vector_of(envelope)
}

/// What stands there in place of an envelope.
fn broken(body: &[u8], error: &serde_json::Error) -> Failure {
    match body.trim_ascii() {
        b"" => Failure::Malformed("it is empty".to_owned()),
        // Some places at which a text can end look like mistakes to a parser.
        [b'{', .., last] if *last != b'}' => Failure::Malformed("it is cut off".to_owned()),
        _ => wrong_json(error),
    }
}

fn vector_of(envelope: WireEnvelope<'_>) -> Result<Envelope<'_>, Failure> {
    let data = envelope.data.ok_or_else(|| Failure::Malformed("it has no data".to_owned()))?;
    let data: WireData<'_> =
        serde_json::from_str(data.get()).map_err(|error| wrong_json(&error))?;
    if data.result_type != "vector" {
        let found = foreign_text(&data.result_type, 30);
        return Err(Failure::Malformed(format!("it is a {found}, not a vector")));
    }
    let told = envelope.warnings.unwrap_or_default();
    let cleaned = |text: &String| foreign_text(text, MAX_REASON_CHARS);
    let mut warnings: Vec<String> = told.iter().take(MAX_WARNINGS).map(cleaned).collect();
    if envelope.is_partial == Some(true) {
        warnings.push("the answer is partial".to_owned());
    }
    Ok(Envelope { data: data.result, warnings })
}

/// What an error says, with its type, unless that is the status again.
fn words_of(envelope: &WireEnvelope<'_>) -> Option<String> {
    let words = envelope.error.as_deref()?;
    let kind = envelope.error_type.as_deref().unwrap_or_default();
    let is_number = kind.bytes().all(|byte| byte.is_ascii_digit());
    let text = if is_number { words.to_owned() } else { format!("{kind}: {words}") };
    Some(foreign_text(&text, MAX_REASON_CHARS)).filter(|text| !text.is_empty())
}

/// What an error page says.
fn not_json(body: &[u8]) -> Option<String> {
    let start = body.get(..body.len().min(4096))?;
    let text = foreign_text(&String::from_utf8_lossy(start), MAX_REASON_CHARS);
    page(body).or_else(|| Some(text).filter(|text| !text.is_empty()))
}

/// Says so if `body` is a page for people: the one of a proxy that asks to sign in, or the
/// source's own user interface.
fn page(body: &[u8]) -> Option<String> {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"<") {
        return None;
    }
    let start = String::from_utf8_lossy(body.get(..body.len().min(4096))?).into_owned();
    let title = start.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    Some(match title.map(|(title, _)| foreign_text(title, 80)) {
        Some(title) if !title.is_empty() => format!("it is an HTML page, \"{title}\", not JSON"),
        _ => "it is an HTML page, not JSON".to_owned(),
    })
}

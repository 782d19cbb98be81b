//! Answers of the HTTP API, decoded. Source: Prometheus, "HTTP API", format overview and instant
//! queries.

mod envelope;
mod vector;

use std::time::SystemTime;

use callboard_plugin::{InstantVector, Sample};
use http::StatusCode;

use self::envelope::Envelope;
use crate::failure::Failure;

/// An answer that is one.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// The series that were kept, in the order of the answer.
    pub(crate) samples: Vec<Sample>,
    /// What the source warns of.
    pub(crate) warnings: Vec<String>,
    /// Series beyond the limit.
    pub(crate) dropped_series: usize,
}

impl Answer {
    /// The answer with its time.
    pub(crate) fn evaluated_at(self, evaluated_at: SystemTime) -> InstantVector {
        let Self { samples, warnings, dropped_series } = self;
        InstantVector { samples, evaluated_at, warnings, dropped_series }
    }
}

/// Decodes the answer of an instant query. Cost: `O(body)`; what is kept is bounded by
/// `max_series`.
pub(crate) fn decode(
    status: StatusCode,
    body: &[u8],
    max_series: usize,
) -> Result<Answer, Failure> {
    let Envelope { data, mut warnings } = envelope::open(status, body)?;
    let series = vector::read(data, max_series).map_err(|error| wrong_json(&error))?;
    if series.histograms > 0 {
        let count = series.histograms;
        warnings.push(format!("{count} series are native histograms, which have no one value"));
    }
    Ok(Answer { samples: series.samples, warnings, dropped_series: series.dropped })
}

/// Whether the answer may be recorded: it is whole, and a success.
pub(crate) fn check(status: StatusCode, body: &[u8]) -> Result<(), Failure> {
    decode(status, body, 0).map(drop)
}

/// In words, without the values of the answer.
fn wrong_json(error: &serde_json::Error) -> Failure {
    Failure::Malformed(if error.is_eof() {
        "it is cut off".to_owned()
    } else {
        format!("it is not what the API gives, at line {}, column {}", error.line(), error.column())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(body: &str) -> Result<Answer, Failure> {
        decode(StatusCode::OK, body.as_bytes(), 10)
    }

    fn failure(status: u16, body: &str) -> Failure {
        decode(StatusCode::from_u16(status).unwrap(), body.as_bytes(), 10).unwrap_err()
    }

    fn malformed(body: &str) -> String {
        match failure(200, body) {
            Failure::Malformed(reason) => reason,
            other => panic!("{body}: {other:?}"),
        }
    }

    fn shown(answer: &Answer) -> Vec<String> {
        let labels = |sample: &Sample| {
            let pairs = sample.labels.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join(",")
        };
        answer.samples.iter().map(|one| format!("{} {}", labels(one), one.value)).collect()
    }

    // Prometheus 3.5.
    const TWO: &str = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"namespace":"bank","deployment":"web"},"value":[1795395590.1,"569.99"]},
        {"metric":{},"value":[1795395590,"1"]}]}}"#;

    #[test]
    fn samples_keep_their_order_and_their_labels_are_ordered() {
        let answer = ok(TWO).unwrap();
        assert_eq!(shown(&answer), ["deployment=web,namespace=bank 569.99", " 1"]);
        assert!(answer.warnings.is_empty());
        assert_eq!(answer.dropped_series, 0);
    }

    #[test]
    fn numbers_that_are_none_stay_what_they_are() {
        let body = |value| {
            format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[
                {{"metric":{{}},"value":[1,"{value}"]}}]}}}}"#
            )
        };
        let value = |text| ok(&body(text)).unwrap().samples[0].value;
        assert!(value("NaN").is_nan());
        assert!(value("+Inf") > f64::MAX);
        assert!(value("-Inf") < f64::MIN);
        assert!((value("1e-05") - 0.00001).abs() < f64::EPSILON);
        assert!(malformed(&body("many")).starts_with("it is not what the API gives"));
    }

    #[test]
    fn what_other_implementations_add_is_ignored() {
        // VictoriaMetrics 1.145: `isPartial` and `stats`; Prometheus 3: `infos`; the order is free.
        let body = r#"{"stats":{"seriesFetched":"1"},"isPartial":false,"infos":["PromQL info: x"],
            "data":{"result":[{"value":[1,"2"],"metric":{"a":"b"}}],"resultType":"vector",
            "analysis":{}},"status":"success"}"#;
        let answer = ok(body).unwrap();
        assert_eq!(shown(&answer), ["a=b 2"]);
        assert!(answer.warnings.is_empty());
    }

    #[test]
    fn warnings_are_kept_and_cleaned() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[]},
            "warnings":["results truncated due to limit","a\u202eb\nc"]}"#;
        let answer = ok(body).unwrap();
        assert_eq!(answer.warnings, ["results truncated due to limit", "a\u{fffd}b c"]);
        let null = r#"{"status":"success","data":{"resultType":"vector","result":[]},
            "warnings":null}"#;
        assert!(ok(null).unwrap().warnings.is_empty());
    }

    #[test]
    fn partial_answers_are_said_to_be_so() {
        // VictoriaMetrics cluster says so in a field, Thanos in a warning.
        let body = r#"{"status":"success","isPartial":true,
            "data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(ok(body).unwrap().warnings, ["the answer is partial"]);
    }

    #[test]
    fn series_beyond_the_limit_are_counted() {
        let one = r#"{"metric":{"a":"b"},"value":[1,"2"]}"#;
        let body = format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#,
            [one; 25].join(",")
        );
        let answer = ok(&body).unwrap();
        assert_eq!((answer.samples.len(), answer.dropped_series), (10, 15));
    }

    #[test]
    fn native_histograms_are_left_out_with_a_word() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{},"histogram":[1,{"count":"3","sum":"1","buckets":[[0,"0","1","3"]]}]},
            {"metric":{},"value":[1,"2"]}]}}"#;
        let answer = ok(body).unwrap();
        assert_eq!(answer.samples.len(), 1);
        assert_eq!(answer.warnings.len(), 1);
        assert!(answer.warnings[0].contains("1 series are native histograms"));
    }

    #[test]
    fn errors_are_told_in_the_words_of_the_source() {
        let parse = r#"{"status":"error","errorType":"bad_data",
            "error":"invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"}"#;
        let reason = "bad_data: invalid parameter \"query\": 1:5: parse error: unclosed left \
                      parenthesis";
        assert_eq!(
            failure(400, parse),
            Failure::Refused { status: StatusCode::BAD_REQUEST, reason: reason.to_owned() }
        );
        // VictoriaMetrics: the type is the status.
        let metricsql = r#"{"status":"error","errorType":"422","error":"cannot parse"}"#;
        let Failure::Refused { status, reason } = failure(422, metricsql) else { panic!() };
        assert_eq!((status.as_u16(), reason.as_str()), (422, "cannot parse"));
        let success = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
        let Failure::Refused { reason, .. } = failure(200, success) else { panic!() };
        assert_eq!(reason, "timeout: query timed out");
    }

    #[test]
    fn long_errors_are_cut() {
        let body = format!(r#"{{"status":"error","error":"{}"}}"#, "x".repeat(10_000));
        let Failure::Refused { reason, .. } = failure(503, &body) else { panic!() };
        assert_eq!(reason.chars().count(), 300);
    }

    #[test]
    fn refusals_are_refusals_whatever_their_page() {
        for status in [401, 403] {
            let status = StatusCode::from_u16(status).unwrap();
            for body in ["", "<html>sign in</html>", r#"{"status":"error","error":"no"}"#] {
                assert_eq!(failure(status.as_u16(), body), Failure::Forbidden(status));
            }
        }
    }

    #[test]
    fn pages_for_people_are_told_apart() {
        let page = "\n<!DOCTYPE html><html><head><title> Sign in\n to Grafana</title></head>";
        assert_eq!(malformed(page), "it is an HTML page, \"Sign in to Grafana\", not JSON");
        let Failure::Refused { reason, .. } = failure(502, "<html>nginx</html>") else { panic!() };
        assert_eq!(reason, "it is an HTML page, not JSON");
        let Failure::Refused { reason, .. } = failure(404, "404 page not found\n") else {
            panic!()
        };
        assert_eq!(reason, "404 page not found");
        let Failure::Refused { reason, .. } = failure(500, "") else { panic!() };
        assert_eq!(reason, "it says no more");
    }

    #[test]
    fn what_is_cut_off_is_never_a_part_of_the_truth() {
        for (end, _) in TWO.char_indices().skip(1) {
            let cut = malformed(TWO.get(..end).unwrap());
            assert_eq!(cut, "it is cut off", "{end}");
        }
        assert_eq!(malformed(""), "it is empty");
        assert!(malformed("OK").starts_with("it is not what the API gives"));
        assert!(malformed(&format!("{TWO}{TWO}")).starts_with("it is not what the API gives"));
    }

    #[test]
    fn other_result_types_are_not_vectors() {
        for (name, result) in [
            ("matrix", r#"[{"metric":{},"values":[[1,"2"]]}]"#),
            ("scalar", r#"[1,"2"]"#),
            ("string", r#"[1,"x"]"#),
        ] {
            let body = format!(
                r#"{{"status":"success","data":{{"resultType":"{name}","result":{result}}}}}"#
            );
            assert_eq!(malformed(&body), format!("it is a {name}, not a vector"));
        }
        assert_eq!(malformed(r#"{"status":"success"}"#), "it has no data");
        assert!(malformed("[]").starts_with("it is not what the API gives"));
        assert!(malformed(&"[".repeat(100_000)).starts_with("it is not what the API gives"));
    }

    #[test]
    fn what_is_checked_for_a_recording_is_decoded_to_its_end() {
        assert!(check(StatusCode::OK, TWO.as_bytes()).is_ok());
        assert!(check(StatusCode::OK, &TWO.as_bytes()[..100]).is_err());
        let wrong = TWO.replace("\"569.99\"", "569.99");
        assert!(
            check(StatusCode::OK, wrong.as_bytes()).is_ok(),
            "beyond the limit nothing is read"
        );
    }
}

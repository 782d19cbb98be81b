//! JSON answers as Backstage gives them: small ones with a weak `ETag`, ready-made ones without.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use sha1::{Digest, Sha1};

/// The content type of every JSON answer.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Characters of the base64 digest in an entity tag.
const TAG_LENGTH: usize = 27;

/// `body` with `status` and a weak entity tag; 304 where the caller has this very body already.
/// Source: Express `res.json`.
pub fn tagged_json(request: &HttpRequest, status: StatusCode, body: Bytes) -> HttpResponse {
    let tag = weak_tag(&body);
    if is_fresh(request, status, &tag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, JSON))
        .insert_header((header::ETAG, tag))
        .body(body)
}

/// `body` as it is, without an entity tag: ready-made entities. Source: Backstage
/// `writeEntitiesResponse`.
pub fn raw_json(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, JSON)).body(body)
}

/// `W/"<length in hex>-<SHA-1 in base64>"`. Source: npm `etag`.
fn weak_tag(body: &[u8]) -> String {
    let mut digest = STANDARD.encode(Sha1::digest(body));
    digest.truncate(TAG_LENGTH);
    format!("W/\"{:x}-{digest}\"", body.len())
}

/// Whether the caller's copy is the answer. Source: npm `fresh`.
fn is_fresh(request: &HttpRequest, status: StatusCode, tag: &str) -> bool {
    if !(request.method() == Method::GET || request.method() == Method::HEAD) {
        return false;
    }
    let text =
        |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(known) = text(header::IF_NONE_MATCH) else { return false };
    let must_be_new = text(header::CACHE_CONTROL)
        .is_some_and(|control| control.split(',').any(|directive| directive.trim() == "no-cache"));
    if must_be_new || !status.is_success() {
        return false;
    }
    let strong = tag.trim_start_matches("W/");
    known.trim() == "*"
        || known.split(',').any(|candidate| candidate.trim().trim_start_matches("W/") == strong)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_tag_is_expresss() {
        // Recorded from Backstage.
        assert_eq!(weak_tag(b"{\"status\":\"ok\"}"), "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"");
        assert_eq!(weak_tag(b"GET,HEAD"), "W/\"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg\"");
    }

    #[test]
    fn a_known_tag_is_answered_with_304_and_no_body() {
        let body = Bytes::from_static(b"{\"status\":\"ok\"}");
        let status = |tag: &'static str, control: &'static str| {
            let request = TestRequest::get()
                .insert_header(("if-none-match", tag))
                .insert_header(("cache-control", control))
                .to_http_request();
            tagged_json(&request, StatusCode::OK, body.clone()).status().as_u16()
        };
        assert_eq!(status("W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"", "max-age=0"), 304);
        assert_eq!(status("\"x\", \"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"", "max-age=0"), 304);
        assert_eq!(status("*", "max-age=0"), 304);
        assert_eq!(status("W/\"other\"", "max-age=0"), 200);
        assert_eq!(status("*", "no-cache"), 200);
    }

    #[test]
    fn an_error_is_never_answered_with_304() {
        let request = TestRequest::get().insert_header(("if-none-match", "*")).to_http_request();
        let answer = tagged_json(&request, StatusCode::NOT_FOUND, Bytes::from_static(b"{}"));
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
}

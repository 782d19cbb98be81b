//! The answer to a request that failed, and its one line in the log.

use std::error::Error;

use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::Serialize;

use crate::{
    api_error::{ApiError, ErrorClass},
    json_answer::tagged_json,
    request_id::request_id,
};

/// The error as Backstage's clients read it:
/// `{"error":{"name","message"},"request":{"method","url"},"response":{"statusCode"}}`, where `url`
/// is relative to the plugin's mount, such as `/entities?limit=1`.
pub fn json_error(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    let status = error.class().status();
    let body = ErrorBody {
        error: ErrorPart { name: error.class().name(), message: &shown_message(request, error) },
        request: RequestPart { method: request.method().as_str(), url: mounted_url(request) },
        response: ResponsePart { status_code: status.as_u16() },
    };
    let body = serde_json::to_vec(&body).unwrap_or_else(|_| b"{}".to_vec());
    let mut answer = tagged_json(request, status, body.into());
    if let Some(seconds) = error.retry_after() {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    answer
}

/// What the caller is told: the error's text, or for our own faults only where to look.
pub fn shown_message(request: &HttpRequest, error: &ApiError) -> String {
    match error.class() {
        ErrorClass::Internal => format!("internal error, request id {}", request_id(request)),
        _ => error.message().to_owned(),
    }
}

/// Logs `error` with its chain of causes: called once, where it is answered.
pub(crate) fn log_error(request: &HttpRequest, error: &ApiError) {
    let (method, path) = (request.method().as_str(), request.path());
    let status = error.class().status().as_u16();
    match error.class() {
        ErrorClass::Internal => tracing::error!(
            http.method = method,
            http.path = path,
            http.status = status,
            request.id = request_id(request),
            "{method} failed: {}",
            chain(error)
        ),
        ErrorClass::Unavailable => tracing::warn!(
            http.method = method,
            http.path = path,
            http.status = status,
            "{method} could not be answered now: {}",
            chain(error)
        ),
        _ => tracing::debug!(
            http.method = method,
            http.path = path,
            http.status = status,
            "{method} was refused: {}",
            chain(error)
        ),
    }
}

fn chain(error: &ApiError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // The outermost text may be the cause's own.
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

/// The URL without the mount of its plugin: `/api/catalog/entities?x` is `/entities?x`.
pub fn mounted_url(request: &HttpRequest) -> &str {
    let whole = request.uri().path_and_query().map_or("/", |url| url.as_str());
    let Some(rest) = whole.strip_prefix("/api/") else { return whole };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((_, "")) | None => "/",
        Some((_, url)) => url,
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorPart<'a>,
    request: RequestPart<'a>,
    response: ResponsePart,
}

#[derive(Serialize)]
struct ErrorPart<'a> {
    name: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct RequestPart<'a> {
    method: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct ResponsePart {
    #[serde(rename = "statusCode")]
    status_code: u16,
}

#[cfg(test)]
mod tests {
    use actix_web::{body::MessageBody, test::TestRequest};

    use super::*;

    fn body(error: &ApiError) -> String {
        let request = TestRequest::get()
            .uri("/api/catalog/entities/by-name/k/ns/n?x=1")
            .insert_header(("x-request-id", "r-1"))
            .to_http_request();
        let body = json_error(&request, error).into_body().try_into_bytes().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn the_body_is_the_one_that_every_client_parses() {
        assert_eq!(
            body(&ApiError::new(ErrorClass::NotFound, "No entity")),
            r#"{"error":{"name":"NotFoundError","message":"No entity"},"request":{"method":"GET","url":"/entities/by-name/k/ns/n?x=1"},"response":{"statusCode":404}}"#
        );
    }

    #[test]
    fn our_own_faults_reveal_nothing_but_the_request_id() {
        let error = ApiError::from_cause(ErrorClass::Internal, std::fmt::Error);
        let body = body(&error);
        assert!(
            body.contains(r#""name":"Error","message":"internal error, request id r-1""#),
            "{body}"
        );
        assert!(!body.contains(&std::fmt::Error.to_string()));
    }

    #[test]
    fn urls_are_relative_to_the_plugin() {
        let url = |uri: &str| mounted_url(&TestRequest::with_uri(uri).to_http_request()).to_owned();
        assert_eq!(url("/api/catalog/entities?limit=1"), "/entities?limit=1");
        assert_eq!(url("/api/catalog"), "/");
        assert_eq!(url("/api/catalog?x"), "?x");
        assert_eq!(url("/catalog?x"), "/catalog?x");
    }
}

//! The id that ties an answer to its line in the log.

use actix_web::{HttpMessage, HttpRequest};

/// The longest id of a proxy that is taken over, in bytes.
const MAX_LENGTH: usize = 64;

/// The id of a request: what a proxy gave as `X-Request-Id`, else a new one. The same however
/// often it is asked for; requests that nobody asks for have none, so it costs nothing.
pub fn request_id(request: &HttpRequest) -> String {
    if let Some(RequestId(id)) = request.extensions().get::<RequestId>() {
        return id.clone();
    }
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let id = match given.filter(|id| is_plain(id)) {
        Some(id) => id.to_owned(),
        None => uuid::Uuid::new_v4().to_string(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    id
}

struct RequestId(String);

/// Whether an id can go into a log and an answer as it is.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !id.is_empty() && id.len() <= MAX_LENGTH && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_request_keeps_its_id() {
        let request = TestRequest::default().to_http_request();
        assert_eq!(request_id(&request), request_id(&request));
    }

    #[test]
    fn an_id_of_a_proxy_is_taken_over_unless_it_could_break_a_log_line() {
        let with = |id: &'static str| {
            request_id(
                &TestRequest::default().insert_header(("x-request-id", id)).to_http_request(),
            )
        };
        assert_eq!(with("abc-123"), "abc-123");
        assert_ne!(with("abc 123"), "abc 123");
        assert_ne!(with("{\"x\":1}"), "{\"x\":1}");
    }
}

//! What stands around every route: the limit on request heads and the security headers.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
};

/// The longest request line and headers, in bytes. Source: Node's `--max-http-header-size`.
const MAX_HEAD_BYTES: usize = 16_384;

/// Upstream's helmet. A page sets its own, stricter `Content-Security-Policy`.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 11] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';\
             img-src 'self' data:;object-src 'none';script-src 'self' 'unsafe-eval';\
             script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=15552000; includeSubDomains"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
];

/// Refuses overlong heads with 431 and gives every answer the security headers that it does not
/// set itself. The outermost middleware: `.wrap(middleware::from_fn(shell))`.
///
/// # Errors
///
/// Those of what it wraps.
pub async fn shell<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut response = if head_bytes(&request) > MAX_HEAD_BYTES {
        let refusal = HttpResponse::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        request.into_response(refusal).map_into_right_body()
    } else {
        next.call(request).await?.map_into_left_body()
    };
    let headers = response.headers_mut();
    for (name, value) in &SECURITY_HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    Ok(response)
}

fn head_bytes(request: &ServiceRequest) -> usize {
    let line = request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    request.headers().iter().map(header).sum::<usize>() + line
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test, web};

    use super::*;

    async fn ask(uri: &str) -> ServiceResponse<impl MessageBody> {
        let page = web::to(async || {
            HttpResponse::Ok().insert_header((header::X_FRAME_OPTIONS, "DENY")).finish()
        });
        let app = test::init_service(App::new().wrap(from_fn(shell)).default_service(page)).await;
        test::call_service(&app, test::TestRequest::with_uri(uri).to_request()).await
    }

    #[actix_web::test]
    async fn long_heads_are_refused_where_node_refuses_them() {
        assert_eq!(ask(&format!("/{}", "x".repeat(15_000))).await.status(), 200);
        assert_eq!(ask(&format!("/{}", "x".repeat(17_000))).await.status(), 431);
    }

    #[actix_web::test]
    async fn an_answer_may_be_stricter_than_the_shell() {
        let answer = ask("/").await;
        assert_eq!(answer.headers().get(header::X_FRAME_OPTIONS).unwrap(), "DENY");
        assert_eq!(answer.headers().get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
    }
}

//! The JSON body of a request, as Backstage's routes read it.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, rt::time::timeout};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::api_error::{ApiError, ErrorClass};

/// The largest body, in bytes. Source: `express.json()`.
pub const MAX_BODY_BYTES: usize = 102_400;

/// How long the whole body of a request may take to arrive.
pub const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The body of a request; `None` where there is none. Only objects and lists are bodies.
///
/// Every refusal is an [`ErrorClass::Input`], as upstream's: too large, of another type, not JSON;
/// but for a body that does not arrive within [`BODY_DEADLINE`]: [`ErrorClass::RequestTimeout`].
#[derive(Debug, Clone, PartialEq)]
pub struct JsonBody(pub Option<Value>);

impl JsonBody {
    /// The body, or `{}` where there is none.
    pub fn or_empty(self) -> Value {
        self.0.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }
}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
        let mut payload = payload.take();
        Box::pin(async move {
            let body = in_time(BODY_DEADLINE, read(&mut payload)).await??;
            let content_type =
                content_type.as_ref().map(|value| value.to_str().unwrap_or_default());
            parse(content_type, &body).map(Self)
        })
    }
}

fn input(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorClass::Input, message)
}

/// What `reading` a body gives, if that does not take longer than `deadline`.
///
/// # Errors
///
/// [`ErrorClass::RequestTimeout`].
pub async fn in_time<F: Future>(deadline: Duration, reading: F) -> Result<F::Output, ApiError> {
    timeout(deadline, reading).await.map_err(|_| {
        let message = format!("the body did not arrive within {} s", deadline.as_secs());
        ApiError::new(ErrorClass::RequestTimeout, message)
    })
}

/// The whole body. Stops at the limit whatever length was announced.
async fn read(payload: &mut Payload) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::from_cause(ErrorClass::Input, error))?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(input("request entity too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Option<Value>, ApiError> {
    match content_type {
        Some(given) if !is_json(given) => {
            let given = given.split(';').next().unwrap_or_default().trim();
            return Err(input(format!("unsupported media type {given}")));
        }
        None => return Ok(None),
        Some(_) if body.is_empty() => return Ok(None),
        Some(_) => {}
    }
    let text = std::str::from_utf8(body).map_err(|_| input("the body is not UTF-8"))?;
    let first = text.trim_start().chars().next();
    if let Some(first) = first.filter(|first| !matches!(first, '{' | '[')) {
        return Err(input(format!("Unexpected token '{first}', the body is not valid JSON")));
    }
    let value = serde_json::from_str(text);
    value.map(Some).map_err(|error| input(format!("the body is not valid JSON: {error}")))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    async fn body(content_type: Option<&str>, body: String) -> Result<Option<Value>, String> {
        let mut request = TestRequest::post();
        if let Some(content_type) = content_type {
            request = request.insert_header((header::CONTENT_TYPE, content_type));
        }
        let (request, mut payload) = request.set_payload(body).to_http_parts();
        let body = JsonBody::from_request(&request, &mut payload).await;
        body.map(|JsonBody(value)| value).map_err(|error| {
            assert_eq!(error.class(), ErrorClass::Input);
            error.to_string()
        })
    }

    #[actix_web::test]
    async fn the_limit_is_expresss_and_its_status_400() {
        let list = |bytes: usize| format!("[\"{}\"]", "x".repeat(bytes - 4));
        let json = Some("application/json");
        assert!(body(json, list(MAX_BODY_BYTES)).await.is_ok());
        let refused = body(json, list(MAX_BODY_BYTES + 1)).await;
        assert_eq!(refused, Err("request entity too large".to_owned()));
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let never = futures_util::stream::pending();
        let mut payload: Payload = Payload::Stream { payload: Box::pin(never) };
        let refused = in_time(Duration::ZERO, read(&mut payload)).await.unwrap_err();
        assert_eq!(refused.class(), ErrorClass::RequestTimeout);
        assert_eq!(refused.class().status(), 408);
    }

    #[actix_web::test]
    async fn only_json_is_read() {
        let refused = body(Some("text/plain"), "x".to_owned()).await;
        assert_eq!(refused, Err("unsupported media type text/plain".to_owned()));
        assert_eq!(body(None, String::new()).await, Ok(None));
        assert_eq!(body(Some("application/json"), String::new()).await, Ok(None));
        let read = body(Some("Application/JSON; charset=utf-8"), "{}".to_owned()).await;
        assert_eq!(read, Ok(Some(serde_json::json!({}))));
    }

    #[actix_web::test]
    async fn what_is_no_object_and_no_list_is_no_body() {
        for text in ["{", "1", "\"x\"", "{bad"] {
            assert!(body(Some("application/json"), text.to_owned()).await.is_err(), "{text}");
        }
    }
}

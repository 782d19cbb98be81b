//! `/graphql`: the endpoint, the explorer, the schema and the WebSocket.

mod admission;
mod frame_limit;
mod web_socket;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use async_trait::async_trait;
use bytes::Bytes;
use callboard_graphql::{GraphqlService, explorer};
use callboard_http::{
    Answer, ApiError, Authenticated, BODY_DEADLINE, Caller, ErrorClass, GraphqlExecutor,
    PathMatching, RouteTable, in_time, shown_message,
};

pub(crate) use self::admission::{Admission, MAX_CONNECTIONS};

/// The largest body; the service refuses it before parsing.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 10;

/// The explorer takes nothing from elsewhere.
const EXPLORER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Lets pages execute documents in-process.
pub(crate) struct InProcess(pub(crate) GraphqlService);

#[async_trait]
impl GraphqlExecutor for InProcess {
    async fn execute_trusted(&self, request: Bytes, caller: &Caller) -> Bytes {
        self.0.execute_trusted(request, caller).await
    }
}

/// The routes; they need `web::Data` of [`GraphqlService`] and of [`Admission`].
pub(crate) fn routes() -> RouteTable {
    RouteTable::new(PathMatching::Exact)
        .errors_as(graphql_error)
        .post("/graphql", execute)
        .get("/graphql", explore)
        .get("/graphql/ws", web_socket::connect)
        .get("/graphql/schema.graphql", schema)
        .get("/graphql/{asset}", asset)
}

/// `POST /graphql`. Only JSON: a form or plain text could come from another site's page.
async fn execute(
    guard: Authenticated,
    request: HttpRequest,
    service: web::Data<GraphqlService>,
    body: web::Payload,
) -> Answer {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !matches!(kind, "application/json" | "application/graphql+json") {
        let message = "send the request as application/json";
        return Err(ApiError::new(ErrorClass::UnsupportedMediaType, message));
    }
    let body = in_time(BODY_DEADLINE, body.to_bytes_limited(MAX_BODY_BYTES)).await?;
    let Ok(Ok(body)) = body else {
        let message = format!("the request is larger than {MAX_BODY_BYTES} bytes");
        return Err(ApiError::new(ErrorClass::TooLarge, message));
    };
    let answer = service.execute_public(body, &guard.caller).await;
    let status =
        StatusCode::from_u16(answer.class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(answer.body))
}

/// `GET /graphql`: the explorer, for browsers.
async fn explore(_: Authenticated, request: HttpRequest) -> Answer {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let message = "queries are sent with POST; a browser finds the explorer here";
        return Err(ApiError::new(ErrorClass::Input, message));
    }
    Ok(page_part("text/html; charset=utf-8", explorer::PAGE))
}

/// `GET /graphql/schema.graphql`.
async fn schema(_: Authenticated) -> Answer {
    Ok(page_part("text/plain; charset=utf-8", callboard_graphql::sdl()))
}

/// `GET /graphql/{asset}`: what the explorer is made of.
async fn asset(_: Authenticated, asset: web::Path<String>) -> Answer {
    match asset.as_str() {
        "explorer.js" => Ok(page_part("text/javascript; charset=utf-8", explorer::SCRIPT)),
        "explorer.css" => Ok(page_part("text/css; charset=utf-8", explorer::STYLE)),
        _ => Err(ApiError::new(ErrorClass::NotFound, "there is no such file")),
    }
}

fn page_part(kind: &'static str, body: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_SECURITY_POLICY, EXPLORER_POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .body(body.into())
}

/// Errors of the transport in the form of GraphQL.
fn graphql_error(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    let code = match error.class() {
        ErrorClass::Unauthenticated => "UNAUTHENTICATED",
        ErrorClass::NotAllowed => "FORBIDDEN",
        ErrorClass::RequestTimeout => "REQUEST_TIMEOUT",
        ErrorClass::RateLimited => "RATE_LIMITED",
        ErrorClass::Unavailable => "UNAVAILABLE",
        ErrorClass::Internal => "INTERNAL",
        _ => "BAD_USER_INPUT",
    };
    let message = shown_message(request, error);
    let body = serde_json::json!({
        "errors": [{ "message": message, "extensions": { "code": code } }],
    });
    HttpResponse::build(error.class().status()).json(body)
}

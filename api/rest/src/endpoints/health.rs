//! Whether the process can serve: `/.backstage/health/v1/{readiness,liveness}`.

use std::{fmt, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use bytes::Bytes;
use callboard_http::{Answer, JSON, Public, tagged_json};

/// How far the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HealthStatus {
    /// It is not yet ready.
    Starting,
    /// It answers.
    Ready,
    /// It finishes what it has begun.
    Stopping,
}

/// Asks the process how far it is.
#[derive(Clone)]
pub struct HealthProbe(Arc<dyn Fn() -> HealthStatus + Send + Sync>);

impl HealthProbe {
    /// A probe that calls `status`, for every request: it must be quick.
    pub fn new(status: impl Fn() -> HealthStatus + Send + Sync + 'static) -> Self {
        Self(Arc::new(status))
    }
}

impl fmt::Debug for HealthProbe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HealthProbe({:?})", (self.0)())
    }
}

/// 200 once reads are answered; 503 before that and while stopping.
pub(crate) async fn readiness(
    _: Public,
    request: HttpRequest,
    probe: web::Data<HealthProbe>,
) -> Answer {
    Ok(match (probe.0)() {
        HealthStatus::Ready => ok(&request),
        HealthStatus::Starting => unavailable("Backend has not started yet"),
        HealthStatus::Stopping => unavailable("Backend is shutting down"),
    })
}

/// 200 as long as the process answers at all.
pub(crate) async fn liveness(_: Public, request: HttpRequest) -> Answer {
    Ok(ok(&request))
}

fn ok(request: &HttpRequest) -> HttpResponse {
    tagged_json(request, StatusCode::OK, Bytes::from_static(b"{\"status\":\"ok\"}"))
}

fn unavailable(message: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::CONTENT_TYPE, JSON))
        .body(format!("{{\"message\":\"{message}\",\"status\":\"error\"}}"))
}

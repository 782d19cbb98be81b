//! How the process tells what it does: structured logs, traces, and metrics on a listener of their
//! own.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::header, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Listen, TracesConfig};

/// What is logged unless `CALLBOARD_LOG` says otherwise. `notify` warns of every watched folder that
/// goes, of which the catalog tells itself; `actix_http` calls it an error of ours when a client
/// sends what is no request.
const DEFAULT_FILTER: &str = "info,sqlx=warn,sea_orm=warn,actix_server=warn,actix_http=off,\
     hyper=warn,h2=warn,notify=error";

/// Buckets of every duration, in seconds: from a cached read to a slow database.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The text of the metrics, ready to be rendered.
#[derive(Debug, Clone)]
pub(crate) struct Metrics(PrometheusHandle);

/// Ends the export of traces.
#[derive(Debug, Default)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends what is left; blocks for a short while.
    pub(crate) fn shut_down(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown()) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the last traces could not be sent");
        }
    }
}

/// Starts logging to standard error, in lines of JSON where it is not a terminal, and exporting
/// traces if the configuration asks for it.
pub(crate) fn start_logs(traces: Option<&TracesConfig>) -> anyhow::Result<Traces> {
    let filter =
        EnvFilter::try_from_env("CALLBOARD_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
    let lines = if is_terminal { lines.boxed() } else { lines.json().flatten_event(true).boxed() };
    let provider = traces.map(trace_provider).transpose()?;
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("callboard")));
    tracing_subscriber::registry().with(filter).with(lines).with(spans).try_init()?;
    Ok(Traces(provider))
}

fn trace_provider(config: &TracesConfig) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(config.endpoint.as_str())
        .build()?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("callboard").build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build())
}

/// Starts counting. Metrics of before are lost, so this comes first.
pub(crate) fn start_metrics() -> anyhow::Result<Metrics> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    Ok(Metrics(builder.install_recorder()?))
}

/// Serves `GET /metrics` until `stop`. An address that is taken is a warning: the portal matters
/// more than its figures.
pub(crate) async fn serve_metrics(metrics: Metrics, listen: Listen, stop: CancellationToken) {
    let Some(server) = bind(metrics, &listen) else { return stop.cancelled().await };
    let handle = server.handle();
    tokio::select! {
        ended = server => if let Err(error) = ended {
            tracing::warn!(%error, "metrics are no longer served");
        },
        () = stop.cancelled() => handle.stop(false).await,
    }
}

fn bind(metrics: Metrics, listen: &Listen) -> Option<Server> {
    let host = listen.host.as_deref().unwrap_or("0.0.0.0");
    let app = move || {
        let metrics = metrics.clone();
        App::new().app_data(web::Data::new(metrics)).route("/metrics", web::get().to(render))
    };
    match HttpServer::new(app).workers(1).disable_signals().bind((host, listen.port)) {
        Ok(server) => {
            if let Some(address) = server.addrs().first().copied() {
                announce(address);
            }
            Some(server.run())
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "metrics are not served: {listen} cannot be listened on");
            None
        }
    }
}

fn announce(address: SocketAddr) {
    tracing::info!(metrics.address = %address, "metrics are served at http://{address}/metrics");
}

async fn render(metrics: web::Data<Metrics>) -> HttpResponse {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, text)).body(metrics.0.render())
}

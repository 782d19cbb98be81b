//! The HTTP server: which surfaces are mounted where, and how it starts and ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Compress, Next, from_fn},
    web,
};
use anyhow::Context as _;
use callboard_catalog::catalog_engine::EngineStatus;
use callboard_frontend::Portal;
use callboard_graphql::GraphqlService;
use callboard_http::{
    ApiError, Cors, Credentials, ErrorClass, GraphqlExecutor, RouteTable, cors, json_error,
    refuse_unknown, shell,
};
use callboard_rest::RestState;
use tokio::sync::watch;

use crate::{
    config::Listen,
    graphql_endpoint::{self, Admission, InProcess},
    output,
};

/// Worker threads, each with a runtime of its own.
const MAX_WORKERS: usize = 16;

/// How long requests may take to end at a shutdown, in seconds.
const DRAIN_SECONDS: u64 = 10;

/// How long a request may wait for the catalog to be loaded.
const STARTUP_DEADLINE: Duration = Duration::from_secs(5);

/// How long a client may take to send its request head.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// What the surfaces need.
#[derive(Clone)]
pub(crate) struct Site {
    /// Backstage's wire.
    pub(crate) rest: RestState,
    /// What GraphQL is executed by.
    pub(crate) graphql: GraphqlService,
    /// What the pages share.
    pub(crate) portal: Portal,
    /// Who is who.
    pub(crate) credentials: Credentials,
    /// Which pages of other origins may call.
    pub(crate) cors: Option<Cors>,
    /// Who may open a WebSocket.
    pub(crate) sockets: Admission,
    /// What the engine is doing.
    pub(crate) status: watch::Receiver<EngineStatus>,
}

/// Every route of the process but the metrics, surface by surface.
pub(crate) fn route_tables() -> [RouteTable; 3] {
    [callboard_rest::route_table(), graphql_endpoint::routes(), callboard_frontend::routes()]
}

/// Mounts everything on one app of a worker.
fn mount(site: &Site, config: &mut web::ServiceConfig) {
    let executor: Arc<dyn GraphqlExecutor> = Arc::new(InProcess(site.graphql.clone()));
    config
        .app_data(web::Data::new(site.graphql.clone()))
        .app_data(web::Data::from(executor))
        .app_data(web::Data::new(site.credentials.clone()))
        .app_data(web::Data::new(site.sockets.clone()))
        .app_data(web::Data::new(site.status.clone()))
        .app_data(web::Data::new(site.portal.clone()));
    if let Some(cors) = &site.cors {
        config.app_data(web::Data::new(cors.clone()));
    }
    site.rest.provide(config);
    for table in route_tables() {
        table.mount(config);
    }
    for prefix in callboard_rest::PREFIXES {
        refuse_unknown(config, prefix);
    }
}

/// Serves until SIGTERM or Ctrl-C, then lets requests end.
pub(crate) async fn serve(site: Site, listen: &Listen) -> anyhow::Result<()> {
    let host = listen.host.as_deref().unwrap_or("0.0.0.0");
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(MAX_WORKERS);
    let mut status = site.status.clone();
    let app = move || {
        App::new()
            .wrap(Compress::default())
            .wrap(from_fn(cors))
            .wrap(from_fn(shell))
            .wrap(from_fn(hold_until_ready))
            .configure(|config| mount(&site, config))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .client_request_timeout(HEAD_DEADLINE)
        // A compressed answer leaves in several writes: without this, the second waits up to 40 ms
        // for the client to acknowledge the first.
        .tcp_nodelay(true)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals()
        .bind((host, listen.port))
        .with_context(|| format!("{listen} cannot be listened on; is another server there?"))?;
    let address = server.addrs().first().copied();
    let server = server.run();
    let handle = server.handle();
    let announce = async {
        let ready = status.wait_for(|status| status.is_ready).await;
        if let (Ok(_), Some(address)) = (ready, address) {
            announce(address);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = server => ended.context("the server ended by itself"),
        () = announce => Ok(()),
        () = told_to_end() => {
            tracing::info!("shutting down: no new connections, at most {DRAIN_SECONDS} s");
            handle.stop(true).await;
            Ok(())
        }
    }
}

/// Requests that come before the catalog is loaded wait a little and are then told to come again:
/// an empty answer would be a lie. Source: Backstage `createLifecycleMiddleware`.
async fn hold_until_ready(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let status = request.app_data::<web::Data<watch::Receiver<EngineStatus>>>().cloned();
    let is_health = request.path().starts_with("/.backstage/health/");
    if let Some(status) = status.filter(|_| !is_health)
        && !status.borrow().is_ready
    {
        let mut status = status.get_ref().clone();
        let ready = status.wait_for(|status| status.is_ready);
        if tokio::time::timeout(STARTUP_DEADLINE, ready).await.is_err() {
            let message = "Service has not started up yet";
            let error = ApiError::new(ErrorClass::Unavailable, message).retry_after_seconds(5);
            let answer = json_error(request.request(), &error);
            return Ok(request.into_response(answer).map_into_right_body());
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Tells who started the process, which waits for this line.
fn announce(address: SocketAddr) {
    tracing::info!(server.address = %address, "reads are answered at http://{address}/");
    if let Err(error) = output::print(&format!("ready: http://{address}")) {
        tracing::warn!(%error, "standard output cannot be written to");
    }
}

/// Returns at SIGTERM or Ctrl-C.
async fn told_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    if let Err(error) = interrupt.await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "signals cannot be waited for");
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;

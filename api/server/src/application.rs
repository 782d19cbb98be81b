//! The whole of Callboard, put together from a configuration.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use callboard_catalog::catalog_engine::CatalogEngine;
use callboard_frontend::{Portal, PortalAccess};
use callboard_graphql::{GraphqlService, SchemaPorts};
use callboard_http::{AnonymousAccess, Credentials};
use callboard_model::SystemClock;
use callboard_rest::{HealthProbe, HealthStatus, RestState};

use crate::{
    catalog_wiring,
    cluster_wiring::{self, CatalogPorts},
    config::{self, Config, LoadedConfig, ProcessSurroundings},
    graphql_endpoint::{Admission, MAX_CONNECTIONS},
    observability,
    supervisor::Supervisor,
    web_server,
};

/// What the command line adds to a configuration.
#[derive(Debug)]
pub(crate) struct Run {
    /// The configuration files, in order.
    pub(crate) files: Vec<PathBuf>,
    /// Where to listen, instead of `backend.listen`.
    pub(crate) listen: Option<String>,
    /// Who a request without credentials is.
    pub(crate) anonymous: AnonymousAccess,
}

/// Reads the configuration and serves it until the process is told to end.
pub(crate) async fn serve(run: Run) -> anyhow::Result<()> {
    let LoadedConfig { config, warnings } = config::load(&run.files, &ProcessSurroundings)?;
    let traces = observability::start_logs(config.callboard.traces.as_ref())?;
    let metrics = observability::start_metrics()?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let listen = match &run.listen {
        Some(text) => config::Listen::parse(text, 7007)
            .with_context(|| format!("--listen {text}: expected HOST:PORT"))?,
        None => config.backend.listen.clone(),
    };
    announce_exceptions(&config, run.anonymous);

    let mut supervisor = Supervisor::default();
    let metrics_listen = config.callboard.metrics_listen.clone();
    supervisor.keep_running("metrics", move |stop| {
        observability::serve_metrics(metrics.clone(), metrics_listen.clone(), stop)
    });
    let catalog_wiring::Started { engine, store } =
        catalog_wiring::start(&config, &mut supervisor).await?;
    let catalog = catalog_wiring::authorized(&engine);
    let ports = CatalogPorts { engine: &engine, catalog: catalog.clone(), facts: store };
    let topology = cluster_wiring::start(&config.clusters, ports, &mut supervisor).await?;
    let graphql = GraphqlService::new(SchemaPorts {
        catalog: catalog.clone(),
        topology,
        changes: Arc::new(engine.notices()),
        clock: Arc::new(SystemClock),
    });
    let site = web_server::Site {
        rest: RestState::new(catalog, health_probe(&engine, &supervisor)),
        graphql,
        credentials: Credentials::new(config.backend.external_access.clone(), run.anonymous),
        cors: config.backend.cors.clone(),
        sockets: Admission::new(
            &[&config.backend.base_url, &config.app.base_url],
            config.backend.cors.clone(),
            MAX_CONNECTIONS,
        ),
        status: engine.status(),
        portal: Portal {
            title: config.app.title.as_str().into(),
            access: match run.anonymous {
                AnonymousAccess::Guest => PortalAccess::Everybody,
                AnonymousAccess::Refused => PortalAccess::Credentials,
            },
        },
    };
    let served = web_server::serve(site, &listen).await;
    supervisor.shut_down().await;
    traces.shut_down();
    served
}

/// Ready once reads are answered, and no more once the process is told to end.
fn health_probe(engine: &CatalogEngine, supervisor: &Supervisor) -> HealthProbe {
    let (status, stop) = (engine.status(), supervisor.stop_token());
    HealthProbe::new(move || {
        if stop.is_cancelled() {
            HealthStatus::Stopping
        } else if status.borrow().is_ready {
            HealthStatus::Ready
        } else {
            HealthStatus::Starting
        }
    })
}

/// Says at the start whose portal it is, and who reads without the usual proof.
fn announce_exceptions(config: &Config, anonymous: AnonymousAccess) {
    let whose = config.organization.name.as_deref().unwrap_or("an unnamed organisation");
    tracing::info!("the portal of {whose}, which links name {}", config.app.base_url);
    if config.permission.is_enabled {
        tracing::warn!(
            "permission.enabled: this version has no policies yet; tokens and their \
             accessRestrictions decide"
        );
    }
    if anonymous == AnonymousAccess::Guest {
        tracing::warn!("demo: everybody who reaches this address reads everything as a guest");
    }
    for subject in &config.backend.unrestricted_subjects {
        tracing::info!("the token of {subject} reads everything: it has no accessRestrictions");
    }
}

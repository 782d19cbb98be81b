//! The catalog's part of the wiring: kinds, rules, sources, store and engine.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use callboard_auth::{AuthorizedEntitiesCatalog, StaticPolicy};
use callboard_catalog::{
    catalog_engine::{CatalogEngine, EngineOptions, EnginePorts, OrphanStrategy},
    entities_catalog::EntitiesCatalog,
    ingestion::EntityProvider,
    processing::{
        AllowedEntity, CatalogRule, CatalogRules, ProcessingOptions, ProcessingOrchestrator,
        RuleLocation, ScmHosts,
    },
    store::CatalogStore,
};
use callboard_egress::{EgressClient, EgressPolicy, Reach};
use callboard_model::{DescriptorLimits, KindRegistry};
use callboard_plugin_scm::{
    FileReader, FileWatcher, FileWatcherOptions, ScmReader, UrlTargetOptions, UrlTargetReader,
    WatchList,
};
use callboard_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{self, CatalogRuleConfig, Config},
    config_locations::ConfigLocationProvider,
    file_changes::FileRefresher,
    store_config,
    supervisor::Supervisor,
};

/// What runs, and what it writes to.
#[derive(Debug)]
pub(crate) struct Started {
    /// The engine.
    pub(crate) engine: Arc<CatalogEngine>,
    /// The store.
    pub(crate) store: Arc<Store>,
}

/// Starts the engine of `config` under `supervisor`.
pub(crate) async fn start(config: &Config, supervisor: &mut Supervisor) -> anyhow::Result<Started> {
    let store = Store::connect(&store_config::database(&config.backend.database)).await?;
    let store = Arc::new(store);
    let orchestrator = ProcessingOrchestrator::new(processing_options(config)?);
    let (watcher, changes) = FileWatcher::new(FileWatcherOptions::default());
    let policy = EgressPolicy { reach: Reach::Listed, allow: config.reading_allow_list() };
    let client = EgressClient::new(policy).context("outgoing requests cannot be made")?;
    let reader = Arc::new(source_reader(config, client.clone(), watcher.watch_list()));
    let locations = config.catalog.locations.iter();
    let locations = locations.map(|one| (one.kind.clone(), one.target.clone())).collect();
    let providers: Vec<Arc<dyn EntityProvider>> = vec![
        Arc::new(ConfigLocationProvider::new(locations)),
        Arc::new(FileRefresher::new(changes)),
    ];
    let ports = EnginePorts {
        store: Arc::clone(&store) as Arc<dyn CatalogStore>,
        reader,
        orchestrator: Arc::new(orchestrator),
        providers,
    };
    let engine = Arc::new(CatalogEngine::new(ports, engine_options(config)));
    let running = Arc::clone(&engine);
    supervisor.run("file watcher", |stop| watcher.run(stop));
    supervisor.keep_running("egress figures", move |stop| report_blocked(client.clone(), stop));
    supervisor.keep_running("catalog engine", move |stop| {
        let engine = Arc::clone(&running);
        async move { engine.run(stop).await }
    });
    Ok(Started { engine, store })
}

/// The catalog as callers may see it.
pub(crate) fn authorized(engine: &CatalogEngine) -> AuthorizedEntitiesCatalog {
    let catalog: Arc<dyn EntitiesCatalog> = engine.catalog();
    AuthorizedEntitiesCatalog::new(catalog, Arc::new(StaticPolicy))
}

fn engine_options(config: &Config) -> EngineOptions {
    EngineOptions {
        orphan_strategy: match config.catalog.orphan_strategy {
            config::OrphanStrategy::Delete => OrphanStrategy::Delete,
            config::OrphanStrategy::Keep => OrphanStrategy::Keep,
        },
        orphan_interval: Duration::from_secs(30),
        processing_interval: config.catalog.processing_interval,
    }
}

fn processing_options(config: &Config) -> anyhow::Result<ProcessingOptions> {
    let callboard = &config.callboard;
    let kinds = KindRegistry::new(&callboard.modules, callboard.kinds.clone())
        .context("callboard.kinds")?;
    let file_size = usize::try_from(callboard.limits.file_size_bytes).unwrap_or(usize::MAX);
    let limits = DescriptorLimits { file_bytes: file_size, ..DescriptorLimits::default() };
    let rules = CatalogRules::new(Some(global_rules(config)), location_rules(config))
        .context("catalog.rules")?;
    Ok(ProcessingOptions {
        rules: Arc::new(rules),
        hosts: Arc::new(ScmHosts::new(config.source_hosts.clone())),
        limits,
        ..ProcessingOptions::new(Arc::new(kinds))
    })
}

fn global_rules(config: &Config) -> Vec<CatalogRule> {
    config.catalog.rules.iter().map(catalog_rule).collect()
}

/// The rules that stand beside a single location hold for that location alone.
fn location_rules(config: &Config) -> Vec<CatalogRule> {
    let of_location = |location: &config::LocationConfig| {
        let only = RuleLocation {
            kind: location.kind.clone(),
            exact: Some(location.target.clone()),
            pattern: None,
        };
        let rules = location.rules.iter().map(move |rule| CatalogRule {
            locations: Some(vec![only.clone()]),
            ..catalog_rule(rule)
        });
        rules.collect::<Vec<_>>()
    };
    config.catalog.locations.iter().flat_map(of_location).collect()
}

fn catalog_rule(rule: &CatalogRuleConfig) -> CatalogRule {
    let allow = rule.allow.iter().map(|allowed| AllowedEntity::KindAndType {
        kind: allowed.kind.clone(),
        spec_type: allowed.spec_type.clone(),
    });
    let locations = rule.locations.as_ref().map(|locations| {
        let location = |location: &config::LocationMatcher| RuleLocation {
            kind: location.kind.clone().unwrap_or_else(|| "url".to_owned()),
            exact: location.exact.clone(),
            pattern: location.pattern.clone(),
        };
        locations.iter().map(location).collect()
    });
    CatalogRule { allow: allow.collect(), locations }
}

fn source_reader(config: &Config, client: EgressClient, watch_list: WatchList) -> ScmReader {
    let limits = &config.callboard.limits;
    let files = FileReader::new(limits.file_size_bytes, limits.read_concurrency);
    let urls = UrlTargetReader::new(
        Arc::new(client),
        UrlTargetOptions {
            allow: config.backend.reading.clone(),
            integrations: config.integrations.clone(),
            limit_bytes: limits.file_size_bytes,
            timeout: limits.read_timeout,
            concurrency: limits.read_concurrency,
        },
    );
    ScmReader::new(files.watched(watch_list), urls)
}

/// Shows what egress refused as `egress_blocked_total{reason}`.
async fn report_blocked(client: EgressClient, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        for (reason, count) in client.blocked().snapshot() {
            metrics::counter!("egress_blocked_total", "reason" => reason.name()).absolute(count);
        }
        tokio::select! { _ = tick.tick() => {}, () = stop.cancelled() => return }
    }
}

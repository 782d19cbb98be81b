//! A whole engine over real files and a real database, put together as the server does it.
//!
//! Nothing here sleeps: a test waits until readers see what it waits for, or fails at a deadline
//! with the catalog as it is then.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a world that cannot be built, or never becomes what is waited for, fails the test"
)]

mod database;
mod provider;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use callboard_catalog::{
    catalog_engine::{CatalogEngine, EngineOptions, EnginePorts, OrphanStrategy},
    entities_catalog::EntitiesCatalog,
    index::{CatalogReader, IndexedEntity},
    ingestion::EntityProvider,
    processing::{CatalogRules, ProcessingOptions, ProcessingOrchestrator, ScmHosts, ScmKind},
    query::{EntitiesQuery, EntityPredicate, ReadCondition},
    store::CatalogStore,
};
use callboard_egress::{EgressClient, EgressPolicy, Reach};
use callboard_model::{DescriptorLimits, EntityRef, KindDefinition, KindModule, KindRegistry};
use callboard_plugin::{AllowList, AllowedTarget};
use callboard_plugin_scm::{
    FileReader, FileWatcher, FileWatcherOptions, Integration, IntegrationKind, ScmReader,
    UrlTargetOptions, UrlTargetReader,
};
use callboard_store::{ConnectError, Store};
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

pub use database::EngineDatabase;
use provider::FileRefresher;
pub use provider::{Locations, ScriptedProvider, deferred};

/// How long anything may take before the test fails.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// What can be set of an engine.
#[derive(Debug, Clone)]
pub struct EngineSetup {
    /// `catalog.locations`, each a type and a target.
    pub locations: Vec<(String, String)>,
    /// Further providers.
    pub providers: Vec<Arc<ScriptedProvider>>,
    /// `catalog.rules`; everything is allowed by default.
    pub rules: CatalogRules,
    /// `callboard.kinds`.
    pub kinds: Vec<KindDefinition>,
    /// `backend.reading.allow`.
    pub allow: Vec<String>,
    /// `integrations`.
    pub integrations: Vec<Integration>,
    /// The largest file that is read.
    pub limit_bytes: u64,
    /// How long reading a URL may take.
    pub read_timeout: Duration,
    /// By default orphans stay and nothing is read again without need.
    pub options: EngineOptions,
    /// How long the ingestion lease lasts without renewal.
    pub lease: Duration,
}

impl Default for EngineSetup {
    fn default() -> Self {
        Self {
            locations: Vec::new(),
            providers: Vec::new(),
            rules: CatalogRules::allow_all(),
            kinds: Vec::new(),
            allow: Vec::new(),
            integrations: Vec::new(),
            limit_bytes: 10 << 20,
            read_timeout: Duration::from_secs(5),
            options: EngineOptions {
                orphan_strategy: OrphanStrategy::Delete,
                orphan_interval: Duration::from_hours(1),
                processing_interval: None,
            },
            lease: callboard_store::LEASE_TIME_TO_LIVE,
        }
    }
}

impl EngineSetup {
    /// A setup of these files or patterns of files.
    pub fn files(targets: &[&str]) -> Self {
        let locations = targets.iter().map(|target| ("file".to_owned(), (*target).to_owned()));
        Self { locations: locations.collect(), ..Self::default() }
    }

    /// The same with a scripted provider.
    #[must_use]
    pub fn with(mut self, provider: &Arc<ScriptedProvider>) -> Self {
        self.providers.push(Arc::clone(provider));
        self
    }

    /// The same with orphans deleted after a moment.
    #[must_use]
    pub fn cleaning_up(mut self) -> Self {
        self.options.orphan_interval = Duration::from_millis(50);
        self
    }
}

/// An engine that runs.
#[derive(Debug)]
pub struct RunningEngine {
    engine: Arc<CatalogEngine>,
    store: Option<Arc<Store>>,
    database: Option<EngineDatabase>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl RunningEngine {
    /// Starts an engine on `database`.
    pub async fn start(database: &EngineDatabase, setup: &EngineSetup) -> Self {
        let store = Arc::new(connect(database).await.with_lease_time_to_live(setup.lease));
        let mut running = Self::start_on(Arc::clone(&store) as Arc<dyn CatalogStore>, setup);
        running.store = Some(store);
        running
    }

    /// Starts an engine on an SQLite file of its own.
    pub async fn alone(setup: &EngineSetup) -> Self {
        let database = EngineDatabase::sqlite();
        let running = Self::start(&database, setup).await;
        Self { database: Some(database), ..running }
    }

    /// Starts an engine on a store that the test holds.
    pub fn start_on(store: Arc<dyn CatalogStore>, setup: &EngineSetup) -> Self {
        let (watcher, changes) = FileWatcher::new(FileWatcherOptions::default());
        let files = FileReader::new(setup.limit_bytes, 16).watched(watcher.watch_list());
        let mut providers: Vec<Arc<dyn EntityProvider>> =
            vec![Arc::new(Locations::new(&setup.locations)), Arc::new(FileRefresher::new(changes))];
        for provider in &setup.providers {
            providers.push(Arc::clone(provider) as Arc<dyn EntityProvider>);
        }
        let ports = EnginePorts {
            store,
            reader: Arc::new(ScmReader::new(files, url_reader(setup))),
            orchestrator: Arc::new(orchestrator(setup)),
            providers,
        };
        let engine = Arc::new(CatalogEngine::new(ports, setup.options.clone()));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(watcher.run(stop.clone()));
        let (running, token) = (Arc::clone(&engine), stop.clone());
        tasks.spawn(async move { running.run(token).await });
        Self { engine, store: None, database: None, stop, tasks }
    }

    /// The engine.
    pub fn engine(&self) -> &CatalogEngine {
        &self.engine
    }

    /// The catalog, for one who may read everything.
    pub fn reader(&self) -> CatalogReader {
        self.engine.catalog().reader(&ReadCondition::Everything)
    }

    /// Waits until `condition` gives something.
    ///
    /// # Panics
    ///
    /// At [`DEADLINE`], with what is served then.
    pub async fn until<T>(
        &self,
        what: &str,
        condition: impl FnMut(&CatalogReader) -> Option<T>,
    ) -> T {
        match self.until_or_deadline(condition).await {
            Some(found) => found,
            None => panic!("{what} never came; served is {}", dump(&self.reader())),
        }
    }

    /// Waits until `condition` gives something; `None` at [`DEADLINE`].
    pub async fn until_or_deadline<T>(
        &self,
        mut condition: impl FnMut(&CatalogReader) -> Option<T>,
    ) -> Option<T> {
        let mut notices = self.engine.notices().subscribe();
        let mut status = self.engine.status();
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = condition(&self.reader()) {
                return Some(found);
            }
            tokio::select! {
                _notice = notices.recv() => {}
                _changed = status.changed() => {}
                () = tokio::time::sleep_until(deadline) => return None,
            }
        }
    }

    /// Waits until an entity is served.
    pub async fn entity(&self, entity_ref: &str) -> Value {
        self.until(entity_ref, |reader| entity(reader, entity_ref)).await
    }

    /// Waits until an entity is served of which `condition` holds.
    pub async fn entity_with(
        &self,
        entity_ref: &str,
        what: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        let what = format!("{entity_ref} with {what}");
        self.until(&what, |reader| entity(reader, entity_ref).filter(&condition)).await
    }

    /// Waits until an entity is served no more.
    pub async fn gone(&self, entity_ref: &str) {
        let what = format!("the end of {entity_ref}");
        self.until(&what, |reader| entity(reader, entity_ref).is_none().then_some(())).await;
    }

    /// Waits until an entity has an error or warning that contains `text`, whether it is served or
    /// failed; gives the whole message.
    pub async fn problem(&self, entity_ref: &str, text: &str) -> String {
        let what = format!("{entity_ref} with a problem of {text:?}");
        self.until(&what, |reader| {
            problems(reader, entity_ref).into_iter().find(|message| message.contains(text))
        })
        .await
    }

    /// Waits until an entity is served without any problem.
    pub async fn healthy(&self, entity_ref: &str) -> Value {
        self.entity_with(entity_ref, "no problem", |entity| entity.get("status").is_none()).await
    }

    /// Waits until this process ingests.
    pub async fn ingesting(&self) {
        let mut status = self.engine.status();
        let ingesting = status.wait_for(|status| status.is_ingesting);
        let state = tokio::time::timeout(DEADLINE, ingesting).await;
        drop(state.expect("this engine never ingests").expect("the engine is gone"));
    }

    /// Ends it as a shutdown does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(DEADLINE, ended).await.expect("the engine does not end");
        self.close().await;
    }

    /// Ends it as a crash does: wherever it is.
    pub async fn kill(mut self) {
        self.tasks.shutdown().await;
        self.close().await;
    }

    async fn close(self) {
        drop((self.engine, self.tasks));
        if let Some(store) = self.store.and_then(Arc::into_inner) {
            store.close().await;
        }
        drop(self.database);
    }
}

/// Everything that is served and that failed, by ref, without what differs between two runs: uid
/// and etag. Failed entities have `failed` before their ref.
pub fn final_entities(reader: &CatalogReader) -> BTreeMap<String, Value> {
    let page = reader.entities(&EntitiesQuery::default());
    let served = page.items.iter().map(|entity| (entity.entity_ref.to_string(), plain(entity)));
    let failed = reader.failed(&EntityPredicate::always());
    let failed =
        failed.iter().map(|entity| (format!("failed {}", entity.entity_ref), plain(entity)));
    served.chain(failed).collect()
}

/// The uid of every entity that is served.
pub fn uids(reader: &CatalogReader) -> BTreeMap<String, String> {
    let page = reader.entities(&EntitiesQuery::default());
    let uid = |entity: &Arc<IndexedEntity>| (entity.entity_ref.to_string(), entity.uid.to_string());
    page.items.iter().map(uid).collect()
}

/// An entity that is served, as JSON.
pub fn entity(reader: &CatalogReader, entity_ref: &str) -> Option<Value> {
    reader.entity(&canonical(entity_ref)).map(|entity| json(&entity))
}

/// An entity that never processed, as JSON.
pub fn failed(reader: &CatalogReader, entity_ref: &str) -> Option<Value> {
    let wanted = canonical(entity_ref);
    let failed = reader.failed(&EntityPredicate::always());
    failed.iter().find(|entity| entity.entity_ref == wanted).map(|entity| json(entity))
}

/// The messages of an entity's `status.items`, whether it is served or failed.
pub fn problems(reader: &CatalogReader, entity_ref: &str) -> Vec<String> {
    let found = entity(reader, entity_ref).or_else(|| failed(reader, entity_ref));
    let items = found.as_ref().and_then(|entity| entity.pointer("/status/items")?.as_array());
    let message = |item: &Value| item.get("message")?.as_str().map(str::to_owned);
    items.into_iter().flatten().filter_map(message).collect()
}

/// The targets of an entity's relations of one type.
pub fn targets(entity: &Value, relation: &str) -> Vec<String> {
    let relations = entity.get("relations").and_then(Value::as_array);
    let text = |relation: &Value, field: &str| relation.get(field)?.as_str().map(str::to_owned);
    relations
        .into_iter()
        .flatten()
        .filter(|one| text(one, "type").as_deref() == Some(relation))
        .filter_map(|one| text(one, "targetRef"))
        .collect()
}

/// A ref of its canonical text.
///
/// # Panics
///
/// If it is none.
pub fn canonical(entity_ref: &str) -> EntityRef {
    EntityRef::from_canonical(entity_ref).expect("a ref with all its parts, in lower case")
}

fn json(entity: &IndexedEntity) -> Value {
    serde_json::from_slice(&entity.json).expect("a served entity is JSON")
}

fn plain(entity: &IndexedEntity) -> Value {
    let mut value = json(entity);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("uid");
        metadata.remove("etag");
    }
    value
}

fn dump(reader: &CatalogReader) -> String {
    serde_json::to_string_pretty(&final_entities(reader)).expect("JSON is JSON")
}

async fn connect(database: &EngineDatabase) -> Store {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match Store::connect(database.config()).await {
            Ok(store) => return store,
            // A killed engine gives its file free a moment later.
            Err(ConnectError::InUse { .. }) if Instant::now() < deadline => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn orchestrator(setup: &EngineSetup) -> ProcessingOrchestrator {
    let kinds = KindRegistry::new(&KindModule::ALL, setup.kinds.clone()).expect("kinds");
    let file_bytes = usize::try_from(setup.limit_bytes).expect("a limit that fits");
    ProcessingOrchestrator::new(ProcessingOptions {
        rules: Arc::new(setup.rules.clone()),
        hosts: Arc::new(scm_hosts(&setup.integrations)),
        limits: DescriptorLimits { file_bytes, ..DescriptorLimits::default() },
        ..ProcessingOptions::new(Arc::new(kinds))
    })
}

fn scm_hosts(integrations: &[Integration]) -> ScmHosts {
    ScmHosts::new(integrations.iter().map(|integration| {
        let kind = match integration.kind {
            IntegrationKind::GitHub => ScmKind::Github,
            IntegrationKind::GitLab => ScmKind::Gitlab,
            IntegrationKind::Gitea => ScmKind::Gitea,
        };
        (integration.host.clone(), kind)
    }))
}

fn url_reader(setup: &EngineSetup) -> UrlTargetReader {
    let targets = setup.allow.iter().map(|host| AllowedTarget::new(host, None).expect("a host"));
    let allow = AllowList::new(targets.collect());
    let whole = allow.clone().and(setup.integrations.iter().flat_map(Integration::allowed_targets));
    let policy = EgressPolicy { reach: Reach::Listed, allow: whole };
    UrlTargetReader::new(
        Arc::new(EgressClient::new(policy).expect("a client")),
        UrlTargetOptions {
            allow,
            integrations: setup.integrations.clone(),
            limit_bytes: setup.limit_bytes,
            timeout: setup.read_timeout,
            concurrency: 16,
        },
    )
}

//! Databases and values that the tests share.

use std::sync::Arc;

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    store::{
        CatalogStore, Commit, Fence, FinalEntityChange, RefreshStateChange, RefreshStateRow,
        Revision,
    },
};
use callboard_model::EntityRef;
use callboard_store::{DatabaseConfig, SqliteLocation, Store};
use callboard_tests::postgres::TestDatabase;
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, Database};

/// Runs the tests on a file of SQLite and on PostgreSQL, each on a database of its own.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::store::fixture::TestStore::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let test = concat!(module_path!(), "::", stringify!($test));
                    if let Some(database) = $crate::store::fixture::TestStore::postgres(test) {
                        super::$test(database).await;
                    }
                }
            )+
        }
    };
}
/// Runs the tests on SQLite in memory, too.
macro_rules! in_memory {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::store::fixture::TestStore::memory()).await;
                }
            )+
        }
    };
}
pub(crate) use {in_memory, on_each_database};

/// A database of one test.
pub(crate) struct TestStore {
    config: DatabaseConfig,
    postgres: Option<TestDatabase>,
    _folder: Option<tempfile::TempDir>,
}

impl TestStore {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteLocation::File(folder.path().join("callboard.db"));
        Self { config: DatabaseConfig::Sqlite(file), postgres: None, _folder: Some(folder) }
    }

    pub(crate) fn memory() -> Self {
        let config = DatabaseConfig::Sqlite(SqliteLocation::Memory);
        Self { config, postgres: None, _folder: None }
    }

    pub(crate) fn postgres(test: &str) -> Option<Self> {
        let database = TestDatabase::create(test)?;
        Some(Self { config: database.config(), postgres: Some(database), _folder: None })
    }

    pub(crate) fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    pub(crate) async fn open(&self) -> Store {
        Store::connect(&self.config).await.unwrap()
    }

    /// Two processes of one PostgreSQL; of SQLite, which has but one, twice the same.
    pub(crate) async fn open_two(&self) -> (Arc<Store>, Arc<Store>) {
        let first = Arc::new(self.open().await);
        let second = match self.postgres {
            Some(_) => Arc::new(self.open().await),
            None => Arc::clone(&first),
        };
        (first, second)
    }

    /// A connection beside the store, to look at the tables or to spoil them.
    pub(crate) async fn connection(&self) -> sea_orm::DatabaseConnection {
        let url = match &self.config {
            DatabaseConfig::Sqlite(SqliteLocation::File(file)) => {
                format!("sqlite://{}", file.display())
            }
            DatabaseConfig::Sqlite(SqliteLocation::Memory) => panic!("it has no second connection"),
            DatabaseConfig::Postgres(at) => {
                format!("postgres://{}@{}:{}/{}", at.user, at.host, at.port, at.database)
            }
        };
        Database::connect(url).await.unwrap()
    }

    /// What `psql` prints for a statement.
    pub(crate) fn query(&self, sql: &str) -> String {
        self.postgres.as_ref().expect("a database of PostgreSQL").query(sql).unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let connection = self.connection().await;
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }
}

pub(crate) async fn fence(store: &Store) -> Fence {
    store.acquire_lease(None).await.unwrap().expect("the lease is free").fence
}

pub(crate) fn entity_ref(name: &str) -> EntityRef {
    EntityRef::new("component", "default", name)
}

/// The refresh state of an entity, with `version` in every field that may change.
pub(crate) fn state(name: &str, version: &str) -> RefreshStateRow {
    RefreshStateRow {
        entity_ref: entity_ref(name),
        entity_id: format!("uid-of-{name}").into(),
        location_key: Some(format!("url:https://example.com/{version}").into()),
        unprocessed_hash: format!("unprocessed-{version}").into(),
        result_hash: Some(format!("result-{version}").into()),
        processing: format!("{{\"version\":\"{version}\"}}").into(),
        emitted_by: [Arc::from("entity:location:default/all"), version.into()].into(),
    }
}

pub(crate) fn put_state(name: &str, version: &str) -> RefreshStateChange {
    let unprocessed = Some(format!("{{\"unprocessed\":\"{version}\"}}").into());
    RefreshStateChange::Put { row: state(name, version), unprocessed }
}

pub(crate) fn entity(name: &str, version: &str) -> FinalEntity {
    FinalEntity {
        entity_ref: entity_ref(name),
        entity_id: format!("uid-of-{name}").into(),
        state: FinalState::Completed,
        body: format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}").into(),
        parents: [EntityRef::new("location", "default", "all")].into(),
    }
}

pub(crate) fn put(name: &str, version: &str) -> FinalEntityChange {
    FinalEntityChange::Put(entity(name, version))
}

pub(crate) fn delete(name: &str) -> FinalEntityChange {
    FinalEntityChange::Delete(entity_ref(name))
}

pub(crate) fn commit(
    refresh_states: Vec<RefreshStateChange>,
    final_entities: Vec<FinalEntityChange>,
) -> Commit {
    Commit { refresh_states, final_entities, cause: "ingestion" }
}

/// All final entities by ref, and their revision.
pub(crate) async fn final_entities(store: &Store) -> (Revision, Vec<FinalEntity>) {
    let (revision, chunks) = store.final_entities().await.unwrap();
    let mut entities = chunks.try_concat().await.unwrap();
    entities.sort_by(|one, other| one.entity_ref.cmp(&other.entity_ref));
    (revision, entities)
}

/// All refresh states by ref.
pub(crate) async fn refresh_states(store: &Store) -> Vec<RefreshStateRow> {
    let chunks = store.refresh_states().await.unwrap();
    let mut states = chunks.try_concat().await.unwrap();
    states.sort_by(|one, other| one.entity_ref.cmp(&other.entity_ref));
    states
}

/// The unprocessed text of one entity.
pub(crate) async fn unprocessed(store: &Store, name: &str) -> Option<Arc<str>> {
    let found = store.unprocessed(&[entity_ref(name)]).await.unwrap();
    found.into_iter().next().map(|(_, text)| text)
}

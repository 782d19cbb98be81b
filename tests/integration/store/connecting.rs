//! Opening a database, and refusing to.

use std::time::Duration;

use callboard_migrations::Migrator;
use callboard_store::{
    ConnectError, DatabaseConfig, MissingDatabase, PostgresConfig, SqliteLocation, Store, migrate,
};
use callboard_tests::postgres::TestDatabase;
use sea_orm_migration::MigratorTrait;

use super::fixture::{TestStore, commit, fence, final_entities, on_each_database, put};
use callboard_catalog::store::CatalogStore;

on_each_database!(
    migrating_twice_does_nothing,
    a_database_of_a_newer_release_is_refused,
    the_schema_can_be_taken_back_and_made_again,
);

async fn migrating_twice_does_nothing(database: TestStore) {
    database.open().await.close().await;
    assert!(migrate(database.config()).await.unwrap().applied.is_empty());
}

async fn a_database_of_a_newer_release_is_refused(database: TestStore) {
    database.open().await.close().await;
    let step = "INSERT INTO callboard_migration (version, applied_at) VALUES ('m9999_later', 0)";
    database.execute(step).await;
    let refused = Store::connect(database.config()).await.unwrap_err();
    assert!(matches!(&refused, ConnectError::SchemaTooNew { step } if step == "m9999_later"));
    assert!(refused.to_string().contains("newer release"), "{refused}");
    assert!(matches!(migrate(database.config()).await, Err(ConnectError::SchemaTooNew { .. })));
}

async fn the_schema_can_be_taken_back_and_made_again(database: TestStore) {
    let store = database.open().await;
    let first = fence(&store).await;
    store.commit(first, &commit(Vec::new(), vec![put("a", "1")])).await.unwrap();
    store.close().await;
    let connection = database.connection().await;
    Migrator::down(&connection, None).await.unwrap();
    connection.close().await.unwrap();
    let applied = migrate(database.config()).await.unwrap().applied;
    assert_eq!(applied.len(), Migrator::migrations().len());
    let store = database.open().await;
    assert_eq!(final_entities(&store).await, (0, Vec::new()));
}

#[tokio::test]
async fn a_second_store_on_an_sqlite_file_is_refused() {
    let database = TestStore::sqlite();
    let store = database.open().await;
    let refused = Store::connect(database.config()).await.unwrap_err();
    assert!(matches!(refused, ConnectError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    store.close().await;
    database.open().await;
}

#[cfg(unix)]
#[tokio::test]
async fn an_sqlite_file_is_one_by_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("callboard.db");
    let at = |path: &std::path::Path| DatabaseConfig::Sqlite(SqliteLocation::File(path.into()));
    let store = Store::connect(&at(&real)).await.unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert!(matches!(Store::connect(&at(&link)).await, Err(ConnectError::InUse { .. })));
    store.close().await;
}

#[tokio::test]
async fn the_folder_of_an_sqlite_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a/b/callboard.db");
    let config = DatabaseConfig::Sqlite(SqliteLocation::File(file.clone()));
    Store::connect(&config).await.unwrap();
    assert!(file.exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "these are notes, and long enough to be taken for a page".repeat(99))
        .unwrap();
    let config = DatabaseConfig::Sqlite(SqliteLocation::File(file.clone()));
    let refused = Store::connect(&config).await.unwrap_err();
    assert!(refused.to_string().contains("notes.txt"), "{refused}");
}

#[tokio::test]
async fn a_missing_database_is_created_if_asked_for() {
    let test = "store::connecting::a_missing_database_is_created_if_asked_for";
    let Some(database) = TestDatabase::create(test) else { return };
    let config = PostgresConfig {
        database: format!("{}-\"new\"", database.postgres().database),
        ..database.postgres()
    };
    let refuse = PostgresConfig { missing_database: MissingDatabase::Refuse, ..config.clone() };
    let refused = Store::connect(&DatabaseConfig::Postgres(refuse)).await.unwrap_err();
    assert!(matches!(&refused, ConnectError::Server { .. }), "{refused:?}");

    let create = PostgresConfig { missing_database: MissingDatabase::Create, ..config.clone() };
    let create = DatabaseConfig::Postgres(create);
    let (one, other) = tokio::join!(Store::connect(&create), Store::connect(&create));
    one.unwrap().close().await;
    other.unwrap().close().await;
    let name = config.database.replace('"', "\"\"");
    database.query(&format!("DROP DATABASE \"{name}\" WITH (FORCE)")).unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let test = "store::connecting::a_database_that_cannot_hold_every_text_is_refused";
    let Some(database) = TestDatabase::create(test) else { return };
    let name = format!("{}_latin", database.postgres().database);
    let create = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";
    database.query(&format!("CREATE DATABASE {name} {create}")).unwrap();
    let latin = PostgresConfig { database: name.clone(), ..database.postgres() };
    let refused = Store::connect(&DatabaseConfig::Postgres(latin)).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Encoding { .. }), "{refused:?}");
    database.query(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
}

#[tokio::test]
async fn each_schema_is_a_catalog_of_its_own() {
    let test = "store::connecting::each_schema_is_a_catalog_of_its_own";
    let Some(database) = TestDatabase::create(test) else { return };
    let at = |schema: &str| {
        DatabaseConfig::Postgres(PostgresConfig {
            schema: Some(schema.to_owned()),
            ..database.postgres()
        })
    };
    let one = Store::connect(&at("callboard")).await.unwrap();
    let other = Store::connect(&at("Odd \\ \"name\"")).await.unwrap();
    let fence = fence(&one).await;
    one.commit(fence, &commit(Vec::new(), vec![put("a", "1")])).await.unwrap();
    assert_eq!(final_entities(&one).await.1.len(), 1);
    assert_eq!(final_entities(&other).await.1.len(), 0);
    let count = database.query("SELECT count(*) FROM callboard.final_entity").unwrap();
    assert_eq!(count, "1");
    assert_eq!(database.query("SELECT count(*) FROM public.final_entity").unwrap(), "0");
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let config = PostgresConfig {
        port: 1,
        password: Some("correct-horse".into()),
        connect_deadline: Duration::from_millis(200),
        ..PostgresConfig::default()
    };
    let config = DatabaseConfig::Postgres(config);
    let error = Store::connect(&config).await.unwrap_err();
    let mut told = format!("{error:?} {config:?}");
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        told.push_str(&error.to_string());
        next = error.source();
    }
    assert!(told.contains("127.0.0.1:1"), "{told}");
    assert!(!told.contains("correct-horse"), "{told}");
}

//! Bringing the schema up to date.

use callboard_migrations::{MIGRATION_TABLE, Migrator};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement, TransactionTrait,
};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use crate::{
    config::DatabaseConfig,
    connect_error::ConnectError,
    database::{Database, DatabaseKind},
    store::open,
};

/// Two processes that start at once must not migrate at once. The number means nothing.
const ADVISORY_LOCK: i64 = 0x6361_6c6c_626f_6172;

const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// The steps that were applied now, in order; empty where all were applied before.
    pub applied: Vec<String>,
}

/// Brings the schema of a database up to date, and does nothing else with it. What `callboard
/// migrate` does; [`Store::connect`](crate::Store::connect) does it too.
///
/// # Errors
///
/// [`ConnectError`] as its variants say; a step that fails leaves no trace.
pub async fn migrate(config: &DatabaseConfig) -> Result<MigrationReport, ConnectError> {
    let database = open(config).await?;
    let report = migrate_database(&database).await;
    database.close().await;
    report
}

/// The same, on an open database.
pub(crate) async fn migrate_database(database: &Database) -> Result<MigrationReport, ConnectError> {
    if pending(&database.writer).await?.is_empty() {
        return Ok(MigrationReport { applied: Vec::new() });
    }
    let failed = |source: DbErr| ConnectError::Migrate { source: source.into() };
    let guard = lock(database).await.map_err(failed)?;
    // Another process may have done it while we waited.
    let applied = pending(&database.writer).await?;
    if !applied.is_empty() {
        Migrator::up(&database.writer, None).await.map_err(failed)?;
    }
    if let Some(transaction) = guard {
        transaction.commit().await.map_err(failed)?;
    }
    Ok(MigrationReport { applied })
}

/// Lets one process of PostgreSQL at a time pass, until the transaction ends. An SQLite file has but
/// one process.
async fn lock(database: &Database) -> Result<Option<DatabaseTransaction>, DbErr> {
    if database.kind != DatabaseKind::Postgres {
        return Ok(None);
    }
    let transaction = database.reader.begin().await?;
    transaction.execute_raw(database.statement(LOCK, [ADVISORY_LOCK.into()])).await?;
    Ok(Some(transaction))
}

/// The steps that this database has not seen.
async fn pending(connection: &DatabaseConnection) -> Result<Vec<String>, ConnectError> {
    let seen =
        seen(connection).await.map_err(|source| ConnectError::Migrate { source: source.into() })?;
    let known: Vec<String> =
        Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    match seen.iter().find(|step| !known.contains(step)) {
        Some(step) => Err(ConnectError::SchemaTooNew { step: step.clone() }),
        None => Ok(known.into_iter().filter(|step| !seen.contains(step)).collect()),
    }
}

async fn seen(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    if !SchemaManager::new(connection).has_table(MIGRATION_TABLE).await? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT version FROM {MIGRATION_TABLE} ORDER BY version");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

//! SQLite: a file of one process.

use std::{
    error::Error,
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{
    SqlxSqliteConnector,
    sqlx::{
        self, ConnectOptions,
        sqlite::{
            SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
            SqliteSynchronous,
        },
    },
};

use crate::{
    config::SqliteLocation,
    connect_error::ConnectError,
    database::{Database, DatabaseKind},
};

/// Milliseconds since 1970.
pub(crate) const NOW_MS: &str = "CAST(unixepoch('subsec') * 1000 AS integer)";

/// Readers beside the one writer.
const READERS: u32 = 4;

/// A final entity has some 2.4 KB: six to a page, where pages of the default 4 KiB would hold one
/// and waste the rest. Takes effect when the file is created.
const PAGE_BYTES: u32 = 16 * 1024;

/// Pages that the writer keeps, in KiB as SQLite wants it (negative): enough for the inner pages
/// of the indexes of 100,000 entities, which would else be read again and again.
const WRITER_CACHE: &str = "-16000";

/// How long a statement waits for a lock: of a backup tool, say, since no other process writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the database, which is created where it is missing.
pub(crate) async fn open(location: &SqliteLocation) -> Result<Database, ConnectError> {
    match location {
        SqliteLocation::Memory => open_memory().await,
        SqliteLocation::File(path) => open_file(path).await,
    }
}

async fn open_memory() -> Result<Database, ConnectError> {
    let options = options().in_memory(true).filename(":memory:");
    // Each connection to `:memory:` would be a database of its own.
    let pool = pool(options, 1).await.map_err(|source| ConnectError::File {
        path: PathBuf::from(":memory:"),
        source: source.into(),
    })?;
    let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    Ok(Database::new(DatabaseKind::SqliteMemory, connection.clone(), connection))
}

async fn open_file(path: &Path) -> Result<Database, ConnectError> {
    let failed =
        |source: Box<dyn Error + Send + Sync>| ConnectError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder).await.map_err(|source| failed(source.into()))?;
    }
    let lock = lock(path).await?;
    let options = options().filename(path).create_if_missing(true);
    let writer = pool(options.clone().pragma("cache_size", WRITER_CACHE), 1)
        .await
        .map_err(|source| failed(source.into()))?;
    let reader = pool(options, READERS).await.map_err(|source| failed(source.into()))?;
    let database = Database::new(
        DatabaseKind::SqliteFile,
        SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
    );
    Ok(database.locked_by(lock))
}

/// Locks `<file>.lock` for as long as the result lives. The lock goes with the process, however it
/// ends; the file stays, because removing it would race with the next one that locks it.
async fn lock(path: &Path) -> Result<File, ConnectError> {
    let failed = |source: std::io::Error| ConnectError::File {
        path: path.to_owned(),
        source: source.into(),
    };
    // Two names of one file must meet at one lock.
    let real = tokio::fs::canonicalize(path).await.unwrap_or_else(|_| path.to_owned());
    let mut name = OsString::from(real);
    name.push(".lock");
    let mut options = tokio::fs::OpenOptions::new();
    let file =
        options.create(true).truncate(false).write(true).open(&name).await.map_err(failed)?;
    let file = file.into_std().await;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ConnectError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

async fn pool(options: SqliteConnectOptions, size: u32) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

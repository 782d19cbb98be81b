//! An open database.

use std::{fs::File, future::Future, time::Duration};

use callboard_catalog::store::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, Value};
use tokio::time::timeout;

use crate::error::orm_error;

/// No statement may take longer: a connection that is dead without knowing it would wait for ever.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long the end waits for statements under way.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Which kind of database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    /// One connection, which reads and writes.
    SqliteMemory,
    /// One connection that writes, several that read.
    SqliteFile,
    /// A pool for everything, and others beside us.
    Postgres,
}

/// Where to write and where to read.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) kind: DatabaseKind,
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    /// Keeps other processes from an SQLite file.
    lock: Option<File>,
}

impl Database {
    /// An open database.
    pub(crate) fn new(
        kind: DatabaseKind,
        writer: DatabaseConnection,
        reader: DatabaseConnection,
    ) -> Self {
        Self { kind, writer, reader, lock: None }
    }

    /// The same, holding a lock for as long as it lives.
    pub(crate) fn locked_by(self, lock: File) -> Self {
        Self { lock: Some(lock), ..self }
    }

    /// Ends all connections, the readers' first, and gives an SQLite file free.
    pub(crate) async fn close(self) {
        for connection in [self.reader, self.writer] {
            if timeout(CLOSE_LIMIT, connection.close()).await.is_err() {
                tracing::warn!("the database is left while somebody still reads from it");
            }
        }
        drop(self.lock);
    }

    /// A statement with bound values; `$1`, `$2`, … in both databases.
    pub(crate) fn statement<const VALUES: usize>(
        &self,
        sql: &str,
        values: [Value; VALUES],
    ) -> Statement {
        Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values)
    }

    /// The rows of a small answer.
    pub(crate) async fn query(
        &self,
        doing: &'static str,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let rows = self.reader.query_all_raw(statement);
        within(doing, async { rows.await.map_err(|error| orm_error(doing, error)) }).await
    }
}

/// `work`, or [`StoreError::Unavailable`] when it takes too long.
pub(crate) async fn within<T>(
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(DEADLINE, work).await {
        Ok(outcome) => outcome,
        Err(source) => Err(StoreError::Unavailable { doing, source: Box::new(source) }),
    }
}

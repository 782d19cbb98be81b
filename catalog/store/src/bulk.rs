//! Statements inside a write transaction, on the drivers' own connections.
//!
//! sea-orm's statements copy each value twice on the way. That is nothing for one row and
//! much for ten thousand bodies, so the one write path goes to sqlx directly.

use std::{future::Future, sync::Arc};

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Row, SqliteConnection, query::Query};

/// A row of texts to be inserted.
pub(crate) type TextRow<const COLUMNS: usize> = [Option<Arc<str>>; COLUMNS];

/// Rows in one statement of SQLite. Few enough to be prepared once and kept, and with every
/// table's columns below the limit of 32,766 parameters.
const SQLITE_ROWS: usize = 64;

/// Bytes of text in one statement of PostgreSQL, whose messages end at 1 GiB.
const POSTGRES_BYTES: usize = 32 << 20;

/// What is inserted where.
pub(crate) struct BulkInsert {
    /// The table.
    pub(crate) table: &'static str,
    /// A column of numbers that is the same for all rows.
    pub(crate) constant: Option<&'static str>,
    /// The columns of text.
    pub(crate) columns: &'static [&'static str],
    /// The `ON CONFLICT` clause, or nothing.
    pub(crate) on_conflict: &'static str,
}

/// A value of a statement.
pub(crate) enum Parameter<'p> {
    /// A number.
    Integer(i64),
    /// A text.
    Text(&'p str),
}

/// The few things that a write transaction does, on either database. Parameters are `$1`, `$2`, …
/// in both.
pub(crate) trait WriteConnection: Send {
    /// Locks the lease's row for reading where others write beside us; empty where nobody does.
    const LOCK_FOR_SHARE: &'static str;
    /// Milliseconds since 1970, by the database's clock.
    const NOW_MS: &'static str;

    /// Runs a statement.
    fn execute(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The first column of the first row, if there is a row.
    fn integer(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Result<Option<i64>, sqlx::Error>> + Send;

    /// Inserts rows, in few statements.
    fn insert<const COLUMNS: usize>(
        &mut self,
        insert: &BulkInsert,
        constant: i64,
        rows: &[TextRow<COLUMNS>],
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Deletes the rows of a table that have one of these refs.
    fn delete(
        &mut self,
        table: &'static str,
        entity_refs: &[Arc<str>],
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Tells other processes of the revision, once the transaction is committed.
    fn announce(
        &mut self,
        channel: &str,
        revision: i64,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl WriteConnection for SqliteConnection {
    const LOCK_FOR_SHARE: &'static str = "";
    const NOW_MS: &'static str = crate::sqlite::NOW_MS;

    async fn execute(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for parameter in parameters {
            query = match parameter {
                Parameter::Integer(value) => query.bind(*value),
                Parameter::Text(value) => query.bind(*value),
            };
        }
        query.execute(self).await.map(drop)
    }

    async fn integer(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<i64>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for parameter in parameters {
            query = match parameter {
                Parameter::Integer(value) => query.bind(*value),
                Parameter::Text(value) => query.bind(*value),
            };
        }
        query.fetch_optional(self).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn insert<const COLUMNS: usize>(
        &mut self,
        insert: &BulkInsert,
        constant: i64,
        rows: &[TextRow<COLUMNS>],
    ) -> Result<(), sqlx::Error> {
        for chunk in rows.chunks(SQLITE_ROWS) {
            let sql = insert.with_values(chunk.len());
            let mut query: Query<'_, sqlx::Sqlite, _> = sqlx::query(AssertSqlSafe(sql));
            for row in chunk {
                if insert.constant.is_some() {
                    query = query.bind(constant);
                }
                for text in row {
                    query = query.bind(text.clone());
                }
            }
            query.execute(&mut *self).await?;
        }
        Ok(())
    }

    async fn delete(
        &mut self,
        table: &'static str,
        entity_refs: &[Arc<str>],
    ) -> Result<(), sqlx::Error> {
        for chunk in entity_refs.chunks(SQLITE_ROWS) {
            let places = vec!["?"; chunk.len()].join(",");
            let sql = format!("DELETE FROM {table} WHERE entity_ref IN ({places})");
            let mut query: Query<'_, sqlx::Sqlite, _> = sqlx::query(AssertSqlSafe(sql));
            for entity_ref in chunk {
                query = query.bind(Arc::clone(entity_ref));
            }
            query.execute(&mut *self).await?;
        }
        Ok(())
    }

    async fn announce(&mut self, _channel: &str, _revision: i64) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

impl WriteConnection for PgConnection {
    const LOCK_FOR_SHARE: &'static str = "FOR SHARE";
    const NOW_MS: &'static str = crate::postgres::NOW_MS;

    async fn execute(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for parameter in parameters {
            query = match parameter {
                Parameter::Integer(value) => query.bind(*value),
                Parameter::Text(value) => query.bind(*value),
            };
        }
        query.execute(self).await.map(drop)
    }

    async fn integer(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<i64>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for parameter in parameters {
            query = match parameter {
                Parameter::Integer(value) => query.bind(*value),
                Parameter::Text(value) => query.bind(*value),
            };
        }
        query.fetch_optional(self).await?.map(|row| row.try_get(0)).transpose()
    }

    async fn insert<const COLUMNS: usize>(
        &mut self,
        insert: &BulkInsert,
        constant: i64,
        rows: &[TextRow<COLUMNS>],
    ) -> Result<(), sqlx::Error> {
        let sql = insert.with_arrays();
        for chunk in chunks_by_size(rows, POSTGRES_BYTES) {
            let mut query: Query<'_, sqlx::Postgres, _> = sqlx::query(AssertSqlSafe(sql.as_str()));
            if insert.constant.is_some() {
                query = query.bind(constant);
            }
            for column in 0..COLUMNS {
                let texts: Vec<Option<&str>> =
                    chunk.iter().map(|row| row.get(column).and_then(Option::as_deref)).collect();
                query = query.bind(texts);
            }
            query.execute(&mut *self).await?;
        }
        Ok(())
    }

    async fn delete(
        &mut self,
        table: &'static str,
        entity_refs: &[Arc<str>],
    ) -> Result<(), sqlx::Error> {
        let texts: Vec<&str> = entity_refs.iter().map(AsRef::as_ref).collect();
        let sql = format!("DELETE FROM {table} WHERE entity_ref = ANY($1)");
        sqlx::query(AssertSqlSafe(sql)).bind(texts).execute(self).await.map(drop)
    }

    async fn announce(&mut self, channel: &str, revision: i64) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(channel)
            .bind(revision.to_string())
            .execute(self)
            .await
            .map(drop)
    }
}

impl BulkInsert {
    fn head(&self) -> String {
        let columns = self.constant.iter().chain(self.columns).copied().collect::<Vec<_>>();
        format!("INSERT INTO {} ({})", self.table, columns.join(","))
    }

    /// `INSERT INTO t (a,b) VALUES (?,?),(?,?) ON CONFLICT …`
    fn with_values(&self, rows: usize) -> String {
        let width = self.columns.len() + usize::from(self.constant.is_some());
        let row = format!("({})", vec!["?"; width].join(","));
        format!(
            "{} VALUES {} {}",
            self.head(),
            vec![row.as_str(); rows].join(","),
            self.on_conflict
        )
    }

    /// `INSERT INTO t (a,b) SELECT * FROM unnest($1::text[],$2::text[]) ON CONFLICT …`
    fn with_arrays(&self) -> String {
        let first = usize::from(self.constant.is_some()) + 1;
        let places = first..first + self.columns.len();
        let arrays = places.map(|place| format!("${place}::text[]")).collect::<Vec<_>>().join(",");
        let constant = if self.constant.is_some() { "$1, " } else { "" };
        format!("{} SELECT {constant}* FROM unnest({arrays}) {}", self.head(), self.on_conflict)
    }
}

/// Consecutive parts of `rows`, each of at most `limit` bytes of text or of a single row.
fn chunks_by_size<const COLUMNS: usize>(
    rows: &[TextRow<COLUMNS>],
    limit: usize,
) -> Vec<&[TextRow<COLUMNS>]> {
    let size = |row: &TextRow<COLUMNS>| row.iter().flatten().map(|text| text.len()).sum::<usize>();
    let mut chunks = Vec::new();
    let (mut rest, mut taken, mut bytes) = (rows, 0, 0);
    for row in rows {
        let next = size(row);
        if taken > 0 && bytes + next > limit {
            let (chunk, remaining) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            chunks.push(chunk);
            (rest, taken, bytes) = (remaining, 0, 0);
        }
        taken += 1;
        bytes += next;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}

//! Statements inside a write transaction, on the drivers' own connections.
//!
//! sea-orm's statements copy each value twice on the way. That is nothing for one row and much for
//! ten thousand bodies, so the one path on which many rows are written goes to sqlx directly.

use std::{future::Future, sync::Arc};

use sea_orm::sqlx::{
    self, AssertSqlSafe, Database, Encode, PgConnection, Postgres, Row, Sqlite, SqliteConnection,
    Type, query::Query,
};

use crate::{
    bulk::{BulkInsert, TextRow, chunks_by_size},
    postgres, sqlite,
};

/// Rows in one statement of SQLite: few enough for the statement to be prepared once and kept, and
/// for every table's columns to stay below the limit of 32,766 parameters.
const SQLITE_ROWS: usize = 64;

/// Bytes of text in one statement of PostgreSQL, whose messages end at 1 GiB.
const POSTGRES_BYTES: usize = 32 << 20;

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
    const NOW_MS: &'static str = sqlite::NOW_MS;

    async fn execute(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), sqlx::Error> {
        bound::<Sqlite>(sql, parameters).execute(self).await.map(drop)
    }

    async fn integer(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<i64>, sqlx::Error> {
        let row = bound::<Sqlite>(sql, parameters).fetch_optional(self).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    async fn insert<const COLUMNS: usize>(
        &mut self,
        insert: &BulkInsert,
        constant: i64,
        rows: &[TextRow<COLUMNS>],
    ) -> Result<(), sqlx::Error> {
        for chunk in rows.chunks(SQLITE_ROWS) {
            let mut query = bound::<Sqlite>(&insert.with_values(chunk.len()), &[]);
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
            let mut query = bound::<Sqlite>(&sql, &[]);
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
    const NOW_MS: &'static str = postgres::NOW_MS;

    async fn execute(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), sqlx::Error> {
        bound::<Postgres>(sql, parameters).execute(self).await.map(drop)
    }

    async fn integer(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<i64>, sqlx::Error> {
        let row = bound::<Postgres>(sql, parameters).fetch_optional(self).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    async fn insert<const COLUMNS: usize>(
        &mut self,
        insert: &BulkInsert,
        constant: i64,
        rows: &[TextRow<COLUMNS>],
    ) -> Result<(), sqlx::Error> {
        let sql = insert.with_arrays();
        for chunk in chunks_by_size(rows, POSTGRES_BYTES) {
            let mut query = bound::<Postgres>(&sql, &[]);
            if insert.constant.is_some() {
                query = query.bind(constant);
            }
            for column in 0..COLUMNS {
                let texts = chunk.iter().map(|row| row.get(column).and_then(Option::as_deref));
                query = query.bind(texts.collect::<Vec<Option<&str>>>());
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
        if entity_refs.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = entity_refs.iter().map(AsRef::as_ref).collect();
        let sql = format!("DELETE FROM {table} WHERE entity_ref = ANY($1)");
        bound::<Postgres>(&sql, &[]).bind(texts).execute(self).await.map(drop)
    }

    async fn announce(&mut self, channel: &str, revision: i64) -> Result<(), sqlx::Error> {
        let revision = revision.to_string();
        let parameters = [Parameter::Text(channel), Parameter::Text(&revision)];
        self.execute("SELECT pg_notify($1, $2)", &parameters).await
    }
}

/// A statement with its values. All texts of statements are made of constants of this crate.
fn bound<'q, DB>(sql: &str, parameters: &[Parameter<'_>]) -> Query<'q, DB, DB::Arguments>
where
    DB: Database,
    i64: for<'e> Encode<'e, DB> + Type<DB>,
    for<'e> &'e str: Encode<'e, DB> + Type<DB>,
{
    parameters.iter().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), |query, parameter| {
        match parameter {
            Parameter::Integer(value) => query.bind(*value),
            Parameter::Text(value) => query.bind(*value),
        }
    })
}

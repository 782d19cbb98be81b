//! Who may ingest.

use std::{sync::Arc, time::Duration};

use callboard_catalog::store::{Fence, Lease, StoreError};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, TransactionTrait, Value,
};

use crate::{
    database::{Database, DatabaseKind, within},
    error::{is_lock_timeout, orm_error},
    postgres,
    record::Record,
    sqlite,
};

/// How long a lease is held without renewal: renew it several times within.
pub const LEASE_TIME_TO_LIVE: Duration = Duration::from_secs(8);

/// The name of the lease under which the catalog is written.
pub(crate) const INGESTION: &str = "ingestion";

const DOING: &str = "taking the ingestion lease";

/// A takeover waits for a commit of the holder that is under way, but no longer than this; then it
/// is tried again.
const LOCK_LIMIT: &str = "SELECT set_config('lock_timeout', '3000', true)";

/// As whom this process takes leases, and for how long.
#[derive(Debug)]
pub(crate) struct LeaseTerms {
    pub(crate) holder: Arc<str>,
    pub(crate) time_to_live: Duration,
}

/// See [`CatalogStore::acquire_lease`](callboard_catalog::store::CatalogStore::acquire_lease).
pub(crate) async fn acquire(
    database: &Database,
    terms: &LeaseTerms,
    held: Option<Fence>,
) -> Result<Option<Lease>, StoreError> {
    within(DOING, async {
        let failed = |error| orm_error(DOING, error);
        let transaction = database.writer.begin().await.map_err(failed)?;
        if database.kind == DatabaseKind::Postgres {
            let limit = database.statement(LOCK_LIMIT, []);
            transaction.query_one_raw(limit).await.map_err(failed)?;
        }
        let attempt = Attempt { database, terms, transaction: &transaction };
        let fence = match attempt.renew(held).await? {
            Some(fence) => Some(fence),
            None if attempt.is_free().await? => attempt.take().await?,
            None => None,
        };
        transaction.commit().await.map_err(failed)?;
        Ok(fence.map(|fence| Lease { fence, time_to_live: terms.time_to_live }))
    })
    .await
}

/// See [`CatalogStore::release_lease`](callboard_catalog::store::CatalogStore::release_lease).
pub(crate) async fn release(database: &Database, fence: Fence) -> Result<(), StoreError> {
    let doing = "giving the ingestion lease back";
    let sql = "UPDATE lease SET holder = NULL, expires_at_ms = 0 WHERE name = $1 AND fence = $2";
    let Ok(fence) = i64::try_from(fence.0) else { return Ok(()) };
    let statement = database.statement(sql, [INGESTION.into(), fence.into()]);
    let released = database.writer.execute_raw(statement);
    within(doing, async { released.await.map(drop).map_err(|error| orm_error(doing, error)) }).await
}

fn fence_of(row: Option<QueryResult>) -> Result<Option<Fence>, StoreError> {
    row.map(|row| Record::of("lease", &row)?.number(0).map(Fence)).transpose()
}

struct Attempt<'a> {
    database: &'a Database,
    terms: &'a LeaseTerms,
    transaction: &'a DatabaseTransaction,
}

impl Attempt<'_> {
    /// Longer for the one that has it, even past its end, as long as nobody took it over.
    async fn renew(&self, held: Option<Fence>) -> Result<Option<Fence>, StoreError> {
        let Some(Ok(fence)) = held.map(|fence| i64::try_from(fence.0)) else { return Ok(None) };
        let sql = format!(
            "UPDATE lease SET expires_at_ms = {} + $1 \
             WHERE name = $2 AND fence = $3 AND holder = $4 RETURNING fence",
            self.now()
        );
        let values = [self.milliseconds().into(), INGESTION.into(), fence.into(), self.holder()];
        self.fence(self.database.statement(&sql, values)).await
    }

    /// Whether it is worth a try. Asked first, because the try itself locks the row, which would
    /// hold the holder up.
    async fn is_free(&self) -> Result<bool, StoreError> {
        // An SQLite file has no other process: whoever held it is gone.
        if self.database.kind != DatabaseKind::Postgres {
            return Ok(true);
        }
        let sql = format!(
            "SELECT fence FROM lease WHERE name = $1 AND expires_at_ms > {} AND holder <> $2",
            self.now()
        );
        let statement = self.database.statement(&sql, [INGESTION.into(), self.holder()]);
        Ok(self.fence(statement).await?.is_none())
    }

    async fn take(&self) -> Result<Option<Fence>, StoreError> {
        let condition = match self.database.kind {
            DatabaseKind::Postgres => {
                format!("lease.expires_at_ms <= {} OR lease.holder = excluded.holder", self.now())
            }
            DatabaseKind::SqliteFile | DatabaseKind::SqliteMemory => "true".to_owned(),
        };
        let sql = format!(
            "INSERT INTO lease (name, holder, fence, expires_at_ms) VALUES ($1, $2, 1, {} + $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
             fence = lease.fence + 1, expires_at_ms = excluded.expires_at_ms \
             WHERE {condition} RETURNING fence",
            self.now()
        );
        let values = [INGESTION.into(), self.holder(), self.milliseconds().into()];
        match self.row(self.database.statement(&sql, values)).await {
            // The holder is in the midst of a commit: it still has it.
            Err(error) if is_lock_timeout(&error) => Ok(None),
            Err(error) => Err(orm_error(DOING, error)),
            Ok(row) => fence_of(row),
        }
    }

    async fn fence(&self, statement: Statement) -> Result<Option<Fence>, StoreError> {
        fence_of(self.row(statement).await.map_err(|error| orm_error(DOING, error))?)
    }

    async fn row(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(statement).await
    }

    fn holder(&self) -> Value {
        self.terms.holder.as_ref().into()
    }

    fn milliseconds(&self) -> i64 {
        i64::try_from(self.terms.time_to_live.as_millis()).unwrap_or(i64::MAX)
    }

    fn now(&self) -> &'static str {
        match self.database.kind {
            DatabaseKind::Postgres => postgres::NOW_MS,
            DatabaseKind::SqliteFile | DatabaseKind::SqliteMemory => sqlite::NOW_MS,
        }
    }
}

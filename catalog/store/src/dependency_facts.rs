//! Daily facts of observed calls.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use callboard_catalog::store::{Fence, StoreError};
use callboard_topology::{
    DependencyFacts, DependencyPair, DependencyRecord, ObservedDependency, SeenPair,
};
use chrono::{DateTime, Datelike, NaiveDate};
use sea_orm::sqlx;

use crate::{
    Store,
    database::{Database, DatabaseKind, within},
    error::store_error,
    fence::check_fence,
    record::Record,
    text::StoredRef,
    write_connection::{Parameter, WriteConnection},
};

const TABLE: &str = "observed_dependency";

/// Facts in one statement; each has seven values.
const ROWS: usize = 200;

#[async_trait]
impl DependencyFacts for Store {
    async fn load(&self) -> Result<DependencyRecord, StoreError> {
        load(self.database()).await
    }

    async fn record(&self, fence: Fence, facts: &[ObservedDependency]) -> Result<(), StoreError> {
        let write = Write::Record(rows(facts));
        write_under(self.database(), fence, "recording observed calls", &write).await
    }

    async fn prune(&self, fence: Fence, before: NaiveDate) -> Result<(), StoreError> {
        let write = Write::Prune(day_number(before));
        write_under(self.database(), fence, "removing old facts of calls", &write).await
    }
}

async fn load(database: &Database) -> Result<DependencyRecord, StoreError> {
    let sql = "SELECT COALESCE(whole_from, from_ref), COALESCE(whole_to, to_ref), \
               MIN(first_seen_ms), MAX(last_seen_ms) FROM observed_dependency \
               GROUP BY from_ref, to_ref, whole_from, whole_to ORDER BY from_ref, to_ref";
    let statement = database.statement(sql, []);
    let rows = database.query("reading observed calls", statement).await?;
    let pairs = rows.iter().map(|row| {
        let record = Record::of(TABLE, row)?;
        Ok(SeenPair {
            pair: DependencyPair { from: record.entity_ref(0)?, to: record.entity_ref(1)? },
            first_seen: SystemTime::from(record.time_ms(2)?),
            last_seen: SystemTime::from(record.time_ms(3)?),
        })
    });
    let pairs: Vec<SeenPair> = pairs.collect::<Result<_, StoreError>>()?;
    let since = pairs.iter().map(|pair| pair.first_seen).min();
    Ok(DependencyRecord { pairs, since })
}

/// One fact as it is stored.
struct Row {
    day: i64,
    from: StoredRef,
    to: StoredRef,
    first_seen_ms: i64,
    last_seen_ms: i64,
}

/// A change of the table.
enum Write {
    Record(Vec<Row>),
    Prune(i64),
}

/// A statement may name a row but once: facts of the same day and pair are put together.
fn rows(facts: &[ObservedDependency]) -> Vec<Row> {
    let mut rows: BTreeMap<(i64, &DependencyPair), Row> = BTreeMap::new();
    for fact in facts {
        let day = day_number(fact.day);
        let (first, last) = (milliseconds(fact.first_seen), milliseconds(fact.last_seen));
        let row = rows.entry((day, &fact.pair)).or_insert_with(|| Row {
            day,
            from: StoredRef::new(&fact.pair.from),
            to: StoredRef::new(&fact.pair.to),
            first_seen_ms: first,
            last_seen_ms: last,
        });
        row.first_seen_ms = row.first_seen_ms.min(first);
        row.last_seen_ms = row.last_seen_ms.max(last);
    }
    rows.into_values().collect()
}

/// One transaction, if `fence` still holds.
async fn write_under(
    database: &Database,
    fence: Fence,
    doing: &'static str,
    write: &Write,
) -> Result<(), StoreError> {
    let failed = |source| store_error(doing, source);
    within(doing, async {
        if database.kind == DatabaseKind::Postgres {
            let pool = database.writer.get_postgres_connection_pool();
            let mut transaction = pool.begin().await.map_err(failed)?;
            check_fence(&mut *transaction, fence, doing).await?;
            write.run(&mut *transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        } else {
            let pool = database.writer.get_sqlite_connection_pool();
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            check_fence(&mut *transaction, fence, doing).await?;
            write.run(&mut *transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        }
    })
    .await
}

impl Write {
    async fn run<C: WriteConnection>(&self, connection: &mut C) -> Result<(), sqlx::Error> {
        match self {
            Self::Record(rows) => {
                for chunk in rows.chunks(ROWS) {
                    let values: Vec<Parameter<'_>> = chunk.iter().flat_map(Row::values).collect();
                    connection.execute(&upsert(chunk.len()), &values).await?;
                }
                Ok(())
            }
            Self::Prune(before) => {
                let sql = "DELETE FROM observed_dependency WHERE day < $1";
                connection.execute(sql, &[Parameter::Integer(*before)]).await
            }
        }
    }
}

impl Row {
    /// Without null, which a parameter cannot be: an empty text stands for it.
    fn values(&self) -> [Parameter<'_>; 7] {
        [
            Parameter::Integer(self.day),
            Parameter::Text(&self.from.key),
            Parameter::Text(&self.to.key),
            Parameter::Integer(self.first_seen_ms),
            Parameter::Integer(self.last_seen_ms),
            Parameter::Text(whole(&self.from)),
            Parameter::Text(whole(&self.to)),
        ]
    }
}

/// The ref, where its key is shortened.
fn whole(entity_ref: &StoredRef) -> &str {
    entity_ref.whole.as_deref().unwrap_or_default()
}

/// Inserts facts, and widens those that are there.
fn upsert(rows: usize) -> String {
    let row = |at: usize| {
        let place = |column: usize| at * 7 + column;
        format!(
            "(${}, ${}, ${}, ${}, ${}, NULLIF(${}, ''), NULLIF(${}, ''))",
            place(1),
            place(2),
            place(3),
            place(4),
            place(5),
            place(6),
            place(7)
        )
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO observed_dependency \
         (day, from_ref, to_ref, first_seen_ms, last_seen_ms, whole_from, whole_to) VALUES {} \
         ON CONFLICT (day, from_ref, to_ref) DO UPDATE SET \
         first_seen_ms = CASE WHEN excluded.first_seen_ms < observed_dependency.first_seen_ms \
         THEN excluded.first_seen_ms ELSE observed_dependency.first_seen_ms END, \
         last_seen_ms = CASE WHEN excluded.last_seen_ms > observed_dependency.last_seen_ms \
         THEN excluded.last_seen_ms ELSE observed_dependency.last_seen_ms END",
        rows.join(", ")
    )
}

/// Days since 1970.
fn day_number(day: NaiveDate) -> i64 {
    let epoch = DateTime::UNIX_EPOCH.date_naive();
    i64::from(day.num_days_from_ce() - epoch.num_days_from_ce())
}

/// Milliseconds since 1970; of a moment before that, zero.
fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

//! Whole tables, as they are read at the start.

use std::sync::Arc;

use callboard_catalog::{
    final_entity::FinalEntity,
    store::{RefreshStateRow, Revision, StoreError},
};
use callboard_model::EntityRef;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, IsolationLevel, QueryResult, Statement,
    StreamTrait, TransactionTrait,
};
use tokio::sync::mpsc;

use crate::{
    database::{Database, DatabaseKind, within},
    error::orm_error,
    produced::produced,
    record::Record,
    text::StoredRef,
};

type Chunks<T> = BoxStream<'static, Result<Vec<T>, StoreError>>;

/// At most this many rows are handed over at once.
const CHUNK_ROWS: usize = 2_000;

/// Refs that are asked for in one statement.
const ASKED_REFS: usize = 5_000;

/// In the order in which they were written: the rows then lie one behind the other.
const FINAL_ENTITIES: &str = "SELECT COALESCE(h.whole_ref, h.entity_ref), h.entity_id, h.state, h.parents, h.body \
     FROM (SELECT history_id FROM final_entity ORDER BY history_id) f \
     JOIN final_entity_history h ON h.id = f.history_id";

const REFRESH_STATES: &str = "SELECT COALESCE(whole_ref, entity_ref), entity_id, location_key, \
     unprocessed_hash, result_hash, emitted_by, processing FROM refresh_state";

/// See [`CatalogStore::final_entities`](callboard_catalog::store::CatalogStore::final_entities).
pub(crate) async fn final_entities(
    database: &Database,
) -> Result<(Revision, Chunks<FinalEntity>), StoreError> {
    let doing = "reading the final entities";
    let transaction = snapshot(database, doing).await?;
    let head = database.statement("SELECT revision FROM catalog_head WHERE id = 1", []);
    let head = within(doing, async {
        transaction.query_one_raw(head).await.map_err(|error| orm_error(doing, error))
    });
    let missing = || StoreError::Corrupt { table: "catalog_head", reason: "no row".to_owned() };
    let head = head.await?.ok_or_else(missing)?;
    let revision = Record::of("catalog_head", &head)?.number(0)?;
    let rows = Rows {
        doing,
        table: "final_entity_history",
        statement: database.statement(FINAL_ENTITIES, []),
        read: |record| record.final_entity(0),
    };
    Ok((revision, rows.stream(database.kind, transaction).await))
}

/// See [`CatalogStore::refresh_states`](callboard_catalog::store::CatalogStore::refresh_states).
pub(crate) async fn refresh_states(
    database: &Database,
) -> Result<Chunks<RefreshStateRow>, StoreError> {
    let doing = "reading the refresh states";
    let rows = Rows {
        doing,
        table: "refresh_state",
        statement: database.statement(REFRESH_STATES, []),
        read: |record| record.refresh_state(),
    };
    let transaction = snapshot(database, doing).await?;
    Ok(rows.stream(database.kind, transaction).await)
}

/// See [`CatalogStore::unprocessed`](callboard_catalog::store::CatalogStore::unprocessed).
pub(crate) async fn unprocessed(
    database: &Database,
    entity_refs: &[EntityRef],
) -> Result<Vec<(EntityRef, Arc<str>)>, StoreError> {
    let doing = "reading unprocessed entities";
    let sql = match database.kind {
        DatabaseKind::Postgres => {
            "SELECT COALESCE(whole_ref, entity_ref), unprocessed FROM refresh_state \
             WHERE unprocessed IS NOT NULL AND entity_ref IN (SELECT json_array_elements_text($1::json))"
        }
        _ => {
            "SELECT COALESCE(whole_ref, entity_ref), unprocessed FROM refresh_state \
             WHERE unprocessed IS NOT NULL AND entity_ref IN (SELECT value FROM json_each($1))"
        }
    };
    let mut found = Vec::with_capacity(entity_refs.len());
    for asked in entity_refs.chunks(ASKED_REFS) {
        let asked: Vec<_> = asked.iter().map(|asked| StoredRef::new(asked).key).collect();
        let asked = serde_json::to_string(&asked)
            .map_err(|source| StoreError::Refused { doing, source: Box::new(source) })?;
        let rows = database.query(doing, database.statement(sql, [asked.into()])).await?;
        for row in &rows {
            let record = Record::of("refresh_state", row)?;
            found.push((record.entity_ref(0)?, record.text(1)?.into()));
        }
    }
    Ok(found)
}

/// A transaction that sees one state of the database, whatever is written meanwhile.
async fn snapshot(
    database: &Database,
    doing: &'static str,
) -> Result<DatabaseTransaction, StoreError> {
    let begun = async {
        match database.kind {
            DatabaseKind::Postgres => {
                let isolation = Some(IsolationLevel::RepeatableRead);
                database.reader.begin_with_config(isolation, Some(AccessMode::ReadOnly)).await
            }
            // With the write-ahead log, a transaction sees what was there at its first read.
            DatabaseKind::SqliteFile | DatabaseKind::SqliteMemory => database.reader.begin().await,
        }
    };
    within(doing, async { begun.await.map_err(|error| orm_error(doing, error)) }).await
}

/// All rows of a statement, decoded.
struct Rows<T> {
    doing: &'static str,
    table: &'static str,
    statement: Statement,
    read: fn(&Record<'_>) -> Result<T, StoreError>,
}

impl<T: Send + 'static> Rows<T> {
    async fn stream(self, kind: DatabaseKind, transaction: DatabaseTransaction) -> Chunks<T> {
        let chunks = produced(|sender| self.send_chunks(transaction, sender));
        if kind == DatabaseKind::SqliteMemory {
            // The one connection must not wait for a slow reader, who may want to write meanwhile.
            stream::iter(chunks.collect::<Vec<_>>().await).boxed()
        } else {
            chunks
        }
    }

    async fn send_chunks(
        self,
        transaction: DatabaseTransaction,
        sender: mpsc::Sender<Result<Vec<T>, StoreError>>,
    ) {
        if let Err(error) = self.send_all(&transaction, &sender).await {
            send(&sender, Err(error)).await;
        }
    }

    async fn send_all(
        &self,
        transaction: &DatabaseTransaction,
        sender: &mpsc::Sender<Result<Vec<T>, StoreError>>,
    ) -> Result<(), StoreError> {
        let failed = |error| orm_error(self.doing, error);
        let begun = transaction.stream_raw(self.statement.clone());
        let mut rows = within(self.doing, async { begun.await.map_err(failed) }).await?;
        let mut chunk = Vec::with_capacity(CHUNK_ROWS);
        while let Some(row) =
            within(self.doing, async { rows.try_next().await.map_err(failed) }).await?
        {
            chunk.push(self.decode(&row)?);
            if chunk.len() == CHUNK_ROWS {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS));
                send(sender, Ok(full)).await;
            }
        }
        if !chunk.is_empty() {
            send(sender, Ok(chunk)).await;
        }
        Ok(())
    }

    fn decode(&self, row: &QueryResult) -> Result<T, StoreError> {
        (self.read)(&Record::of(self.table, row)?)
    }
}

/// The receiver goes only with the whole stream, and this with it.
async fn send<T>(sender: &mpsc::Sender<T>, item: T) {
    drop(sender.send(item).await);
}

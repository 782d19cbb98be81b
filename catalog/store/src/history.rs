//! The append-only history of final entities.

use callboard_catalog::store::{FinalEntityChange, Revision, RevisionChanges, StoreError};
use callboard_model::EntityRef;
use chrono::{DateTime, Utc};

use crate::{database::Database, record::Record, text::StoredRef};

/// One change in the life of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The revision that brought it.
    pub revision: Revision,
    /// When that was, by the database's clock.
    pub committed_at: DateTime<Utc>,
    /// Why: the cause of the commit.
    pub cause: String,
    /// What it was.
    pub change: FinalEntityChange,
}

/// See [`CatalogStore::revisions_after`](callboard_catalog::store::CatalogStore::revisions_after).
pub(crate) async fn revisions_after(
    database: &Database,
    revision: Revision,
    limit: u64,
) -> Result<Vec<RevisionChanges>, StoreError> {
    // Revisions have no gaps, so that the limit is one of numbers too.
    let sql = "SELECT revision, change, COALESCE(whole_ref, entity_ref), entity_id, state, parents, \
               body FROM final_entity_history WHERE revision > $1 AND revision <= $2 \
               ORDER BY revision, id";
    let bounds = [number(revision), number(revision.saturating_add(limit))];
    let statement = database.statement(sql, bounds.map(Into::into));
    let mut found: Vec<RevisionChanges> = Vec::new();
    for row in &database.query("reading the revisions", statement).await? {
        let record = Record::of("final_entity_history", row)?;
        let (revision, change) = (record.number(0)?, record.final_entity_change(1)?);
        match found.last_mut().filter(|last| last.revision == revision) {
            Some(last) => last.changes.push(change),
            None => found.push(RevisionChanges { revision, changes: vec![change] }),
        }
    }
    Ok(found)
}

/// Everything that was ever written of an entity, oldest first.
pub(crate) async fn of_entity(
    database: &Database,
    entity_ref: &EntityRef,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let sql = "SELECT h.change, COALESCE(h.whole_ref, h.entity_ref), h.entity_id, h.state, h.parents, \
               h.body, h.revision, r.committed_at_ms, r.cause \
               FROM final_entity_history h JOIN catalog_revision r ON r.revision = h.revision \
               WHERE h.entity_ref = $1 ORDER BY h.id";
    let key = StoredRef::new(entity_ref).key;
    let statement = database.statement(sql, [key.as_ref().into()]);
    let rows = database.query("reading the history", statement).await?;
    rows.iter()
        .map(|row| {
            let record = Record::of("final_entity_history", row)?;
            Ok(HistoryEntry {
                revision: record.number(6)?,
                committed_at: record.time_ms(7)?,
                cause: record.text(8)?.to_owned(),
                change: record.final_entity_change(0)?,
            })
        })
        .collect()
}

/// A revision as the database's number: beyond its range nothing was ever written.
fn number(revision: Revision) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

//! One transaction of the ingesting process.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    store::{
        Commit, Fence, FinalEntityChange, RefreshStateChange, RefreshStateRow, Revision, StoreError,
    },
};
use callboard_model::EntityRef;

use crate::{
    bulk::{BulkInsert, TextRow},
    error::store_error,
    fence::check_fence,
    record::{DELETE, PUT},
    text::{StoredRef, stored},
    write_connection::{Parameter, WriteConnection},
};

const DOING: &str = "writing to the catalog";

const REFRESH_STATES: BulkInsert = BulkInsert {
    table: "refresh_state",
    constant: None,
    columns: &[
        "entity_ref",
        "entity_id",
        "location_key",
        "unprocessed_hash",
        "result_hash",
        "emitted_by",
        "whole_ref",
        "processing",
        "unprocessed",
    ],
    on_conflict: "ON CONFLICT (entity_ref) DO UPDATE SET entity_id = excluded.entity_id, \
                  location_key = excluded.location_key, \
                  unprocessed_hash = excluded.unprocessed_hash, \
                  result_hash = excluded.result_hash, emitted_by = excluded.emitted_by, \
                  whole_ref = excluded.whole_ref, processing = excluded.processing, \
                  unprocessed = COALESCE(excluded.unprocessed, refresh_state.unprocessed)",
};

const HISTORY: BulkInsert = BulkInsert {
    table: "final_entity_history",
    constant: Some("revision"),
    columns: &["change", "entity_ref", "entity_id", "state", "whole_ref", "parents", "body"],
    on_conflict: "",
};

static WORDS: LazyLock<[Arc<str>; 4]> =
    LazyLock::new(|| [PUT.into(), DELETE.into(), "completed".into(), "failed".into()]);

/// The rows of a commit, ready to be written.
pub(crate) struct CommitRows {
    removed: Vec<Arc<str>>,
    refresh_states: Vec<TextRow<9>>,
    history: Vec<TextRow<7>>,
    /// Tells the final entities of this commit from those of others, so that a commit that is
    /// written again does not appear in the history twice.
    mark: i64,
    cause: &'static str,
}

impl CommitRows {
    /// Of several changes of one entity the last one counts.
    pub(crate) fn new(commit: &Commit, marks: &RandomState) -> Result<Self, StoreError> {
        let mut removed = Vec::new();
        let mut refresh_states = Vec::with_capacity(commit.refresh_states.len());
        for state in folded(&commit.refresh_states) {
            if state.is_removed {
                removed.push(StoredRef::new(state.entity_ref).key);
            }
            if let Some(row) = state.row {
                refresh_states.push(refresh_state_row(row, state.unprocessed)?);
            }
        }
        let changes = last_of_each(&commit.final_entities);
        let history = changes.iter().map(|change| history_row(change)).collect::<Result<_, _>>()?;
        let mark = mark(&changes, marks);
        Ok(Self { removed, refresh_states, history, mark, cause: commit.cause })
    }

    /// Writes the rows, if `fence` is still the newest.
    pub(crate) async fn write<C: WriteConnection>(
        &self,
        connection: &mut C,
        fence: Fence,
        channel: &str,
    ) -> Result<Option<Revision>, StoreError> {
        let failed = |source| store_error(DOING, source);
        check_fence(connection, fence, DOING).await?;
        connection.delete(REFRESH_STATES.table, &self.removed).await.map_err(failed)?;
        connection.insert(&REFRESH_STATES, 0, &self.refresh_states).await.map_err(failed)?;
        if self.history.is_empty() {
            return Ok(None);
        }
        let revision = self.write_revision(connection, channel).await.map_err(failed)?;
        let number = revision.and_then(|revision| u64::try_from(revision).ok());
        let reason = || format!("its one row is missing, or not a revision: {revision:?}");
        let corrupt = || StoreError::Corrupt { table: "catalog_head", reason: reason() };
        number.ok_or_else(corrupt).map(Some)
    }

    /// Numbers are taken from a single row, which stays locked until the transaction ends: so
    /// revisions become visible in order. `None` if that row is gone.
    async fn write_revision<C: WriteConnection>(
        &self,
        connection: &mut C,
        channel: &str,
    ) -> Result<Option<i64>, sea_orm::sqlx::Error> {
        let next = "UPDATE catalog_head SET revision = revision + 1, mark = $1 \
                    WHERE id = 1 AND mark <> $1 RETURNING revision";
        let Some(revision) = connection.integer(next, &[Parameter::Integer(self.mark)]).await?
        else {
            // The newest revision holds these very changes: this commit was written before.
            let head = "SELECT revision FROM catalog_head WHERE id = 1";
            return connection.integer(head, &[]).await;
        };
        let row = format!(
            "INSERT INTO catalog_revision (revision, committed_at_ms, cause) \
             VALUES ($1, {}, $2)",
            C::NOW_MS
        );
        connection
            .execute(&row, &[Parameter::Integer(revision), Parameter::Text(self.cause)])
            .await?;
        connection.insert(&HISTORY, revision, &self.history).await?;
        let put = "INSERT INTO final_entity (entity_ref, history_id, revision) \
                   SELECT entity_ref, id, revision FROM final_entity_history \
                   WHERE revision = $1 AND change = 'put' \
                   ON CONFLICT (entity_ref) DO UPDATE \
                   SET history_id = excluded.history_id, revision = excluded.revision";
        connection.execute(put, &[Parameter::Integer(revision)]).await?;
        let delete = "DELETE FROM final_entity WHERE entity_ref IN (\
                      SELECT entity_ref FROM final_entity_history \
                      WHERE revision = $1 AND change = 'delete')";
        connection.execute(delete, &[Parameter::Integer(revision)]).await?;
        connection.announce(channel, revision).await?;
        Ok(Some(revision))
    }
}

/// What all changes of one refresh state come to.
struct FoldedState<'c> {
    entity_ref: &'c EntityRef,
    is_removed: bool,
    row: Option<&'c RefreshStateRow>,
    unprocessed: Option<&'c Arc<str>>,
}

/// Ordered by ref: neighbours in the commit are then neighbours in the indexes.
fn folded(changes: &[RefreshStateChange]) -> Vec<FoldedState<'_>> {
    let mut places: HashMap<&EntityRef, usize> = HashMap::with_capacity(changes.len());
    let mut states: Vec<FoldedState<'_>> = Vec::with_capacity(changes.len());
    for change in changes {
        let entity_ref = match change {
            RefreshStateChange::Put { row, .. } => &row.entity_ref,
            RefreshStateChange::Delete(entity_ref) => entity_ref,
        };
        let place = *places.entry(entity_ref).or_insert(states.len());
        if place == states.len() {
            let state = FoldedState { entity_ref, is_removed: false, row: None, unprocessed: None };
            states.push(state);
        }
        let Some(state) = states.get_mut(place) else { continue };
        match change {
            RefreshStateChange::Put { row, unprocessed } => {
                state.row = Some(row);
                state.unprocessed = unprocessed.as_ref().or(state.unprocessed);
            }
            RefreshStateChange::Delete(_) => {
                state.is_removed = true;
                state.row = None;
                state.unprocessed = None;
            }
        }
    }
    states.sort_unstable_by_key(|state| state.entity_ref);
    states
}

/// Ordered by ref, see [`folded`].
fn last_of_each(changes: &[FinalEntityChange]) -> Vec<&FinalEntityChange> {
    let mut places: HashMap<&EntityRef, usize> = HashMap::with_capacity(changes.len());
    let mut last: Vec<&FinalEntityChange> = Vec::with_capacity(changes.len());
    for change in changes {
        let place = *places.entry(ref_of(change)).or_insert(last.len());
        match last.get_mut(place) {
            Some(earlier) => *earlier = change,
            None => last.push(change),
        }
    }
    last.sort_unstable_by_key(|change| ref_of(change));
    last
}

fn ref_of(change: &FinalEntityChange) -> &EntityRef {
    match change {
        FinalEntityChange::Put(entity) => &entity.entity_ref,
        FinalEntityChange::Delete(entity_ref) => entity_ref,
    }
}

fn refresh_state_row(
    row: &RefreshStateRow,
    unprocessed: Option<&Arc<str>>,
) -> Result<TextRow<9>, StoreError> {
    let StoredRef { key, whole } = StoredRef::new(&row.entity_ref);
    Ok([
        Some(key),
        Some(stored(&row.entity_id)),
        row.location_key.as_ref().map(stored),
        Some(Arc::clone(&row.unprocessed_hash)),
        row.result_hash.clone(),
        Some(json_array(row.emitted_by.iter().map(AsRef::as_ref))?),
        whole,
        Some(Arc::clone(&row.processing)),
        unprocessed.cloned(),
    ])
}

fn history_row(change: &FinalEntityChange) -> Result<TextRow<7>, StoreError> {
    let [put, delete, completed, failed] = &*WORDS;
    let StoredRef { key, whole } = StoredRef::new(ref_of(change));
    Ok(match change {
        FinalEntityChange::Put(entity) => {
            let state = match entity.state {
                FinalState::Completed => completed,
                FinalState::Failed => failed,
            };
            [
                Some(Arc::clone(put)),
                Some(key),
                Some(stored(&entity.entity_id)),
                Some(Arc::clone(state)),
                whole,
                Some(json_array(entity.parents.iter().map(EntityRef::as_str))?),
                Some(Arc::clone(&entity.body)),
            ]
        }
        FinalEntityChange::Delete(_) => {
            [Some(Arc::clone(delete)), Some(key), None, None, whole, None, None]
        }
    })
}

fn json_array<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Arc<str>, StoreError> {
    let texts: Vec<&str> = texts.collect();
    serde_json::to_string(&texts)
        .map(Into::into)
        .map_err(|source| StoreError::Refused { doing: DOING, source: Box::new(source) })
}

/// A number that only the same changes have, as far as this process lives: it is keyed at random.
fn mark(changes: &[&FinalEntityChange], marks: &RandomState) -> i64 {
    let mut hasher = marks.build_hasher();
    for change in changes {
        match change {
            FinalEntityChange::Put(FinalEntity { entity_ref, entity_id, state, body, parents }) => {
                (1_u8, entity_ref, entity_id, state, body, parents).hash(&mut hasher);
            }
            FinalEntityChange::Delete(entity_ref) => (2_u8, entity_ref).hash(&mut hasher),
        }
    }
    hasher.finish().cast_signed()
}

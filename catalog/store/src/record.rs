//! Columns of a row, whichever database it came from.

use std::sync::Arc;

use callboard_catalog::{
    final_entity::{FinalEntity, FinalState},
    store::{FinalEntityChange, RefreshStateRow, StoreError},
};
use callboard_model::EntityRef;
use chrono::{DateTime, Utc};
use sea_orm::{
    QueryResult,
    sqlx::{Row, postgres::PgRow, sqlite::SqliteRow},
};

use crate::text::unescaped;

/// `put` and `delete`: column `change` of the history.
pub(crate) const PUT: &str = "put";
/// See [`PUT`].
pub(crate) const DELETE: &str = "delete";

enum Source<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

/// One row of a table. Columns are taken by their place in the `SELECT`.
pub(crate) struct Record<'r> {
    table: &'static str,
    source: Source<'r>,
}

impl<'r> Record<'r> {
    /// A row that came from `table`.
    pub(crate) fn of(table: &'static str, row: &'r QueryResult) -> Result<Self, StoreError> {
        let source = row
            .try_as_sqlite_row()
            .map(Source::Sqlite)
            .or_else(|| row.try_as_pg_row().map(Source::Postgres));
        let reason = || "it is of neither SQLite nor PostgreSQL".to_owned();
        let source = source.ok_or_else(|| StoreError::Corrupt { table, reason: reason() })?;
        Ok(Self { table, source })
    }

    /// A whole number.
    pub(crate) fn integer(&self, column: usize) -> Result<i64, StoreError> {
        let value = match self.source {
            Source::Sqlite(row) => row.try_get::<i64, _>(column),
            Source::Postgres(row) => row.try_get::<i64, _>(column),
        };
        value.map_err(|error| self.corrupt(&error.to_string()))
    }

    /// A count or revision, which is never negative.
    pub(crate) fn number(&self, column: usize) -> Result<u64, StoreError> {
        let value = self.integer(column)?;
        u64::try_from(value).map_err(|_| self.corrupt(&format!("{value} is negative")))
    }

    /// A time, from milliseconds since 1970.
    pub(crate) fn time_ms(&self, column: usize) -> Result<DateTime<Utc>, StoreError> {
        let value = self.integer(column)?;
        DateTime::from_timestamp_millis(value)
            .ok_or_else(|| self.corrupt(&format!("{value} is not a time")))
    }

    /// A text, or null.
    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&'r str>, StoreError> {
        let value = match self.source {
            Source::Sqlite(row) => row.try_get::<Option<&str>, _>(column),
            Source::Postgres(row) => row.try_get::<Option<&str>, _>(column),
        };
        value.map_err(|error| self.corrupt(&error.to_string()))
    }

    /// A text.
    pub(crate) fn text(&self, column: usize) -> Result<&'r str, StoreError> {
        let value = self.optional_text(column)?;
        value.ok_or_else(|| self.corrupt(&format!("column {} is null", column + 1)))
    }

    /// A ref in canonical form.
    pub(crate) fn entity_ref(&self, column: usize) -> Result<EntityRef, StoreError> {
        let text = unescaped(self.text(column)?);
        EntityRef::from_canonical(&text)
            .ok_or_else(|| self.corrupt(&format!("{text:?} is not an entity ref")))
    }

    /// Entity refs of a JSON array.
    fn entity_refs(&self, column: usize) -> Result<Arc<[EntityRef]>, StoreError> {
        self.texts(column)?
            .iter()
            .map(|text| {
                EntityRef::from_canonical(text)
                    .ok_or_else(|| self.corrupt(&format!("{text:?} is not an entity ref")))
            })
            .collect()
    }

    /// Texts of a JSON array.
    fn texts(&self, column: usize) -> Result<Vec<Arc<str>>, StoreError> {
        match self.text(column)? {
            "[]" => Ok(Vec::new()),
            text => serde_json::from_str(text)
                .map_err(|error| self.corrupt(&format!("column {}: {error}", column + 1))),
        }
    }

    /// `entity_ref, entity_id, state, parents, body` from column `first` on.
    pub(crate) fn final_entity(&self, first: usize) -> Result<FinalEntity, StoreError> {
        let state = match self.text(first + 2)? {
            "completed" => FinalState::Completed,
            "failed" => FinalState::Failed,
            other => return Err(self.corrupt(&format!("state {other:?} is unknown"))),
        };
        Ok(FinalEntity {
            entity_ref: self.entity_ref(first)?,
            entity_id: unescaped(self.text(first + 1)?).into(),
            state,
            parents: self.entity_refs(first + 3)?,
            body: self.text(first + 4)?.into(),
        })
    }

    /// `change` and then what [`Record::final_entity`] takes, from column `first` on.
    pub(crate) fn final_entity_change(
        &self,
        first: usize,
    ) -> Result<FinalEntityChange, StoreError> {
        match self.text(first)? {
            PUT => self.final_entity(first + 1).map(FinalEntityChange::Put),
            DELETE => self.entity_ref(first + 1).map(FinalEntityChange::Delete),
            other => Err(self.corrupt(&format!("change {other:?} is unknown"))),
        }
    }

    /// `entity_ref, entity_id, location_key, unprocessed_hash, result_hash, emitted_by,
    /// processing`.
    pub(crate) fn refresh_state(&self) -> Result<RefreshStateRow, StoreError> {
        Ok(RefreshStateRow {
            entity_ref: self.entity_ref(0)?,
            entity_id: unescaped(self.text(1)?).into(),
            location_key: self.optional_text(2)?.map(|text| unescaped(text).into()),
            unprocessed_hash: self.text(3)?.into(),
            result_hash: self.optional_text(4)?.map(Into::into),
            emitted_by: self.texts(5)?.into(),
            processing: self.text(6)?.into(),
        })
    }

    /// The error that names this row: by its ref, where it has one that can be read.
    fn corrupt(&self, reason: &str) -> StoreError {
        let named =
            (0..3).filter_map(|column| self.ref_text(column)).find(|text| text.contains(':'));
        let named = named.unwrap_or("a row");
        StoreError::Corrupt { table: self.table, reason: format!("{named}: {reason}") }
    }

    fn ref_text(&self, column: usize) -> Option<&'r str> {
        match self.source {
            Source::Sqlite(row) => row.try_get::<&str, _>(column).ok(),
            Source::Postgres(row) => row.try_get::<&str, _>(column).ok(),
        }
    }
}

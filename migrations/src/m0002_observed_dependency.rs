//! Which entities were seen to call which, day by day.
//!
//! The day comes first in the key: old days are removed together, and those of now lie together.
//! Refs are stored as in the catalog: shortened where they are too long for an index, and then
//! whole beside it.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
};

/// `day` counts from 1970-01-01, UTC.
const SQLITE: &str = r"
CREATE TABLE observed_dependency (
    day integer NOT NULL,
    from_ref text NOT NULL,
    to_ref text NOT NULL,
    first_seen_ms integer NOT NULL,
    last_seen_ms integer NOT NULL,
    whole_from text,
    whole_to text,
    PRIMARY KEY (day, from_ref, to_ref)
) WITHOUT ROWID;
";

const POSTGRES: &str = r#"
CREATE TABLE observed_dependency (
    day bigint NOT NULL,
    from_ref text COLLATE "C" NOT NULL,
    to_ref text COLLATE "C" NOT NULL,
    first_seen_ms bigint NOT NULL,
    last_seen_ms bigint NOT NULL,
    whole_from text,
    whole_to text,
    PRIMARY KEY (day, from_ref, to_ref)
);
"#;

const DOWN: &str = "DROP TABLE observed_dependency";

/// The step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_observed_dependency"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait's own signature hides it")]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let script = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        manager.get_connection().execute_unprepared(script).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}

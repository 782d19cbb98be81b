//! The catalog: refresh states, final entities with their history, revisions and leases.
//!
//! Plain SQL, because what differs between the databases is what matters here: row ids, collation
//! and how long texts are kept. A ref that is too long for an index of PostgreSQL stands shortened in
//! `entity_ref` and whole in `whole_ref`, which else is null. No foreign key joins `final_entity` to its history: PostgreSQL
//! would check it row by row, and both are only ever written in one statement's breath.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
};

/// `integer PRIMARY KEY` is the row id itself. Long texts come last, so that reading the columns
/// before them does not walk their overflow pages.
const SQLITE: &str = r"
CREATE TABLE refresh_state (
    entity_ref text NOT NULL PRIMARY KEY,
    entity_id text NOT NULL,
    location_key text,
    unprocessed_hash text NOT NULL,
    result_hash text,
    emitted_by text NOT NULL,
    whole_ref text,
    processing text NOT NULL,
    unprocessed text
);
CREATE TABLE final_entity (
    entity_ref text NOT NULL PRIMARY KEY,
    history_id integer NOT NULL,
    revision integer NOT NULL
) WITHOUT ROWID;
CREATE TABLE final_entity_history (
    id integer NOT NULL PRIMARY KEY,
    revision integer NOT NULL,
    change text NOT NULL,
    entity_ref text NOT NULL,
    entity_id text,
    state text,
    whole_ref text,
    parents text,
    body text
);
CREATE INDEX final_entity_history_revision ON final_entity_history (revision);
CREATE INDEX final_entity_history_entity ON final_entity_history (entity_ref, id);
CREATE TABLE catalog_revision (
    revision integer NOT NULL PRIMARY KEY,
    committed_at_ms integer NOT NULL,
    cause text NOT NULL
);
CREATE TABLE catalog_head (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    revision integer NOT NULL,
    mark integer NOT NULL
);
INSERT INTO catalog_head (id, revision, mark) VALUES (1, 0, 0);
CREATE TABLE lease (
    name text NOT NULL PRIMARY KEY,
    holder text,
    fence integer NOT NULL,
    expires_at_ms integer NOT NULL
);
";

/// Keys compare by their bytes, as in SQLite and in memory, and not by the rules of a language.
/// Long texts stay uncompressed (pglz costs more time than the disk it saves) and, up to a page,
/// beside their row.
const POSTGRES: &str = r#"
CREATE TABLE refresh_state (
    entity_ref text COLLATE "C" NOT NULL PRIMARY KEY,
    entity_id text NOT NULL,
    location_key text,
    unprocessed_hash text NOT NULL,
    result_hash text,
    emitted_by text NOT NULL,
    whole_ref text,
    processing text NOT NULL,
    unprocessed text
) WITH (toast_tuple_target = 8160);
ALTER TABLE refresh_state ALTER COLUMN processing SET STORAGE EXTERNAL;
ALTER TABLE refresh_state ALTER COLUMN unprocessed SET STORAGE EXTERNAL;
CREATE TABLE final_entity (
    entity_ref text COLLATE "C" NOT NULL PRIMARY KEY,
    history_id bigint NOT NULL,
    revision bigint NOT NULL
);
CREATE TABLE final_entity_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision bigint NOT NULL,
    change text NOT NULL,
    entity_ref text COLLATE "C" NOT NULL,
    entity_id text,
    state text,
    whole_ref text,
    parents text,
    body text
) WITH (toast_tuple_target = 8160);
ALTER TABLE final_entity_history ALTER COLUMN parents SET STORAGE EXTERNAL;
ALTER TABLE final_entity_history ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX final_entity_history_revision ON final_entity_history (revision);
CREATE INDEX final_entity_history_entity ON final_entity_history (entity_ref, id);
CREATE TABLE catalog_revision (
    revision bigint NOT NULL PRIMARY KEY,
    committed_at_ms bigint NOT NULL,
    cause text NOT NULL
);
CREATE TABLE catalog_head (
    id smallint NOT NULL PRIMARY KEY CHECK (id = 1),
    revision bigint NOT NULL,
    mark bigint NOT NULL
);
INSERT INTO catalog_head (id, revision, mark) VALUES (1, 0, 0);
CREATE TABLE lease (
    name text NOT NULL PRIMARY KEY,
    holder text,
    fence bigint NOT NULL,
    expires_at_ms bigint NOT NULL
);
"#;

const DOWN: &str = r"
DROP TABLE lease;
DROP TABLE catalog_head;
DROP TABLE catalog_revision;
DROP TABLE final_entity_history;
DROP TABLE final_entity;
DROP TABLE refresh_state;
";

/// The step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_catalog"
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

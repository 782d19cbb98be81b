//! Every line of SQL of Callboard, on SQLite and PostgreSQL.
//!
//! [`Store::connect`] opens the database, brings its schema up to date and gives a value that
//! implements the ports of the other crates, such as
//! [`CatalogStore`](callboard_catalog::store::CatalogStore).

mod bulk;
mod commit;
mod config;
mod connect_error;
mod database;
mod dependency_facts;
mod error;
mod fence;
mod history;
mod lease;
mod migrate;
mod notices;
mod postgres;
mod produced;
mod reads;
mod record;
mod sqlite;
mod store;
mod text;
mod write_connection;

pub use config::{DatabaseConfig, MissingDatabase, PostgresConfig, PostgresTls, SqliteLocation};
pub use connect_error::ConnectError;
pub use history::HistoryEntry;
pub use lease::LEASE_TIME_TO_LIVE;
pub use migrate::{MigrationReport, migrate};
pub use store::Store;

//! Why the store could not be opened.

use std::{error::Error, path::PathBuf};

/// Why the store could not be opened. No text holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another process, or another store of this one, has the SQLite file.
    #[error(
        "the database file {} is in use by another process: stop that one first, or let both use \
         PostgreSQL (SQLite serves a single process)", .path.display()
    )]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The SQLite file, its folder or its lock file cannot be opened.
    #[error("the database file {} cannot be opened", .path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The PostgreSQL server does not let us in.
    #[error("PostgreSQL at {server}, database {database}, cannot be reached")]
    Server {
        /// `host:port`.
        server: String,
        /// The database.
        database: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database is missing and could not be created.
    #[error(
        "database {database} does not exist on {server} and could not be created: create it, or \
         let the role create databases"
    )]
    CreateDatabase {
        /// `host:port`.
        server: String,
        /// The database.
        database: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database cannot hold every text.
    #[error("database {database} has encoding {encoding}: create it with encoding UTF8")]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding.
        encoding: String,
    },
    /// The schema of PostgreSQL is missing and could not be created.
    #[error(
        "schema {schema} does not exist and could not be created: create it, or let the role \
         create schemas in this database"
    )]
    CreateSchema {
        /// The schema.
        schema: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A newer release has been here.
    #[error(
        "the database was migrated by a newer release ({step} is unknown to this one): run that \
         release, or one after it"
    )]
    SchemaTooNew {
        /// The first step that this release does not know.
        step: String,
    },
    /// A step of the schema failed, and was taken back.
    #[error("the database schema could not be brought up to date")]
    Migrate {
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

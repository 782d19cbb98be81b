//! Where the database is.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

/// Which database, and how to reach it.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A file of this process alone, or nothing but memory.
    Sqlite(SqliteLocation),
    /// A server that several processes may share.
    Postgres(PostgresConfig),
}

/// Where an SQLite database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory; gone with the store.
    Memory,
    /// In this file, which is created with its folder where it is missing. Beside it stand
    /// `<file>.lock`, `<file>-wal` and `<file>-shm`.
    File(PathBuf),
}

/// How to reach a PostgreSQL database. `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// A host name or address; with a leading `/` the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password, where it needs one.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// What to do if the server has no such database.
    pub missing_database: MissingDatabase,
    /// The schema that holds all tables, created where it is missing; `None` = the role's own
    /// search path, mostly `public`.
    pub schema: Option<String>,
    /// How the connection is secured.
    pub tls: PostgresTls,
    /// At most this many connections at a time, one for notices apart.
    pub max_connections: u32,
    /// How long to try at the start, and how long a caller waits for a connection later.
    pub connect_deadline: Duration,
}

impl Default for PostgresConfig {
    /// `callboard@127.0.0.1:5432/callboard`, created if missing, without a password, 10
    /// connections, 5 s.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            user: "callboard".to_owned(),
            password: None,
            database: "callboard".to_owned(),
            missing_database: MissingDatabase::Create,
            schema: None,
            tls: PostgresTls::Preferred,
            max_connections: 10,
            connect_deadline: Duration::from_secs(5),
        }
    }
}

/// What to do about a database that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingDatabase {
    /// Create it, if the role may.
    Create,
    /// Fail.
    Refuse,
}

/// How a PostgreSQL connection is secured.
#[derive(Debug, Clone)]
pub enum PostgresTls {
    /// In the clear.
    Off,
    /// Encrypted where the server offers it, without a look at its certificate.
    Preferred,
    /// Encrypted, without a look at the server's certificate.
    Unverified,
    /// Encrypted; certificate and host name are verified, against this authority (PEM) or else
    /// those that the machine trusts.
    Verified {
        /// The authority's certificate, PEM text.
        authority_pem: Option<String>,
    },
}

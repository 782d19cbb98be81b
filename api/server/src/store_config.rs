//! From `backend.database` to what the store takes.

use callboard_store::{
    DatabaseConfig, MissingDatabase, PostgresConfig, PostgresTls, SqliteLocation,
};

use secrecy::ExposeSecret as _;

use crate::config;

/// The store's words for a configured database.
pub(crate) fn database(config: &config::DatabaseConfig) -> DatabaseConfig {
    match config {
        config::DatabaseConfig::SqliteMemory => DatabaseConfig::Sqlite(SqliteLocation::Memory),
        config::DatabaseConfig::SqliteFile(path) => {
            DatabaseConfig::Sqlite(SqliteLocation::File(path.clone()))
        }
        config::DatabaseConfig::Postgres(postgres) => DatabaseConfig::Postgres(PostgresConfig {
            host: postgres.host.clone(),
            port: postgres.port,
            user: postgres.user.clone(),
            password: postgres.password.clone(),
            database: postgres.database.clone(),
            missing_database: MissingDatabase::Create,
            schema: postgres.schema.map(str::to_owned),
            tls: tls(&postgres.tls),
            ..PostgresConfig::default()
        }),
    }
}

fn tls(tls: &config::PostgresTls) -> PostgresTls {
    match tls {
        config::PostgresTls::Off => PostgresTls::Off,
        config::PostgresTls::Unchecked => PostgresTls::Unverified,
        config::PostgresTls::Checked { ca } => PostgresTls::Verified {
            authority_pem: ca.as_ref().map(|ca| ca.expose_secret().to_owned()),
        },
    }
}

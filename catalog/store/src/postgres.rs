//! PostgreSQL: a server that several processes may share.

use std::{future::Future, time::Duration};

use sea_orm::{
    SqlxPostgresConnector,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Row,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    },
};
use secrecy::ExposeSecret;

use crate::{
    config::{MissingDatabase, PostgresConfig, PostgresTls},
    connect_error::ConnectError,
    database::{Database, DatabaseKind},
    error::database_code,
};

/// Milliseconds since 1970, now and not at the start of the transaction.
pub(crate) const NOW_MS: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)";

/// The database that every server has, from which others are created.
const MAINTENANCE_DATABASE: &str = "postgres";

/// SQLSTATE: there is no such database.
const NO_SUCH_DATABASE: &str = "3D000";

/// SQLSTATE: somebody else created it meanwhile.
const CREATED_BY_ANOTHER: [&str; 3] = ["42P04", "42P06", "23505"];

/// A connection is not kept for ever, so that a server behind a changed address is found again.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// Opens the database; creates it and its schema where they are missing and that is asked for.
pub(crate) async fn open(config: &PostgresConfig) -> Result<Database, ConnectError> {
    let pool = pool(config);
    match first_connection(config, &pool).await {
        Ok(()) => {}
        Err(error)
            if database_code(&error).as_deref() == Some(NO_SUCH_DATABASE)
                && config.missing_database == MissingDatabase::Create =>
        {
            create_database(config).await.map_err(|source| ConnectError::CreateDatabase {
                server: server(config),
                database: config.database.clone(),
                source: source.into(),
            })?;
            let connected = first_connection(config, &pool).await;
            connected.map_err(|source| unreachable_server(config, source))?;
        }
        Err(source) => return Err(unreachable_server(config, source)),
    }
    check_encoding(config, &pool).await?;
    if let Some(schema) = &config.schema {
        create_schema(&pool, schema).await.map_err(|source| ConnectError::CreateSchema {
            schema: schema.clone(),
            source: source.into(),
        })?;
    }
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Database::new(DatabaseKind::Postgres, connection.clone(), connection))
}

fn pool(config: &PostgresConfig) -> PgPool {
    PgPoolOptions::new()
        .max_connections(config.max_connections.max(2) + 1)
        .acquire_timeout(config.connect_deadline)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(true)
        .connect_lazy_with(options(config, &config.database))
}

fn options(config: &PostgresConfig, database: &str) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&config.host)
        .port(config.port)
        .username(&config.user)
        .database(database)
        .application_name("callboard")
        .disable_statement_logging();
    if let Some(password) = &config.password {
        options = options.password(password.expose_secret());
    }
    if let Some(schema) = &config.schema {
        options = options.options([("search_path", quoted(schema))]);
    }
    match &config.tls {
        PostgresTls::Off => options.ssl_mode(PgSslMode::Disable),
        PostgresTls::Preferred => options.ssl_mode(PgSslMode::Prefer),
        PostgresTls::Unverified => options.ssl_mode(PgSslMode::Require),
        PostgresTls::Verified { authority_pem: None } => options.ssl_mode(PgSslMode::VerifyFull),
        PostgresTls::Verified { authority_pem: Some(pem) } => {
            options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(pem.clone().into_bytes())
        }
    }
}

/// Waits for the server as long as it refuses connections or is starting, up to the deadline.
async fn first_connection(config: &PostgresConfig, pool: &PgPool) -> Result<(), sqlx::Error> {
    within(config.connect_deadline, async { pool.acquire().await.map(drop) }).await
}

/// In another encoding, most texts of the world could be refused in the midst of a commit.
async fn check_encoding(config: &PostgresConfig, pool: &PgPool) -> Result<(), ConnectError> {
    let question = sqlx::query("SELECT current_setting('server_encoding')").fetch_one(pool);
    let encoding = within(config.connect_deadline, async { question.await?.try_get(0) }).await;
    let encoding: String = encoding.map_err(|source| unreachable_server(config, source))?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(ConnectError::Encoding { database: config.database.clone(), encoding })
}

async fn create_database(config: &PostgresConfig) -> Result<(), sqlx::Error> {
    within(config.connect_deadline * 2, async {
        let options = options(config, MAINTENANCE_DATABASE);
        let mut connection = PgConnection::connect_with(&options).await?;
        // Whatever the server's own language is: any text fits, and is ordered by its bytes.
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
            quoted(&config.database)
        );
        let created = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await;
        connection.close().await?;
        unless_created_by_another(created.map(drop))
    })
    .await
}

/// A role that may not create schemas can use one that is there.
async fn create_schema(pool: &PgPool, schema: &str) -> Result<(), sqlx::Error> {
    let exists = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(schema);
    if exists.fetch_optional(pool).await?.is_some() {
        return Ok(());
    }
    let sql = format!("CREATE SCHEMA {}", quoted(schema));
    unless_created_by_another(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.map(drop))
}

fn unless_created_by_another(created: Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
    match created {
        Err(error)
            if database_code(&error)
                .is_some_and(|code| CREATED_BY_ANOTHER.contains(&code.as_str())) =>
        {
            Ok(())
        }
        other => other,
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn unreachable_server(config: &PostgresConfig, source: sqlx::Error) -> ConnectError {
    ConnectError::Server {
        server: server(config),
        database: config.database.clone(),
        source: source.into(),
    }
}

fn server(config: &PostgresConfig) -> String {
    format!("{}:{}", config.host, config.port)
}

/// A name as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

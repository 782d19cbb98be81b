//! `backend.database`.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use super::{
    check::Findings,
    error::Problem,
    listen::{port_number, problem},
    node::Node,
    section::Section,
};

/// The file of the embedded database, in its folder.
const SQLITE_FILE: &str = "callboard.db";

/// Which database.
#[derive(Debug, Clone)]
pub(crate) enum DatabaseConfig {
    /// Embedded, gone with the process.
    SqliteMemory,
    /// Embedded, in this file.
    SqliteFile(PathBuf),
    /// PostgreSQL.
    Postgres(PostgresConfig),
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct PostgresConfig {
    /// The host, or the folder of a socket.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Who signs in.
    pub(crate) user: String,
    /// The password, if one is asked for.
    pub(crate) password: Option<SecretString>,
    /// The database; made if it is absent and the user may.
    pub(crate) database: String,
    /// The schema, if not the user's own.
    pub(crate) schema: Option<&'static str>,
    /// Whether TLS is asked for.
    pub(crate) tls: PostgresTls,
}

/// TLS towards PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) enum PostgresTls {
    /// None.
    Off,
    /// TLS whose certificate is not checked (`rejectUnauthorized: false`).
    Unchecked,
    /// TLS whose certificate is checked, by this authority (PEM) if one is given.
    Checked {
        /// The authority.
        ca: Option<SecretString>,
    },
}

impl DatabaseConfig {
    /// Reads it; without any, a file in `folder`.
    pub(super) fn read(section: &Section<'_>, folder: &Path, findings: &mut Findings) -> Self {
        match section.text("client") {
            Some("pg") => Self::Postgres(PostgresConfig::read(section, findings)),
            _ => sqlite(&section.at("connection"), folder, findings),
        }
    }
}

fn sqlite(connection: &Section<'_>, folder: &Path, findings: &mut Findings) -> DatabaseConfig {
    if let Some(node) = connection.node()
        && let Some(text) = node.text()
    {
        return match text {
            ":memory:" => DatabaseConfig::SqliteMemory,
            url if url.contains("://") => {
                let expected = "':memory:', a file, { directory } or { filename }";
                findings.problems.push(Problem::concealed(connection.path(), node, expected));
                DatabaseConfig::SqliteMemory
            }
            file => DatabaseConfig::SqliteFile(node.place.folder().join(file)),
        };
    }
    if connection.text("filename") == Some(":memory:") {
        return DatabaseConfig::SqliteMemory;
    }
    let directory = connection.file("directory").map(|directory| directory.join(SQLITE_FILE));
    let file = connection.file("filename").or(directory);
    DatabaseConfig::SqliteFile(file.unwrap_or_else(|| folder.join(SQLITE_FILE)))
}

impl PostgresConfig {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        let connection = section.at("connection");
        let schema = (section.text("pluginDivisionMode") == Some("schema")).then_some("callboard");
        let url = connection.node().and_then(Node::text);
        let url_section = match url {
            Some(_) => connection.clone(),
            None => connection.at("connectionString"),
        };
        let from_url = url_section.node().and_then(|node| {
            let parsed = node.text().and_then(from_url);
            if parsed.is_none() {
                let expected = "a URL such as postgresql://user:password@host:5432/callboard";
                findings.problems.push(Problem::concealed(url_section.path(), node, expected));
            }
            parsed
        });
        let base = from_url.unwrap_or_else(|| Self {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            user: "postgres".to_owned(),
            password: None,
            database: "callboard".to_owned(),
            schema: None,
            tls: PostgresTls::Off,
        });
        let port = connection.number("port").map_or(Some(base.port), port_number);
        if port.is_none() {
            findings.problems.extend(problem(&connection.at("port"), "a port from 0 to 65535"));
        }
        let text =
            |key: &str, otherwise: String| connection.text(key).map_or(otherwise, str::to_owned);
        Self {
            host: text("host", base.host),
            port: port.unwrap_or(base.port),
            user: text("user", base.user),
            password: connection.secret("password").or(base.password),
            database: text("database", base.database),
            schema,
            tls: tls(&connection.at("ssl"), base.tls),
        }
    }
}

fn tls(section: &Section<'_>, otherwise: PostgresTls) -> PostgresTls {
    match (section.node(), section.node().and_then(Node::flag)) {
        (None, _) => otherwise,
        (_, Some(false)) => PostgresTls::Off,
        (_, Some(true)) => PostgresTls::Checked { ca: None },
        _ if section.flag("rejectUnauthorized") == Some(false) => PostgresTls::Unchecked,
        _ => PostgresTls::Checked { ca: section.secret("ca") },
    }
}

/// Reads a connection URL. The user name and the password may be percent-encoded.
fn from_url(text: &str) -> Option<PostgresConfig> {
    let url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return None;
    }
    let mut config = PostgresConfig {
        host: url.host_str().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(5432),
        user: decoded(url.username())?,
        password: url.password().and_then(decoded).map(SecretString::from),
        database: decoded(url.path().trim_start_matches('/'))?,
        schema: None,
        tls: PostgresTls::Off,
    };
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("host", value) => value.clone_into(&mut config.host),
            ("sslmode", "require" | "no-verify" | "prefer" | "allow") => {
                config.tls = PostgresTls::Unchecked;
            }
            ("sslmode", "verify-ca" | "verify-full") | ("ssl", "true" | "1") => {
                config.tls = PostgresTls::Checked { ca: None };
            }
            _ => {}
        }
    }
    if config.user.is_empty() {
        "postgres".clone_into(&mut config.user);
    }
    if config.database.is_empty() {
        "callboard".clone_into(&mut config.database);
    }
    Some(config)
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

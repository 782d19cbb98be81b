//! Configuration files for servers under test. JSON is YAML, too.

use std::path::Path;

use serde_json::{Value, json};

/// The static token of every server in the lab.
pub(crate) const TOKEN: &str = "prove-static-token-0123456789";

/// A SQLite file.
pub(crate) fn sqlite(file: &Path) -> Value {
    json!({ "client": "better-sqlite3", "connection": file })
}

/// A database of the lab's PostgreSQL.
pub(crate) fn postgres(port: u16, name: &str) -> Value {
    json!({
        "client": "pg",
        "connection": {
            "host": "127.0.0.1",
            "port": port,
            "user": "callboard",
            "database": name,
        },
    })
}

/// What `serve` needs: a database, one `file` Location with every built-in kind allowed, the
/// static token.
pub(crate) fn serve_config(database: &Value, location: &Path) -> Value {
    json!({
        "app": { "title": "Callboard", "baseUrl": "http://localhost:7007" },
        "organization": { "name": "The Bank" },
        "backend": {
            "baseUrl": "http://localhost:7007",
            "database": database,
            "auth": {
                "externalAccess": [
                    { "type": "static", "options": { "token": TOKEN, "subject": "prove" } },
                ],
            },
        },
        "catalog": {
            "rules": [{ "allow": [
                "Component", "API", "Resource", "System", "Domain", "Group", "User", "Location",
            ] }],
            "locations": [{ "type": "file", "target": location }],
        },
        "callboard": { "metrics": { "listen": "127.0.0.1:0" } },
    })
}

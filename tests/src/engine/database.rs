//! The databases that an engine is tested on.

use callboard_store::{DatabaseConfig, SqliteLocation};
use tempfile::TempDir;

use crate::postgres::TestDatabase;

/// A database of one test, which outlives the engines that run on it.
#[derive(Debug)]
pub struct EngineDatabase {
    config: DatabaseConfig,
    _postgres: Option<TestDatabase>,
    _folder: Option<TempDir>,
}

impl EngineDatabase {
    /// A file of SQLite.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SqliteLocation::File(folder.path().join("callboard.db"));
        Self { config: DatabaseConfig::Sqlite(file), _postgres: None, _folder: Some(folder) }
    }

    /// A database of the PostgreSQL that the tests share; `None` after a line that says why the
    /// test is skipped.
    pub fn postgres(test: &str) -> Option<Self> {
        let database = TestDatabase::create(test)?;
        Some(Self { config: database.config(), _postgres: Some(database), _folder: None })
    }

    /// A database that the test made itself.
    pub fn at(config: DatabaseConfig) -> Self {
        Self { config, _postgres: None, _folder: None }
    }

    /// How to reach it.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }
}

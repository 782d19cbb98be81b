//! Rows, and the cases that they are run as.

use super::outcome::Outcome;
use crate::lab::{Database, Lab};

/// How a row is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// The database makes no difference.
    Once(fn(&mut Lab) -> anyhow::Result<Outcome>),
    /// On SQLite and on PostgreSQL.
    EachDatabase(fn(&mut Lab, Database) -> anyhow::Result<Outcome>),
}

/// A bar of an issue.
#[derive(Debug)]
pub(crate) struct Row {
    /// `area.what`, such as `catalog.ingest-10k`.
    pub(crate) id: &'static str,
    /// The issue that sets the bar.
    pub(crate) issue: u32,
    /// What must hold.
    pub(crate) statement: &'static str,
    /// The bar in words.
    pub(crate) bar: &'static str,
    /// How it is measured.
    pub(crate) measure: Measure,
}

/// A row on one database.
#[derive(Debug)]
pub(crate) struct Case {
    id: String,
    row: &'static Row,
    database: Option<Database>,
}

impl Case {
    /// The cases of a row: one, or one for each database.
    pub(crate) fn of_row(row: &'static Row) -> Vec<Self> {
        let on = |database: Database| Self {
            id: format!("{}[{}]", row.id, database.suffix()),
            row,
            database: Some(database),
        };
        match row.measure {
            Measure::Once(_) => vec![Self { id: row.id.to_owned(), row, database: None }],
            Measure::EachDatabase(_) => vec![on(Database::Sqlite), on(Database::Postgres)],
        }
    }

    /// Its name, such as `catalog.ingest-10k[pg]`.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Its row.
    pub(crate) fn row(&self) -> &'static Row {
        self.row
    }

    /// Whether `word` is the number of its issue or the start of its name.
    pub(crate) fn is_meant_by(&self, word: &str) -> bool {
        word.parse()
            .map_or_else(|_| self.id.starts_with(word), |issue: u32| issue == self.row.issue)
    }

    /// Measures it.
    pub(crate) fn run(&self, lab: &mut Lab) -> anyhow::Result<Outcome> {
        match (self.row.measure, self.database) {
            (Measure::Once(measure), _) => measure(lab),
            (Measure::EachDatabase(measure), database) => {
                measure(lab, database.unwrap_or(Database::Sqlite))
            }
        }
    }
}

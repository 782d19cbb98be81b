//! Schema of the store, step by step.
//!
//! Steps are only ever added. Each one works beneath the previous release too (first expand, then,
//! a release later, contract), and can be taken back.

use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    sea_orm::{DynIden, sea_query::Alias},
    sea_query::IntoIden,
};

mod m0001_catalog;
mod m0002_observed_dependency;

/// Name of the table that records which steps a database has seen.
pub const MIGRATION_TABLE: &str = "callboard_migration";

/// The steps of the schema, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_catalog::Migration), Box::new(m0002_observed_dependency::Migration)]
    }

    fn migration_table_name() -> DynIden {
        Alias::new(MIGRATION_TABLE).into_iden()
    }
}

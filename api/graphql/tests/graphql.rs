//! The schema and its service from outside, over catalogs in memory.
#![cfg(test)]

#[path = "graphql/catalog.rs"]
mod catalog;
#[path = "graphql/limits.rs"]
mod limits;
#[path = "graphql/lists.rs"]
mod lists;
#[path = "graphql/permission.rs"]
mod permission;
#[path = "graphql/schema.rs"]
mod schema;
#[path = "graphql/subscription.rs"]
mod subscription;
#[path = "graphql/support.rs"]
mod support;

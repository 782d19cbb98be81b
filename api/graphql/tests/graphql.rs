//! The schema and its service from outside, over catalogs in memory.
#![cfg(test)]

#[path = "graphql/catalog.rs"]
mod catalog;
#[path = "graphql/estate.rs"]
mod estate;
#[path = "graphql/estate_cost.rs"]
mod estate_cost;
#[path = "graphql/estate_permission.rs"]
mod estate_permission;
#[path = "graphql/estate_subscription.rs"]
mod estate_subscription;
#[path = "graphql/estate_support.rs"]
mod estate_support;
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
#[path = "graphql/topology.rs"]
mod topology;

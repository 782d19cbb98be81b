//! The life of an entity: ingestion, processing, stitching, index and query.
//!
//! The steps are pure functions over plain data; the loops around them are thin; the database, the
//! files and the network are ports that other crates implement.

pub mod catalog_engine;
pub mod entities_catalog;
pub mod final_entity;
pub mod index;
pub mod ingestion;
pub mod processing;
pub mod query;
pub mod reading;
pub mod refresh_graph;
pub mod stitching;
pub mod store;

//! Integration, architecture and attack tests.

pub mod engine;
pub mod postgres;

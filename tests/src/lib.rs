//! Integration, architecture and attack tests.

pub mod engine;
pub mod postgres;
pub mod web_server;

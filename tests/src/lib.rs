//! Integration, architecture and attack tests.

pub mod postgres;

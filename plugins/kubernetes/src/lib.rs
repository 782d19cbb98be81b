//! What runs in each cluster: one watcher per cluster keeps an index of plain data up to date.

mod backoff;
mod bounded;
mod config;
mod decode;
mod failure;
mod image;
mod index;
mod intern;
mod kinds;
mod object;

pub use config::{Budget, ClusterConfig, Connection, Credentials};

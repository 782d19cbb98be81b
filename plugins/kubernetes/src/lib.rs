//! What runs in each cluster: one watcher per cluster keeps an index of plain data up to date.
//!
//! The way of a fact: `kind_watch` lists and watches one kind and decodes what comes into lean
//! objects (`kinds`, `object`); `session` takes them into the pure `index` and the pure
//! `status`es; `runtime` gives readers a snapshot that is swapped as a whole. `watcher` opens
//! one session after the other. A recording takes the same way from a folder (`recorded`).

mod access;
mod backoff;
mod bounded;
mod client;
mod config;
mod connect;
mod decode;
mod discovery;
mod failure;
mod grants;
mod image;
mod index;
mod intern;
mod kind_watch;
mod kinds;
mod object;
mod plan;
mod probe;
mod record;
mod recorded;
mod runtime;
mod session;
mod status;
mod watcher;

pub use access::{ClusterAccess, KindAccess, check_access};
pub use config::{Budget, ClusterConfig, Connection, Credentials};
pub use grants::cluster_role;
pub use record::{RecordError, RecordedKind, record_snapshot};
pub use watcher::ClusterWatcher;

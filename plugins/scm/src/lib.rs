//! Where descriptors come from: files and URLs.

mod file_reader;
mod file_watcher;
mod glob_pattern;
mod integration;
mod stamp;
mod watched_files;

pub use file_reader::FileReader;
pub use file_watcher::{FileChanges, FileWatcher, FileWatcherOptions, WatchList, WatchMode};
pub use integration::{Integration, IntegrationCredentials, IntegrationKind};

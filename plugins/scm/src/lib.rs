//! Where descriptors come from: files and URLs.

mod content_hash;
mod file_reader;
mod file_watcher;
mod glob_pattern;
mod glob_walk;
mod integration;
mod raw_form;
mod reader;
mod stamp;
mod url_target_reader;
mod watched_files;

pub use file_reader::FileReader;
pub use file_watcher::{FileChanges, FileWatcher, FileWatcherOptions, WatchList, WatchMode};
pub use integration::{Integration, IntegrationCredentials, IntegrationKind};
pub use reader::ScmReader;
pub use url_target_reader::{UrlTargetOptions, UrlTargetReader};

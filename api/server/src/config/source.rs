//! Where configuration comes from: files and environment variables, as a port.

use std::{io, path::Path};

/// What surrounds the configuration.
pub(crate) trait Surroundings {
    /// The text of a file.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// An environment variable, trimmed as upstream does; `None` if it is not set.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The files and variables of this process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProcessSurroundings;

impl Surroundings for ProcessSurroundings {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place where configuration is read")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().map(|value| value.trim().to_owned())
    }
}

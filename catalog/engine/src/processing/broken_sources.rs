//! What a Location reads and could not tell the content of.

use std::{collections::HashMap, sync::Arc};

use super::ProcessingError;

/// Files and folders that could not be read, each with its error: what was read from them before
/// stays.
#[derive(Debug, Clone, Default)]
pub struct BrokenSources {
    by_key: HashMap<Arc<str>, ProcessingError>,
}

impl BrokenSources {
    /// Adds the file of a location key such as `file:/srv/a.yaml`, or with a `/` at its end a
    /// folder and all below it. The first error of each stays.
    pub fn insert(&mut self, location_key: Arc<str>, error: ProcessingError) {
        self.by_key.entry(location_key).or_insert(error);
    }

    /// Why it is not known whether the file of `location_key` still holds what it held. Cost: the
    /// length of the key, however many are broken.
    pub fn error_of(&self, location_key: &str) -> Option<&ProcessingError> {
        if self.by_key.is_empty() {
            return None;
        }
        let folders =
            location_key.rmatch_indices('/').filter_map(|(at, _)| location_key.get(..=at));
        std::iter::once(location_key).chain(folders).find_map(|key| self.by_key.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_speaks_for_everything_below_it_and_nothing_beside() {
        let error = |message: &str| ProcessingError {
            name: "Error".to_owned(),
            message: message.to_owned(),
            stage: "location",
            target: None,
        };
        let mut broken = BrokenSources::default();
        broken.insert("file:/srv/a/".into(), error("folder"));
        broken.insert("file:/srv/a/b.yaml".into(), error("file"));
        let found = |key: &str| broken.error_of(key).map(|error| error.message.as_str());
        assert_eq!(found("file:/srv/a/b.yaml"), Some("file"));
        assert_eq!(found("file:/srv/a/c/d.yaml"), Some("folder"));
        assert_eq!(found("file:/srv/ab.yaml"), None);
        assert_eq!(found("url:https://h/srv/a/b.yaml"), None);
    }
}

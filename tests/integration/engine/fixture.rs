//! Folders of descriptors, and the databases that each scenario runs on.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

/// Runs scenarios on a file of SQLite and on PostgreSQL, each on a database of its own.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(callboard_tests::engine::EngineDatabase::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use callboard_tests::engine::EngineDatabase;
                    let test = concat!(module_path!(), "::", stringify!($test));
                    if let Some(database) = EngineDatabase::postgres(test) {
                        super::$test(database).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_each_database;

/// A folder of descriptors.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// The absolute path of a name.
    pub(crate) fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.at(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Saves a file as editors do: a new one gets the name of the old one.
    pub(crate) fn save(&self, name: &str, text: &str) {
        let new = self.at(&format!("{name}.swp"));
        fs::write(&new, text).unwrap();
        fs::rename(new, self.at(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.at(name)).unwrap();
    }

    /// Removes a file that may be gone already.
    pub(crate) fn remove_if_there(&self, name: &str) {
        drop(fs::remove_file(self.at(name)));
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A descriptor of a Component of the team `crew`, with further lines of `spec`.
pub(crate) fn component_with(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec:\n  type: service\n  lifecycle: production\n  owner: crew\n{spec}\n"
    )
}

/// A descriptor of a Component.
pub(crate) fn component(name: &str) -> String {
    component_with(name, "")
}

/// A descriptor of a Component with a title.
pub(crate) fn titled(name: &str, title: &str) -> String {
    component(name).replace("metadata:\n", &format!("metadata:\n  title: {title}\n"))
}

/// A descriptor of a Location of these targets, each relative or absolute.
pub(crate) fn location(name: &str, targets: &[&str]) -> String {
    let targets = targets.join("\n    - ");
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: {name}\n\
         spec:\n  targets:\n    - {targets}\n"
    )
}

/// Says that a test is skipped, in the form that `cargo xtask test` counts.
#[expect(clippy::print_stdout, reason = "told to the one who counts")]
pub(crate) fn skip(test: &str, why: &str) {
    println!("skipped: {test}: {why}");
}

/// Descriptors as the documents of one file.
pub(crate) fn documents(all: &[String]) -> String {
    all.join("---\n")
}

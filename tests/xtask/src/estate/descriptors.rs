//! The catalog's files: the estate as descriptors in the repositories that would hold them.

mod api;
mod component;
mod organisation;
mod resource;
mod tree;

use super::blemishes;
use super::model::Estate;
use super::yaml::Yaml;
use std::collections::BTreeMap;

/// All files below `examples/catalog/` by their path there.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    files: BTreeMap<String, Contents>,
}

/// What one file holds.
#[derive(Debug, Default)]
struct Contents {
    comment: Option<&'static str>,
    documents: Vec<Yaml>,
    /// Descriptors that are wrong on purpose and therefore not made of data.
    faulty: Option<&'static str>,
}

impl Descriptors {
    /// The descriptors of `estate`, with the deliberate blemishes among them.
    pub(crate) fn of(estate: &Estate) -> Self {
        let mut all = Self::default();
        organisation::add(&mut all, estate);
        resource::add_shared(&mut all, estate);
        component::add_systems(&mut all, estate);
        for component in &estate.components {
            let path = repository_file(&component.folder, &component.repository);
            all.put(&path, component::descriptor(component));
            let apis = estate.apis.iter().filter(|api| api.provider == component.name);
            apis.for_each(|one| all.put(&path, api::descriptor(one)));
            let owned = |name: &Option<String>| name.as_ref() == Some(&component.name);
            let resources = estate.resources.iter().filter(|one| owned(&one.declared_by));
            resources.for_each(|one| all.put(&path, resource::descriptor(one)));
        }
        for faulty in blemishes::INVALID {
            let path = repository_file(faulty.folder, faulty.repository);
            all.files.entry(path).or_default().faulty = Some(faulty.text);
        }
        tree::add(&mut all, estate);
        all
    }

    /// Every file's path and text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.files.iter().map(|(path, contents)| (path.as_str(), contents.text()))
    }

    /// Every document that is meant to be right.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Yaml> {
        self.files.values().flat_map(|contents| &contents.documents)
    }

    /// Paths of all files so far.
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn put(&mut self, path: &str, document: Yaml) {
        self.files.entry(path.to_owned()).or_default().documents.push(document);
    }

    fn comment(&mut self, path: &str, comment: &'static str) {
        self.files.entry(path.to_owned()).or_default().comment = Some(comment);
    }
}

impl Contents {
    fn text(&self) -> String {
        let comment = self.comment.map_or_else(String::new, |text| format!("# {text}\n"));
        let mut documents: Vec<String> = self.documents.iter().map(Yaml::document).collect();
        documents.extend(self.faulty.map(str::to_owned));
        comment + &documents.join("---\n")
    }
}

/// The descriptor file at the root of a repository.
fn repository_file(folder: &str, repository: &str) -> String {
    format!("{folder}/{repository}/catalog-info.yaml")
}

/// An entity in the order in which people write its fields.
fn entity(kind: &str, metadata: Yaml, spec: Yaml) -> Yaml {
    Yaml::map()
        .with("apiVersion", "backstage.io/v1alpha1")
        .with("kind", kind)
        .with("metadata", metadata)
        .with("spec", spec)
}

/// An entry of `metadata.links`.
fn link(url: String, title: &str, icon: &str) -> Yaml {
    Yaml::map().with("url", url).with("title", title).with("icon", icon)
}

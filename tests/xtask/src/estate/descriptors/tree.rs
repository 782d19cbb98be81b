//! The Locations that lead from `all.yaml` to every file.

use super::{Descriptors, entity};
use crate::estate::blemishes;
use crate::estate::model::{Estate, GroupKind};
use crate::estate::yaml::Yaml;
use std::collections::BTreeMap;

/// Adds `all.yaml`, `org/all.yaml` and `<domain>/all.yaml`. Comes last: it lists what is there.
pub(super) fn add(all: &mut Descriptors, estate: &Estate) {
    let mut inside: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in all.paths() {
        if let Some((folder, file)) = path.split_once('/') {
            inside.entry(folder.to_owned()).or_default().push(format!("./{file}"));
        }
    }
    for missing in blemishes::MISSING_TARGETS {
        inside.entry(missing.0.to_owned()).or_default().push(missing.1.to_owned());
    }
    let tops = estate.domains.iter().filter(|domain| domain.parent.is_none());
    let mut roots = vec!["org".to_owned(), "shared".to_owned()];
    roots.extend(tops.map(|domain| domain.name.clone()));
    for root in &roots {
        let targets = inside.remove(root).unwrap_or_default();
        let (plain, nested) =
            targets.into_iter().partition(|target| target.matches('/').count() == 1);
        let targets: Vec<String> = sorted(plain).into_iter().chain(sorted(nested)).collect();
        let about = match root.as_str() {
            "org" => "The company, its tribes and squads.".to_owned(),
            "shared" => "Clusters and shared resources.".to_owned(),
            domain => format!("Repositories of the domain {domain}."),
        };
        let path = format!("{root}/all.yaml");
        all.put(&path, location(&format!("vinterhavn-{root}"), &about, targets));
    }
    let targets = roots.iter().map(|root| format!("./{root}/all.yaml")).collect();
    let company = estate.groups.iter().find(|group| group.kind == GroupKind::Company);
    let title = company.map_or("", |group| group.title.as_str());
    all.comment("all.yaml", "The one file to register; everything else follows from here.");
    all.put("all.yaml", location("vinterhavn", &format!("The whole estate of {title}."), targets));
}

fn sorted(mut targets: Vec<String>) -> Vec<String> {
    targets.sort();
    targets
}

fn location(name: &str, about: &str, targets: Vec<String>) -> Yaml {
    let metadata = Yaml::map().with("name", name).with("description", about);
    entity("Location", metadata, Yaml::map().with("targets", targets))
}

//! What the catalog says of the world.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{World, service};

/// Squads that own the services.
const SQUADS: usize = 20;

/// Systems that the services are parts of.
const SYSTEMS: usize = 25;

impl World {
    /// Writes the descriptors into `folder` and gives the one Location to register.
    pub(crate) fn write_catalog(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let squads = (0..SQUADS).map(squad);
        let systems = (0..SYSTEMS).map(system);
        let components = (0..).zip(&self.services).map(|(number, _)| self.component(number));
        let file = folder.join("all.yaml");
        // JSON is YAML, too.
        let documents: Vec<String> =
            squads.chain(systems).chain(components).map(|entity| entity.to_string()).collect();
        fs::write(&file, documents.join("\n---\n"))?;
        Ok(file)
    }

    fn component(&self, number: u32) -> Value {
        let name = service(number);
        let depends_on: Vec<String> = self
            .declared
            .iter()
            .filter(|(from, _)| *from == name)
            .map(|(_, to)| format!("component:default/{to}"))
            .collect();
        let number = number as usize;
        json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
            "metadata": {
                "name": name,
                "annotations": { "backstage.io/kubernetes-id": name },
            },
            "spec": {
                "type": "service", "lifecycle": "production",
                "owner": format!("squad-{:02}", number % SQUADS),
                "system": format!("system-{:02}", number % SYSTEMS),
                "dependsOn": depends_on,
            },
        })
    }
}

fn squad(number: usize) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Group",
        "metadata": { "name": format!("squad-{number:02}") },
        "spec": { "type": "squad", "children": [] },
    })
}

fn system(number: usize) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "System",
        "metadata": { "name": format!("system-{number:02}") },
        "spec": { "owner": format!("squad-{:02}", number % SQUADS) },
    })
}

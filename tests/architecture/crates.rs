//! Who may depend on whom.

use std::{collections::BTreeMap, process::Command};

use super::{assert_none, root};

const MODEL: &str = "callboard-model";
const CATALOG: &str = "callboard-catalog";
const AUTH: &str = "callboard-auth";
const PLUGIN: &str = "callboard-plugin";
const TOPOLOGY: &str = "callboard-topology";
const EGRESS: &str = "callboard-egress";
const HTTP: &str = "callboard-http";
const MIGRATIONS: &str = "callboard-migrations";

const SQL: &[&str] = &["sea-orm", "sea-orm-migration", "sqlx", "rusqlite", "tokio-postgres"];
const WEB: &[&str] = &["actix-web", "actix-http", "actix-ws", "axum", "hyper"];
const GRAPHQL: &[&str] = &["async-graphql", "juniper"];
const KUBE: &[&str] = &["kube", "k8s-openapi"];
const CLIENT: &[&str] = &["reqwest", "ureq", "awc", "isahc"];
const RUNTIME: &[&str] = &["tokio", "tokio-util", "tokio-stream"];

/// What one crate may know.
pub(crate) struct Layer {
    /// The crate; `*` ends a prefix.
    name: &'static str,
    /// The workspace crates that it may import.
    imports: &'static [&'static str],
    /// The families of outside crates that it must not name.
    forbidden: &'static [&'static [&'static str]],
}

/// The table of the design. Rows are added when their crate arrives.
pub(crate) const LAYERS: &[Layer] = &[
    Layer { name: MODEL, imports: &[], forbidden: &[RUNTIME, SQL, WEB, GRAPHQL, KUBE, CLIENT] },
    Layer { name: MIGRATIONS, imports: &[], forbidden: &[WEB, GRAPHQL, KUBE, CLIENT] },
    Layer { name: CATALOG, imports: &[MODEL], forbidden: &[SQL, WEB, GRAPHQL, KUBE, CLIENT] },
    Layer { name: AUTH, imports: &[MODEL, CATALOG], forbidden: &[SQL, WEB, GRAPHQL, KUBE, CLIENT] },
    Layer {
        name: PLUGIN,
        imports: &[MODEL, CATALOG],
        forbidden: &[SQL, WEB, GRAPHQL, KUBE, CLIENT],
    },
    Layer { name: EGRESS, imports: &[PLUGIN, AUTH], forbidden: &[SQL, WEB, GRAPHQL, KUBE] },
    Layer {
        name: "callboard-plugin-*",
        imports: &[MODEL, CATALOG, PLUGIN],
        forbidden: &[SQL, WEB, GRAPHQL, CLIENT],
    },
    Layer {
        name: TOPOLOGY,
        imports: &[MODEL, CATALOG, PLUGIN, AUTH],
        forbidden: &[SQL, WEB, GRAPHQL, KUBE, CLIENT],
    },
    Layer {
        name: HTTP,
        imports: &[MODEL, CATALOG, AUTH],
        forbidden: &[SQL, GRAPHQL, KUBE, CLIENT],
    },
    Layer {
        name: "callboard-store",
        imports: &[MODEL, CATALOG, TOPOLOGY, AUTH, PLUGIN, MIGRATIONS],
        forbidden: &[WEB, GRAPHQL, KUBE, CLIENT],
    },
    Layer {
        name: "callboard-graphql",
        imports: &[MODEL, CATALOG, TOPOLOGY, PLUGIN, AUTH],
        forbidden: &[SQL, WEB, KUBE, CLIENT],
    },
    Layer {
        name: "callboard-rest",
        imports: &[MODEL, CATALOG, TOPOLOGY, PLUGIN, AUTH, HTTP],
        forbidden: &[SQL, GRAPHQL, KUBE, CLIENT],
    },
    Layer {
        name: "callboard-frontend",
        imports: &[HTTP],
        forbidden: &[RUNTIME, SQL, GRAPHQL, KUBE, CLIENT],
    },
    Layer { name: "callboard", imports: &["callboard*"], forbidden: &[CLIENT] },
    Layer { name: "callboard-tests", imports: &["callboard*"], forbidden: &[] },
    Layer { name: "callboard-xtask", imports: &[], forbidden: &[SQL, WEB, GRAPHQL, KUBE, CLIENT] },
];

/// A workspace crate, as cargo knows it.
struct Package {
    name: String,
    /// Names of what its own code (not its tests) depends on.
    dependencies: Vec<String>,
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

fn packages() -> anyhow::Result<Vec<Package>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let package = |package: &serde_json::Value| {
        let all = list(&package["dependencies"]);
        let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
        Package {
            name: text(&package["name"]),
            dependencies: normal.map(|dependency| text(&dependency["name"])).collect(),
        }
    };
    Ok(list(&metadata["packages"]).iter().map(package).collect())
}

#[test]
fn crates_depend_only_downwards() -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for Package { name, dependencies } in packages()? {
        let Some(layer) = LAYERS.iter().find(|layer| matches(layer.name, &name)) else {
            broken.push(format!("{name} is not in the table"));
            continue;
        };
        for dependency in &dependencies {
            let is_ours = dependency.starts_with("callboard");
            if is_ours && !layer.imports.iter().any(|pattern| matches(pattern, dependency)) {
                broken.push(format!("{name} -> {dependency}"));
            }
            if layer.forbidden.iter().any(|family| family.contains(&dependency.as_str())) {
                broken.push(format!("{name} -> {dependency} (not in this layer)"));
            }
        }
    }
    assert_none("dependency rules broken", &broken);
    Ok(())
}

#[test]
fn migrations_know_nothing_but_their_library() -> anyhow::Result<()> {
    let packages = packages()?;
    let migrations = packages.iter().find(|package| package.name == MIGRATIONS);
    let dependencies = migrations.map(|package| package.dependencies.clone());
    assert_eq!(dependencies, Some(vec!["sea-orm-migration".to_owned()]));
    Ok(())
}

#[test]
fn every_crate_of_the_table_exists() -> anyhow::Result<()> {
    let packages = packages()?;
    let missing: Vec<String> = LAYERS
        .iter()
        .filter(|layer| !packages.iter().any(|package| matches(layer.name, &package.name)))
        .map(|layer| layer.name.to_owned())
        .collect();
    assert_none("in the table, but not in the workspace", &missing);
    Ok(())
}

#[test]
fn openssl_is_nobodys_dependency() -> anyhow::Result<()> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))?;
    let found: BTreeMap<&str, usize> = ["openssl", "openssl-sys", "native-tls"]
        .into_iter()
        .map(|name| (name, lock.matches(&format!("name = \"{name}\"\n")).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert!(found.is_empty(), "TLS is rustls alone, but the lock file has {found:?}");
    Ok(())
}

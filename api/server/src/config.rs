//! The configuration: Backstage's own `app-config.yaml`, several files laid over each other.
//!
//! A key that nobody knows is named in one warning; a known key with a bad value is an error that
//! names file, line and what was expected. Relative paths are relative to the file in which they
//! stand. `null` is the same as absent, and removes what a file before it said.

use std::path::{Path, PathBuf};

use callboard_catalog::processing::ScmKind;
use callboard_plugin::AllowList;
use callboard_plugin_scm::Integration;

pub(crate) use self::{
    app::{AppConfig, OrganizationConfig, PermissionConfig},
    backend::BackendConfig,
    callboard::{CallboardConfig, TracesConfig},
    catalog::{CatalogConfig, CatalogRuleConfig, LocationConfig, LocationMatcher, OrphanStrategy},
    clusters::{
        ClusterConfig, ClustersConfig, KubernetesConfig, KubernetesCredentials, PrometheusAddress,
        PrometheusAuth, PrometheusConfig,
    },
    database::{DatabaseConfig, PostgresTls},
    error::ConfigError,
    json_schema::json_schema,
    listen::Listen,
    report::check,
    source::{ProcessSurroundings, Surroundings},
};
use self::{check::Findings, node::Node, section::Section};

mod app;
mod backend;
mod callboard;
mod catalog;
mod check;
mod clusters;
mod cors;
mod database;
mod duration;
mod error;
mod integrations;
mod json_schema;
mod keys;
mod listen;
mod node;
mod overlay;
mod report;
mod section;
mod source;
mod transform;
mod yaml;

/// Everything that is configured, defaults filled in.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `app`.
    pub(crate) app: AppConfig,
    /// `organization`.
    pub(crate) organization: OrganizationConfig,
    /// `backend`.
    pub(crate) backend: BackendConfig,
    /// The hosts of `integrations.{github,gitlab,gitea}`.
    pub(crate) integrations: Vec<Integration>,
    /// Every host of `integrations` and what runs there.
    pub(crate) source_hosts: Vec<(String, ScmKind)>,
    /// `catalog`.
    pub(crate) catalog: CatalogConfig,
    /// `permission`.
    pub(crate) permission: PermissionConfig,
    /// `callboard`, without the clusters.
    pub(crate) callboard: CallboardConfig,
    /// `callboard.{clusters,kubernetes,prometheus,topology}`.
    pub(crate) clusters: ClustersConfig,
}

/// A configuration and what should be said about it once, at the start.
#[derive(Debug, Clone)]
pub(crate) struct LoadedConfig {
    /// The configuration.
    pub(crate) config: Config,
    /// Each a sentence; one of them names every unknown key.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Which hosts may be read: `backend.reading.allow` and those of the integrations.
    pub(crate) fn reading_allow_list(&self) -> AllowList {
        let integrations = self.integrations.iter().flat_map(Integration::allowed_targets);
        self.backend.reading.clone().and(integrations)
    }
}

/// Reads `files`, each laid over those before it. No file is the default configuration, with its
/// database in the working directory.
///
/// # Errors
///
/// [`ConfigError::Unreadable`], [`ConfigError::Syntax`] and [`ConfigError::Include`] for the first
/// of its kind, [`ConfigError::Invalid`] with every bad value.
pub(crate) fn load(
    files: &[PathBuf],
    surroundings: &dyn Surroundings,
) -> Result<LoadedConfig, ConfigError> {
    let root = merged(files, surroundings)?;
    let (config, findings) = read(&root, files, surroundings)?;
    if !findings.problems.is_empty() {
        return Err(ConfigError::Invalid(findings.problems));
    }
    let unknown = findings.unknown_sentence();
    let warnings = findings.warnings.into_iter().chain(unknown).collect();
    Ok(LoadedConfig { config, warnings })
}

fn merged(files: &[PathBuf], surroundings: &dyn Surroundings) -> Result<Node, ConfigError> {
    let mut root = yaml::parse(&Path::new("(no file)").into(), "")?;
    for file in files {
        let text = surroundings
            .read(file)
            .map_err(|source| ConfigError::Unreadable { path: file.clone(), source })?;
        let parsed = yaml::parse(&file.as_path().into(), &text)?;
        if let Some(resolved) = transform::resolve(parsed, surroundings)? {
            root = overlay::overlay(root, resolved);
        }
    }
    Ok(root)
}

fn read(
    root: &Node,
    files: &[PathBuf],
    surroundings: &dyn Surroundings,
) -> Result<(Config, Findings), ConfigError> {
    let mut findings = Findings::of(root);
    let section = Section::root(root);
    let folder = files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
    let backend = BackendConfig::read(&section, folder, &mut findings)
        .map_err(|source| ConfigError::Default { path: "backend.baseUrl", source })?;
    let config = Config {
        app: AppConfig::read(&section, &backend.base_url),
        organization: OrganizationConfig::read(&section),
        integrations: integrations::read(&section, &mut findings),
        source_hosts: integrations::source_hosts(&section),
        catalog: CatalogConfig::read(&section, &mut findings),
        permission: PermissionConfig::read(&section),
        callboard: CallboardConfig::read(&section, surroundings, &mut findings),
        clusters: ClustersConfig::read(&section, &mut findings),
        backend,
    };
    Ok((config, findings))
}

#[cfg(test)]
mod tests;

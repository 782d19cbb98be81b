//! Which version of an image runs in which cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::document::VersionNode;
use crate::{running::short_digest, standing::ClusterLink};

/// Images against clusters.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// The clusters that run any of them, in the order of the API.
    pub(super) clusters: Vec<Column>,
    pub(super) rows: Vec<ImageRow>,
}

/// A cluster of the matrix.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) link: ClusterLink,
    pub(super) environment: Option<String>,
}

/// An image of the matrix.
#[derive(Debug)]
pub(super) struct ImageRow {
    pub(super) short: String,
    pub(super) image: String,
    /// Environments whose clusters differ.
    pub(super) differing: Vec<String>,
    /// One for each cluster; empty = it does not run there.
    pub(super) cells: Vec<Vec<Version>>,
}

/// One version in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) text: String,
    pub(super) digest: Option<String>,
    /// Whether most clusters of the environment run another.
    pub(super) differs: bool,
    pub(super) title: String,
}

impl Versions {
    /// The matrix of what the API says; equal versions in one cluster stand there once.
    pub(super) fn new(nodes: Vec<VersionNode>) -> Self {
        let mut clusters: Vec<Column> = Vec::new();
        for cell in nodes.iter().flat_map(|row| &row.cells) {
            if !clusters.iter().any(|known| known.link.text == cell.cluster_name) {
                let link = ClusterLink::new(&cell.cluster_name);
                clusters.push(Column { link, environment: cell.environment.clone() });
            }
        }
        let rows = nodes.into_iter().map(|node| ImageRow::new(node, &clusters)).collect();
        Self { clusters, rows }
    }

    /// Whether clusters of one environment run different versions.
    pub(super) fn is_skewed(&self) -> bool {
        self.rows.iter().any(|row| !row.differing.is_empty())
    }
}

impl ImageRow {
    fn new(node: VersionNode, clusters: &[Column]) -> Self {
        let mut found: BTreeMap<String, BTreeSet<Version>> = BTreeMap::new();
        for cell in node.cells {
            let digest = cell.digest.as_deref().map(short_digest);
            let tag = cell.tag.as_deref().unwrap_or("no tag");
            let exact = cell.digest.as_deref().unwrap_or("digest not known");
            let version = Version {
                text: cell.tag.clone().or_else(|| digest.clone()).unwrap_or_else(|| "?".into()),
                digest: digest.filter(|_| cell.tag.is_some()),
                differs: cell.differs,
                title: format!("{tag}, {exact}, container {}", cell.container),
            };
            found.entry(cell.cluster_name).or_default().insert(version);
        }
        let cells = clusters.iter().map(|column| {
            found.remove(&column.link.text).map(|set| set.into_iter().collect()).unwrap_or_default()
        });
        Self {
            cells: cells.collect(),
            short: node.image.rsplit('/').next().unwrap_or(&node.image).to_owned(),
            image: node.image,
            differing: node.differing_environments,
        }
    }
}

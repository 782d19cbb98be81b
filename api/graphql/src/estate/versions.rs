//! Which version of an entity runs where.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use callboard_topology as estate;

use super::{Cluster, Workload};
use crate::{error::FieldError, scope::Scope};

/// Which versions of an entity's images run in which clusters.
#[derive(Debug, SimpleObject)]
pub(crate) struct VersionMatrix {
    /// One for each image, by name.
    rows: Vec<VersionRow>,
}

impl VersionMatrix {
    /// The matrix as it is answered.
    pub(crate) fn of(scope: &Arc<Scope>, matrix: estate::VersionMatrix) -> Self {
        let row = |row: estate::VersionRow| VersionRow {
            image: row.image.as_ref().to_owned(),
            cells: row.cells.into_iter().map(|cell| VersionCell::new(scope, cell)).collect(),
            differing_environments: texts(&row.differing_environments),
        };
        Self { rows: matrix.rows.into_iter().map(row).collect() }
    }
}

fn texts(texts: &[Arc<str>]) -> Vec<String> {
    texts.iter().map(|text| text.as_ref().to_owned()).collect()
}

/// Where one image runs.
#[derive(Debug, SimpleObject)]
pub(crate) struct VersionRow {
    /// Registry and repository, such as `ghcr.io/bank/payments-api`.
    image: String,
    /// One for each cluster, workload and version, by cluster as configured.
    cells: Vec<VersionCell>,
    /// Environments that have several clusters of different versions, ordered.
    differing_environments: Vec<String>,
}

/// One version of an image in one workload.
#[derive(Debug)]
pub(crate) struct VersionCell {
    scope: Arc<Scope>,
    cell: estate::VersionCell,
}

impl VersionCell {
    fn new(scope: &Arc<Scope>, cell: estate::VersionCell) -> Self {
        Self { scope: Arc::clone(scope), cell }
    }
}

/// One version of an image in one workload.
#[Object]
impl VersionCell {
    /// The cluster; null if it is not for you.
    async fn cluster(&self) -> Result<Option<Cluster>, FieldError> {
        Cluster::find(&self.scope, self.cell.cluster.as_str())
    }

    /// The cluster's name.
    async fn cluster_name(&self) -> &str {
        self.cell.cluster.as_str()
    }

    /// The environment of the cluster; null if nothing tells.
    async fn environment(&self) -> Option<&str> {
        self.cell.environment.as_deref()
    }

    /// The workload; null if it is gone since.
    async fn workload(&self) -> Result<Option<Workload>, FieldError> {
        Workload::find(&self.scope, &self.cell.cluster, &self.cell.workload)
    }

    /// The container.
    async fn container(&self) -> &str {
        &self.cell.container
    }

    /// The tag, where the image has one.
    async fn tag(&self) -> Option<&str> {
        self.cell.tag.as_deref()
    }

    /// The digest that runs (`sha256:…`), where it is known.
    async fn digest(&self) -> Option<&str> {
        self.cell.digest.as_deref()
    }

    /// Whether the version is another than what most clusters of the environment run; where none
    /// has a majority, every version is.
    async fn differs(&self) -> bool {
        self.cell.differs
    }
}

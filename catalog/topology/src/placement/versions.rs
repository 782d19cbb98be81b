//! Which version of an entity runs where.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use callboard_plugin::{ClusterName, Image, WorkloadKey};

use super::PlacedWorkload;

/// Which versions of an entity's images run in which clusters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VersionMatrix {
    /// One for each image, by name.
    pub rows: Vec<VersionRow>,
}

/// Where one image runs.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRow {
    /// Registry and repository, such as `ghcr.io/bank/payments-api`.
    pub image: Arc<str>,
    /// One for each cluster, workload and version, in the order of the placements.
    pub cells: Vec<VersionCell>,
    /// Environments that have several clusters of different versions, ordered.
    pub differing_environments: Vec<Arc<str>>,
}

/// One version of an image in one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionCell {
    /// The cluster.
    pub cluster: ClusterName,
    /// The environment of the cluster.
    pub environment: Option<Arc<str>>,
    /// The workload.
    pub workload: WorkloadKey,
    /// The container.
    pub container: Arc<str>,
    /// The tag, where the image has one.
    pub tag: Option<Arc<str>>,
    /// The digest that runs, where it is known.
    pub digest: Option<Arc<str>>,
    /// Whether the version is another than what most clusters of the environment run; where none
    /// has a majority, every version is.
    pub differs: bool,
}

/// The matrix of an entity's placements.
pub(crate) fn version_matrix(placements: &[Arc<PlacedWorkload>]) -> VersionMatrix {
    let mut rows: BTreeMap<Arc<str>, Vec<VersionCell>> = BTreeMap::new();
    for placed in placements {
        for image in &*placed.workload.images {
            rows.entry(Arc::clone(&image.name)).or_default().push(cell(placed, image));
        }
    }
    let rows = rows.into_iter().map(|(image, mut cells)| {
        let differing_environments = mark_differing(&mut cells);
        VersionRow { image, cells, differing_environments }
    });
    VersionMatrix { rows: rows.collect() }
}

fn cell(placed: &PlacedWorkload, image: &Image) -> VersionCell {
    VersionCell {
        cluster: placed.cluster.clone(),
        environment: placed.place.environment.clone(),
        workload: placed.workload.key.clone(),
        container: Arc::clone(&image.container),
        tag: image.tag.clone(),
        digest: image.digest.clone(),
        differs: false,
    }
}

/// What tells a version: the digest where every cell has one, else the tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version(Option<Arc<str>>);

fn mark_differing(cells: &mut [VersionCell]) -> Vec<Arc<str>> {
    let environments: BTreeSet<Arc<str>> =
        cells.iter().filter_map(|cell| cell.environment.clone()).collect();
    let mut differing = Vec::new();
    for environment in environments {
        let is_here = |cell: &VersionCell| cell.environment.as_ref() == Some(&environment);
        let has_digests = cells.iter().filter(|cell| is_here(cell)).all(|c| c.digest.is_some());
        let version = |cell: &VersionCell| {
            Version(if has_digests { cell.digest.clone() } else { cell.tag.clone() })
        };
        let mut clusters: BTreeMap<Version, BTreeSet<ClusterName>> = BTreeMap::new();
        let mut all = BTreeSet::new();
        for cell in cells.iter().filter(|cell| is_here(cell)) {
            clusters.entry(version(cell)).or_default().insert(cell.cluster.clone());
            all.insert(cell.cluster.clone());
        }
        if clusters.len() < 2 || all.len() < 2 {
            continue;
        }
        let most = clusters.values().map(BTreeSet::len).max().unwrap_or(0);
        let mut usual = clusters.iter().filter(|(_, found)| found.len() == most);
        let usual = match (usual.next(), usual.next()) {
            (Some((version, _)), None) => Some(version.clone()),
            _ => None,
        };
        for cell in cells.iter_mut().filter(|cell| is_here(cell)) {
            cell.differs = usual.as_ref() != Some(&version(cell));
        }
        differing.push(environment);
    }
    differing
}

#[cfg(test)]
mod tests {
    use callboard_plugin::{ClusterPlace, ObservationState};

    use super::*;
    use crate::fixture::{deployment, image, observation, workload};

    fn placed(cluster: &str, environment: &str, images: &[Image]) -> Arc<PlacedWorkload> {
        let mut workload = workload(deployment("bank", "api"), &[], &[]);
        workload.images = images.into();
        Arc::new(PlacedWorkload {
            cluster: ClusterName::new(cluster),
            place: ClusterPlace { environment: Some(environment.into()), ..Default::default() },
            workload: workload.into(),
            entity: None,
            matched_by: None,
            squad: None,
            also_claimed_by: [].into(),
            is_system: false,
            observation: observation("kubernetes", ObservationState::Live),
        })
    }

    fn differing(matrix: &VersionMatrix) -> Vec<&str> {
        let cells = matrix.rows.iter().flat_map(|row| &row.cells);
        cells.filter(|cell| cell.differs).map(|cell| cell.cluster.as_str()).collect()
    }

    #[test]
    fn clusters_of_one_environment_that_differ_are_marked() {
        let one = [image("bank/api", "1.0", Some("sha256:a"))];
        let other = [image("bank/api", "1.0", Some("sha256:b"))];
        let matrix = version_matrix(&[
            placed("p1", "production", &one),
            placed("p2", "production", &other),
            placed("p3", "production", &one),
            placed("d1", "dev", &other),
        ]);
        assert_eq!(differing(&matrix), ["p2"], "the same tag of another digest is another version");
        assert_eq!(matrix.rows[0].differing_environments, ["production".into()]);
    }

    #[test]
    fn without_digests_tags_are_compared_and_without_a_majority_all_differ() {
        let matrix = version_matrix(&[
            placed("p1", "production", &[image("bank/api", "1.0", Some("sha256:a"))]),
            placed("p2", "production", &[image("bank/api", "1.0", None)]),
            placed("s1", "staging", &[image("bank/api", "1.0", None)]),
            placed("s2", "staging", &[image("bank/api", "1.1", None)]),
        ]);
        assert_eq!(differing(&matrix), ["s1", "s2"]);
    }

    #[test]
    fn a_rollout_within_one_cluster_is_no_difference_between_clusters() {
        let both = [
            image("bank/api", "1.0", Some("sha256:a")),
            image("bank/api", "1.1", Some("sha256:b")),
        ];
        assert_eq!(differing(&version_matrix(&[placed("p1", "production", &both)])), [""; 0]);
    }
}

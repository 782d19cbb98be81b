//! What the nodes tell together.

use std::{collections::BTreeMap, hash::Hash};

use callboard_plugin::{ClusterPlace, NodeSummary};

use crate::object::Node;

/// How many there are, and how many are ready.
pub(super) fn node_summary<'a>(nodes: impl Iterator<Item = &'a Node>) -> NodeSummary {
    let (mut total, mut ready) = (0, 0);
    for node in nodes {
        total += 1;
        ready += u32::from(node.is_ready);
    }
    NodeSummary { total: Some(total), ready: Some(ready) }
}

/// The cloud and the region that most nodes name.
pub(super) fn place<'a>(nodes: impl Iterator<Item = &'a Node>) -> ClusterPlace {
    let (clouds, regions): (Vec<_>, Vec<_>) =
        nodes.map(|node| (node.cloud, node.region.clone())).unzip();
    ClusterPlace {
        cloud: most_common(clouds.into_iter().flatten()),
        region: most_common(regions.into_iter().flatten()),
        environment: None,
    }
}

/// The value that occurs most often; of several, the least.
fn most_common<T: Ord + Hash>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value)
}

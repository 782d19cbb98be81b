//! What measures the fleet: one page for each cluster, and a real Prometheus that scrapes it.

use std::path::Path;

use anyhow::Context;

use super::{
    prometheus::Prometheus,
    world::{CLUSTERS, Emulator, World},
};
use crate::peers;

/// The cluster that an old Prometheus measures, where there is one.
const OLD: &str = "aws-dev";

/// A Prometheus for each cluster.
#[derive(Debug)]
pub(crate) struct Mesh {
    sources: Vec<(&'static str, Prometheus)>,
}

impl Mesh {
    /// Starts them in `room` and waits until each knows the past of its cluster.
    pub(crate) fn start(world: &World, room: &Path) -> anyhow::Result<Self> {
        Self::start_with(world, room, |_| {})
    }

    /// The same after `change` has had the pages.
    pub(crate) fn start_with(
        world: &World,
        room: &Path,
        change: impl FnOnce(&Emulator),
    ) -> anyhow::Result<Self> {
        let emulator = Emulator::start(world)?;
        change(&emulator);
        let new = peers::PROMETHEUS.find().context("Prometheus is not here")?;
        let old = peers::PROMETHEUS_OLD.find().unwrap_or_else(|| new.clone());
        let mut sources = Vec::new();
        for cluster in CLUSTERS.map(|cluster| cluster.name) {
            let program = if cluster == OLD { &old } else { &new };
            let folder = room.join(format!("prometheus-{cluster}"));
            sources.push((cluster, Prometheus::start(program, &folder, &emulator, cluster)?));
        }
        sources.iter().try_for_each(|(_, source)| source.catch_up(&emulator))?;
        Ok(Self { sources })
    }

    /// The Prometheus of a cluster.
    pub(crate) fn source(&self, cluster: &str) -> anyhow::Result<&Prometheus> {
        let found = self.sources.iter().find(|(name, _)| *name == cluster);
        Ok(&found.with_context(|| format!("nobody measures {cluster}"))?.1)
    }

    /// The same, to kill it or to start it again.
    pub(crate) fn source_mut(&mut self, cluster: &str) -> anyhow::Result<&mut Prometheus> {
        let found = self.sources.iter_mut().find(|(name, _)| *name == cluster);
        Ok(&mut found.with_context(|| format!("nobody measures {cluster}"))?.1)
    }
}

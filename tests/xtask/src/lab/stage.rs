//! What most rows begin with: a server on an estate.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    Database, Lab,
    config::serve_config,
    estate::BenchEstate,
    http::Client,
    pause::pause,
    probe::wait_complete,
    server::{Launch, Started},
};

/// Longest wait for a load of `factor` × 1,000 entities: far over the bar, so that a miss has a
/// figure.
pub(crate) fn load_limit(factor: u32) -> Duration {
    Duration::from_secs(30) + Duration::from_secs(3) * factor
}

/// A room with a configuration on an empty database.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// The server's folder.
    pub(crate) room: PathBuf,
    /// Its configuration.
    pub(crate) config: serde_json::Value,
    /// The binary.
    pub(crate) callboard: PathBuf,
    /// What it loads.
    pub(crate) estate: BenchEstate,
}

impl Stage {
    /// An empty database and an estate of `factor` × 1,000 entities that nobody changes.
    pub(crate) fn empty(lab: &mut Lab, database: Database, factor: u32) -> anyhow::Result<Self> {
        let estate = lab.estate(factor)?;
        Self::with_estate(lab, database, estate)
    }

    /// The same with a copy of the estate that this row may change.
    pub(crate) fn editable(lab: &mut Lab, database: Database, factor: u32) -> anyhow::Result<Self> {
        let estate = lab.estate(factor)?.copy_to(&lab.room("estate")?.join("estate"))?;
        Self::with_estate(lab, database, estate)
    }

    fn with_estate(lab: &mut Lab, database: Database, estate: BenchEstate) -> anyhow::Result<Self> {
        let callboard = lab.callboard()?;
        let room = lab.room(database.suffix())?;
        let database_config = lab.empty_database(database, &room)?;
        let config = serve_config(&database_config, &estate.location());
        Ok(Self { room, config, callboard, estate })
    }

    /// Starts a server and does not wait for it.
    pub(crate) fn launch(&self) -> anyhow::Result<Launch> {
        Launch::serve(&self.callboard, &self.room, &self.config)
    }

    /// Starts a server and waits until it is ready.
    pub(crate) fn serve(&self) -> anyhow::Result<Started> {
        self.launch()?.ready()
    }

    /// Starts a server and waits until the whole estate is served.
    pub(crate) fn serve_complete(&self, factor: u32) -> anyhow::Result<(Started, Client)> {
        let started = self.serve()?;
        let mut client = started.server.client();
        wait_complete(&mut client, self.estate.manifest(), load_limit(factor))?;
        Ok((started, client))
    }
}

/// Waits until the server and its database have nothing more to do: two percent of a core or less
/// over half a second.
pub(crate) fn settle(cpu_seconds: impl Fn() -> f64) {
    let limit = Instant::now() + Duration::from_secs(30);
    let mut before = cpu_seconds();
    while Instant::now() < limit {
        pause(Duration::from_millis(500));
        let now = cpu_seconds();
        if now - before <= 0.01 {
            return;
        }
        before = now;
    }
}

//! Nine real API servers with 27,000 pods: how soon, how large, how quiet.

use std::time::{Duration, Instant};

use super::view;
use crate::{
    lab::{Lab, Launch, REPLICAS, pause, settle, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// Far over the bar, so that a miss has a figure.
const LIMIT: Duration = Duration::from_mins(2);

/// How long nothing changes.
const QUIET: Duration = Duration::from_mins(2);

/// Start, memory and rest.
pub(crate) fn nine_servers(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("nine-servers")?;
    let fleet = lab.fleet()?;
    let config = fleet.config(&room, |_| None)?;
    let expected = fleet.world.services.len() * fleet.world.clusters.len();
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut client = started.server.client();
    let mut served = None;
    wait_until("every placement", LIMIT, Duration::from_millis(250), || {
        let total: u64 = view::counts(&mut client)?.values().sum();
        if total < expected as u64 {
            return Ok(None);
        }
        let placements = view::placements(&mut client)?;
        let complete = placements.len() == expected
            && placements.values().all(|ready| *ready == Some(u64::from(REPLICAS)));
        served = complete.then(Instant::now);
        Ok(served)
    })?;
    let mut figures = Figures::default();
    let after = served.map_or(f64::NAN, |at| (at - started.at).as_secs_f64());
    figures.at_most(&format!("{expected} placements after"), after, 20.0, " s");
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let (before, begun) = (process.tree_cpu_seconds(), Instant::now());
    pause(QUIET);
    let share = (process.tree_cpu_seconds() - before) / begun.elapsed().as_secs_f64() * 100.0;
    figures.at_most("CPU at rest", share, 3.0, " % of a core");
    figures.at_most("RSS at rest", process.rss_mb()?, 400.0, " MB");
    figures.at_most("peak RSS", process.peak_rss_mb()?, 400.0, " MB");
    Ok(figures.outcome())
}

//! Loading an estate into an empty database.

use std::time::Duration;

use crate::{
    lab::{Database, Lab, Stage, load_limit, median, settle, wait_complete},
    prove::outcome::{Figures, Outcome},
};

/// Runs of which the median counts.
const RUNS: usize = 3;

/// What one load cost.
struct Load {
    wall_s: f64,
    cpu_s: f64,
    peak_rss_mb: f64,
    settled_rss_mb: f64,
}

/// 10,000 entities, and once more with `kill -9` the moment all are there.
pub(crate) fn ten_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    let mut figures = Figures::default();
    let loads = loads(lab, database, 10)?;
    figures.at_most("wall", middle(&loads, |load| load.wall_s), 3.0, " s");
    figures.at_most("CPU", middle(&loads, |load| load.cpu_s), 5.0, " s");
    figures.at_most("peak RSS", middle(&loads, |load| load.peak_rss_mb), 200.0, " MB");
    let missing = kill_when_complete(lab, database).err().map(|error| format!("{error:#}"));
    figures.must("nothing missing after kill -9", missing);
    Ok(figures.outcome())
}

/// 100,000 entities.
pub(crate) fn hundred_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    let mut figures = Figures::default();
    let loads = loads(lab, database, 100)?;
    figures.at_most("wall", middle(&loads, |load| load.wall_s), 45.0, " s");
    figures.at_most("peak RSS", middle(&loads, |load| load.peak_rss_mb), 1200.0, " MB");
    figures.note(format!("CPU {:.1} s", middle(&loads, |load| load.cpu_s)));
    figures.note(format!("settled at {:.0} MB", middle(&loads, |load| load.settled_rss_mb)));
    Ok(figures.outcome())
}

fn middle(loads: &[Load], figure: fn(&Load) -> f64) -> f64 {
    median(&loads.iter().map(figure).collect::<Vec<f64>>())
}

fn loads(lab: &mut Lab, database: Database, factor: u32) -> anyhow::Result<Vec<Load>> {
    (0..RUNS).map(|_| load(lab, database, factor)).collect()
}

fn load(lab: &mut Lab, database: Database, factor: u32) -> anyhow::Result<Load> {
    let stage = Stage::empty(lab, database, factor)?;
    let database_before = lab.database_cpu_seconds(database);
    let (started, _) = stage.serve_complete(factor)?;
    let wall_s = started.at.elapsed().as_secs_f64();
    let process = started.server.process();
    let cpu_seconds =
        || process.tree_cpu_seconds() + lab.database_cpu_seconds(database) - database_before;
    settle(cpu_seconds);
    Ok(Load {
        wall_s,
        cpu_s: cpu_seconds(),
        peak_rss_mb: process.peak_rss_mb()?,
        settled_rss_mb: process.rss_mb()?,
    })
}

fn kill_when_complete(lab: &mut Lab, database: Database) -> anyhow::Result<()> {
    let stage = Stage::empty(lab, database, 10)?;
    let (started, _) = stage.serve_complete(10)?;
    started.server.kill()?;
    let again = stage.serve()?;
    let limit = Duration::from_secs(10).min(load_limit(10));
    wait_complete(&mut again.server.client(), stage.estate.manifest(), limit)
}

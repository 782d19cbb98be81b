//! From the start of the process to `ready:`, on a database that is full.

use std::time::Duration;

use crate::{
    lab::{Database, Lab, Signal, Stage, median, settle, wait_complete},
    prove::outcome::{Figures, Outcome},
};

/// With 10,000 entities.
pub(crate) fn ten_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    restart(lab, database, 10, 0.5)
}

/// With 100,000 entities.
pub(crate) fn hundred_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    restart(lab, database, 100, 4.0)
}

fn restart(lab: &mut Lab, database: Database, factor: u32, bar_s: f64) -> anyhow::Result<Outcome> {
    let stage = Stage::empty(lab, database, factor)?;
    let (started, _) = stage.serve_complete(factor)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    started.server.end(Signal::Terminate)?;
    let mut figures = Figures::default();
    let mut ready_s = Vec::new();
    for _ in 0..3 {
        let again = stage.serve()?;
        ready_s.push(again.ready_after.as_secs_f64());
        // What is ready answers everything: not one retry is allowed.
        let whole =
            wait_complete(&mut again.server.client(), stage.estate.manifest(), Duration::ZERO);
        if let Err(error) = whole {
            figures.must("complete when ready", Some(format!("{error:#}")));
        }
        again.server.end(Signal::Terminate)?;
    }
    figures.at_most("ready after", median(&ready_s), bar_s, " s");
    Ok(figures.outcome())
}

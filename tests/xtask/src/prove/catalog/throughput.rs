//! By-name in turns with the trivial route.

use std::time::Duration;

use crate::{
    lab::{
        ClosedLoop, Database, Lab, Server, Stage, by_name_paths, closed_loop, median, settle,
        trivial_route,
    },
    prove::outcome::{Figures, Outcome},
};

const LOAD: ClosedLoop = ClosedLoop { connections: 32, duration: Duration::from_secs(10) };

/// By-name of one component.
pub(crate) fn by_name(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let trivial = lab.trivial_route()?;
    let stage = Stage::empty(lab, Database::Sqlite, 10)?;
    let (ours, mut client) = stage.serve_complete(10)?;
    let process = ours.server.process();
    settle(|| process.tree_cpu_seconds());
    let path = by_name_paths(stage.estate.manifest()).swap_remove(0);
    let response = client.get(&path)?;
    let trivial = trivial_route(&trivial, &lab.room("trivial")?, &response)?;
    let requests = [client.request("GET", &path, None)];
    let per_second = |server: &Server| -> anyhow::Result<(f64, f64)> {
        let cpu = || server.process().tree_cpu_seconds();
        let report = closed_loop(LOAD, server.url(), &requests, cpu)?;
        anyhow::ensure!(report.failures == 0, "{} failures", report.failures);
        Ok((report.per_second(), report.cpu_ms()))
    };
    let (mut ratios, mut notes) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (limit, limit_cpu) = per_second(&trivial.server)?;
        let (own, own_cpu) = per_second(&ours.server)?;
        ratios.push(100.0 * own / limit);
        notes.push(format!("{own:.0}/{limit:.0} rps at {own_cpu:.3}/{limit_cpu:.3} CPU-ms"));
    }
    let mut figures = Figures::default();
    figures.at_least("share", median(&ratios), 40.0, " %");
    figures.note(notes.join("; "));
    Ok(figures.outcome())
}

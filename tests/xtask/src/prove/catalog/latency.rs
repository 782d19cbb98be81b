//! GraphQL at 200 requests a second.

use serde_json::Value;

use crate::{
    lab::{
        Client, Database, Lab, Manifest, OpenLoop, Stage, graphql_facets, graphql_pages,
        graphql_requests, graphql_searches, median, open_loop, settle,
    },
    prove::outcome::{Figures, Outcome},
};

/// A page of 20 with owner and system.
pub(crate) fn page(lab: &mut Lab) -> anyhow::Result<Outcome> {
    latency(lab, |client, _| graphql_pages(client))
}

/// Facets of three keys.
pub(crate) fn facets(lab: &mut Lab) -> anyhow::Result<Outcome> {
    latency(lab, |client, _| graphql_facets(client))
}

/// Searches.
pub(crate) fn search(lab: &mut Lab) -> anyhow::Result<Outcome> {
    latency(lab, graphql_searches)
}

fn latency(
    lab: &mut Lab,
    bodies: fn(&mut Client, &Manifest) -> anyhow::Result<Vec<Value>>,
) -> anyhow::Result<Outcome> {
    let stage = Stage::empty(lab, Database::Sqlite, 10)?;
    let (started, mut client) = stage.serve_complete(10)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let bodies = bodies(&mut client, stage.estate.manifest())?;
    let requests = graphql_requests(&client, &bodies);
    let (mut p99, mut cpu, mut failures) = (Vec::new(), Vec::new(), 0);
    for _ in 0..3 {
        let report = open_loop(OpenLoop::BAR, started.server.url(), &requests, || {
            process.tree_cpu_seconds()
        })?;
        p99.push(report.latency_ms.percentile(0.99));
        cpu.push(report.cpu_ms());
        failures += report.failures;
    }
    let mut figures = Figures::default();
    figures.at_most("p99", median(&p99), 5.0, " ms");
    figures.at_most("CPU", median(&cpu), 1.0, " ms a request");
    let failed = (failures > 0).then(|| format!("{failures} were not answered with 200"));
    figures.must("every request answered", failed);
    Ok(figures.outcome())
}

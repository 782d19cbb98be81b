//! One descriptor saved, the new value from the API.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    lab::{Client, Database, Lab, Sample, Stage, settle, wait_until},
    prove::outcome::{Figures, Outcome},
};

/// How many descriptors are saved, one after another.
const SAVES: usize = 15;

/// At 10,000 entities.
pub(crate) fn ten_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    freshness(lab, database, 10, 100.0)
}

/// At 100,000 entities.
pub(crate) fn hundred_thousand(lab: &mut Lab, database: Database) -> anyhow::Result<Outcome> {
    freshness(lab, database, 100, 150.0)
}

fn freshness(
    lab: &mut Lab,
    database: Database,
    factor: u32,
    bar_ms: f64,
) -> anyhow::Result<Outcome> {
    let stage = Stage::editable(lab, database, factor)?;
    let (started, mut client) = stage.serve_complete(factor)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let mut sample = Sample::default();
    for (number, file) in stage.estate.manifest().incremental.iter().take(SAVES).enumerate() {
        let after = save_and_see(&mut client, &stage.estate.folder().join(file), number)?;
        sample.push(after.as_secs_f64() * 1e3);
    }
    let mut figures = Figures::default();
    figures.at_most("median", sample.percentile(0.5), bar_ms, " ms");
    figures.note(format!("longest of {} {:.0} ms", sample.len(), sample.max()));
    Ok(figures.outcome())
}

/// Changes the first description of a descriptor and waits until its entity shows it.
pub(crate) fn save_and_see(
    client: &mut Client,
    file: &Path,
    number: usize,
) -> anyhow::Result<Duration> {
    let (name, description) = save(file, number)?;
    let saved = Instant::now();
    wait_for_description(client, &name, &description, Duration::from_secs(30))?;
    Ok(saved.elapsed())
}

/// Changes the first description of a repository's descriptor, as an editor that saves in place.
/// Gives the component's name and its new description.
pub(crate) fn save(file: &Path, number: usize) -> anyhow::Result<(String, String)> {
    let text = fs::read_to_string(file)?;
    let value = |key: &str| {
        let start = format!("  {key}: ");
        text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
    };
    let name = value("name").with_context(|| format!("{} names nothing", file.display()))?;
    let old = value("description").context("the descriptor has no description")?;
    let description = format!("saved for the {number} time");
    let new =
        text.replacen(&format!("description: {old}"), &format!("description: {description}"), 1);
    fs::write(file, new)?;
    Ok((name, description))
}

/// Waits until the component shows that description.
pub(crate) fn wait_for_description(
    client: &mut Client,
    name: &str,
    description: &str,
    limit: Duration,
) -> anyhow::Result<()> {
    let path = format!("/api/catalog/entities/by-name/component/default/{name}");
    wait_until("the new description", limit, Duration::from_millis(1), || {
        let entity = client.get_json(&path)?;
        let shown = entity.pointer("/metadata/description").and_then(|text| text.as_str());
        Ok((shown == Some(description)).then_some(()))
    })
}

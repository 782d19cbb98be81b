//! Two replicas on one PostgreSQL.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;

use super::freshness::{save, wait_for_description};
use crate::{
    lab::{
        Client, Database, Lab, Sample, Server, Signal, Stage, Started, final_entities, pause,
        settle, wait_complete,
    },
    prove::outcome::{Figures, Outcome},
};

/// How long the old one stands still.
const STOPPED: Duration = Duration::from_mins(1);

/// The one that ingests, the one that follows, and the descriptors that may be saved.
struct Pair {
    stage: Stage,
    leader: Server,
    follower: Server,
    files: std::vec::IntoIter<String>,
    saves: usize,
}

impl Pair {
    /// The first one to start takes the lease; the second comes when everything is there.
    fn start(lab: &mut Lab) -> anyhow::Result<Self> {
        let stage = Stage::editable(lab, Database::Postgres, 1)?;
        let (leader, _) = stage.serve_complete(1)?;
        let process = leader.server.process();
        settle(|| process.tree_cpu_seconds());
        let Started { server: follower, .. } = stage.serve()?;
        wait_complete(&mut follower.client(), stage.estate.manifest(), Duration::from_secs(10))?;
        let files = stage.estate.manifest().incremental.clone().into_iter();
        Ok(Self { stage, leader: leader.server, follower, files, saves: 0 })
    }

    fn save(&mut self) -> anyhow::Result<(String, String)> {
        let file = self.files.next().context("no descriptor is left to save")?;
        self.saves += 1;
        save(&self.stage.estate.folder().join(Path::new(&file)), self.saves)
    }

    /// Milliseconds from the value on the leader to the value on the follower, for some saves.
    fn lag_ms(&mut self) -> anyhow::Result<Sample> {
        let mut sample = Sample::default();
        for _ in 0..5 {
            let (name, description) = self.save()?;
            let seen = |server: &Server| -> anyhow::Result<Instant> {
                let limit = Duration::from_secs(10);
                wait_for_description(&mut server.client(), &name, &description, limit)?;
                Ok(Instant::now())
            };
            let (leader, follower) = thread::scope(|scope| {
                let follower = scope.spawn(|| seen(&self.follower));
                (seen(&self.leader), follower.join())
            });
            let follower = follower.ok().context("the follower's thread panicked")??;
            sample.push(follower.saturating_duration_since(leader?).as_secs_f64() * 1e3);
        }
        Ok(sample)
    }

    /// Saves at once and gives the seconds until the follower shows it: it has taken over by then.
    fn takeover_s(&mut self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let (name, description) = self.save()?;
        let mut client = self.follower.client();
        wait_for_description(&mut client, &name, &description, Duration::from_mins(1))?;
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// The ingesting one is killed.
pub(crate) fn killed(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let mut pair = Pair::start(lab)?;
    let mut figures = Figures::default();
    figures.at_most("the other sees it", pair.lag_ms()?.max(), 200.0, " ms later");
    let before = final_entities(&mut pair.leader.client())?;
    figures.must("both serve the same", differ(&before, &mut pair.follower.client())?);
    pair.leader.process().signal(Signal::Kill)?;
    figures.at_most("takeover", pair.takeover_s()?, 15.0, " s");
    let again = pair.stage.serve()?;
    let now = final_entities(&mut pair.follower.client())?;
    figures.must("a new one serves the same", differ(&now, &mut again.server.client())?);
    Ok(figures.outcome())
}

/// The ingesting one stands still for a minute and goes on.
pub(crate) fn stopped(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let mut pair = Pair::start(lab)?;
    let mut figures = Figures::default();
    let stopped = Instant::now();
    pair.leader.process().signal(Signal::Stop)?;
    figures.at_most("takeover", pair.takeover_s()?, 15.0, " s");
    pause(STOPPED.saturating_sub(stopped.elapsed()));
    // It wakes up with a saved descriptor to ingest and the belief that it still holds the lease.
    let (name, description) = pair.save()?;
    pair.leader.process().signal(Signal::Continue)?;
    let limit = Duration::from_secs(10);
    wait_for_description(&mut pair.follower.client(), &name, &description, limit)?;
    wait_for_description(&mut pair.leader.client(), &name, &description, limit)?;
    let truth = final_entities(&mut pair.follower.client())?;
    figures.must("both serve the same", differ(&truth, &mut pair.leader.client())?);
    let again = pair.stage.serve()?;
    figures.must("and so does the database", differ(&truth, &mut again.server.client())?);
    let log = pair.leader.log();
    // Its first write, or its first renewal if that comes before: either shows the fencing number.
    let refused = log.lines().any(|line| line.contains("this process has stopped ingesting"));
    let unnoticed = (!refused).then(|| "the old one never learnt of its fencing number".to_owned());
    figures.must("the old one is refused and steps down", unnoticed);
    figures.at_most("the other sees it", pair.lag_ms()?.max(), 200.0, " ms later");
    Ok(figures.outcome())
}

fn differ(truth: &crate::lab::FinalEntities, other: &mut Client) -> anyhow::Result<Option<String>> {
    let found = final_entities(other)?;
    let differing = truth.iter().filter(|(entity_ref, it)| found.get(*entity_ref) != Some(*it));
    let count = differing.count() + found.len().saturating_sub(truth.len());
    Ok((count > 0).then(|| format!("{count} entities differ")))
}

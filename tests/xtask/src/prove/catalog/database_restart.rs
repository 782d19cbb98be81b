//! The database goes away while everything goes on.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::freshness::{save, save_and_see, wait_for_description};
use crate::{
    lab::{Client, Database, Lab, Stage, by_name_paths, final_entities, pause, settle},
    prove::outcome::{Figures, Outcome},
};

/// Counts the answers of a reader that never stops.
#[derive(Debug, Default)]
struct Reads {
    stop: AtomicBool,
    answers: AtomicU64,
    failures: AtomicU64,
}

impl Reads {
    fn go_on(&self, url: &str, paths: &[String]) {
        let mut client = Client::new(url);
        for path in paths.iter().cycle() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let is_read = client.get(path).is_ok_and(|response| response.status == 200);
            let count = if is_read { &self.answers } else { &self.failures };
            count.fetch_add(1, Ordering::Relaxed);
            pause(Duration::from_millis(1));
        }
    }
}

/// PostgreSQL goes down under reads and writes and comes back three seconds later.
pub(crate) fn database_restart(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let stage = Stage::editable(lab, Database::Postgres, 10)?;
    let (started, mut client) = stage.serve_complete(10)?;
    let process = started.server.process();
    settle(|| process.tree_cpu_seconds());
    let files: Vec<_> = stage
        .estate
        .manifest()
        .incremental
        .iter()
        .map(|file| stage.estate.folder().join(file))
        .collect();
    let [first, second, third, ..] = files.as_slice() else {
        anyhow::bail!("the estate names too few descriptors");
    };
    save_and_see(&mut client, first, 1)?;
    let reads = Reads::default();
    let paths = by_name_paths(stage.estate.manifest());
    let url = started.server.url();
    let back_s = thread::scope(|scope| -> anyhow::Result<f64> {
        let reader = scope.spawn(|| reads.go_on(url, &paths));
        let back = (|| {
            lab.postgres()?.down()?;
            let (name, description) = save(second, 2)?;
            pause(Duration::from_secs(3));
            lab.postgres()?.up()?;
            let up = Instant::now();
            let limit = Duration::from_mins(1);
            wait_for_description(&mut client, &name, &description, limit)?;
            Ok(up.elapsed().as_secs_f64())
        })();
        reads.stop.store(true, Ordering::Relaxed);
        reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))?;
        back
    })?;
    save_and_see(&mut client, third, 3)?;
    let served = final_entities(&mut client)?;
    started.server.kill()?;
    let again = stage.serve()?;
    let kept = final_entities(&mut again.server.client())?;
    let lost = served.iter().filter(|(entity_ref, it)| kept.get(*entity_ref) != Some(*it)).count();
    let failures = reads.failures.load(Ordering::Relaxed);
    let mut figures = Figures::default();
    figures.at_most("ingestion back", back_s, 5.0, " s");
    let failed = (failures > 0).then(|| format!("{failures} reads failed"));
    figures.must("reads go on", failed);
    figures.note(format!("{} reads", reads.answers.load(Ordering::Relaxed)));
    let lost = (lost > 0).then(|| format!("{lost} entities differ after a restart"));
    figures.must("nothing acknowledged lost", lost);
    Ok(figures.outcome())
}

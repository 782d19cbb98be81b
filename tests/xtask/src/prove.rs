//! `cargo xtask prove`: the bars, one line a row, with the figure beside the bar.

mod catalog;
mod mesh;
mod outcome;
mod results;
mod row;

use std::time::Instant;

use anyhow::bail;

use self::{
    outcome::{Outcome, Verdict},
    results::{Kept, Results},
    row::Case,
};
use crate::{lab::Lab, peers, workspace::Workspace};

/// What to do with rows that have passed on this commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rerun {
    /// Only what has not passed.
    Resume,
    /// Everything that is selected.
    Again,
}

/// The cases that `selection` names: an issue's number, or the start of a row's name. All of them
/// if it is empty.
fn select(selection: &[String]) -> anyhow::Result<Vec<Case>> {
    let all: Vec<Case> = catalog::ROWS.iter().chain(mesh::ROWS).flat_map(Case::of_row).collect();
    if selection.is_empty() {
        return Ok(all);
    }
    for word in selection {
        if !all.iter().any(|case| case.is_meant_by(word)) {
            bail!("no row is called {word}; `cargo xtask prove --list` names them");
        }
    }
    let is_meant = |case: &Case| selection.iter().any(|word| case.is_meant_by(word));
    Ok(all.into_iter().filter(is_meant).collect())
}

/// Prints the rows with their bars.
pub(crate) fn list(selection: &[String]) -> anyhow::Result<()> {
    for case in select(selection)? {
        println!("{:<34} {}\n{:34} bar: {}", case.id(), case.row().statement, "", case.row().bar);
    }
    Ok(())
}

/// Runs the selected rows, prints a line as each ends and a table at the end, and fails if a row
/// did not pass.
pub(crate) fn run(workspace: &Workspace, rerun: Rerun, selection: &[String]) -> anyhow::Result<()> {
    let cases = select(selection)?;
    for missing in peers::install(&peers_of(&cases)) {
        println!("missing peer: {missing} (could not be installed)");
    }
    let mut results = Results::load(workspace)?;
    let mut lab = Lab::new(workspace);
    for case in &cases {
        if rerun == Rerun::Resume && results.has_passed(case.id()) {
            println!("{:<34} passed before on this commit", case.id());
            continue;
        }
        let begun = Instant::now();
        let outcome = case.run(&mut lab).unwrap_or_else(|error| Outcome {
            verdict: Verdict::Fail,
            figure: format!("{error:#}"),
        });
        let kept = Kept { outcome, seconds: begun.elapsed().as_secs() };
        println!("{}", line(case, &kept));
        results.keep(case.id(), kept)?;
    }
    close(&cases, &results)
}

/// What the selected rows run against.
fn peers_of(cases: &[Case]) -> Vec<peers::Peer> {
    let is_selected =
        |rows: &[row::Row]| rows.iter().any(|row| cases.iter().any(|case| case.row().id == row.id));
    let groups = [(catalog::ROWS, peers::OF_CATALOG), (mesh::ROWS, peers::OF_MESH)];
    let selected = groups.into_iter().filter(|(rows, _)| is_selected(rows));
    selected.flat_map(|(_, peers)| peers.iter().copied()).collect()
}

fn line(case: &Case, kept: &Kept) -> String {
    let Kept { outcome: Outcome { verdict, figure }, seconds } = kept;
    format!("{verdict:<8} {:<34} {figure}  [bar: {}] ({seconds} s)", case.id(), case.row().bar)
}

fn close(cases: &[Case], results: &Results) -> anyhow::Result<()> {
    println!("\nrows on {}:", results.commit());
    let mut counts = [0_u32; 3];
    for case in cases {
        let Some(kept) = results.get(case.id()) else { continue };
        println!("{}", line(case, kept));
        let [passed, failed, not_run] = &mut counts;
        match kept.outcome.verdict {
            Verdict::Pass => *passed += 1,
            Verdict::Fail => *failed += 1,
            Verdict::NotRun => *not_run += 1,
        }
    }
    let [passed, failed, not_run] = counts;
    println!("\n{passed} PASS, {failed} FAIL, {not_run} NOT RUN");
    if failed + not_run > 0 {
        bail!("{} of {} rows did not pass", failed + not_run, cases.len());
    }
    Ok(())
}

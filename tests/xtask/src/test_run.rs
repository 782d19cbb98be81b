//! `cargo xtask test`: peers, every test, and the count of what was skipped.
//!
//! A test that cannot run prints one line `skipped: NAME: why` and returns. Cargo counts it as
//! passed; here it is counted as what it is.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::{Context, bail};

use crate::{
    peers::{self, Requirement},
    workspace::Workspace,
};

/// What the test binaries said of themselves, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    skipped: Vec<String>,
    /// Inside the captured output of tests that passed: noise, but for the skips.
    in_successes: bool,
}

impl Tally {
    /// Takes one line of output; true if a person wants to see it.
    fn take(&mut self, line: &str) -> bool {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            self.passed += count_before(counts, " passed");
            self.failed += count_before(counts, " failed");
            self.ignored += count_before(counts, " ignored");
            return true;
        }
        if let Some(skip) = line.strip_prefix("skipped: ") {
            self.skipped.push(skip.to_owned());
            return false;
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        !self.in_successes
    }
}

/// The number that stands before `word` in `ok. 3 passed; 0 failed; …`.
fn count_before(counts: &str, word: &str) -> u64 {
    counts
        .split_once(word)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Installs peers, runs the tests whose names contain one of `filter` (all if there is none), and
/// prints the tally.
pub(crate) fn run(
    workspace: &Workspace,
    requirement: Requirement,
    filter: &[String],
) -> anyhow::Result<()> {
    let missing = peers::install(peers::OF_TESTS);
    for name in &missing {
        println!("missing peer: {name} (could not be installed)");
    }
    if requirement == Requirement::Required && !missing.is_empty() {
        bail!("required and not to be had: {}", missing.join(", "));
    }
    let mut command = workspace.cargo(["test", "--workspace", "--no-fail-fast", "--"]);
    command.arg("--show-output").args(filter).stdout(Stdio::piped());
    command.envs(peers::environment());
    if requirement == Requirement::Required {
        command.env("CALLBOARD_REQUIRE_PEERS", "1");
    }
    let mut child = command.spawn().context("cargo test did not start")?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("the output of cargo test ended early")?;
            let line = String::from_utf8_lossy(&line);
            if tally.take(&line) {
                println!("{line}");
            }
        }
    }
    let status = child.wait().context("cargo test was lost")?;
    report(&tally);
    if !status.success() || tally.failed > 0 {
        bail!("cargo test ended with {status}");
    }
    Ok(())
}

fn report(tally: &Tally) {
    let skips = tally.skipped.len() as u64;
    if skips > 0 {
        println!("\nskipped by name:");
        tally.skipped.iter().for_each(|skip| println!("  {skip}"));
    }
    println!(
        "\n{} passed, {} failed, {} skipped",
        tally.passed.saturating_sub(skips),
        tally.failed,
        skips + tally.ignored
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_binaries_are_added_up() {
        let mut tally = Tally::default();
        assert!(tally.take("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured"));
        assert!(tally.take("test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured"));
        assert_eq!((tally.passed, tally.failed, tally.ignored), (15, 2, 1));
    }

    #[test]
    fn skips_are_kept_and_the_rest_of_passed_output_is_hidden() {
        let mut tally = Tally::default();
        let shown: Vec<bool> = [
            "test corpus ... ok",
            "successes:",
            "---- corpus stdout ----",
            "skipped: corpus: no data",
            "failures:",
            "---- other stdout ----",
        ]
        .iter()
        .map(|line| tally.take(line))
        .collect();
        assert_eq!(shown, [true, false, false, false, true, true]);
        assert_eq!(tally.skipped, ["corpus: no data"]);
    }
}

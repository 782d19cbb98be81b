//! Steps that are named, timed and stop at the first failure.

use std::{process::Command, time::Instant};

use anyhow::{Context, bail};

/// Prints each step with its time.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
}

impl Steps {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Runs `work` as the step `name`; where it fails, `advice` says what to do.
    pub(crate) fn run(
        &self,
        name: &str,
        advice: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        println!("==> {name}");
        let begun = Instant::now();
        let result = work();
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!(
            "<== {name}: {verdict} after {:.1} s ({:.1} s in all)",
            begun.elapsed().as_secs_f64(),
            self.started.elapsed().as_secs_f64()
        );
        result.with_context(|| format!("{name} failed; {advice}"))
    }
}

/// Runs a command to its end and wants exit code 0.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} did not start"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

//! A program of a test that ends when the test does, however that ends.

use std::{
    fs::File,
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;

/// Starts a program and lives as long as it does. A line on its input is the signal that ends
/// the program; the end of its input, which comes when the test process ends in whatever way,
/// kills it.
const GUARDIAN: &str = r#"
"$@" & program=$!
if read -r signal; then kill -s "$signal" $program; else kill -s KILL $program; fi
wait $program
"#;

/// See the module. Dropping it kills the program.
#[derive(Debug)]
pub struct GuardedProcess {
    guardian: Child,
}

impl GuardedProcess {
    /// Starts a program whose output goes to `log`.
    ///
    /// # Errors
    ///
    /// If the log cannot be written or `sh` does not start.
    pub fn start(program: &Path, arguments: &[String], log: &Path) -> anyhow::Result<Self> {
        let log = File::create(log)?;
        let mut guardian = Command::new("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(program).args(arguments);
        guardian.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        Ok(Self { guardian: guardian.spawn().context("sh does not start")? })
    }

    /// Sends a signal, such as `TERM`, and waits for the end.
    ///
    /// # Errors
    ///
    /// If it has ended already.
    pub fn end(mut self, signal: &str) -> anyhow::Result<()> {
        let mut input = self.guardian.stdin.take().context("the guardian has no input")?;
        writeln!(input, "{signal}")?;
        self.guardian.wait()?;
        Ok(())
    }
}

impl Drop for GuardedProcess {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        self.guardian.wait().map(drop).unwrap_or_default();
    }
}

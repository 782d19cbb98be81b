//! Bars that are tests of the product, run here with more cases or in the release build.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::Context;

use crate::{
    lab::Lab,
    prove::outcome::{Figures, Outcome},
};

/// Cases of the property.
const CASES: &str = "100000";

/// What a filtered run of tests said.
#[derive(Debug, Default)]
struct TestRun {
    /// Names of tests that passed.
    passed: Vec<String>,
    /// Names of tests that failed.
    failed: Vec<String>,
    /// Everything that was printed.
    output: String,
}

impl TestRun {
    fn take(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
        let Some(rest) = line.strip_prefix("test ") else { return };
        if let Some(name) = rest.strip_suffix(" ... ok") {
            self.passed.push(name.to_owned());
        } else if let Some(name) = rest.strip_suffix(" ... FAILED") {
            self.failed.push(name.to_owned());
        }
    }
}

fn tests(lab: &Lab, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<TestRun> {
    let mut command = lab.workspace().cargo(["test", "--no-fail-fast"]);
    command.args(arguments).envs(environment.iter().copied());
    command.env("CALLBOARD_REQUIRE_PEERS", "1");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cargo test did not start")?;
    let output = child.stdout.take().context("standard output is not piped")?;
    let mut run = TestRun::default();
    for line in BufReader::new(output).split(b'\n') {
        run.take(&String::from_utf8_lossy(&line?));
    }
    let log = lab.folder("tests")?.join("last.log");
    fs::write(&log, &run.output)?;
    let status = child.wait()?;
    if !status.success() && run.failed.is_empty() {
        run.failed.push(format!("cargo test ended with {status}"));
    }
    if !run.failed.is_empty() {
        let kept = lab.folder("tests")?.join("failed.log");
        fs::copy(&log, &kept)?;
        run.failed.push(format!("(see {})", kept.display()));
    }
    Ok(run)
}

/// The index against the naive scan.
pub(crate) fn index_as_naive_scan(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let package = ["--release", "--package", "callboard-catalog", "--test", "naive_scan"];
    let run = tests(lab, &package, &[("PROPTEST_CASES", CASES)])?;
    Ok(judge(&run, &format!("{CASES} cases of")))
}

/// Addresses that must not be fetched.
pub(crate) fn a04(lab: &mut Lab) -> anyhow::Result<Outcome> {
    attack(lab, "a04")
}

/// Placeholders that leave their repository.
pub(crate) fn a05(lab: &mut Lab) -> anyhow::Result<Outcome> {
    attack(lab, "a05")
}

/// Locations of kinds and types that are not allowed.
pub(crate) fn a06(lab: &mut Lab) -> anyhow::Result<Outcome> {
    attack(lab, "a06")
}

/// Links that run scripts.
pub(crate) fn a09(lab: &mut Lab) -> anyhow::Result<Outcome> {
    attack(lab, "a09")
}

fn attack(lab: &Lab, name: &str) -> anyhow::Result<Outcome> {
    let run = tests(lab, &["--workspace", "--", name], &[])?;
    Ok(judge(&run, ""))
}

fn judge(run: &TestRun, what: &str) -> Outcome {
    if run.passed.is_empty() && run.failed.is_empty() {
        return Outcome::not_run("there is no test of that name");
    }
    let mut figures = Figures::default();
    figures.note(format!("{what} {}", run.passed.join(" ")).trim_start().to_owned());
    let failed = (!run.failed.is_empty()).then(|| run.failed.join(" "));
    figures.must("0 failed", failed);
    figures.outcome()
}

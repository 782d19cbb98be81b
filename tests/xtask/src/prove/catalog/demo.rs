//! The README's two commands, on a fresh clone.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context;
use serde_json::json;

use crate::{
    lab::{Client, Lab, Launch, Signal},
    prove::outcome::{Figures, Outcome},
    steps::succeed,
};

/// A clone of what is committed, with a target folder of its own that outlives it: what is built
/// anew is what is ours.
struct Clone {
    folder: PathBuf,
    target: PathBuf,
}

impl Clone {
    fn fresh(lab: &mut Lab) -> anyhow::Result<Self> {
        let folder = lab.folder("fresh")?.join("clone");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let mut git = Command::new("git");
        git.args(["clone", "--quiet", "--no-hardlinks"]).arg(lab.workspace().root()).arg(&folder);
        succeed(&mut git)?;
        let clone = Self { folder, target: lab.folder("fresh")?.join("target") };
        clone.link_shared(lab.workspace().root())?;
        Ok(clone)
    }

    /// The data that tests look for beside the checkout, where there is any.
    fn link_shared(&self, root: &Path) -> anyhow::Result<()> {
        let (shared, link) = (root.join("../shared"), self.folder.join("../shared"));
        if shared.exists() && !link.exists() {
            std::os::unix::fs::symlink(fs::canonicalize(shared)?, link)?;
        }
        Ok(())
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        cargo.stdin(Stdio::null());
        cargo
    }
}

/// `cargo run --release -- demo`.
pub(crate) fn demo(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let clone = Clone::fresh(lab)?;
    let begun = Instant::now();
    succeed(clone.cargo().args(["build", "--release", "--quiet"]))?;
    let mut figures = Figures::default();
    figures.note(format!("built in {:.0} s", begun.elapsed().as_secs_f64()));
    let mut cargo = clone.cargo();
    cargo.args(["run", "--release", "--quiet", "--", "demo", "--listen", "127.0.0.1:0"]);
    let started = Launch::in_folder(cargo, &lab.room("demo")?)?.ready()?;
    figures.note(format!("ready after {:.2} s", started.ready_after.as_secs_f64()));
    let mut guest = Client::with_token(started.server.url(), None);
    let page = guest.get("/catalog")?;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let no_page = (page.status != 200 || !html.contains("/catalog/default/component/"))
        .then(|| format!("/catalog answers {} without components", page.status));
    figures.must("page", no_page);
    let query = "{ entities(filter: {kind: {eq: \"Component\"}}, first: 1) { totalCount } }";
    let data = guest.graphql(query, &json!({}))?;
    let total = data.pointer("/entities/totalCount").and_then(serde_json::Value::as_u64);
    let few = (total.unwrap_or(0) < 250).then(|| format!("{total:?} components"));
    figures.must("GraphQL", few);
    let status = started.server.end(Signal::Interrupt)?;
    figures.must("Ctrl-C", (!status.success()).then(|| status.to_string()));
    Ok(figures.outcome())
}

/// `cargo xtask test`.
pub(crate) fn test_on_fresh_clone(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let clone = Clone::fresh(lab)?;
    let begun = Instant::now();
    let mut child = clone
        .cargo()
        .args(["xtask", "test"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cargo xtask did not start")?;
    let output = child.stdout.take().context("standard output is not piped")?;
    let lines: Vec<String> = BufReader::new(output)
        .split(b'\n')
        .map(|line| Ok(String::from_utf8_lossy(&line?).into_owned()))
        .collect::<anyhow::Result<_>>()?;
    fs::write(lab.folder("fresh")?.join("test.log"), lines.join("\n"))?;
    let status = child.wait()?;
    let mut figures = Figures::default();
    figures.must("green", (!status.success()).then(|| status.to_string()));
    let skips = lines.iter().skip_while(|line| *line != "skipped by name:").skip(1);
    let skips: Vec<&str> = skips.map_while(|line| line.strip_prefix("  ")).collect();
    let without = skips.iter().find(|skip| skip.to_lowercase().contains("postgres"));
    figures.must("on a real PostgreSQL", without.map(|skip| (*skip).to_owned()));
    let tally = lines.iter().rfind(|line| line.contains(" passed, "));
    figures.note(tally.cloned().unwrap_or_else(|| "no tally".to_owned()));
    figures.note(format!("{:.0} s", begun.elapsed().as_secs_f64()));
    Ok(figures.outcome())
}

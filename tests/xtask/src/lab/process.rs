//! What a process uses, read from `/proc`, and the signals it is sent.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// Linux counts process times in hundredths of a second, on every architecture we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// A signal by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ends it at once.
    Kill,
    /// Asks it to end.
    Terminate,
    /// What Ctrl-C sends.
    Interrupt,
    /// Stops it where it stands.
    Stop,
    /// Ends it without clean-up, where it has a word for that.
    Quit,
    /// Lets it go on.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Stop => "STOP",
            Self::Quit => "QUIT",
            Self::Continue => "CONT",
        }
    }
}

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pid: u32,
}

/// The program, as a child that is asked to end when xtask is gone, however it went.
pub(crate) fn ends_with_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig=INT", "--"]).arg(program);
    command
}

/// The fields of `/proc/PID/stat` that the lab needs.
struct Stat {
    parent: u32,
    own_ticks: u64,
    children_ticks: u64,
}

impl Process {
    /// The process with that id.
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// CPU seconds of it and of everything it has started, dead or alive. A process that was never
    /// waited for is not counted once it has ended.
    #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^52")]
    pub(crate) fn tree_cpu_seconds(self) -> f64 {
        let ticks = stat(self.pid).map_or(0, |stat| stat.own_ticks + stat.children_ticks);
        let living: u64 = children(self.pid)
            .into_iter()
            .filter_map(stat)
            .map(|stat| stat.own_ticks + stat.children_ticks)
            .sum();
        (ticks + living) as f64 / TICKS_PER_SECOND
    }

    /// Resident memory now, in megabytes (10^6 bytes).
    pub(crate) fn rss_mb(self) -> anyhow::Result<f64> {
        self.status_mb("VmRSS:")
    }

    /// The most that was ever resident, in megabytes.
    pub(crate) fn peak_rss_mb(self) -> anyhow::Result<f64> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(self, field: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))
            .context("the process has ended")?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.trim().strip_suffix("kB"))
            .and_then(|number| number.trim().parse().ok())
            .with_context(|| format!("/proc/{}/status has no {field}", self.pid))?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Sends a signal.
    pub(crate) fn signal(self, signal: Signal) -> anyhow::Result<()> {
        let status = Command::new("kill")
            .args(["-s", signal.name(), &self.pid.to_string()])
            .stdin(Stdio::null())
            .status()
            .context("kill did not start")?;
        if !status.success() {
            bail!("process {} could not be sent SIG{}", self.pid, signal.name());
        }
        Ok(())
    }
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command stands in brackets and may hold anything; fields are counted behind it.
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own_ticks: ticks(11)? + ticks(12)?,
        children_ticks: ticks(13)? + ticks(14)?,
    })
}

fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|child| stat(*child).is_some_and(|stat| stat.parent == pid))
        .collect()
}

//! A Callboard of the release build, as a child process.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::{
    http::Client,
    pause::{pause, wait_until},
    process::{Process, Signal, ends_with_us},
};

/// Longest wait for `ready:`.
const START_LIMIT: Duration = Duration::from_mins(2);

/// Longest wait for an end that was asked for: the drain is 10 s.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    log: PathBuf,
}

/// A server and how long it took.
#[derive(Debug)]
pub(crate) struct Started {
    /// The server.
    pub(crate) server: Server,
    /// When its process was started.
    pub(crate) at: Instant,
    /// From then until it printed `ready:`.
    pub(crate) ready_after: Duration,
}

/// A server that was started and has not said yet that it is ready. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Launch {
    server: Server,
    at: Instant,
    ready: mpsc::Receiver<(String, Duration)>,
}

impl Launch {
    /// Starts `callboard serve` with `config`, on a free port. Its log stands in `room`, and a
    /// second server of the same room writes on.
    pub(crate) fn serve(
        callboard: &Path,
        room: &Path,
        config: &serde_json::Value,
    ) -> anyhow::Result<Self> {
        let file = room.join("app-config.yaml");
        fs::write(&file, serde_json::to_vec_pretty(config)?)?;
        let mut command = ends_with_us(callboard);
        command.arg("serve").arg("--config").arg(&file).args(["--listen", "127.0.0.1:0"]);
        Self::command(command, room)
    }

    /// Starts any command that prints `ready: http://HOST:PORT` on standard output, in `room`.
    pub(crate) fn command(mut command: Command, room: &Path) -> anyhow::Result<Self> {
        command.current_dir(room);
        Self::in_folder(command, room)
    }

    /// The same in the folder that the command names; only the log stands in `room`.
    pub(crate) fn in_folder(mut command: Command, room: &Path) -> anyhow::Result<Self> {
        let log = room.join("server.log");
        let errors = fs::File::options().create(true).append(true).open(&log)?;
        let at = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("{command:?} did not start"))?;
        let output = child.stdout.take().context("standard output is not piped")?;
        let (send, ready) = mpsc::channel();
        // Reads on after `ready:`, so that the child never meets a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("ready: ") {
                    send.send((url.trim().to_owned(), at.elapsed())).unwrap_or_default();
                }
            }
        });
        Ok(Self { server: Server { child, url: String::new(), log }, at, ready })
    }

    /// Waits until it is ready.
    pub(crate) fn ready(self) -> anyhow::Result<Started> {
        let limit = START_LIMIT;
        let Self { mut server, at, ready } = self;
        match ready.recv_timeout(limit) {
            Ok((url, ready_after)) => {
                server.url = url;
                Ok(Started { server, at, ready_after })
            }
            Err(_) => bail!("it did not get ready: {}", server.log_tail()),
        }
    }

    /// Lets it run until `moment` after its start, then kills it. Right before that it is asked
    /// `question`, if it is ready by then.
    pub(crate) fn kill_at<T: Default>(
        self,
        moment: Duration,
        question: impl FnOnce(&Server) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Self { mut server, at, ready } = self;
        pause(moment.saturating_sub(at.elapsed()));
        let answer = match ready.try_recv() {
            Ok((url, _)) => {
                server.url = url;
                question(&server)?
            }
            Err(_) => T::default(),
        };
        server.kill()?;
        Ok(answer)
    }
}

impl Server {
    /// `http://HOST:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A client with the lab's token.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Its process, for what it uses and for signals.
    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// What it has logged so far, all of its room's servers together.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map_or_else(
            |error| format!("no log: {error}"),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// The last lines of the log, for messages.
    pub(crate) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(8)).copied().collect::<Vec<_>>().join("\n")
    }

    /// Kills it where it stands.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends a signal that asks for the end and waits for it.
    pub(crate) fn end(mut self, signal: Signal) -> anyhow::Result<ExitStatus> {
        self.process().signal(signal)?;
        let child = &mut self.child;
        wait_until("the end of the server", STOP_LIMIT, Duration::from_millis(10), || {
            Ok(child.try_wait()?)
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        if self.child.kill().is_ok() {
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

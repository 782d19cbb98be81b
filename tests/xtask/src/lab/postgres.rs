//! A real PostgreSQL on a free port, in a folder of its own.
//!
//! `initdb` and `postgres` refuse to run as root: there they run as the user `postgres`, which the
//! Debian package makes. Writes reach the disk (`fsync` stays on), as in production.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    pause::wait_until,
    process::{Process, Signal, ends_with_us},
};
use crate::{peers, steps::succeed};

/// The superuser; connections on loopback need no password.
const USER: &str = "callboard";

/// A running PostgreSQL. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
    databases: u32,
    /// CPU seconds of servers that were restarted.
    cpu_before: f64,
}

impl Postgres {
    /// Makes a data folder and starts the server.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let programs = peers::postgresql_programs().context("PostgreSQL is not installed")?;
        let folder = std::env::temp_dir().join(format!("callboard-prove-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        if is_root()? {
            succeed(Command::new("chown").arg("postgres:").arg(&folder))?;
        }
        let mut initdb = as_database_user(&programs.join("initdb"))?;
        initdb.arg("-D").arg(folder.join("data"));
        initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        succeed(initdb.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut postgres =
            Self { programs, folder, port, server: None, databases: 0, cpu_before: 0.0 };
        postgres.up()?;
        Ok(postgres)
    }

    /// Starts the server on its folder and waits until it answers.
    pub(crate) fn up(&mut self) -> anyhow::Result<()> {
        let log = fs::File::create(self.folder.join("postgres.log"))?;
        let mut postgres = as_database_user(&self.programs.join("postgres"))?;
        postgres.arg("-D").arg(self.folder.join("data"));
        postgres.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        postgres.args(["-c", "unix_socket_directories=", "-c", "max_connections=200"]);
        postgres.current_dir(&self.folder).stdin(Stdio::null());
        let server = postgres.stdout(log.try_clone()?).stderr(log).spawn()?;
        self.server = Some(server);
        wait_until("PostgreSQL", Duration::from_secs(30), Duration::from_millis(50), || {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()?;
            Ok(ready.success().then_some(()))
        })
    }

    /// Ends the server as a restart does: connections are cut, what is committed is kept.
    pub(crate) fn down(&mut self) -> anyhow::Result<()> {
        self.end(Signal::Interrupt)
    }

    fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        if let Some(mut server) = self.server.take() {
            let process = Process::new(server.id());
            self.cpu_before += process.tree_cpu_seconds();
            process.signal(signal)?;
            server.wait()?;
        }
        Ok(())
    }

    /// Makes an empty database with a new name.
    pub(crate) fn create_database(&mut self) -> anyhow::Result<String> {
        self.databases += 1;
        let name = format!("prove_{}", self.databases);
        self.query("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// What `psql` prints for one statement, columns parted by `|`.
    pub(crate) fn query(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", statement])
            .stdin(Stdio::null())
            .output()
            .context("psql did not start")?;
        if !output.status.success() {
            bail!("{statement}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Where it listens on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// CPU seconds of the server and its backends, restarts included.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let now = self.server.as_ref().map(|server| Process::new(server.id()).tree_cpu_seconds());
        self.cpu_before + now.unwrap_or(0.0)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.end(Signal::Quit).is_ok() {
            fs::remove_dir_all(&self.folder).unwrap_or_default();
        }
    }
}

fn is_root() -> anyhow::Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0")
}

/// The program, as a user that PostgreSQL accepts.
fn as_database_user(program: &Path) -> anyhow::Result<Command> {
    if !is_root()? {
        return Ok(ends_with_us(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.args(["--pdeathsig=INT", "--"]).arg(program);
    Ok(command)
}

//! A real PostgreSQL for tests.
//!
//! One server per test process, on a free port and in a folder of its own, or the one that the
//! environment variable `CALLBOARD_TEST_PG` names (`postgres://user:password@host:port`, a role
//! that may create databases). A template is migrated once; each test gets a clone of it. Tests
//! that stop the server start one for themselves: [`PostgresServer::start`].
//!
//! Where PostgreSQL is not installed, tests skip by name; with `CALLBOARD_REQUIRE_PEERS=1` they
//! fail.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a broken peer fails the test, and a missing one is told to the one who counts"
)]

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use callboard_store::{DatabaseConfig, MissingDatabase, PostgresConfig, PostgresTls};

/// The superuser of servers that we start; connections on loopback need no password.
const USER: &str = "callboard";

/// The database that every server has.
const MAINTENANCE: &str = "postgres";

/// How long a server may take to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Starts a server and lives as long as it does. A line on its input is the signal that ends the
/// server; the end of its input, which comes when the test process ends in whatever way, ends the
/// server and removes its folder.
const GUARDIAN: &str = r#"
folder=$1; shift
"$@" & server=$!
if read -r signal; then kill -s "$signal" $server; wait $server
else kill -s QUIT $server; wait $server; rm -rf "$folder"; fi
"#;

/// The server that all tests of this process share.
static SHARED: OnceLock<Result<SharedServer, String>> = OnceLock::new();

/// A database of one test alone, with the newest schema and nothing in it.
#[derive(Debug)]
pub struct TestDatabase {
    config: PostgresConfig,
    drops: bool,
}

impl TestDatabase {
    /// A new database for the test of this name; `None` after a line that says why the test is
    /// skipped.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is missing although peers are required, or if it does not work.
    pub fn create(test: &str) -> Option<Self> {
        let shared = SHARED.get_or_init(|| SharedServer::find().map_err(|e| format!("{e:#}")));
        match shared {
            Ok(shared) => Some(shared.clone_template().expect("a clone of the template")),
            Err(why) => {
                skip(test, why);
                None
            }
        }
    }

    /// How to reach it.
    pub fn config(&self) -> DatabaseConfig {
        DatabaseConfig::Postgres(self.config.clone())
    }

    /// How to reach it, to be changed.
    pub fn postgres(&self) -> PostgresConfig {
        self.config.clone()
    }

    /// What `psql` prints for a statement, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// What `psql` says of a statement that failed.
    pub fn query(&self, sql: &str) -> anyhow::Result<String> {
        psql(&self.config, &self.config.database, sql)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.drops {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.config.database);
            psql(&self.config, MAINTENANCE, &sql).map(drop).unwrap_or_default();
        }
    }
}

/// A test's own server, which it may stop and start. Ends, with its folder, when it is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    guardian: Option<Child>,
}

impl PostgresServer {
    /// Starts a server for the test of this name; `None` after a line that says why the test is
    /// skipped.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is missing although peers are required, or if it does not start.
    pub fn start(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            skip(test, "PostgreSQL is not installed");
            return None;
        };
        Some(Self::start_from(programs).expect("PostgreSQL starts"))
    }

    /// How to reach a database of it, which need not exist yet.
    pub fn config(&self, database: &str) -> PostgresConfig {
        PostgresConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: USER.to_owned(),
            database: database.to_owned(),
            tls: PostgresTls::Off,
            ..PostgresConfig::default()
        }
    }

    /// Ends the server as a restart does: connections are cut, what is committed is kept.
    ///
    /// # Errors
    ///
    /// If it was not running.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.end("INT")
    }

    /// Ends the server as a crash does: it finds what is committed in its log at the next start.
    ///
    /// # Errors
    ///
    /// If it was not running.
    pub fn crash(&mut self) -> anyhow::Result<()> {
        self.end("QUIT")
    }

    /// Starts a server that was stopped, on the same port and with the same data, and waits until
    /// it answers.
    ///
    /// # Errors
    ///
    /// If it does not answer within a minute.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        let log = fs::File::create(self.folder.join("postgres.log"))?;
        let mut guardian = Command::new("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(&self.folder);
        let postgres = as_database_user(&self.programs.join("postgres"))?;
        guardian.arg(postgres.get_program()).args(postgres.get_args());
        guardian.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        // Tests cut power from nothing: what a crash loses is only what never reached the kernel.
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
        guardian.args(settings.iter().flat_map(|setting| ["-c", setting]));
        guardian.args(["-c", "max_connections=300"]).current_dir(&self.folder);
        guardian.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        self.guardian = Some(guardian.spawn().context("sh does not start")?);
        self.wait_until_ready()
    }

    /// What `psql` prints for a statement, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// What `psql` says of a statement that failed.
    pub fn query(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        psql(&self.config(database), database, sql)
    }

    fn start_from(programs: PathBuf) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("callboard-postgres-").tempdir()?.keep();
        if is_root()? {
            run(Command::new("chown").arg("postgres:").arg(&folder))?;
        }
        let mut initdb = as_database_user(&programs.join("initdb"))?;
        initdb.arg("-D").arg(folder.join("data"));
        initdb.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        run(initdb.current_dir(&folder))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Self { programs, folder, port, guardian: None };
        server.restart()?;
        Ok(server)
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status()?.success() {
                return Ok(());
            }
            if begun.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.join("postgres.log"))?;
                bail!("PostgreSQL does not answer: {log}");
            }
            // Between two questions; a server has no way to call us.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn end(&mut self, signal: &str) -> anyhow::Result<()> {
        let mut guardian = self.guardian.take().context("the server is not running")?;
        let mut input = guardian.stdin.take().context("the guardian has no input")?;
        writeln!(input, "{signal}")?;
        guardian.wait()?;
        Ok(())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.guardian.is_some() {
            self.crash().unwrap_or_default();
        }
        fs::remove_dir_all(&self.folder).unwrap_or_default();
    }
}

/// Where clones of the template come from.
struct SharedServer {
    /// The template's database.
    template: PostgresConfig,
    /// Whether databases outlive this process unless they are dropped.
    outlives_us: bool,
    next: AtomicU32,
    /// Kept for its guardian, which ends the server with us.
    _server: Option<PostgresServer>,
}

impl SharedServer {
    fn find() -> anyhow::Result<Self> {
        let (template, server) = if let Some(url) = std::env::var_os("CALLBOARD_TEST_PG") {
            (named_server(&url)?, None)
        } else {
            let programs = programs().context("PostgreSQL is not installed")?;
            let server = PostgresServer::start_from(programs)?;
            (server.config(MAINTENANCE), Some(server))
        };
        let template = PostgresConfig {
            database: "callboard_template".to_owned(),
            missing_database: MissingDatabase::Create,
            ..template
        };
        migrate(&template)?;
        let outlives_us = server.is_none();
        Ok(Self { template, outlives_us, next: AtomicU32::new(1), _server: server })
    }

    fn clone_template(&self) -> anyhow::Result<TestDatabase> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let database = format!("callboard_test_{}_{number}", std::process::id());
        let sql = format!("CREATE DATABASE {database} TEMPLATE {}", self.template.database);
        // Another process that looks at the template keeps it from being cloned for a moment.
        let begun = Instant::now();
        while let Err(error) = psql(&self.template, MAINTENANCE, &sql) {
            if begun.elapsed() > START_LIMIT {
                return Err(error);
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        let config = PostgresConfig {
            database,
            missing_database: MissingDatabase::Refuse,
            ..self.template.clone()
        };
        Ok(TestDatabase { config, drops: self.outlives_us })
    }
}

/// On a thread of its own, because the test may be inside a runtime already.
fn migrate(template: &PostgresConfig) -> anyhow::Result<()> {
    let config = DatabaseConfig::Postgres(template.clone());
    let work = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(callboard_store::migrate(&config)).map(drop).map_err(Into::into)
    });
    work.join().map_err(|_| anyhow::anyhow!("the migration panicked"))?
}

fn named_server(url: &OsStr) -> anyhow::Result<PostgresConfig> {
    let url = url.to_str().context("CALLBOARD_TEST_PG is not UTF-8")?;
    let url = url::Url::parse(url).context("CALLBOARD_TEST_PG is not a URL")?;
    Ok(PostgresConfig {
        host: url.host_str().unwrap_or("127.0.0.1").to_owned(),
        port: url.port().unwrap_or(5432),
        user: url.username().to_owned(),
        password: url.password().map(Into::into),
        ..PostgresConfig::default()
    })
}

/// Says that a test is skipped, in the form that `cargo xtask test` counts.
pub(crate) fn skip(test: &str, why: &str) {
    let required = std::env::var_os("CALLBOARD_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{why}, and CALLBOARD_REQUIRE_PEERS=1 asks for it");
    println!("skipped: {test}: {why}");
}

/// The folder of `initdb` and `postgres`: the newest that Debian's packages left, or one of `PATH`.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(std::env::split_paths(&path))
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists()))
}

fn psql(config: &PostgresConfig, database: &str, sql: &str) -> anyhow::Result<String> {
    let program = programs().map_or_else(|| PathBuf::from("psql"), |folder| folder.join("psql"));
    let mut command = Command::new(program);
    command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", &config.host, "-U", &config.user]);
    command.args(["-p", &config.port.to_string(), "-d", database, "-c", sql]);
    if let Some(password) = &config.password {
        command.env("PGPASSWORD", secrecy::ExposeSecret::expose_secret(password));
    }
    run(&mut command)
}

/// What a program prints, without the line's end.
fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{command:?} does not start"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn is_root() -> anyhow::Result<bool> {
    Ok(run(Command::new("id").arg("-u"))? == "0")
}

/// The program, as a user that PostgreSQL accepts: it refuses root.
fn as_database_user(program: &Path) -> anyhow::Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Ok(command)
}

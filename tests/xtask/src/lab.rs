//! Where bars and benches are measured: a release build, real databases, generated estates, and
//! instruments that count what the product alone uses.

mod config;
mod estate;
mod fault;
mod fleet;
mod http;
mod kubernetes;
mod load;
mod mesh;
mod pause;
mod postgres;
mod probe;
mod process;
mod prometheus;
mod queries;
mod server;
mod stage;
mod stats;
mod subscription;
mod tls;
mod trivial_route;
mod world;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

pub(crate) use self::{
    config::{TOKEN, serve_config, sqlite},
    estate::{BenchEstate, Manifest},
    fault::{Answer, Fault, Proxy, endless_pods, million_pods},
    fleet::{Fleet, printed_role},
    http::{Client, percent_encoded},
    kubernetes::{
        ApiClient, Contents, Controllers, Credentials, Deployed, GRANT_USERS, Kubernetes, declare,
        deploy, fill, grant_token, grant_user,
    },
    load::{ClosedLoop, LoadReport, OpenLoop, closed_loop, open_loop},
    mesh::Mesh,
    pause::{pause, wait_until},
    postgres::Postgres,
    probe::{FinalEntities, final_entities, served_uids, wait_complete},
    process::{Process, Signal, ends_with_us},
    queries::{
        by_name_paths, gets, graphql_facets, graphql_pages, graphql_requests, graphql_searches,
    },
    server::{Launch, Server, Started},
    stage::{Stage, load_limit, settle},
    stats::{Sample, median},
    subscription::Subscription,
    trivial_route::trivial_route,
    world::{BUCKETS_MS, Edge, LinkMode, Place, REPLICAS, World},
};
use crate::{steps::succeed, workspace::Workspace};

/// Which database a row runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file, the default of the product.
    Sqlite,
    /// A real PostgreSQL of this lab.
    Postgres,
}

impl Database {
    /// What it is called in the names of rows.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "pg",
        }
    }
}

/// The lab. What is dear is made once and kept: the build, the estates, the database server.
#[derive(Debug)]
pub(crate) struct Lab {
    workspace: Workspace,
    is_built: bool,
    postgres: Option<Postgres>,
    fleet: Option<Fleet>,
    rooms: u32,
}

impl Lab {
    /// An empty lab; nothing is built or started yet.
    pub(crate) fn new(workspace: &Workspace) -> Self {
        Self {
            workspace: workspace.clone(),
            is_built: false,
            postgres: None,
            fleet: None,
            rooms: 0,
        }
    }

    /// The checkout.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// A folder below `target/` that outlives the run.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.workspace.target().join("prove").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("{} not made", folder.display()))?;
        Ok(folder)
    }

    /// An empty folder of its own for one run.
    pub(crate) fn room(&mut self, name: &str) -> anyhow::Result<PathBuf> {
        self.rooms += 1;
        let room = self.folder("rooms")?.join(format!("{name}-{}", self.rooms));
        if room.exists() {
            fs::remove_dir_all(&room)?;
        }
        fs::create_dir_all(&room)?;
        Ok(room)
    }

    /// The release binary and the trivial route beside it, built once.
    pub(crate) fn callboard(&mut self) -> anyhow::Result<PathBuf> {
        self.build()?;
        Ok(self.workspace.target().join("release/callboard"))
    }

    /// The route that answers ready-made bytes: what the machine can do at all.
    pub(crate) fn trivial_route(&mut self) -> anyhow::Result<PathBuf> {
        self.build()?;
        Ok(self.workspace.target().join("release/examples/trivial_route"))
    }

    fn build(&mut self) -> anyhow::Result<()> {
        if !self.is_built {
            println!("building for release");
            let mut cargo = self.workspace.cargo(["build", "--release", "--quiet"]);
            cargo.args(["--package", "callboard", "--package", "callboard-tests"]);
            succeed(cargo.args(["--bins", "--example", "trivial_route"]))?;
            self.is_built = true;
        }
        Ok(())
    }

    /// The estate of `factor` × 1,000 entities, generated once.
    pub(crate) fn estate(&self, factor: u32) -> anyhow::Result<BenchEstate> {
        let generator = self.workspace.root().join("tests/bench/gen_catalog.py");
        let folder = self.folder("estates")?.join(format!("{factor}k"));
        BenchEstate::generate(&generator, &folder, factor, &[])
    }

    /// The estate of 1,000 entities and hand-written oddities that the conformance recording was
    /// made of.
    pub(crate) fn edge_estate(&self, seed: u32) -> anyhow::Result<BenchEstate> {
        let generator = self.workspace.root().join("tests/bench/gen_catalog.py");
        let name = format!("edge-{seed}");
        let more = ["--seed".to_owned(), seed.to_string(), "--edge".to_owned()];
        BenchEstate::generate(&generator, &self.folder("estates")?.join(name), 1, &more)
    }

    /// The database server, started at the first call.
    pub(crate) fn postgres(&mut self) -> anyhow::Result<&mut Postgres> {
        if self.postgres.is_none() {
            self.postgres = Some(Postgres::start()?);
        }
        self.postgres.as_mut().context("PostgreSQL was not kept")
    }

    /// Nine real clusters with the whole world in them, started and filled at the first call.
    pub(crate) fn fleet(&mut self) -> anyhow::Result<&mut Fleet> {
        if self.fleet.is_none() {
            self.fleet = Some(Fleet::start(self)?);
        }
        self.fleet.as_mut().context("the fleet was not kept")
    }

    /// Configuration of a new, empty database.
    pub(crate) fn empty_database(
        &mut self,
        database: Database,
        room: &Path,
    ) -> anyhow::Result<serde_json::Value> {
        match database {
            Database::Sqlite => Ok(sqlite(&room.join("callboard.db"))),
            Database::Postgres => {
                let postgres = self.postgres()?;
                let name = postgres.create_database()?;
                Ok(config::postgres(postgres.port(), &name))
            }
        }
    }

    /// CPU seconds of the database server so far; 0 where the database is a part of the process.
    pub(crate) fn database_cpu_seconds(&self, database: Database) -> f64 {
        match (database, &self.postgres) {
            (Database::Postgres, Some(postgres)) => postgres.cpu_seconds(),
            _ => 0.0,
        }
    }
}

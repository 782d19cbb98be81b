//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One developer portal for every cluster and cloud.
///
/// Callboard reads the descriptors (`catalog-info.yaml`) of your repositories and answers for the
/// whole catalog: as Backstage's REST API, as GraphQL and as web pages. It takes an existing
/// Backstage `app-config.yaml` as it is.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Start here:
  callboard demo                          the example bank, with you as a guest
  callboard serve --config app-config.yaml
  callboard validate catalog-info.yaml    what a repository's CI calls"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the catalog of a configuration.
    ///
    /// Prints `ready: http://HOST:PORT` on standard output once reads are answered; logs go to
    /// standard error. SIGTERM and Ctrl-C stop accepting, finish what is under way (at most 10 s)
    /// and exit with 0.
    #[command(after_help = "\
Examples:
  callboard serve --config app-config.yaml --config app-config.production.yaml
  callboard serve --config app-config.yaml --listen 127.0.0.1:0")]
    Serve(ServeArgs),
    /// Serve the example bank on an embedded database, with everybody as a guest.
    Demo(DemoArgs),
    /// Check descriptors as the catalog would, without a server.
    #[command(after_help = "\
Examples:
  callboard validate catalog-info.yaml 'services/**/catalog-info.yaml'
  cat catalog-info.yaml | callboard validate -
  callboard validate --format github --root . --repo-url https://github.com/acme/shop catalog-info.yaml

Exit status: 0 all accepted, 1 something was refused, 2 wrong arguments.")]
    Validate(crate::commands::ValidateArgs),
    /// Look at a configuration without serving it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the clusters of a configuration, record one, or print the grants that are needed.
    #[command(subcommand)]
    Clusters(ClustersCommand),
    /// Print a schema on standard output.
    Schema(SchemaArgs),
    /// Bring the database of a configuration to the schema of this version, and exit.
    ///
    /// `serve` does the same at its start; this is for those who want it apart.
    Migrate(ConfigFiles),
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigFiles {
    /// Configuration file; later ones overlay earlier ones.
    #[arg(long = "config", value_name = "FILE", default_value = "app-config.yaml")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigFiles,
    /// Where to listen, instead of `backend.listen`; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7007")]
    pub(crate) listen: String,
    /// Folder of the example estate, instead of the one that is built in.
    #[arg(long, value_name = "DIR")]
    pub(crate) estate: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what would be used, what is unknown and what is wrong.
    ///
    /// Secrets are shown as asterisks. Exit status 1 if `serve` would refuse it.
    Check(ConfigFiles),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClustersCommand {
    /// Try each cluster once: what works, with which grants, and what is missing.
    ///
    /// Exit status 1 if a cluster or its metrics give no answer, or if something cannot be read.
    #[command(after_help = "\
Examples:
  callboard clusters check --config app-config.yaml
  callboard clusters check --config app-config.yaml aws-prod-1")]
    Check(ClustersCheckArgs),
    /// Record a cluster, so that it can be served without being there.
    ///
    /// Writes DIR/kubernetes (the objects as `kubectl get -o json` prints them, without the values
    /// of environment variables) and DIR/prometheus (the answers of our own queries, as they came).
    /// Configured as `kubernetes.snapshot` and `prometheus.snapshot` they are served as RECORDED.
    #[command(after_help = "\
Example:
  callboard clusters snapshot --config app-config.yaml aws-prod-1 ./snapshots/aws-prod-1")]
    Snapshot(ClustersSnapshotArgs),
    /// Print the smallest cluster role that suffices, as YAML.
    #[command(after_help = "\
Example:
  callboard clusters rbac | kubectl apply -f -")]
    Rbac {
        /// What the role is called.
        #[arg(long, default_value = "callboard-reader")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ClustersCheckArgs {
    #[command(flatten)]
    pub(crate) config: ConfigFiles,
    /// Only these clusters; all, if none is named.
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ClustersSnapshotArgs {
    #[command(flatten)]
    pub(crate) config: ConfigFiles,
    /// The cluster, as the configuration calls it.
    pub(crate) name: String,
    /// The folder to write to; it is made if it is missing.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which one.
    pub(crate) schema: SchemaName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaName {
    /// The GraphQL schema, as SDL.
    Graphql,
    /// The REST API, as `OpenAPI`.
    Openapi,
    /// `app-config.yaml`, as JSON Schema.
    Config,
    /// `catalog-info.yaml`, as JSON Schema: for editors.
    Entity,
}

//! What each subcommand does.

mod clusters;
mod demo;
mod schema;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use callboard_http::AnonymousAccess;

pub(crate) use crate::validate::ValidateArgs;
use crate::{
    application::{self, Run},
    cli::{Cli, Command, ConfigCommand, ServeArgs},
    config::{self, ProcessSurroundings},
    output, store_config,
};

/// Runs a command. Errors go to standard error, each cause on its own line.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Serve(arguments) => block_on(serve(arguments)),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Validate(arguments) => crate::validate::run(&arguments),
        Command::Config(ConfigCommand::Check(arguments)) => check(&arguments.files),
        Command::Clusters(command) => block_on(clusters::run(command)),
        Command::Schema(arguments) => schema::run(arguments.schema),
        Command::Migrate(arguments) => block_on(migrate(arguments.files)),
    };
    result.unwrap_or_else(|error| {
        if !output::is_closed(&error) {
            explain(&error);
        }
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "logs may not have been started")]
fn explain(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// Runs `work` on the runtime of the background loops; requests have runtimes of their own.
fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("the cryptography of TLS was chosen twice");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let code = runtime.block_on(work);
    // Whoever drops a runtime waits for every blocking call, however long that takes.
    runtime.shutdown_background();
    code
}

async fn serve(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    let run = Run {
        files: arguments.config.files,
        listen: arguments.listen,
        anonymous: AnonymousAccess::Refused,
    };
    application::serve(run).await.map(|()| ExitCode::SUCCESS)
}

fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let report = config::check(files, &ProcessSurroundings)?;
    output::print(&report.to_string())?;
    Ok(if report.is_usable() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn migrate(files: Vec<PathBuf>) -> anyhow::Result<ExitCode> {
    let loaded = config::load(&files, &ProcessSurroundings)?;
    let database = store_config::database(&loaded.config.backend.database);
    let report = callboard_store::migrate(&database).await?;
    match report.applied.as_slice() {
        [] => output::print("the schema is up to date")?,
        steps => output::print(&format!("applied {}: {}", steps.len(), steps.join(", ")))?,
    }
    Ok(ExitCode::SUCCESS)
}

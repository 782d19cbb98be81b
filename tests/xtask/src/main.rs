//! `cargo xtask …`: everything that is done to Callboard rather than by it.
//!
//! Imports nothing of ours, so that it works while the product does not compile.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod ci;
mod peers;
mod steps;
mod test_run;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{peers::Requirement, workspace::Workspace};

/// Installs peers, runs tests, bars and benches.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Installs what the tests need, starts real peers on free ports and runs every test.
    Test {
        /// Fail where a peer is missing, instead of skipping its tests by name.
        #[arg(long)]
        require_peers: bool,
        /// Only tests whose name contains one of these.
        filter: Vec<String>,
    },
    /// Installs every real program that tests, bars and benches run against.
    Peers,
    /// Format, lints, documentation, architecture, generated files, then every test.
    Ci,
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Test { require_peers, filter } => {
            let requirement =
                if *require_peers { Requirement::Required } else { Requirement::Optional };
            test_run::run(&workspace, requirement, filter)
        }
        Task::Peers => match peers::install(peers::ALL).as_slice() {
            [] => Ok(()),
            missing => anyhow::bail!("could not be installed: {}", missing.join(", ")),
        },
        Task::Ci => ci::run(&workspace),
    }
}

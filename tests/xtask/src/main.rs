//! `cargo xtask …`: everything that is done to Callboard rather than by it.
//!
//! Imports nothing of ours, so that it works while the product does not compile.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod bench;
mod ci;
mod estate;
mod lab;
mod peers;
mod prove;
mod steps;
mod test_run;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{bench::Sizes, estate::Mode, peers::Requirement, prove::Rerun, workspace::Workspace};

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
    /// Installs every real program that tests, bars and benches run against, and prints the
    /// variables by which `cargo test` finds them.
    Peers {
        /// Only what `cargo xtask test` runs against.
        #[arg(long)]
        of_tests: bool,
    },
    /// The bars: one line for each row of each issue's table, with its figure and the bar.
    Prove {
        /// Run rows again that have passed on this commit.
        #[arg(long)]
        again: bool,
        /// Only print the rows and their bars.
        #[arg(long)]
        list: bool,
        /// An issue's number, or the start of a row's name such as `catalog.ingest-10k`.
        rows: Vec<String>,
    },
    /// The query set over generated estates: throughput, CPU, ratios to the peer and to a trivial
    /// route. `CALLBOARD_BENCH_PEER='URL TOKEN'` names a live peer with the same estate.
    Bench {
        /// 100,000 entities, too.
        #[arg(long)]
        large: bool,
        /// Only scenarios whose name contains this.
        #[arg(default_value = "")]
        filter: String,
    },
    /// Writes the example estate, a fictional bank, into `examples/`.
    Estate {
        /// Only fail if the committed one differs.
        #[arg(long)]
        check: bool,
    },
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
        Task::Peers { of_tests } => {
            install_peers(if *of_tests { peers::OF_TESTS } else { peers::ALL })
        }
        Task::Prove { list: true, rows, .. } => prove::list(rows),
        Task::Prove { again, rows, .. } => {
            let rerun = if *again { Rerun::Again } else { Rerun::Resume };
            prove::run(&workspace, rerun, rows)
        }
        Task::Bench { large, filter } => {
            bench::run(&workspace, if *large { Sizes::Large } else { Sizes::Usual }, filter)
        }
        Task::Estate { check } => estate::run(if *check { Mode::Check } else { Mode::Write }),
        Task::Ci => ci::run(&workspace),
    }
}

fn install_peers(wanted: &[peers::Peer]) -> anyhow::Result<()> {
    let missing = peers::install(wanted);
    for (variable, path) in peers::environment() {
        println!("export {variable}={}", path.display());
    }
    match missing.as_slice() {
        [] => Ok(()),
        missing => anyhow::bail!("could not be installed: {}", missing.join(", ")),
    }
}

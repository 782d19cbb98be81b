//! Callboard: the composition root. It reads the command line and the configuration, and wires the
//! crates together; it decides nothing else.

mod application;
mod catalog_wiring;
mod cli;
mod cluster_wiring;
mod commands;
mod config;
mod config_locations;
mod file_changes;
mod graphql_endpoint;
mod observability;
mod output;
mod store_config;
mod supervisor;
mod validate;
mod web_server;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    commands::run(cli::Cli::parse())
}

//! `callboard demo`: the example estate, served from the binary itself.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use callboard_http::AnonymousAccess;
use include_dir::{Dir, include_dir};

use crate::{
    application::{self, Run},
    cli::DemoArgs,
};

/// The example estate as of the build.
static ESTATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples");

/// Its configuration.
const CONFIG: &str = "app-config.yaml";

/// Serves the example estate until Ctrl-C.
pub(super) fn run(arguments: DemoArgs) -> anyhow::Result<ExitCode> {
    super::block_on(async move {
        let unpacked = tempfile::tempdir().context("there is no room for the example estate")?;
        let estate = match arguments.estate {
            Some(folder) => folder,
            None => unpack(unpacked.path().to_owned())?,
        };
        let run = Run {
            files: vec![estate.join(CONFIG)],
            listen: Some(arguments.listen),
            anonymous: AnonymousAccess::Guest,
        };
        application::serve(run).await.map(|()| ExitCode::SUCCESS)
    })
}

fn unpack(folder: PathBuf) -> anyhow::Result<PathBuf> {
    ESTATE.extract(&folder).context("the example estate cannot be unpacked")?;
    Ok(folder)
}

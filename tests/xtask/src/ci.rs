//! `cargo xtask ci`: what `.ci/run` calls.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{
    estate::{self, Mode},
    peers::Requirement,
    steps::{Steps, succeed},
    test_run,
    workspace::Workspace,
};

/// A committed file that an example of its own crate generates.
struct Generated {
    /// The example that prints it on standard output.
    example: &'static str,
    /// The crate of that example.
    package: &'static str,
    /// Where the committed one is, from the root.
    path: &'static str,
}

const GENERATED: &[Generated] = &[
    Generated {
        example: "schema",
        package: "callboard-graphql",
        path: "api/graphql/schema.graphql",
    },
    Generated { example: "openapi", package: "callboard-rest", path: "api/rest/openapi.json" },
    Generated {
        example: "queries",
        package: "callboard-plugin-mesh",
        path: "plugins/mesh/queries.txt",
    },
];

/// Every check, cheapest first; stops at the first failure.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let steps = Steps::start();
    steps.run("format", "run `cargo fmt --all`", || {
        succeed(&mut workspace.cargo(["fmt", "--all", "--", "--check"]))
    })?;
    steps.run("lints", "mend what clippy names; run `cargo clippy` on that crate", || {
        let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        succeed(&mut workspace.cargo(clippy))
    })?;
    steps.run("documentation", "mend what rustdoc names", || {
        let doc = ["doc", "--workspace", "--no-deps", "--locked"];
        succeed(workspace.cargo(doc).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    steps.run("build of the tests", "mend what the compiler names", || {
        succeed(&mut workspace.cargo(["test", "--workspace", "--no-run", "--locked"]))
    })?;
    steps.run("architecture", "the rules stand in tests/architecture.rs", || {
        succeed(&mut workspace.cargo(["test", "--workspace", "--test", "architecture"]))
    })?;
    steps.run("generated files", "generate them anew and commit them with their cause", || {
        GENERATED.iter().try_for_each(|generated| is_unchanged(workspace, generated))?;
        estate::run(Mode::Check)
    })?;
    steps.run("tests", "run `cargo xtask test NAME` for one of them", || {
        test_run::run(workspace, Requirement::Required, &[])
    })
}

/// The example was built with the tests; only its output is looked at here.
fn is_unchanged(workspace: &Workspace, generated: &Generated) -> anyhow::Result<()> {
    let Generated { example, package, path } = generated;
    let binary = workspace.target().join("debug/examples").join(example);
    let output = Command::new(&binary)
        .current_dir(workspace.root())
        .output()
        .with_context(|| format!("example {example} of {package} did not start"))?;
    if !output.status.success() {
        bail!("example {example} of {package} ended with {}", output.status);
    }
    let committed =
        fs::read(workspace.root().join(path)).with_context(|| format!("{path} cannot be read"))?;
    if committed != output.stdout {
        bail!("{path} is not what `cargo run -p {package} --example {example} > {path}` gives");
    }
    println!("{path} is unchanged");
    Ok(())
}

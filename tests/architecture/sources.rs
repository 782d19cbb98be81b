//! What stands where, and how long it may get.

use std::fs;

use super::{assert_none, root, tracked_files};

/// Longest source file, in lines, not counting its unit tests.
const MAX_LINES: usize = 500;

/// The rooms of the house, and the files that tools look for at the root.
const ROOT_NAMES: &[&str] = &[
    ".cargo",
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "api",
    "catalog",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "docs",
    "examples",
    "frontend",
    "migrations",
    "plugins",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
];

/// Words that mark what is not finished; spelled so that this file does not hold them.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// The rooms in which SQL may stand.
const SQL_ROOMS: &[&str] = &["catalog/store/", "migrations/", "tests/"];

/// A Rust file with its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The part before its unit tests.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
    }

    /// Lines of code with their numbers, comments left out.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_comment = |line: &str| line.trim_start().starts_with("//");
        self.code()
            .lines()
            .enumerate()
            .filter(move |(_, line)| !is_comment(line))
            .map(|(index, line)| (index + 1, line))
    }
}

fn rust_sources() -> anyhow::Result<Vec<Source>> {
    let is_rust = |path: &String| {
        std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs")
    };
    tracked_files()?
        .into_iter()
        .filter(is_rust)
        .map(|path| Ok(Source { text: fs::read_to_string(root().join(&path))?, path }))
        .collect()
}

#[test]
fn source_files_stay_short() -> anyhow::Result<()> {
    let long: Vec<String> = rust_sources()?
        .iter()
        .map(|source| (&source.path, source.code().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect();
    assert_none("split these files by subject", &long);
    Ok(())
}

#[test]
fn modules_are_named_by_their_file() -> anyhow::Result<()> {
    let unnamed: Vec<String> =
        tracked_files()?.into_iter().filter(|path| path.ends_with("/mod.rs")).collect();
    assert_none("name these by their subject: `name.rs` beside `name/`", &unnamed);
    Ok(())
}

#[test]
fn the_root_holds_only_the_rooms_of_the_house() -> anyhow::Result<()> {
    let mut strange: Vec<String> = tracked_files()?
        .iter()
        .filter_map(|path| path.split('/').next())
        .filter(|name| !ROOT_NAMES.contains(name))
        .map(str::to_owned)
        .collect();
    strange.dedup();
    assert_none("the house has no place for these at its root", &strange);
    Ok(())
}

#[test]
fn nothing_is_marked_unfinished() -> anyhow::Result<()> {
    let mut marked = Vec::new();
    for source in rust_sources()? {
        for (index, line) in source.text.lines().enumerate() {
            if UNFINISHED.iter().any(|word| line.contains(word)) {
                marked.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    assert_none("finish these or file an issue", &marked);
    Ok(())
}

#[test]
fn sql_stands_in_the_store_alone() -> anyhow::Result<()> {
    let statement = |line: &str| {
        ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "DROP TABLE "]
            .iter()
            .any(|start| line.contains(start))
    };
    let mut found = Vec::new();
    for source in rust_sources()? {
        if SQL_ROOMS.iter().any(|room| source.path.starts_with(room)) {
            continue;
        }
        let lines = source.code_lines().filter(|(_, line)| statement(line));
        found.extend(
            lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())),
        );
    }
    assert_none("move this SQL into catalog/store", &found);
    Ok(())
}

/// Where routes may be mounted: the tables, which the tests of route and caller walk, and the
/// listener of the metrics, which is not the server's.
const MOUNTING: &[&str] = &["api/http/src/route_table.rs", "api/server/src/observability.rs"];

#[test]
fn routes_are_mounted_by_a_route_table_alone() -> anyhow::Result<()> {
    let mounts = |line: &str| {
        [".service(", ".default_service(", ".route(web::", "web::resource(", "web::scope("]
            .iter()
            .any(|call| line.contains(call))
    };
    let mut found = Vec::new();
    for source in rust_sources()? {
        if source.path.starts_with("tests/") || MOUNTING.contains(&source.path.as_str()) {
            continue;
        }
        let lines = source.code_lines().filter(|(_, line)| mounts(line));
        found.extend(
            lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())),
        );
    }
    assert_none("put these routes into a callboard_http::RouteTable", &found);
    Ok(())
}

#[test]
fn every_crate_takes_the_lints_of_the_house() -> anyhow::Result<()> {
    let bare: Vec<String> = tracked_files()?
        .into_iter()
        .filter(|path| path.ends_with("/Cargo.toml"))
        .filter(|path| {
            fs::read_to_string(root().join(path))
                .is_ok_and(|manifest| !manifest.contains("[lints]\nworkspace = true"))
        })
        .collect();
    assert_none("these crates do not say `[lints] workspace = true`", &bare);
    Ok(())
}

//! The command as a CI would call it, on a folder of its own.

use clap::Parser;

use super::*;

const GOOD: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: pay\nspec:\n  type: service\n  lifecycle: production\n  owner: team\n";

/// The arguments, as a command of their own.
#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    validate: ValidateArgs,
}

struct Outcome {
    code: ExitCode,
    text: String,
}

fn run_in(folder: &Path, file: &str, more: &[&str]) -> Outcome {
    let path = folder.join(file).display().to_string();
    let root = folder.display().to_string();
    let mut line = vec!["validate", "--root", &root, &path];
    line.extend(more);
    let mut output = Vec::new();
    let args = Command::try_parse_from(line).unwrap().validate;
    let code = validate(&args, &mut output).unwrap();
    Outcome { code, text: String::from_utf8(output).unwrap() }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn a_good_file_is_accepted() {
    let folder = folder(&[("a.yaml", GOOD)]);
    let outcome = run_in(folder.path(), "a.yaml", &["--format", "json"]);
    assert_eq!(outcome.code, ExitCode::SUCCESS);
    let line: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    assert_eq!(line["accepted"], true);
    assert_eq!(line["entityRef"], "component:default/pay");
    assert_eq!(
        line["relations"],
        serde_json::json!([
            "component:default/pay ownedBy group:default/team",
            "group:default/team ownerOf component:default/pay",
        ])
    );
}

#[test]
fn a_bad_document_fails_alone_and_the_command_with_it() {
    let files = format!("{GOOD}---\na: [1\n---\n{}", GOOD.replace("owner: team", "owner: []"));
    let folder = folder(&[("a.yaml", &files)]);
    let outcome = run_in(folder.path(), "a.yaml", &["--format", "json"]);
    assert_eq!(outcome.code, ExitCode::FAILURE);
    let accepted: Vec<_> =
        outcome.text.lines().map(|line| line.contains("\"accepted\":true")).collect();
    assert_eq!(accepted, [true, false, false]);
}

#[test]
fn every_format_names_the_file_and_the_line() {
    let folder = folder(&[("a.yaml", &GOOD.replace("owner: team", "owner: []"))]);
    for (format, expected) in [
        ("human", "a.yaml:8"),
        ("github", "a.yaml,line=8,col=3::Processor BuiltinKindsEntityProcessor"),
        ("sarif", "\"startLine\": 8"),
    ] {
        let outcome = run_in(folder.path(), "a.yaml", &["--format", format]);
        assert!(outcome.text.contains(expected), "{format}: {}", outcome.text);
        assert_eq!(outcome.code, ExitCode::FAILURE);
    }
}

#[test]
fn files_of_the_repository_are_included_and_others_are_not_read() {
    let api = |target: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: pay\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team\n  definition:\n    $text: {target}\n"
        )
    };
    let folder = folder(&[
        ("openapi.yaml", "openapi: 3.1.0\n"),
        ("inside.yaml", &api("./openapi.yaml")),
        ("missing.yaml", &api("./none.yaml")),
        ("outside.yaml", &api("https://petstore.example/swagger.json")),
        ("other.yaml", &api("https://github.com/other/repository/blob/main/x.yaml")),
    ]);
    for (file, accepted) in [
        ("inside.yaml", true),
        ("missing.yaml", false),
        ("outside.yaml", true),
        ("other.yaml", false),
    ] {
        let outcome = run_in(folder.path(), file, &["--format", "json"]);
        assert_eq!(outcome.code == ExitCode::SUCCESS, accepted, "{}", outcome.text);
        assert_eq!(outcome.text.contains("unchecked"), file == "outside.yaml");
    }
}

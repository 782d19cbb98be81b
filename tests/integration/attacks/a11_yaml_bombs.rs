//! A11: descriptors that are made to exhaust or to fool their reader.
//!
//! Each stands in a catalog beside good files and good documents. It ends in an error that names
//! file, line and column; everything else is served. What it costs is measured by
//! `cargo xtask prove` in a release build; here it is printed.

use std::fmt::Write as _;

use callboard_tests::engine::{DEADLINE, EngineSetup, RunningEngine, entity, problems};
use tokio::time::Instant;

fn component(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec: {{type: service, lifecycle: production, owner: crew}}\n"
    )
}

/// Reads `bomb` between two good documents, beside a good file; gives its error.
async fn defused(name: &str, bomb: &str) -> String {
    let file = format!("{}---\n{bomb}\n---\n{}", component("before"), component("after"));
    let (engine, path, _folder) = beside_good_files(name, file.as_bytes()).await;
    engine.healthy("component:default/before").await;
    engine.healthy("component:default/after").await;
    let why = engine.problem(LOCATION, &path).await;
    assert!(why.contains(" line ") && why.contains(" column "), "{name}: {why}");
    engine.stop().await;
    why
}

const LOCATION: &str = "location:default/configured-0";

async fn beside_good_files(
    name: &str,
    content: &[u8],
) -> (RunningEngine, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.yaml");
    std::fs::write(&path, content).unwrap();
    std::fs::write(folder.path().join("good.yaml"), component("good")).unwrap();
    let pattern = folder.path().join("*.yaml");
    let other = folder.path().join("good.yaml");
    let setup = EngineSetup::files(&[pattern.to_str().unwrap(), other.to_str().unwrap()]);
    let begun = Instant::now();
    let before = resident_mib();
    let engine = RunningEngine::alone(&setup).await;
    engine.healthy("component:default/good").await;
    engine.healthy("location:default/configured-1").await;
    tell(name, begun, before);
    assert!(begun.elapsed() < DEADLINE);
    let path = path.to_str().unwrap().to_owned();
    (engine, path, folder)
}

/// Resident memory, as Linux tells it.
fn resident_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kibibytes.unwrap_or_default() / 1024
}

#[expect(clippy::print_stdout, reason = "figures of a debug build, not a verdict")]
fn tell(name: &str, begun: Instant, before_mib: usize) {
    let grown = resident_mib().saturating_sub(before_mib);
    println!("{name}: {:?} from the start of the engine, {grown} MiB more", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nine_to_the_n_aliases() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{},", level - 1).repeat(9);
        writeln!(bomb, "a{level}: &a{level} [{}]", alias.trim_end_matches(',')).unwrap();
    }
    defused("aliases", &bomb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_brackets() {
    let why = defused("brackets", &"[".repeat(100_000)).await;
    assert!(why.len() < 1000, "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_braces() {
    let why = defused("braces", &"{a: ".repeat(100_000)).await;
    assert!(why.len() < 1000, "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_keys() {
    let mut bomb = String::new();
    for key in 0..600_000 {
        writeln!(bomb, "k{key}: 1").unwrap();
    }
    defused("keys", &bomb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merge_keys_that_grow() {
    let mut bomb = "a0: &a0 {k0: 1}\n".to_owned();
    for level in 1..2_000 {
        writeln!(bomb, "a{level}: &a{level} {{<<: *a{}, k{level}: 1}}", level - 1).unwrap();
    }
    defused("merge keys", &bomb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_twice() {
    let why =
        defused("twice", &component("x").replace("metadata:\n", "metadata:\n  name: y\n")).await;
    assert!(why.contains("unique"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_over_the_limit_is_refused_by_its_size() {
    let big = format!("{}---\na: {}\n", component("before"), "x".repeat(11 << 20));
    let (engine, path, _folder) = beside_good_files("11 MiB", big.as_bytes()).await;
    let why = engine.problem(LOCATION, &path).await;
    assert!(why.contains(&format!("has {} bytes, the limit is 10485760", big.len())), "{why}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_documents_than_there_may_be() {
    let all = format!("{}{}", component("first"), "---\na: 1\n".repeat(10_050));
    let (engine, path, _folder) = beside_good_files("documents", all.as_bytes()).await;
    engine.healthy("component:default/first").await;
    let all = problems(&engine.reader(), LOCATION);
    let why = all.first().unwrap();
    assert!(why.contains(&path) && why.contains("more than 10000 documents"), "{why}");
    assert_eq!(all.len(), 101, "a hundred are shown, and how many more there are");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_utf8() {
    let mut bytes = component("before").into_bytes();
    bytes.extend(b"---\nkind: Component\nmetadata: { name: \xff\xfe }\n");
    let (engine, path, _folder) = beside_good_files("bytes", &bytes).await;
    engine.healthy("component:default/before").await;
    let why = engine.problem(LOCATION, "is not UTF-8").await;
    assert!(why.contains(&path) && why.contains("line 8, column 19"), "{why}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_run_nothing() {
    let marker = std::env::temp_dir().join(format!("callboard-a11-{}", std::process::id()));
    let command = format!("touch {}", marker.display());
    let bomb = format!("kind: !!python/object/apply:os.system ['{command}']\n");
    let file = format!("{}---\n{bomb}", component("before"));
    let (engine, path, _folder) = beside_good_files("tags", file.as_bytes()).await;
    engine.healthy("component:default/before").await;
    engine.problem(LOCATION, &path).await;
    assert!(!marker.exists());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_words_are_what_yaml_1_2_makes_of_them() {
    let typed = component("typed")
        .replace("spec: {", "spec: {a: yes, b: no, c: 0o17, d: 1e999, e: 012, f: on, ");
    let (engine, _, _folder) = beside_good_files("typing", typed.as_bytes()).await;
    let spec = engine.entity("component:default/typed").await["spec"].clone();
    assert_eq!((&spec["a"], &spec["b"], &spec["f"]), (&"yes".into(), &"no".into(), &"on".into()));
    assert_eq!((&spec["c"], &spec["e"]), (&15.into(), &12.into()));
    assert!(spec["d"].is_null(), "JSON has no infinity: {}", spec["d"]);
    assert!(entity(&engine.reader(), "component:default/good").is_some());
    engine.stop().await;
}

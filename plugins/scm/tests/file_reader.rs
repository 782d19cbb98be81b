//! Reading files and patterns of files, on a real file system.
#![cfg(test)]

use std::{fs, os::unix::fs::symlink, path::Path, sync::Arc, time::Duration};

use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest};
use callboard_plugin_scm::FileReader;
use tempfile::TempDir;

fn request(target: &Path) -> ReadRequest {
    ReadRequest::new("file", target.to_string_lossy())
}

async fn read(target: &Path) -> Result<Vec<ReadFile>, ReadError> {
    match FileReader::new(100, 4).read(&request(target)).await? {
        ReadOutcome::Files(files) => Ok(files),
        ReadOutcome::NotModified => panic!("nothing was known"),
    }
}

fn names(root: &TempDir, files: &[ReadFile]) -> Vec<String> {
    let name = |file: &ReadFile| {
        let path = Path::new(&*file.target);
        path.strip_prefix(root.path()).unwrap().to_string_lossy().into_owned()
    };
    files.iter().map(name).collect()
}

fn write(root: &TempDir, name: &str, text: &str) {
    let path = root.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_file_is_read_and_its_tag_makes_the_next_read_conditional() {
    let root = TempDir::new().unwrap();
    write(&root, "a.yaml", "kind: A");
    let path = root.path().join("a.yaml");
    let files = read(&path).await.unwrap();
    assert_eq!(&*files[0].content, b"kind: A");
    let mut conditional = request(&path);
    conditional.etag = files[0].etag.clone();
    let reader = FileReader::new(100, 1);
    let again = reader.read(&conditional).await.unwrap();
    assert!(matches!(again, ReadOutcome::NotModified));
    write(&root, "a.yaml", "kind: B");
    assert!(matches!(reader.read(&conditional).await.unwrap(), ReadOutcome::Files(_)));
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_by_its_size() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("big.yaml");
    fs::File::create(&path).unwrap().set_len(60 << 20).unwrap();
    let error = read(&path).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} has 62914560 bytes, the limit is 100", path.display())
    );
}

#[tokio::test]
async fn a_missing_file_a_folder_a_pipe_and_a_relative_path_are_refused_at_once() {
    let root = TempDir::new().unwrap();
    let missing = read(&root.path().join("x/y.yaml")).await.unwrap_err();
    assert!(matches!(missing, ReadError::NotFound { .. }), "{missing}");
    let folder = read(root.path()).await.unwrap_err();
    assert!(matches!(folder, ReadError::NotAllowed { .. }), "{folder}");
    let pipe = root.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = tokio::time::timeout(Duration::from_secs(5), read(&pipe)).await;
    assert!(refused.unwrap().unwrap_err().to_string().contains("It is not a regular file"));
    let relative = read(Path::new("a.yaml")).await.unwrap_err();
    assert!(matches!(relative, ReadError::NotAllowed { .. }), "{relative}");
}

#[tokio::test]
async fn a_pattern_gives_its_files_by_name_and_nothing_hidden() {
    let root = TempDir::new().unwrap();
    for name in ["b/c.yaml", "a/z/c.yaml", "c.yaml", ".git/c.yaml", "b/.c.yaml", "b/d.yml"] {
        write(&root, name, name);
    }
    let files = read(&root.path().join("**/*.yaml")).await.unwrap();
    assert_eq!(names(&root, &files), ["a/z/c.yaml", "b/c.yaml", "c.yaml"]);
    assert!(read(&root.path().join("b/*.json")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pattern_whose_folder_is_missing_is_an_error_and_not_empty() {
    let root = TempDir::new().unwrap();
    for pattern in ["nowhere/*.yaml", "nowhere/**/a.yaml", "file.txt/*.yaml"] {
        write(&root, "file.txt", "no folder");
        let missing = read(&root.path().join(pattern)).await.unwrap_err();
        assert!(matches!(missing, ReadError::NotFound { .. }), "{pattern}: {missing}");
    }
}

#[tokio::test]
async fn a_link_to_nowhere_is_told_apart_from_nothing() {
    let root = TempDir::new().unwrap();
    write(&root, "a.yaml", "a");
    symlink(root.path().join("gone.yaml"), root.path().join("b.yaml")).unwrap();
    symlink(root.path().join("gone"), root.path().join("c")).unwrap();
    let files = read(&root.path().join("**/*.yaml")).await.unwrap();
    assert_eq!(names(&root, &files), ["a.yaml", "b.yaml", "c"]);
    assert!(files[2].target.ends_with('/'), "a folder is told from a file");
    for missing in &files[1..] {
        assert!(matches!(missing.failure, Some(ReadError::NotFound { .. })), "{missing:?}");
    }
}

#[tokio::test]
async fn a_name_with_pattern_characters_is_a_file_if_there_is_one() {
    let root = TempDir::new().unwrap();
    write(&root, "a[1].yaml", "one");
    write(&root, "a1.yaml", "other");
    let files = read(&root.path().join("a[1].yaml")).await.unwrap();
    assert_eq!(names(&root, &files), ["a[1].yaml"]);
}

#[tokio::test]
async fn one_bad_file_of_a_pattern_fails_alone() {
    let root = TempDir::new().unwrap();
    write(&root, "a.yaml", "fine");
    write(&root, "b.yaml", &"x".repeat(101));
    let files = read(&root.path().join("*.yaml")).await.unwrap();
    assert_eq!(names(&root, &files), ["a.yaml", "b.yaml"]);
    assert!(files[0].failure.is_none() && files[0].etag.is_some());
    assert!(matches!(files[1].failure, Some(ReadError::TooLarge { size_bytes: 101, .. })));
    assert!(files[1].content.is_empty() && files[1].etag.is_none());
}

#[tokio::test]
async fn links_of_a_pattern_are_followed_and_cycles_end() {
    let root = TempDir::new().unwrap();
    let outside = TempDir::new().unwrap();
    write(&outside, "deep/far.yaml", "far");
    write(&root, "data/real.yaml", "real");
    symlink(root.path().join("data/real.yaml"), root.path().join("link.yaml")).unwrap();
    symlink(outside.path().join("deep/far.yaml"), root.path().join("out.yaml")).unwrap();
    symlink(outside.path(), root.path().join("outdir")).unwrap();
    symlink(outside.path(), root.path().join("outdir2")).unwrap();
    symlink(root.path(), root.path().join("data/circle")).unwrap();
    symlink("/", root.path().join("data/everything")).unwrap();
    symlink(root.path(), outside.path().join("back")).unwrap();
    symlink("/proc/self", root.path().join("data/process")).unwrap();
    let files = read(&root.path().join("**/*.yaml")).await.unwrap();
    let found = ["data/real.yaml", "link.yaml", "out.yaml", "outdir/deep/far.yaml"];
    assert_eq!(names(&root, &files), found, "each folder once");
    let through = read(&root.path().join("d*/c*/link.yaml")).await.unwrap();
    assert_eq!(names(&root, &through), ["data/circle/link.yaml"]);
    let named = read(&root.path().join("out.yaml")).await.unwrap();
    assert_eq!(&*named[0].content, b"far");
}

#[tokio::test]
async fn what_is_included_stays_in_its_folder_wherever_links_lead() {
    let root = TempDir::new().unwrap();
    let outside = TempDir::new().unwrap();
    write(&outside, "secret.yaml", "secret");
    write(&root, "a/..1/x.yaml", "x");
    symlink("..1/x.yaml", root.path().join("a/x.yaml")).unwrap();
    symlink(outside.path().join("secret.yaml"), root.path().join("a/file.yaml")).unwrap();
    symlink(outside.path(), root.path().join("a/folder")).unwrap();
    write(&root, "b.yaml", "b");
    let reader = FileReader::new(100, 1);
    let confined = |name: &str| ReadRequest {
        confined_to: Some(root.path().join("a").to_string_lossy().into()),
        ..request(&root.path().join("a").join(name))
    };
    let inside = reader.read(&confined("x.yaml")).await.unwrap();
    assert!(matches!(inside, ReadOutcome::Files(files) if &*files[0].content == b"x"));
    for name in ["file.yaml", "folder/secret.yaml", "../b.yaml"] {
        let refused = reader.read(&confined(name)).await.unwrap_err();
        assert!(matches!(refused, ReadError::NotAllowed { .. }), "{name}: {refused}");
    }
    let pattern = reader.read(&confined("*.yaml")).await.unwrap_err();
    assert!(matches!(pattern, ReadError::NotFound { .. }), "it is no pattern: {pattern}");
}

#[tokio::test]
async fn the_kernels_own_files_are_no_files() {
    let root = TempDir::new().unwrap();
    symlink("/proc/self/environ", root.path().join("a.yaml")).unwrap();
    symlink("/proc/self", root.path().join("self")).unwrap();
    let link = root.path().join("a.yaml");
    let behind = root.path().join("self/environ");
    for path in [Path::new("/proc/self/environ"), &link, &behind] {
        let refused = read(path).await.unwrap_err();
        assert!(refused.to_string().contains("It is not a regular file"), "{refused}");
    }
}

#[tokio::test]
async fn only_what_is_really_named_as_a_descriptor_may_be_quoted() {
    let root = TempDir::new().unwrap();
    for name in ["a.yaml", "b.YML", "c.json", "shadow", "d.conf"] {
        write(&root, name, "x");
    }
    symlink(root.path().join("shadow"), root.path().join("e.yaml")).unwrap();
    for (name, may_be_quoted) in [
        ("a.yaml", true),
        ("b.YML", true),
        ("c.json", true),
        ("shadow", false),
        ("d.conf", false),
        ("e.yaml", false),
    ] {
        let files = read(&root.path().join(name)).await.unwrap();
        assert_eq!(files[0].may_be_quoted, may_be_quoted, "{name}");
    }
}

#[tokio::test]
async fn many_files_are_read_at_once_within_the_bound() {
    let root = TempDir::new().unwrap();
    for number in 0..300 {
        write(&root, &format!("{number:03}/c.yaml"), &number.to_string());
    }
    let reader = Arc::new(FileReader::new(100, 2));
    let pattern = request(&root.path().join("*/c.yaml"));
    let reads = (0..8).map(|_| reader.read(&pattern));
    for outcome in futures_util::future::join_all(reads).await {
        let ReadOutcome::Files(files) = outcome.unwrap() else { panic!() };
        assert_eq!(files.len(), 300);
        assert_eq!(&*files[299].content, b"299");
    }
}

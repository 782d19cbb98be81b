//! Reading files and patterns of files, on a real file system.
#![cfg(test)]

use std::{fs, os::unix::fs::symlink, path::Path, sync::Arc, time::Duration};

use callboard_catalog::reading::{ReadError, ReadFile, ReadOutcome, ReadRequest};
use callboard_plugin_scm::FileReader;
use tempfile::TempDir;

fn request(target: &Path) -> ReadRequest {
    ReadRequest { kind: "file".into(), target: target.to_string_lossy().into(), etag: None }
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
    let none = read(&root.path().join("nowhere/*.yaml")).await.unwrap();
    assert!(none.is_empty());
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
async fn links_of_a_pattern_stay_below_its_folder() {
    let root = TempDir::new().unwrap();
    let outside = TempDir::new().unwrap();
    write(&outside, "secret.yaml", "secret");
    write(&root, "data/real.yaml", "real");
    symlink(root.path().join("data/real.yaml"), root.path().join("link.yaml")).unwrap();
    symlink(outside.path().join("secret.yaml"), root.path().join("out.yaml")).unwrap();
    symlink(outside.path(), root.path().join("outdir")).unwrap();
    symlink(root.path(), root.path().join("data/circle")).unwrap();
    let files = read(&root.path().join("**/*.yaml")).await.unwrap();
    assert_eq!(names(&root, &files), ["data/real.yaml", "link.yaml"]);
    let through = read(&root.path().join("d*/c*/link.yaml")).await.unwrap();
    assert_eq!(names(&root, &through), ["data/circle/link.yaml"]);
    let out = read(&root.path().join("out*/*.yaml")).await.unwrap();
    assert!(out.is_empty());
    let named = read(&root.path().join("out.yaml")).await.unwrap();
    assert_eq!(&*named[0].content, b"secret", "the operator's own path is followed");
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

//! Watching, with the kernel's own notifications on a real file system.
#![cfg(test)]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use callboard_catalog::reading::ReadRequest;
use callboard_plugin_scm::{FileChanges, FileReader, FileWatcher, FileWatcherOptions, WatchMode};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A folder whose files are watched.
struct Site {
    root: TempDir,
    reader: FileReader,
    changes: mpsc::Receiver<FileChanges>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Site {
    #[expect(clippy::disallowed_methods, reason = "a test is its own supervisor")]
    fn new(mode: WatchMode) -> Self {
        let options = FileWatcherOptions {
            mode,
            poll_interval: Duration::from_millis(50),
            ..FileWatcherOptions::default()
        };
        let (watcher, changes) = FileWatcher::new(options);
        let reader = FileReader::new(1 << 20, 4).watched(watcher.watch_list());
        let stop = CancellationToken::new();
        let running = tokio::spawn(watcher.run(stop.clone()));
        Self { root: TempDir::new().unwrap(), reader, changes, stop, running }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads `name`, whatever comes of it, and waits until it is watched: a marker beside the
    /// tested files is reported.
    async fn read(&mut self, name: &str) {
        for target in [name, "marker/m.yaml"] {
            let target = self.path(target).to_string_lossy().into_owned();
            let request = ReadRequest::new("file", target);
            let _any = self.reader.read(&request).await;
        }
        let mut round = 0;
        loop {
            round += 1;
            self.write("marker/m.yaml", &"x".repeat(round));
            if self.seen("marker/m.yaml", Duration::from_millis(100)).await {
                break;
            }
            assert!(round < 100, "the marker was never reported");
        }
        while tokio::time::timeout(Duration::from_millis(80), self.changes.recv()).await.is_ok() {}
    }

    async fn seen(&mut self, name: &str, within: Duration) -> bool {
        let wanted = self.path(name).to_string_lossy().into_owned();
        let deadline = Instant::now() + within;
        while let Ok(Some(changes)) = tokio::time::timeout(
            deadline.saturating_duration_since(Instant::now()),
            self.changes.recv(),
        )
        .await
        {
            if changes.targets.iter().any(|target| **target == *wanted) {
                return true;
            }
        }
        false
    }

    async fn expect(&mut self, name: &str) {
        assert!(self.seen(name, Duration::from_secs(10)).await, "{name} was not reported");
    }

    async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

fn replace(path: &Path, text: &str) {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

async fn every_way_to_save_is_reported(mode: WatchMode) {
    let mut site = Site::new(mode);
    site.write("a/one.yaml", "1");
    site.read("a/one.yaml").await;
    site.write("a/one.yaml", "22");
    site.expect("a/one.yaml").await;
    for text in ["333", "4444"] {
        replace(&site.path("a/one.yaml"), text);
        site.expect("a/one.yaml").await;
    }
    fs::remove_file(site.path("a/one.yaml")).unwrap();
    site.expect("a/one.yaml").await;
    site.write("a/one.yaml", "55555");
    site.expect("a/one.yaml").await;
    fs::remove_dir_all(site.path("a")).unwrap();
    site.expect("a/one.yaml").await;
    site.write("a/one.yaml", "666666");
    site.expect("a/one.yaml").await;
    site.write("a/one.yaml", "7777777");
    site.expect("a/one.yaml").await;
    fs::rename(site.path("a"), site.path("b")).unwrap();
    site.expect("a/one.yaml").await;
    fs::rename(site.path("b"), site.path("a")).unwrap();
    site.expect("a/one.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_save_is_reported_by_the_kernel() {
    every_way_to_save_is_reported(WatchMode::Automatic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_save_is_reported_by_polling() {
    every_way_to_save_is_reported(WatchMode::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_yet_is_reported_when_it_comes() {
    let mut site = Site::new(WatchMode::Automatic);
    site.read("later/deep/one.yaml").await;
    site.write("later/deep/one.yaml", "1");
    site.expect("later/deep/one.yaml").await;
    site.write("later/deep/one.yaml", "2");
    site.expect("later/deep/one.yaml").await;
    site.end().await;
}

async fn a_pattern_sees_files_and_folders_come_and_go(mode: WatchMode) {
    let mut site = Site::new(mode);
    site.write("p/x/c.yaml", "1");
    site.read("p/**/c.yaml").await;
    site.write("p/x/c.yaml", "22");
    site.expect("p/x/c.yaml").await;
    site.write("p/new/deep/c.yaml", "1");
    site.expect("p/**/c.yaml").await;
    site.write("p/new/deep/c.yaml", "22");
    site.expect("p/new/deep/c.yaml").await;
    site.write("p/new/other/c.yaml", "1");
    site.expect("p/**/c.yaml").await;
    fs::remove_dir_all(site.path("p/new")).unwrap();
    site.expect("p/**/c.yaml").await;
    fs::rename(site.path("p"), site.path("q")).unwrap();
    site.expect("p/**/c.yaml").await;
    fs::rename(site.path("q"), site.path("p")).unwrap();
    site.expect("p/**/c.yaml").await;
    site.write("p/x/c.yaml", "333");
    site.expect("p/x/c.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_sees_files_and_folders_come_and_go_by_the_kernel() {
    a_pattern_sees_files_and_folders_come_and_go(WatchMode::Automatic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_sees_files_and_folders_come_and_go_by_polling() {
    a_pattern_sees_files_and_folders_come_and_go(WatchMode::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_whose_folder_comes_later_is_reported() {
    let mut site = Site::new(WatchMode::Automatic);
    site.read("p/q/*.yaml").await;
    site.write("p/q/c.yaml", "1");
    site.expect("p/q/*.yaml").await;
    site.write("p/q/d.yaml", "1");
    site.expect("p/q/d.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_config_map_is_followed_through_its_links() {
    let mut site = Site::new(WatchMode::Automatic);
    site.write("mount/..2024_1/c.yaml", "1");
    site.write("mount/..2024_2/c.yaml", "2");
    symlink("..2024_1", site.path("mount/..data")).unwrap();
    symlink("..data/c.yaml", site.path("mount/c.yaml")).unwrap();
    site.read("mount/c.yaml").await;
    for version in ["..2024_2", "..2024_1"] {
        symlink(version, site.path("mount/..data_tmp")).unwrap();
        fs::rename(site.path("mount/..data_tmp"), site.path("mount/..data")).unwrap();
        site.expect("mount/c.yaml").await;
    }
    site.write("mount/..2024_1/c.yaml", "3");
    site.expect("mount/c.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_over_a_mounted_config_map_is_reported_when_it_turns() {
    let mut site = Site::new(WatchMode::Automatic);
    site.write("mount/..2024_1/c.yaml", "1");
    site.write("mount/..2024_2/c.yaml", "2");
    symlink("..2024_1", site.path("mount/..data")).unwrap();
    symlink("..data/c.yaml", site.path("mount/c.yaml")).unwrap();
    site.read("mount/*.yaml").await;
    for version in ["..2024_2", "..2024_1"] {
        symlink(version, site.path("mount/..data_tmp")).unwrap();
        fs::rename(site.path("mount/..data_tmp"), site.path("mount/..data")).unwrap();
        site.expect("mount/*.yaml").await;
    }
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_behind_the_links_of_a_pattern_is_watched() {
    let mut site = Site::new(WatchMode::Automatic);
    site.write("far/one.yaml", "1");
    site.write("away/deep/two.yaml", "1");
    site.write("p/three.yaml", "1");
    symlink(site.path("far/one.yaml"), site.path("p/one.yaml")).unwrap();
    symlink(site.path("away"), site.path("p/linked")).unwrap();
    site.read("p/**/*.yaml").await;
    site.write("far/one.yaml", "22");
    site.expect("p/**/*.yaml").await;
    site.write("away/deep/two.yaml", "22");
    site.expect("p/linked/deep/two.yaml").await;
    site.write("away/deep/new/four.yaml", "1");
    site.expect("p/**/*.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_link_that_turns_is_followed() {
    let mut site = Site::new(WatchMode::Automatic);
    site.write("r1/catalog/c.yaml", "1");
    site.write("r2/catalog/c.yaml", "2");
    symlink(site.path("r1"), site.path("current")).unwrap();
    site.read("current/catalog/c.yaml").await;
    fs::remove_file(site.path("current")).unwrap();
    symlink(site.path("r2"), site.path("current")).unwrap();
    site.expect("current/catalog/c.yaml").await;
    site.write("r2/catalog/c.yaml", "3");
    site.expect("current/catalog/c.yaml").await;
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_between_the_read_and_the_watch_is_not_lost() {
    let (watcher, mut changes) = FileWatcher::new(FileWatcherOptions::default());
    let root = TempDir::new().unwrap();
    let path = root.path().join("a.yaml");
    fs::write(&path, "1").unwrap();
    let target = path.to_string_lossy().into_owned();
    let request = ReadRequest::new("file", target);
    let reader = FileReader::new(100, 1).watched(watcher.watch_list());
    reader.read(&request).await.unwrap();
    fs::write(&path, "22").unwrap();
    let stop = CancellationToken::new();
    let running = watcher.run(stop.clone());
    let report = async {
        let report = changes.recv().await.unwrap();
        stop.cancel();
        report
    };
    let (report, ()) = tokio::join!(report, running);
    assert_eq!(report.refresh_keys(), [format!("file:{}", path.display()).into_boxed_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_saves_is_one_report() {
    let mut site = Site::new(WatchMode::Automatic);
    for number in 0..50 {
        site.write(&format!("p/{number}.yaml"), "1");
    }
    site.read("p/*.yaml").await;
    for number in 0..50 {
        site.write(&format!("p/{number}.yaml"), "22");
    }
    let mut reports = 0;
    let mut seen = BTreeSet::new();
    while seen.len() < 51 {
        let changes = tokio::time::timeout(Duration::from_secs(10), site.changes.recv()).await;
        seen.extend(changes.unwrap().unwrap().targets);
        reports += 1;
    }
    assert!(reports <= 10, "{reports} reports for one burst");
    site.end().await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test is its own supervisor")]
async fn a_folder_that_comes_between_the_read_and_the_watch_is_watched() {
    let (watcher, changes) = FileWatcher::new(FileWatcherOptions::default());
    let reader = FileReader::new(1 << 20, 4).watched(watcher.watch_list());
    let root = TempDir::new().unwrap();
    let target = root.path().join("**/info.yaml").to_string_lossy().into_owned();
    let request = ReadRequest::new("file", target);
    reader.read(&request).await.unwrap();
    let stop = CancellationToken::new();
    let file = root.path().join("deep/down/info.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "1").unwrap();
    let running = tokio::spawn(watcher.run(stop.clone()));
    let mut site = Site { root, reader, changes, stop, running };
    site.expect("deep/down/info.yaml").await;
    fs::remove_file(file).unwrap();
    site.expect("deep/down/info.yaml").await;
    site.end().await;
}

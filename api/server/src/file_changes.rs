//! Changes of files, as refreshes of what was read from them.

use async_trait::async_trait;
use callboard_catalog::ingestion::{EntityProvider, EntityProviderConnection};
use callboard_plugin_scm::FileChanges;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Tells the engine which files have changed. Emits no entities of its own.
#[derive(Debug)]
pub(crate) struct FileRefresher {
    changes: Mutex<mpsc::Receiver<FileChanges>>,
}

impl FileRefresher {
    /// Passes on what a watcher reports.
    pub(crate) fn new(changes: mpsc::Receiver<FileChanges>) -> Self {
        Self { changes: Mutex::new(changes) }
    }
}

#[async_trait]
impl EntityProvider for FileRefresher {
    fn name(&self) -> &'static str {
        "FileRefresher"
    }

    async fn run(&self, connection: EntityProviderConnection, stop: CancellationToken) {
        // One process ingests one term at a time, so nobody else waits for this lock.
        let mut changes = self.changes.lock().await;
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = stop.cancelled() => None,
            };
            let Some(change) = change else { return };
            if connection.refresh(change.refresh_keys()).await.is_err() {
                return;
            }
        }
    }
}

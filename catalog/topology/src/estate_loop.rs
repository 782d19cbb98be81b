//! The loop that keeps the picture of the estate up to date.

use std::{pin::pin, sync::Arc, time::Duration};

use callboard_catalog::{
    catalog_engine::{ChangeNotice, EngineStatus},
    entities_catalog::EntitiesCatalog,
    query::ReadCondition,
    store::StoreError,
};
use callboard_model::EntityRef;
use futures_util::future::{BoxFuture, FutureExt, select_all};
use tokio::{
    sync::{
        broadcast::{
            self,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::ClusterSources,
    dependency_facts::{DependencyFacts, DependencyRecord},
    estate::{CatalogChange, EstateOptions, EstateState, SharedEstate},
};

/// Pause after the store did not give its facts.
const RETRY: Duration = Duration::from_secs(5);

/// A step is followed by a rest of so many times its own length, so that a catalog that is being
/// filled does not keep a processor busy; but no longer than [`MAX_REST`].
const REST: u32 = 3;
const MAX_REST: Duration = Duration::from_secs(1);

/// The catalog and what tells of its changes.
#[derive(Debug, Clone)]
pub struct CatalogFeed {
    /// The catalog.
    pub catalog: Arc<dyn EntitiesCatalog>,
    /// Its changes, as they become visible.
    pub notices: broadcast::Sender<ChangeNotice>,
    /// What its engine is doing: when it is ready, everything may have changed.
    pub status: watch::Receiver<EngineStatus>,
}

/// Follows every cluster, every mesh and the catalog, and publishes a new picture of the estate
/// after each change. Nothing is done while nothing changes.
#[derive(Debug)]
pub struct EstateLoop {
    clusters: Arc<[ClusterSources]>,
    feed: CatalogFeed,
    facts: Arc<dyn DependencyFacts>,
    options: EstateOptions,
    estate: Arc<SharedEstate>,
}

/// What the loop listens to.
struct Listeners {
    /// Revisions of clusters and meshes; those whose source is gone are left out.
    revisions: Vec<watch::Receiver<u64>>,
    notices: broadcast::Receiver<ChangeNotice>,
    status: Option<watch::Receiver<EngineStatus>>,
    is_ready: bool,
}

/// What woke the loop.
enum Wake {
    Revision(usize, Result<(), watch::error::RecvError>),
    Notice(Result<ChangeNotice, RecvError>),
    Status(Result<(), watch::error::RecvError>),
}

impl EstateLoop {
    /// A loop that publishes to `estate`.
    pub fn new(
        clusters: Vec<ClusterSources>,
        feed: CatalogFeed,
        facts: Arc<dyn DependencyFacts>,
        options: EstateOptions,
        estate: Arc<SharedEstate>,
    ) -> Self {
        Self { clusters: clusters.into(), feed, facts, options, estate }
    }

    /// Publishes pictures until `stop`. May be started again.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the last picture as it is.
    pub async fn run(&self, stop: CancellationToken) {
        let mut listeners = self.listen();
        let mut state = EstateState::new(self.options, self.estate.newest());
        let mut change = CatalogChange::Anything;
        let mut restored = pin!(self.restored());
        let mut is_restored = false;
        loop {
            let start = Instant::now();
            state = self.step(state, change).await;
            let rested = Instant::now() + (start.elapsed() * REST).min(MAX_REST);
            let woken = tokio::select! {
                found = listeners.changed() => found,
                record = &mut restored, if !is_restored => {
                    is_restored = true;
                    state.restore(record);
                    CatalogChange::Nothing
                }
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep_until(rested.max(Instant::now() + self.options.coalesce)) => {}
                () = stop.cancelled() => return,
            }
            change = listeners.drain(woken);
        }
    }

    fn listen(&self) -> Listeners {
        let runtimes = self.clusters.iter().map(|cluster| cluster.runtime.changes());
        let meshes = self.clusters.iter().filter_map(|cluster| cluster.mesh.as_ref());
        let mut status = self.feed.status.clone();
        let is_ready = status.borrow_and_update().is_ready;
        Listeners {
            revisions: runtimes.chain(meshes.map(|mesh| mesh.changes())).collect(),
            notices: self.feed.notices.subscribe(),
            status: Some(status),
            is_ready,
        }
    }

    /// What the store keeps, as soon as it gives it.
    async fn restored(&self) -> DependencyRecord {
        loop {
            match self.facts.load().await {
                Ok(record) => return record,
                Err(error) => log_fault(&error),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// One pure step, off the executor's threads.
    async fn step(&self, mut state: EstateState, change: CatalogChange) -> EstateState {
        let clusters = Arc::clone(&self.clusters);
        let reader = self.feed.catalog.reader(&ReadCondition::Everything);
        let step = tokio::task::spawn_blocking(move || {
            state.change_catalog(&reader, &change);
            let picture = state.next(&clusters);
            (state, picture)
        });
        let (state, picture) = match step.await {
            Ok(done) => done,
            // A step that panicked has left no state behind that could be gone on with.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if let Some(picture) = picture {
            self.estate.publish(picture);
        }
        state
    }
}

fn log_fault(error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "the facts of observed calls cannot be read yet");
}

impl Listeners {
    /// Waits for a change, and gives how the catalog changed.
    ///
    /// # Cancel safety
    ///
    /// A notice that was taken is given; nothing is taken before.
    async fn changed(&mut self) -> CatalogChange {
        loop {
            match self.wake().await {
                Wake::Revision(at, outcome) => {
                    if outcome.is_ok() {
                        return CatalogChange::Nothing;
                    }
                    self.revisions.swap_remove(at);
                }
                Wake::Notice(Ok(notice)) => {
                    return CatalogChange::Entities(notice.entity_refs.to_vec());
                }
                Wake::Notice(Err(RecvError::Lagged(_))) => return CatalogChange::Anything,
                // The feed itself holds a sender, so that it is never closed while this runs.
                Wake::Notice(Err(RecvError::Closed)) => std::future::pending().await,
                Wake::Status(Ok(())) => {
                    if self.has_become_ready() {
                        return CatalogChange::Anything;
                    }
                }
                Wake::Status(Err(_)) => self.status = None,
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let revisions = self.revisions.iter_mut().enumerate();
        let mut waits: Vec<BoxFuture<'_, Wake>> = revisions
            .map(|(at, revision)| revision.changed().map(move |o| Wake::Revision(at, o)).boxed())
            .collect();
        waits.push(self.notices.recv().map(Wake::Notice).boxed());
        if let Some(status) = &mut self.status {
            waits.push(status.changed().map(Wake::Status).boxed());
        }
        select_all(waits).await.0
    }

    fn has_become_ready(&mut self) -> bool {
        let Some(status) = &mut self.status else { return false };
        let was_ready = std::mem::replace(&mut self.is_ready, status.borrow_and_update().is_ready);
        self.is_ready && !was_ready
    }

    /// What else changed meanwhile, together with `change`.
    fn drain(&mut self, change: CatalogChange) -> CatalogChange {
        for revision in &mut self.revisions {
            revision.mark_unchanged();
        }
        let mut entity_refs: Vec<EntityRef> = Vec::new();
        let mut is_anything = self.has_become_ready();
        match change {
            CatalogChange::Nothing => {}
            CatalogChange::Entities(found) => entity_refs = found,
            CatalogChange::Anything => is_anything = true,
        }
        loop {
            match self.notices.try_recv() {
                Ok(notice) => entity_refs.extend(notice.entity_refs.iter().cloned()),
                Err(TryRecvError::Lagged(_)) => is_anything = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if is_anything {
            return CatalogChange::Anything;
        }
        entity_refs.sort_unstable();
        entity_refs.dedup();
        if entity_refs.is_empty() {
            CatalogChange::Nothing
        } else {
            CatalogChange::Entities(entity_refs)
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_plugin::ObservationState;

    use super::*;
    use crate::{
        dependency_facts::DependencyRecord,
        fixture::{
            TestCatalog, TestEstate, TestFacts, call, component, deployment, empty_cluster, entity,
            from, mesh, now, service, to, with, workload,
        },
        topology::{TopologyGrouping, TopologyScope},
    };

    const SELECTOR: &str = "backstage.io/kubernetes-label-selector";

    fn placed(name: &str) -> serde_json::Value {
        entity("Component", name, &[(SELECTOR, &format!("app={name}"))], &[])
    }

    fn estate() -> TestEstate {
        let app = |name: &str| workload(deployment("bank", name), &[("app", name)], &[name]);
        let runtime = with(
            empty_cluster("c1", ObservationState::Live),
            vec![app("a"), app("b")],
            vec![service("bank", "a", &[]), service("bank", "b", &[])],
        );
        let mesh = mesh("c1", ObservationState::Live, &[]);
        TestEstate::new(&[], vec![(runtime, mesh)])
    }

    /// Waits until the estate is as it should be; the test's own time limit is that of its runner.
    async fn until(estate: &SharedEstate, is_right: impl Fn(&crate::TopologyReader) -> bool) {
        let mut changes = estate.changes();
        while !is_right(&crate::TopologyReader::new(estate.newest())) {
            changes.changed().await.unwrap();
        }
    }

    #[tokio::test]
    async fn every_source_wakes_the_loop_and_the_store_is_read_once() {
        let sources = estate();
        let mut catalog = TestCatalog::new(&[placed("a")]);
        let feed = CatalogFeed {
            catalog: catalog.shared(),
            notices: catalog.notices.clone(),
            status: catalog.status.subscribe(),
        };
        let since = now() - Duration::from_hours(240);
        let record = DependencyRecord { pairs: Vec::new(), since: Some(since) };
        let facts = Arc::new(TestFacts { record, ..TestFacts::default() });
        let options = EstateOptions { coalesce: Duration::ZERO, ..EstateOptions::default() };
        let shared = Arc::new(SharedEstate::default());
        let clusters = sources.clusters.clone();
        let estate = EstateLoop::new(clusters, feed, facts, options, Arc::clone(&shared));
        let stop = CancellationToken::new();
        let script = async {
            until(&shared, |reader| reader.placements(&component("a")).placements.len() == 1).await;
            until(&shared, |reader| reader.drift(&component("a")).observed_since == Some(since))
                .await;

            catalog.put(&placed("b"));
            until(&shared, |reader| reader.placements(&component("b")).placements.len() == 1).await;
            catalog.delete(&component("a"));
            until(&shared, |reader| reader.placements(&component("a")).placements.is_empty()).await;

            let (a, b) = (deployment("bank", "a"), deployment("bank", "b"));
            let calls = [call(from(&a), to(&b, "b"), 1.0, 1.0)];
            sources.meshes[0].set(mesh("c1", ObservationState::Live, &calls));
            let grouping = TopologyGrouping::Workload;
            let window = callboard_plugin::MetricsWindow::M5;
            until(&shared, |reader| {
                reader.topology(&TopologyScope::Estate, grouping, window).total_edges == 1
            })
            .await;

            sources.runtimes[0].set(empty_cluster("c1", ObservationState::Live));
            until(&shared, |reader| reader.placements(&component("b")).placements.is_empty()).await;
            stop.cancel();
        };
        tokio::join!(estate.run(stop.clone()), script);
    }

    #[tokio::test]
    async fn what_came_before_the_catalog_was_ready_is_taken_over() {
        let sources = estate();
        let mut catalog = TestCatalog::new(&[]);
        catalog.status.send_modify(|status| status.is_ready = false);
        let feed = CatalogFeed {
            catalog: catalog.shared(),
            notices: broadcast::channel(1).0,
            status: catalog.status.subscribe(),
        };
        let options = EstateOptions { coalesce: Duration::ZERO, ..EstateOptions::default() };
        let shared = Arc::new(SharedEstate::default());
        let clusters = sources.clusters.clone();
        let facts = Arc::new(TestFacts::default());
        let estate = EstateLoop::new(clusters, feed, facts, options, Arc::clone(&shared));
        let stop = CancellationToken::new();
        let script = async {
            until(&shared, |reader| reader.clusters().len() == 1).await;
            catalog.put(&placed("a"));
            catalog.status.send_modify(|status| status.is_ready = true);
            until(&shared, |reader| reader.placements(&component("a")).placements.len() == 1).await;
            stop.cancel();
        };
        tokio::join!(estate.run(stop.clone()), script);
    }
}

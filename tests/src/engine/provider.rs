//! Sources of entities: the configured locations, changes of files, and what a test says.

use async_trait::async_trait;
use callboard_catalog::{
    ingestion::{EntityProvider, EntityProviderConnection, EntityProviderMutation, IngestionError},
    processing::DeferredEntity,
};
use callboard_model::{Entity, EntityRef};
use callboard_plugin_scm::FileChanges;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The Locations of `catalog.locations`, as the server's provider emits them.
#[derive(Debug)]
pub struct Locations(Vec<DeferredEntity>);

impl Locations {
    /// A provider of these, each a type and a target. The entity of the first is
    /// `location:default/configured-0`.
    pub fn new(locations: &[(String, String)]) -> Self {
        let one = |(at, (kind, target)): (usize, &(String, String))| {
            let location = format!("{kind}:{target}");
            let spec = json!({ "type": kind, "target": target });
            deferred("Location", &format!("configured-{at}"), &spec, &location)
        };
        Self(locations.iter().enumerate().map(one).collect())
    }
}

#[async_trait]
impl EntityProvider for Locations {
    fn name(&self) -> &'static str {
        "Locations"
    }

    async fn run(&self, connection: EntityProviderConnection, _stop: CancellationToken) {
        // An engine that ends takes no more, and settles it at its next start.
        drop(connection.apply_mutation(EntityProviderMutation::Full(self.0.clone())).await);
    }
}

/// An entity as a provider emits it, with its location as its key.
pub fn deferred(kind: &str, name: &str, spec: &Value, location: &str) -> DeferredEntity {
    let entity = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": { "name": name, "annotations": {
            "backstage.io/managed-by-location": location,
            "backstage.io/managed-by-origin-location": location,
        }},
        "spec": spec,
    });
    let entity = Entity(entity.as_object().cloned().unwrap_or_default());
    DeferredEntity { entity, location_key: Some(Arc::from(location)) }
}

/// Tells the engine which files have changed, as the server's does.
#[derive(Debug)]
pub(super) struct FileRefresher(Mutex<mpsc::Receiver<FileChanges>>);

impl FileRefresher {
    pub(super) fn new(changes: mpsc::Receiver<FileChanges>) -> Self {
        Self(Mutex::new(changes))
    }
}

#[async_trait]
impl EntityProvider for FileRefresher {
    fn name(&self) -> &'static str {
        "FileRefresher"
    }

    async fn run(&self, connection: EntityProviderConnection, stop: CancellationToken) {
        let mut changes = self.0.lock().await;
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

#[derive(Debug)]
enum Order {
    Mutate(EntityProviderMutation, oneshot::Sender<Result<(), IngestionError>>),
    Refresh(Vec<Box<str>>),
}

/// A provider that says what the test tells it to.
#[derive(Debug)]
pub struct ScriptedProvider {
    name: String,
    orders: mpsc::Sender<Order>,
    script: Mutex<mpsc::Receiver<Order>>,
}

impl ScriptedProvider {
    /// A provider of this name.
    pub fn new(name: &str) -> Arc<Self> {
        let (orders, script) = mpsc::channel(16);
        Arc::new(Self { name: name.to_owned(), orders, script: Mutex::new(script) })
    }

    /// Emits `mutation`; `Ok` once it is durable.
    ///
    /// # Errors
    ///
    /// [`IngestionError::Stopped`] if the engine ended first.
    pub async fn apply(&self, mutation: EntityProviderMutation) -> Result<(), IngestionError> {
        let (done, is_done) = oneshot::channel();
        let sent = self.orders.send(Order::Mutate(mutation, done)).await;
        sent.map_err(|_| IngestionError::Stopped)?;
        is_done.await.map_err(|_| IngestionError::Stopped)?
    }

    /// Emits all of its entities.
    ///
    /// # Panics
    ///
    /// If the engine ends first.
    pub async fn full(&self, entities: Vec<DeferredEntity>) {
        let outcome = self.apply(EntityProviderMutation::Full(entities)).await;
        outcome.expect("a full mutation is taken");
    }

    /// Emits what has come and what has gone.
    ///
    /// # Panics
    ///
    /// If the engine ends first, or for a ref that is none.
    pub async fn delta(&self, added: Vec<DeferredEntity>, removed: &[&str]) {
        let parse = |text: &&str| EntityRef::from_canonical(text).expect("a ref");
        let removed = removed.iter().map(parse).collect();
        let outcome = self.apply(EntityProviderMutation::Delta { added, removed }).await;
        outcome.expect("a delta is taken");
    }

    /// Waits until the engine has done all that it knew of before, and made it durable.
    pub async fn settle(&self) {
        self.delta(Vec::new(), &[]).await;
    }

    /// Says that what these keys stand for has changed.
    pub async fn refresh(&self, keys: &[&str]) {
        let keys = keys.iter().map(|key| Box::from(*key)).collect();
        self.orders.send(Order::Refresh(keys)).await.expect("the script is open");
    }
}

#[async_trait]
impl EntityProvider for ScriptedProvider {
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, connection: EntityProviderConnection, stop: CancellationToken) {
        let mut script = self.script.lock().await;
        loop {
            let order = tokio::select! {
                order = script.recv() => order,
                () = stop.cancelled() => None,
            };
            match order {
                None => return,
                Some(Order::Refresh(keys)) => drop(connection.refresh(keys).await),
                Some(Order::Mutate(mutation, done)) => {
                    // A test that no longer waits need not be told.
                    drop(done.send(connection.apply_mutation(mutation).await));
                }
            }
        }
    }
}

//! Where entities come from: providers, and what they may say.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_model::EntityRef;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::processing::DeferredEntity;

/// What a provider says of its entities. Source: Backstage `EntityProviderMutation`.
#[derive(Debug, Clone)]
pub enum EntityProviderMutation {
    /// These are all of them: what it emitted before and is not among them goes.
    Full(Vec<DeferredEntity>),
    /// These have come or changed, and those have gone.
    Delta {
        /// New or changed.
        added: Vec<DeferredEntity>,
        /// Gone.
        removed: Vec<EntityRef>,
    },
}

/// Why a mutation was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestionError {
    /// This process does not ingest, or is shutting down.
    #[error("this process has stopped ingesting; another one goes on")]
    Stopped,
}

/// What the engine is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// See [`EntityProviderMutation`]; answered when it is durable.
    Mutate { provider: Arc<str>, mutation: EntityProviderMutation, done: oneshot::Sender<()> },
    /// What these keys stand for has changed.
    Refresh(Vec<Box<str>>),
}

/// A provider's way into the engine.
#[derive(Debug, Clone)]
pub struct EntityProviderConnection {
    pub(crate) provider: Arc<str>,
    pub(crate) commands: mpsc::Sender<Command>,
}

impl EntityProviderConnection {
    /// Takes over `mutation`; returns when it is durable.
    ///
    /// # Errors
    ///
    /// [`IngestionError::Stopped`] with the outcome unknown: the next full mutation settles it.
    pub async fn apply_mutation(
        &self,
        mutation: EntityProviderMutation,
    ) -> Result<(), IngestionError> {
        let (done, is_done) = oneshot::channel();
        let provider = Arc::clone(&self.provider);
        let command = Command::Mutate { provider, mutation, done };
        self.commands.send(command).await.map_err(|_| IngestionError::Stopped)?;
        is_done.await.map_err(|_| IngestionError::Stopped)
    }

    /// Says that what these refresh keys stand for may have changed, such as
    /// `file:/srv/catalog/catalog-info.yaml`. Entities that depend on one are processed again.
    ///
    /// # Errors
    ///
    /// [`IngestionError::Stopped`].
    pub async fn refresh(&self, keys: Vec<Box<str>>) -> Result<(), IngestionError> {
        self.commands.send(Command::Refresh(keys)).await.map_err(|_| IngestionError::Stopped)
    }
}

/// A source of entities. Source: Backstage `EntityProvider`.
#[async_trait]
pub trait EntityProvider: Send + Sync + std::fmt::Debug {
    /// A name that stays the same over restarts: it is stored with the entities.
    fn name(&self) -> &str;

    /// Emits entities until `stop`; may return when it has nothing more to say. Runs only in the
    /// process that ingests, and again whenever a process takes over.
    async fn run(&self, connection: EntityProviderConnection, stop: CancellationToken);
}

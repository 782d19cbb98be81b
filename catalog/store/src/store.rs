//! The store and its implementation of [`CatalogStore`].

use std::{hash::RandomState, sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_catalog::{
    final_entity::FinalEntity,
    store::{
        CatalogStore, Commit, Fence, Lease, RefreshStateRow, Revision, RevisionChanges, StoreError,
    },
};
use callboard_model::EntityRef;
use futures_util::stream::BoxStream;

use crate::{
    commit::CommitRows,
    config::DatabaseConfig,
    connect_error::ConnectError,
    database::{Database, DatabaseKind, within},
    error::store_error,
    history::{self, HistoryEntry},
    lease::{self, LEASE_TIME_TO_LIVE, LeaseTerms},
    migrate::migrate_database,
    notices::Notices,
    postgres, reads, sqlite,
};

/// The durable truth, in SQLite or PostgreSQL. One per process; share it in an `Arc`.
#[derive(Debug)]
pub struct Store {
    database: Database,
    lease: LeaseTerms,
    notices: Option<Notices>,
    /// Key of the marks by which a repeated commit is known.
    marks: RandomState,
}

impl Store {
    /// Opens the database, creates it where that is asked for, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] as its variants say; none of its texts holds a password.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, ConnectError> {
        let database = open(config).await?;
        migrate_database(&database).await?;
        let notices = match config {
            DatabaseConfig::Postgres(postgres) => {
                let pool = database.reader.get_postgres_connection_pool().clone();
                Some(Notices::new(pool, postgres.schema.as_deref()))
            }
            DatabaseConfig::Sqlite(_) => None,
        };
        let holder = uuid::Uuid::new_v4().to_string().into();
        let lease = LeaseTerms { holder, time_to_live: LEASE_TIME_TO_LIVE };
        Ok(Self { database, lease, notices, marks: RandomState::new() })
    }

    /// The same store with leases of another length, such as a short one in tests.
    #[must_use]
    pub fn with_lease_time_to_live(mut self, time_to_live: Duration) -> Self {
        self.lease.time_to_live = time_to_live;
        self
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Everything that was ever written of an entity, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn history(&self, entity_ref: &EntityRef) -> Result<Vec<HistoryEntry>, StoreError> {
        history::of_entity(&self.database, entity_ref).await
    }

    /// Ends all connections and gives an SQLite file free for the next process. A store that is
    /// only dropped does so too, a moment later.
    pub async fn close(self) {
        // It holds a connection that closing would wait for.
        drop(self.notices);
        self.database.close().await;
    }
}

/// Opens a database without a look at its schema.
pub(crate) async fn open(config: &DatabaseConfig) -> Result<Database, ConnectError> {
    match config {
        DatabaseConfig::Sqlite(location) => sqlite::open(location).await,
        DatabaseConfig::Postgres(config) => postgres::open(config).await,
    }
}

#[async_trait]
impl CatalogStore for Store {
    async fn final_entities(
        &self,
    ) -> Result<(Revision, BoxStream<'static, Result<Vec<FinalEntity>, StoreError>>), StoreError>
    {
        reads::final_entities(&self.database).await
    }

    async fn refresh_states(
        &self,
    ) -> Result<BoxStream<'static, Result<Vec<RefreshStateRow>, StoreError>>, StoreError> {
        reads::refresh_states(&self.database).await
    }

    async fn unprocessed(
        &self,
        entity_refs: &[EntityRef],
    ) -> Result<Vec<(EntityRef, Arc<str>)>, StoreError> {
        reads::unprocessed(&self.database, entity_refs).await
    }

    async fn commit(&self, fence: Fence, commit: &Commit) -> Result<Option<Revision>, StoreError> {
        let doing = "committing to the catalog";
        let failed = |source| store_error(doing, source);
        let rows = CommitRows::new(commit, &self.marks)?;
        within(doing, async {
            if self.database.kind == DatabaseKind::Postgres {
                let pool = self.database.writer.get_postgres_connection_pool();
                let mut transaction = pool.begin().await.map_err(failed)?;
                let channel = self.notices.as_ref().map_or("", Notices::channel);
                let revision = rows.write(&mut *transaction, fence, channel).await?;
                transaction.commit().await.map_err(failed)?;
                Ok(revision)
            } else {
                let pool = self.database.writer.get_sqlite_connection_pool();
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
                let revision = rows.write(&mut *transaction, fence, "").await?;
                transaction.commit().await.map_err(failed)?;
                Ok(revision)
            }
        })
        .await
    }

    async fn revisions_after(
        &self,
        revision: Revision,
        limit: u64,
    ) -> Result<Vec<RevisionChanges>, StoreError> {
        history::revisions_after(&self.database, revision, limit).await
    }

    async fn changed(&self) {
        match &self.notices {
            Some(notices) => notices.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn acquire_lease(&self, held: Option<Fence>) -> Result<Option<Lease>, StoreError> {
        lease::acquire(&self.database, &self.lease, held).await
    }

    async fn release_lease(&self, fence: Fence) -> Result<(), StoreError> {
        lease::release(&self.database, fence).await
    }
}

//! The root of subscriptions.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{Context, Enum, MergedSubscription, SimpleObject};
use callboard_auth::Caller;
use callboard_catalog::{index::CatalogReader, query::EntityPredicate, store::Revision};
use callboard_model::EntityRef;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::Instant,
};

use crate::{
    changes::EntityChangeNotice,
    entity::types::Entity,
    error::FieldError,
    estate::EstateSubscription,
    filter::{EntityFilter, predicate},
    limits::DEADLINE,
    scalar::{EntityRefScalar, Timestamp},
    schema::SchemaPorts,
    scope::Scope,
};

/// The most notices that are taken together.
const MAX_NOTICES: usize = 256;

/// What became of an entity, as you see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum EntityChangeType {
    /// It is new, or it now matches, or you may now read it.
    Created,
    /// It is another.
    Updated,
    /// It is gone, or it no longer matches, or you may no longer read it.
    Deleted,
}

/// A change of an entity.
#[derive(Debug, SimpleObject)]
pub(crate) struct EntityChange {
    /// What became of it.
    r#type: EntityChangeType,
    /// Its ref.
    r#ref: EntityRefScalar,
    /// The entity as it is now; null if it is gone.
    entity: Option<Entity>,
    /// The revision of the catalog that shows it, as a decimal number.
    revision: String,
    /// When this server saw it.
    seen_at: Timestamp,
}

/// What can be followed.
#[derive(Debug, Default, MergedSubscription)]
#[graphql(name = "Subscription")]
pub(crate) struct SubscriptionRoot(CatalogSubscription, EstateSubscription);

/// The root of subscriptions to the catalog.
#[derive(Debug, Default)]
pub(crate) struct CatalogSubscription;

/// What can be followed of the catalog.
#[async_graphql::Subscription]
impl CatalogSubscription {
    /// Changes of the entities that match, from now on. Permission is judged anew at every change.
    /// Whoever reads too slowly gets an error with the code `UNAVAILABLE` and goes on with what
    /// comes next: read the list again then.
    async fn entity_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entities; all, if this is left out.")] filter: Option<EntityFilter>,
    ) -> Result<impl Stream<Item = Result<EntityChange, FieldError>> + use<>, FieldError> {
        let ports = ctx.data::<SchemaPorts>().map_err(|_| FieldError::Scope)?.clone();
        let caller = ctx.data::<Caller>().map_err(|_| FieldError::Scope)?.clone();
        let predicate = predicate(filter.as_ref())?;
        let notices = ports.changes.subscribe();
        let shown = ports.catalog.reader(&caller);
        let follower = Follower { ports, caller, predicate, notices, shown };
        Ok(stream::unfold(follower, Follower::next).flat_map(stream::iter))
    }
}

/// One subscriber, with the snapshot that it saw last.
struct Follower {
    ports: SchemaPorts,
    caller: Caller,
    predicate: EntityPredicate,
    notices: Receiver<EntityChangeNotice>,
    shown: CatalogReader,
}

/// Changes that were announced together.
#[derive(Default)]
struct Notices {
    entity_refs: BTreeSet<EntityRef>,
    missed: u64,
}

type Changes = Vec<Result<EntityChange, FieldError>>;

impl Follower {
    /// Waits for notices and gives what they mean to this caller; ends when nobody can send any.
    async fn next(mut self) -> Option<(Changes, Self)> {
        let notices = self.wait().await?;
        let changes = self.changes(&notices);
        Some((changes, self))
    }

    /// The next notices: one that is waited for, and those that are there already.
    async fn wait(&mut self) -> Option<Notices> {
        let mut notices = Notices::default();
        match self.notices.recv().await {
            Ok(notice) => notices.entity_refs.extend(notice.entity_refs.iter().cloned()),
            Err(RecvError::Lagged(missed)) => notices.missed = missed,
            Err(RecvError::Closed) => return None,
        }
        for _ in 1..MAX_NOTICES {
            match self.notices.try_recv() {
                Ok(notice) => notices.entity_refs.extend(notice.entity_refs.iter().cloned()),
                Err(TryRecvError::Lagged(missed)) => notices.missed += missed,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some(notices)
    }

    /// Compares what was shown last with what is there now, both as the caller may see them: so
    /// that a loss of permission looks like a deletion, and what was never readable shows nothing.
    fn changes(&mut self, notices: &Notices) -> Changes {
        let now = self.ports.catalog.reader(&self.caller);
        let before = std::mem::replace(&mut self.shown, now.clone());
        let revision = now.revision();
        let deadline = Instant::now() + DEADLINE;
        let scope = Scope::of_reader(&self.ports, self.caller.clone(), now, deadline);
        let scope = Arc::new(scope);
        let mut changes = Changes::new();
        if notices.missed > 0 {
            changes.push(Err(FieldError::Lagged { missed: notices.missed }));
        }
        for entity_ref in &notices.entity_refs {
            changes.extend(self.change(&before, &scope, revision, entity_ref).transpose());
        }
        changes
    }

    fn change(
        &self,
        before: &CatalogReader,
        scope: &Arc<Scope>,
        revision: Revision,
        entity_ref: &EntityRef,
    ) -> Result<Option<EntityChange>, FieldError> {
        let was_shown = before.matches(entity_ref, &self.predicate);
        let is_shown = scope.reader()?.matches(entity_ref, &self.predicate);
        let r#type = match (was_shown, is_shown) {
            (false, false) => return Ok(None),
            (false, true) => EntityChangeType::Created,
            (true, true) => EntityChangeType::Updated,
            (true, false) => EntityChangeType::Deleted,
        };
        let entity = if is_shown { scope.entity(entity_ref)?.map(Entity) } else { None };
        Ok(Some(EntityChange {
            r#type,
            r#ref: EntityRefScalar(entity_ref.clone()),
            entity,
            revision: revision.to_string(),
            seen_at: Timestamp(self.ports.clock.now()),
        }))
    }
}

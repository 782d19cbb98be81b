//! What one request reads from, and how much it may still take.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql::Context;
use callboard_auth::Caller;
use callboard_catalog::index::{CatalogReader, IndexedEntity};
use callboard_model::EntityRef;
use callboard_topology::{AuthorizedTopology, Cluster, TopologyReader};
use tokio::time::Instant;

use crate::{entity::EntityNode, error::FieldError, limits::PUBLIC_BUDGET, schema::SchemaPorts};

/// How much one answer may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerBudget {
    /// Entities and relations, each time one is shown.
    pub(crate) objects: usize,
    /// Bytes of the texts that can be large.
    pub(crate) bytes: usize,
}

impl AnswerBudget {
    /// No limit but the deadline: for documents that were compiled in.
    pub(crate) const UNLIMITED: Self = Self { objects: usize::MAX, bytes: usize::MAX };
}

/// One snapshot of the catalog and one picture of what runs, as one caller sees them, for one
/// request or one event.
#[derive(Debug)]
pub(crate) struct Scope {
    /// On whose behalf.
    pub(crate) caller: Caller,
    reader: CatalogReader,
    /// Read from when it is first needed.
    topology: AuthorizedTopology,
    topology_reader: OnceLock<TopologyReader>,
    clusters: OnceLock<Vec<Arc<Cluster>>>,
    deadline: Instant,
    objects_left: AtomicUsize,
    bytes_left: AtomicUsize,
}

impl Scope {
    /// A scope over what `ports` give now, until `deadline`.
    pub(crate) fn new(
        ports: &SchemaPorts,
        caller: Caller,
        deadline: Instant,
        budget: AnswerBudget,
    ) -> Self {
        let reader = ports.catalog.reader(&caller);
        let scope = Self::of_reader(ports, caller, reader, deadline);
        Self {
            objects_left: AtomicUsize::new(budget.objects),
            bytes_left: AtomicUsize::new(budget.bytes),
            ..scope
        }
    }

    /// A scope over `reader` within the public limits, until `deadline`.
    pub(crate) fn of_reader(
        ports: &SchemaPorts,
        caller: Caller,
        reader: CatalogReader,
        deadline: Instant,
    ) -> Self {
        Self {
            caller,
            reader,
            topology: ports.topology.clone(),
            topology_reader: OnceLock::new(),
            clusters: OnceLock::new(),
            deadline,
            objects_left: AtomicUsize::new(PUBLIC_BUDGET.objects),
            bytes_left: AtomicUsize::new(PUBLIC_BUDGET.bytes),
        }
    }

    /// The scope of the request that is being executed.
    ///
    /// # Errors
    ///
    /// [`FieldError::Scope`] if the request was started without one.
    pub(crate) fn of<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Self>, FieldError> {
        ctx.data::<Arc<Self>>().map_err(|_| FieldError::Scope)
    }

    /// The reader, as long as there is time.
    ///
    /// # Errors
    ///
    /// [`FieldError::Deadline`] when it is over. Resolvers never wait, so that only such a check
    /// can end them.
    pub(crate) fn reader(&self) -> Result<&CatalogReader, FieldError> {
        if Instant::now() >= self.deadline { Err(FieldError::Deadline) } else { Ok(&self.reader) }
    }

    /// The reader of what runs, the same for the whole request, as long as there is time.
    ///
    /// # Errors
    ///
    /// [`FieldError::Deadline`] when it is over.
    pub(crate) fn topology(&self) -> Result<&TopologyReader, FieldError> {
        self.reader()?;
        Ok(self.topology_reader.get_or_init(|| self.topology.reader(&self.caller)))
    }

    /// The clusters that the caller may read, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// [`FieldError::Deadline`] when the time of the request is over.
    pub(crate) fn clusters(&self) -> Result<&[Arc<Cluster>], FieldError> {
        let reader = self.topology()?;
        let clusters = || reader.clusters().into_iter().map(Arc::new).collect();
        Ok(self.clusters.get_or_init(clusters))
    }

    /// Takes `count` objects from the budget.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when it is used up.
    pub(crate) fn charge_objects(&self, count: usize) -> Result<(), FieldError> {
        charge(&self.objects_left, count, "objects")
    }

    /// Takes `count` bytes from the budget.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when it is used up.
    pub(crate) fn charge_bytes(&self, count: usize) -> Result<(), FieldError> {
        charge(&self.bytes_left, count, "bytes")
    }

    /// An entity to be answered.
    ///
    /// # Errors
    ///
    /// [`FieldError::AnswerSize`] when the budget is used up.
    pub(crate) fn node(
        self: &Arc<Self>,
        entity: Arc<IndexedEntity>,
    ) -> Result<EntityNode, FieldError> {
        self.charge_objects(1)?;
        Ok(EntityNode::new(Arc::clone(self), entity))
    }

    /// The entity of this ref to be answered, if there is one for this caller.
    ///
    /// # Errors
    ///
    /// As [`Scope::reader`] and [`Scope::node`].
    pub(crate) fn entity(
        self: &Arc<Self>,
        entity_ref: &EntityRef,
    ) -> Result<Option<EntityNode>, FieldError> {
        self.reader()?.entity(entity_ref).map(|entity| self.node(entity)).transpose()
    }
}

fn charge(left: &AtomicUsize, count: usize, what: &'static str) -> Result<(), FieldError> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count))
        .map(|_| ())
        .map_err(|_| FieldError::AnswerSize(what))
}

#[cfg(test)]
mod tests {
    use callboard_auth::{AuthorizedEntitiesCatalog, StaticPolicy};
    use callboard_catalog::index::{EntityIndex, IndexWriter, IndexedEntity};
    use callboard_model::SystemClock;

    use super::*;
    use crate::changes::EntityChangeNotice;

    fn scope(deadline: Instant, budget: AnswerBudget) -> Arc<Scope> {
        let index = IndexWriter::new(EntityIndex::default()).shared();
        let catalog = AuthorizedEntitiesCatalog::new(index, Arc::new(StaticPolicy));
        let policy = Arc::new(StaticPolicy);
        let topology = AuthorizedTopology::new(Arc::default(), catalog.clone(), policy);
        let (changes, _) = tokio::sync::broadcast::channel::<EntityChangeNotice>(1);
        let changes = Arc::new(changes);
        let clock = Arc::new(SystemClock);
        let ports = SchemaPorts { catalog, topology, changes, clock };
        Arc::new(Scope::new(&ports, Caller::guest(), deadline, budget))
    }

    #[test]
    fn nothing_is_read_after_the_deadline() {
        let late = scope(Instant::now(), AnswerBudget::UNLIMITED);
        let entity_ref = EntityRef::new("a", "b", "c");
        assert_eq!(late.reader().map(|_| ()), Err(FieldError::Deadline));
        assert_eq!(late.entity(&entity_ref).map(|_| ()), Err(FieldError::Deadline));
        let in_time = scope(Instant::now() + crate::limits::DEADLINE, AnswerBudget::UNLIMITED);
        assert_eq!(in_time.entity(&entity_ref).map(|found| found.is_none()), Ok(true));
    }

    #[test]
    fn an_answer_ends_where_its_budget_does() {
        let deadline = Instant::now() + crate::limits::DEADLINE;
        let scope = scope(deadline, AnswerBudget { objects: 2, bytes: 10 });
        let entity = Arc::new(IndexedEntity {
            entity_ref: EntityRef::new("a", "b", "c"),
            uid: "u".into(),
            json: bytes::Bytes::new(),
            relations: Box::default(),
            parents: Arc::default(),
        });
        let is_over = |result| result == Err(FieldError::AnswerSize("objects"));
        assert!(scope.node(Arc::clone(&entity)).is_ok());
        assert!(scope.node(Arc::clone(&entity)).is_ok());
        assert!(is_over(scope.node(entity).map(|_| ())));
        assert_eq!(scope.charge_bytes(10), Ok(()));
        assert_eq!(scope.charge_bytes(1), Err(FieldError::AnswerSize("bytes")));
    }
}

//! The port through which subscriptions learn that the catalog changed.

use std::sync::Arc;

use callboard_catalog::store::Revision;
use callboard_model::EntityRef;
use tokio::sync::broadcast;

/// One revision that the index shows.
#[derive(Debug, Clone)]
pub struct EntityChangeNotice {
    /// The revision.
    pub revision: Revision,
    /// The entities that it created, changed or deleted. What became of each is found by
    /// comparing snapshots, as each subscriber may see them.
    pub entity_refs: Arc<[EntityRef]>,
}

/// Where notices of changes come from.
pub trait EntityChanges: Send + Sync + std::fmt::Debug {
    /// Notices from now on. A notice is sent after readers of the catalog see its revision. A
    /// receiver that falls behind learns from the channel how many it missed.
    fn subscribe(&self) -> broadcast::Receiver<EntityChangeNotice>;
}

impl EntityChanges for broadcast::Sender<EntityChangeNotice> {
    fn subscribe(&self) -> broadcast::Receiver<EntityChangeNotice> {
        Self::subscribe(self)
    }
}

//! The port through which subscriptions learn that the catalog changed.

use tokio::sync::broadcast;

pub use callboard_catalog::catalog_engine::ChangeNotice as EntityChangeNotice;

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

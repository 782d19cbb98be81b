//! What stitching gives: the entity as it is served.

use std::sync::Arc;

use callboard_model::EntityRef;

/// Whether an entity is part of the catalog or only a problem to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinalState {
    /// Processed at least once: served everywhere, perhaps with errors in `status.items`.
    Completed,
    /// Never processed successfully: by-name answers 404 as upstream does, and the problem lists
    /// show it with its errors.
    Failed,
}

/// An entity after stitching, ready to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalEntity {
    /// The canonical ref.
    pub entity_ref: EntityRef,
    /// `metadata.uid`: a UUID that lives as long as the entity's refresh state.
    pub entity_id: Arc<str>,
    /// See [`FinalState`].
    pub state: FinalState,
    /// The JSON text as it is answered: `metadata` (with `uid`, `etag`), `apiVersion`, `kind`,
    /// `spec`, `relations`, and `status` where there are errors.
    ///
    /// For a failed entity: what its source emitted, with `status.items`.
    pub body: Arc<str>,
    /// The entities that emit this one (Locations), in order of their refs; empty for the direct
    /// children of a provider. What `ancestry` walks.
    pub parents: Arc<[EntityRef]>,
}

//! The words of the catalog: entities, their refs and kinds, validation, and descriptors as YAML.
//!
//! Everything here is a pure function over plain data. Rules and messages are those of a Backstage
//! 1.55 backend (catalog-model 1.10.1), so that a descriptor is judged the same in both.

mod clock;
mod entity;
mod entity_ref;
mod relation;

pub use clock::{Clock, SystemClock};
pub use entity::Entity;
pub use entity_ref::{CompoundEntityRef, EntityRef, EntityRefError, RefDefaults};
pub use relation::Relation;

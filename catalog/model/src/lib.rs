//! The words of the catalog: entities, their refs and kinds, validation, and descriptors as YAML.
//!
//! Everything here is a pure function over plain data. Rules and messages are those of a Backstage
//! 1.55 backend (catalog-model 1.10.1), so that a descriptor is judged the same in both.

pub mod annotation;
mod clock;
mod descriptor;
mod entity;
mod entity_ref;
pub mod field_format;
pub mod javascript;
mod kind;
mod location_ref;
mod policy;
mod relation;
mod schema;

pub use clock::{Clock, SystemClock};
pub use descriptor::{
    DescriptorError, DescriptorErrorKind, DescriptorLimits, Document, documents, parse_descriptor,
};
pub use entity::Entity;
pub use entity_ref::{CompoundEntityRef, EntityRef, EntityRefError, RefDefaults};
pub use kind::{
    Kind, KindDefinition, KindDefinitionError, KindError, KindModule, KindProcessor, KindRegistry,
    RelationField,
};
pub use location_ref::{LocationRef, LocationRefError, is_script_url, url_scheme};
pub use policy::{PolicyError, check_envelope, enforce_policies, move_metadata_first};
pub use relation::{Relation, relation_type};
pub use schema::{SchemaError, Violation};

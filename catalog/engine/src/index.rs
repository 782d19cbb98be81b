//! The index over all final entities, in memory: what every read is answered from.
//!
//! - [`EntityIndex`] is one snapshot, [`IndexBuilder`] makes the first one from the store,
//!   [`IndexWriter`] the next ones from changes, and [`SharedIndex`] holds the newest.
//! - [`CatalogReader`] answers questions to one snapshot, confined to what a condition lets
//!   through.

mod ancestry;
mod answer_cache;
mod builder;
mod confine;
mod entity_index;
mod evaluate;
mod flatten;
mod flatten_json;
mod indexed;
mod key_index;
mod key_table;
mod letters;
mod order_column;
mod order_walk;
mod ordering;
mod page;
mod paged;
mod postings;
mod reader;
mod redact;
mod ref_order;
mod search;
mod search_words;
mod shared_index;
mod sorted_chunks;
pub(crate) mod text;
mod text_scan;
mod writer;

use std::sync::Arc;

use bytes::Bytes;
use callboard_model::EntityRef;

pub use self::{
    builder::IndexBuilder, entity_index::EntityIndex, reader::CatalogReader,
    shared_index::SharedIndex, writer::IndexWriter,
};

/// One entity of the index. Immutable.
#[derive(Debug)]
pub struct IndexedEntity {
    /// The canonical ref.
    pub entity_ref: EntityRef,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// The whole entity as JSON text, ready to be answered.
    pub json: Bytes,
    /// Its relations, ordered by type, then target.
    pub relations: Box<[IndexedRelation]>,
    /// Who emits it.
    pub parents: Arc<[EntityRef]>,
}

/// A relation of an indexed entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRelation {
    /// The type, such as `ownedBy`.
    pub kind: Arc<str>,
    /// The target, which need not exist.
    pub target: EntityRef,
}

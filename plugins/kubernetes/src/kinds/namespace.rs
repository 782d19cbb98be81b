//! Namespaces and their labels.

use super::{Lean, metadata::MetadataOnly};
use crate::{
    intern::Interner,
    object::{Namespace, Object},
};

/// See the module.
pub(super) struct Namespaces;

impl Lean for Namespaces {
    type Wire = MetadataOnly;

    fn object(wire: MetadataOnly, interner: &mut Interner) -> Option<Object> {
        let labels = wire.metadata.labels(interner);
        Some(Object::Namespace(Namespace { name: wire.metadata.name.as_str().into(), labels }))
    }
}

//! ReplicaSets: their metadata alone, because their Deployment tells the rest.

use super::{Lean, metadata::MetadataOnly};
use crate::{
    intern::Interner,
    object::{Object, ReplicaSet},
};

/// See the module.
pub(super) struct ReplicaSets;

impl Lean for ReplicaSets {
    type Wire = MetadataOnly;

    fn object(MetadataOnly { metadata }: MetadataOnly, interner: &mut Interner) -> Option<Object> {
        let deployment = interner.optional(metadata.controller_of_kind("Deployment"));
        let (labels, annotations) = match deployment {
            Some(_) => Default::default(),
            None => (metadata.labels(interner), metadata.annotations(interner)),
        };
        Some(Object::ReplicaSet(ReplicaSet {
            name: metadata.name(interner),
            deployment,
            labels,
            annotations,
        }))
    }
}
